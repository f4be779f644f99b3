"""The container recipe, without a builder: lint, commands, files, secrets, limits.

No image is built where the tests run; docs/examples.md says so.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from dockerfile_parse import DockerfileParser

from isthmus.scheduling import DeploymentPlan, RetryPolicy, read_cron, render_deployment
from isthmus.scripts.main import COMMANDS
from isthmus.settings import Settings
from tests.unit.examples.stub import EXAMPLES, Stub
from tests.unit.repository import repository_files

ROOT = EXAMPLES.parent
FOLDER = EXAMPLES / "container"
MEBIBYTES = {"m": 1, "g": 1024}


@pytest.fixture(scope="module")
def dockerfile() -> list[dict[str, str]]:
    """The instructions of the recipe, with their values."""
    parser = DockerfileParser(str(FOLDER / "Dockerfile"))
    return [each for each in parser.structure if each["instruction"] != "COMMENT"]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))


def values(dockerfile: list[dict[str, str]], instruction: str) -> list[str]:
    return [each["value"] for each in dockerfile if each["instruction"] == instruction]


def check_command(words: list[str]) -> None:
    """Parses a command line of isthmus as it does, without running it."""
    assert words[0] in COMMANDS, words
    command: click.Command = import_module(f"isthmus.scripts.{words[0]}").command
    command.make_context(words[0], [*words[1:]])


def context_files() -> list[str]:
    """The tracked files that the ignore file leaves in the context of the build."""
    lines = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = [rule[1:] for rule in rules if rule.startswith("!")]
    return [
        name
        for name in repository_files()
        if any(name == each or name.startswith(f"{each}/") for each in kept)
    ]


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, FOLDER / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_a_user_of_its_own_from_a_slim_base(
    dockerfile: list[dict[str, str]],
) -> None:
    bases = values(dockerfile, "FROM")
    assert [base.split()[0] for base in bases] == ["python:3.11-slim"] * 2
    assert values(dockerfile, "USER") == ["1000:1000"]
    assert "--require-hashes -r requirements.lock" in " ".join(values(dockerfile, "RUN"))
    assert not re.search(r"password|secret|token", " ".join(values(dockerfile, "ENV")), re.I)
    assert not values(dockerfile, "ARG")


def test_the_image_and_the_pods_that_isthmus_prints_agree(
    dockerfile: list[dict[str, str]], tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, neo4j_uri="bolt://neo4j:7687")
    plan = DeploymentPlan(read_cron("0 3 * * *"), RetryPolicy(60, 1), settings, "isthmus")
    (text,) = render_deployment("kubernetes", plan).values()
    pod = list(yaml.safe_load_all(text))[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (mount,) = container["volumeMounts"]
    assert values(dockerfile, "VOLUME") == [mount["mountPath"]]
    assert values(dockerfile, "USER") == [f"{pod['securityContext']['fsGroup']}:1000"]
    assert container["command"] == ["isthmus"]
    assert "PATH=/opt/isthmus/bin:$PATH" in values(dockerfile, "ENV")[-1]


def test_what_is_copied_is_in_the_context_and_data_are_not(
    dockerfile: list[dict[str, str]],
) -> None:
    files = context_files()
    for value in values(dockerfile, "COPY"):
        words = [word for word in value.split() if not word.startswith("--")]
        if "--from=build" not in value and words[0] != ".":
            assert words[0] in files
    for needed in ("pyproject.toml", "README.md", "LICENSE", "isthmus/graph", "graph/__init__.py"):
        assert needed in files
    for pattern in ("tests/*", "benchmarks/*", "*secrets*", ".git/*", "*.env"):
        assert not [name for name in files if fnmatch(name, pattern)]


def test_every_command_is_one_of_isthmus(
    dockerfile: list[dict[str, str]], compose: dict[str, Any]
) -> None:
    (command,) = values(dockerfile, "CMD")
    check_command(yaml.safe_load(command))
    for service in compose["services"].values():
        if "command" in service:
            check_command(service["command"])
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    said = re.findall(r"compose run --rm .*?retrain (.+?)(?: &&|$)", text, re.MULTILINE)
    assert said == ["ingest /tables", "encode", "retrain"]
    for line in said:
        check_command(shlex.split(line.replace("/tables", str(ROOT))))


def test_only_this_machine_reaches_the_service_and_nobody_the_database(
    compose: dict[str, Any],
) -> None:
    ports = {name: each.get("ports", []) for name, each in compose["services"].items()}
    assert ports == {"neo4j": [], "serve": ["127.0.0.1:8421:8421"], "retrain": []}
    for name in ("serve", "retrain"):
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_the_password_comes_from_a_file_only(compose: dict[str, Any]) -> None:
    assert compose["secrets"] == {"neo4j_auth": {"file": "secrets/neo4j_auth"}}
    for service in compose["services"].values():
        assert service["secrets"] == ["neo4j_auth"]
        names = set(service["environment"])
        assert not {"NEO4J_AUTH", "NEO4J_PASSWORD"} & names
    ignored = subprocess.run(
        ["git", "check-ignore", "-q", "examples/container/secrets/neo4j_auth"],
        cwd=ROOT,
        check=False,
    )
    assert ignored.returncode == 0


def test_limits_hold_what_was_measured(compose: dict[str, Any]) -> None:
    def mebibytes(text: str) -> int:
        return int(text[:-1]) * MEBIBYTES[text[-1]]

    limits = {}
    for name, service in compose["services"].items():
        resources = service["deploy"]["resources"]
        limits[name] = mebibytes(resources["limits"]["memory"])
        assert mebibytes(resources["reservations"]["memory"]) <= limits[name]
        assert float(resources["reservations"]["cpus"]) <= float(resources["limits"]["cpus"])
    environment = compose["services"]["neo4j"]["environment"]
    heap = mebibytes(environment["NEO4J_server_memory_heap_max__size"])
    pages = mebibytes(environment["NEO4J_server_memory_pagecache_size"])
    serving = (ROOT / "benchmarks" / "serving.md").read_text("utf-8")
    measured = re.search(r"heap of 1g and a page cache of (\d+)m", serving)
    assert measured is not None
    assert (heap, pages >= int(measured[1])) == (1024, True)
    assert limits["neo4j"] >= heap + pages + 1000
    growth = (ROOT / "benchmarks" / "growth.md").read_text("utf-8")
    table = [line.split("|") for line in growth.splitlines() if line.startswith("| ")]
    peak = [name.strip() for name in table[0]].index("peak_mb")
    assert limits["retrain"] >= max(int(row[peak]) for row in table if row[peak].strip().isdigit())
    assert sum(limits.values()) <= 16 * 1024


@pytest.mark.parametrize("content", ["neo4j/pass/word'$x", "neo4j/pass/word'$x\n", None])
def test_the_entry_point_reads_user_and_password_from_the_secret(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stub(tmp_path, monkeypatch)
    show = tmp_path / "isthmus"
    show.write_text('#!/bin/sh\nprintf "%s|" "$NEO4J_USERNAME" "$NEO4J_PASSWORD" "$@"\n')
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_text(content)
    text = (FOLDER / "entrypoint.sh").read_text("utf-8")
    assert text.count("/run/secrets/neo4j_auth") == 1
    script = text.replace("/run/secrets/neo4j_auth", str(secret))
    done = subprocess.run(
        ["sh", "-c", script, "entrypoint", "serve", "a b"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"NEO4J_USERNAME": "given", "NEO4J_PASSWORD": "before"},
    )
    user = "given|before" if content is None else "neo4j|pass/word'$x"
    assert done.stdout == f"{user}|serve|a b|"
