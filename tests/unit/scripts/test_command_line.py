"""The command line as a user meets it, without a server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from isthmus.graph.database.statements import list_statements
from isthmus.scripts.command import _normalise_texts
from isthmus.scripts.main import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[3]
ISTHMUS = [sys.executable, "-c", "from isthmus.scripts.main import main; main()"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*ISTHMUS, *arguments], capture_output=True, text=True, check=False)


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert all(f"  {name}" in done.stdout for name in COMMANDS)


def test_examples_in_help_stand_on_lines_of_their_own() -> None:
    def helps(command: click.Command, context: click.Context) -> Iterator[str]:
        if not isinstance(command, click.Group):
            yield command.get_help(context)
        else:
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                yield from helps(inner, click.Context(inner, info_name=name, parent=context))

    texts = list(helps(cli, click.Context(cli, info_name="isthmus")))
    assert len(texts) > 20
    for text in texts:
        assert "\\b" not in text
        assert re.search(r"\n  Examples?:\n    ", text), text


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from isthmus.scripts.main import cli; "
    code += "cli.main(['--help'], standalone_mode=False); "
    code += "sys.exit(bool({'torch', 'neo4j', 'polars', 'pydantic', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_command_lives_in_the_file_of_its_name() -> None:
    for name in COMMANDS:
        command = cli.get_command(None, name)  # type: ignore[attr-defined]
        assert command.callback.__module__ == f"isthmus.scripts.{name}"


def test_a_missing_folder_is_a_sentence_in_json_and_exit_code_2(tmp_path: Path) -> None:
    done = run("ingest", str(tmp_path / "nowhere"), "--json", "--home", str(tmp_path))
    assert done.returncode == 2
    assert "nowhere" in json.loads(done.stdout)["error"]["message"]


def test_what_ingest_reads_is_a_folder_at_once_or_in_bulk_or_a_stream(tmp_path: Path) -> None:
    for arguments, said in (
        ([], "Give one of FOLDER and --follow."),
        (["--bulk"], "Give one of FOLDER and --follow."),
        (["data", "--follow"], "Give one of FOLDER and --follow."),
        (["--bulk", "--follow"], "--bulk loads a FOLDER"),
        (["data", "--bulk", "--follow"], "--bulk loads a FOLDER"),
    ):
        done = run("ingest", *arguments, "--json", "--home", str(tmp_path))
        assert done.returncode == 2
        assert said in json.loads(done.stdout)["error"]["message"]


def test_doctor_on_an_empty_home_says_what_to_run_and_makes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = run("doctor", "--json", "--home", str(home))
    document = json.loads(done.stdout)
    checks = {check["name"]: check for check in document["checks"]}
    # what this machine's disk has free is no matter of this test
    assert {name for name, check in checks.items() if not check["ok"]} <= {"disk"}
    assert done.returncode == (0 if document["ok"] else 1), done.stderr
    assert all(set(check) == {"name", "ok", "found", "advice"} for check in checks.values())
    assert "isthmus demo" in checks["server"]["advice"]
    assert not home.exists()


def test_doctor_ends_with_1_where_a_check_fails(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(0o700)
    (tmp_path / "home" / "isthmus.toml").write_text('encoder = "/no/such/folder"\n')
    done = subprocess.run(
        [*ISTHMUS, "doctor", "--home", str(tmp_path / "home")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert "NOT  encoder" in done.stdout
    assert re.fullmatch(r"Error: Not well: (disk, )?encoder\.\n", done.stderr)


def test_every_statement_says_what_it_is_for() -> None:
    assert len(list_statements()) > 40
    assert all(query.purpose for query in list_statements())


def test_an_id_that_begins_with_a_dash_is_followed_by_where_to_put_it(tmp_path: Path) -> None:
    for arguments, usage in (
        (["recommend", "-5", "-d", "films"], "isthmus recommend [OPTIONS] -- [USER]"),
        (["recommend", "-dark"], "isthmus recommend [OPTIONS] -- [USER]"),
        (["recommend", "--", "-x", "-d", "films"], "isthmus recommend [OPTIONS] -- [USER]"),
        (["feedback", "-5", "films", "f1"], "isthmus feedback [OPTIONS] -- USER [DOMAIN] [ITEM]"),
    ):
        done = run(*arguments, "--home", str(tmp_path))
        assert done.returncode == 2
        assert f"begins with a dash stands behind `--`, as in `{usage}`" in done.stderr
    assert "begins with a dash" not in run("recommend", "ana").stderr
    assert "begins with a dash" not in run("recommend", "--user", "ana").stderr


def test_an_empty_home_is_not_the_current_folder() -> None:
    done = run("server", "status", "--home", "")
    assert done.returncode == 2
    assert "--home" in done.stderr


def test_an_argument_in_another_encoding_is_a_sentence(tmp_path: Path) -> None:
    done = run("recommend", "\udce9t\udce9", "-d", "films", "--home", str(tmp_path))
    assert done.returncode == 2
    assert "The argument user" in done.stderr
    assert "Traceback" not in done.stderr


def test_ids_on_the_command_line_are_spelled_as_in_the_graph() -> None:
    given = {"user": " ne\u0301\u200b", "item": "\ufeff7\u00a0", "text": " ne\u0301 ", "n": 3}
    assert _normalise_texts(given) == {"user": "n\u00e9", "item": "7", "text": " n\u00e9 ", "n": 3}


def test_warnings_of_libraries_do_not_reach_the_terminal() -> None:
    code = """
import logging, sys, warnings
from isthmus.logs import TextFormatter, log_to_standard_error
log_to_standard_error(logging.INFO, TextFormatter([]))
import transformers, huggingface_hub
warnings.filterwarnings("always", module="__main__")
warnings.warn("beta", UserWarning)
for name in ("urllib3.connectionpool", "neo4j.notifications", "transformers", "huggingface_hub"):
    logging.getLogger(name).warning("Retrying (Retry(total=2))")
logging.getLogger("isthmus").info("loaded")
"""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "loaded\n")


def test_in_a_working_folder_that_was_deleted_absolute_paths_work_and_others_are_refused(
    tmp_path: Path,
) -> None:
    def run_there(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *("sh", "-c", 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"'),
                *(str(tmp_path / "gone"), *ISTHMUS, *words),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    done = run_there("server", "status", "--home", str(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    assert "No Neo4j of the home" in done.stdout
    done = run_there("ingest", "data", "--home", str(tmp_path / "home"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "The working folder of this command was deleted." in done.stderr
