"""Schedule files for systemd, cron and Kubernetes, parsed as those programs parse them."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from isthmus.errors import InputError
from isthmus.scheduling.cron import read_cron
from isthmus.scheduling.deployment import DeploymentPlan, render_deployment
from isthmus.scheduling.schedule import RetryPolicy, retrain_command
from isthmus.settings import Settings

PASSWORD, URL = "never in a file", "https://status.example/a-secret"
ARGUMENTS = ["schedule", "--once", "--time-limit", "90", "--retries", "2"]
ODD = 'a folder with 100% of $it\'s "quotes"'


def plan(
    home: Path, uri: str | None = "neo4j://graph.example", check: str | None = URL
) -> DeploymentPlan:
    settings = Settings(home=home, neo4j_uri=uri, neo4j_password=SecretStr(PASSWORD))
    policy = RetryPolicy(90 * 60, 2, check)
    return DeploymentPlan(read_cron("30 3 * * 1-5"), policy, settings, "registry.example/isthmus:1")


def parse_unit(text: str) -> dict[str, dict[str, list[str]]]:
    """Parses a unit file, in which a name may occur several times."""

    class MultiDict(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            if key in self and isinstance(value, list):
                value = [*self[key], *value]
            super().__setitem__(key, value)

    parser = configparser.RawConfigParser(dict_type=MultiDict, strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return {
        section: {name: str(value).split("\n") for name, value in parser.items(section)}
        for section in parser.sections()
    }


@pytest.mark.parametrize("form", ["systemd", "cron", "kubernetes"])
def test_no_file_contains_a_secret_but_each_names_the_secrets(form: str, tmp_path: Path) -> None:
    text = "".join(render_deployment(form, plan(tmp_path)).values())
    assert PASSWORD not in text
    assert URL not in text
    assert "NEO4J_PASSWORD" in text
    assert "ISTHMUS_HEALTHCHECK" in text


def test_systemd_runs_this_python_on_this_home_at_the_given_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_ENCODER", "ours")
    files = render_deployment("systemd", plan(tmp_path, check="/run/alive"))
    service = parse_unit(files["isthmus-retrain.service"])["Service"]
    words = shlex.split(service["ExecStart"][0])
    assert words[:4] == [sys.executable, "-P", "-m", "isthmus.scripts.main"]
    assert words[4:] == (
        [
            "schedule",
            "--once",
            "--time-limit",
            "90",
            "--retries",
            "2",
            "--healthcheck",
            "/run/alive",
        ]
    )
    assert service["WorkingDirectory"] == [os.getcwd()]
    assert f"ISTHMUS_HOME={tmp_path}" in service["Environment"]
    assert "ISTHMUS_ENCODER=ours" in service["Environment"]
    assert service["EnvironmentFile"] == [str(tmp_path / "secrets.env")]
    timer = parse_unit(files["isthmus-retrain.timer"])["Timer"]
    assert timer["OnCalendar"] == ["Mon,Tue,Wed,Thu,Fri *-*-* 03:30:00"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_itself_accepts_the_units_and_the_times(tmp_path: Path) -> None:
    home = tmp_path / ODD
    home.mkdir()
    for name, text in render_deployment("systemd", plan(home)).items():
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / f"isthmus-retrain.{kind}") for kind in ("service", "timer")]
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True
    )
    warnings = [line for line in result.stderr.splitlines() if "isthmus-retrain" in line]
    assert (result.returncode, warnings) == (0, [])
    for text in ("*/20 1-3 1 * *", "0 3 * * 0,6", "5 4 31 jan,mar *"):
        calendar = read_cron(text).calendar
        command = ["systemd-analyze", "calendar", calendar]
        assert subprocess.run(command, capture_output=True).returncode == 0, calendar


def test_the_crontab_line_runs_in_a_shell(tmp_path: Path) -> None:
    home = tmp_path / ODD
    home.mkdir()
    (home / "secrets.env").write_text(f"NEO4J_PASSWORD='{PASSWORD}'\nISTHMUS_HEALTHCHECK={URL}\n")
    text = render_deployment("cron", plan(home))["crontab"]
    line = text.splitlines()[-1]
    assert line.startswith("30 3 * * 1,2,3,4,5 cd ")
    command = line.split(maxsplit=5)[5].replace("\\%", "%")  # as cron passes it to the shell
    assert "%" not in line.replace("\\%", "")
    program = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
    command = command.replace("-P -m isthmus.scripts.main", f"-c {shlex.quote(program)}")
    command = command.removesuffix("> /dev/null")
    result = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    arguments, environment = yaml.safe_load(result.stdout)
    assert arguments == [*ARGUMENTS, "--quiet"]
    assert environment["ISTHMUS_HOME"] == str(home)
    assert environment["NEO4J_PASSWORD"] == PASSWORD
    assert environment["ISTHMUS_HEALTHCHECK"] == URL
    assert environment["NEO4J_URI"] == "neo4j://graph.example"


def test_kubernetes_gets_a_volume_claim_and_a_cron_job_that_references_the_secret(
    tmp_path: Path,
) -> None:
    text = render_deployment("kubernetes", plan(tmp_path))["isthmus-retrain.yaml"]
    claim, job = yaml.safe_load_all(text)
    assert (claim["kind"], job["apiVersion"], job["kind"]) == (
        "PersistentVolumeClaim",
        "batch/v1",
        "CronJob",
    )
    spec = job["spec"]
    assert spec["schedule"] == "30 3 * * 1,2,3,4,5"
    assert spec["concurrencyPolicy"] == "Forbid"
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    (container,) = pod["containers"]
    assert container["image"] == "registry.example/isthmus:1"
    assert container["args"] == ARGUMENTS
    environment = {variable["name"]: variable for variable in container["env"]}
    assert environment["NEO4J_URI"]["value"] == "neo4j://graph.example"
    for name in ("NEO4J_PASSWORD", "ISTHMUS_HEALTHCHECK"):
        assert environment[name]["valueFrom"]["secretKeyRef"] == {"name": "isthmus", "key": name}


def test_kubernetes_without_a_server_or_an_image_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="outlives its pods"):
        render_deployment("kubernetes", plan(tmp_path, uri=None))
    full = plan(tmp_path)
    with pytest.raises(InputError, match="image"):
        render_deployment("kubernetes", DeploymentPlan(full.cron, full.policy, full.settings))


@pytest.mark.parametrize("form", ["systemd", "cron", "kubernetes"])
@pytest.mark.parametrize("name", ["ISTHMUS_ENCODER", "ISTHMUS_HOME", "LOGNAME", "check", "uri"])
def test_a_line_end_in_a_value_is_refused(
    form: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "/x\nExecStartPre=/bin/sh -c id\x1b"
    home = Path(evil) if name == "ISTHMUS_HOME" else tmp_path
    monkeypatch.setenv(name, evil)
    uri = f"bolt://h{evil}" if name == "uri" else "bolt://h"
    with pytest.raises(InputError, match="control character") as caught:
        render_deployment(form, plan(home, uri, evil if name == "check" else None))
    assert evil not in str(caught.value)


def test_a_named_file_of_settings_is_named_to_the_scheduler(tmp_path: Path) -> None:
    config = tmp_path / "ours.toml"
    config.write_text("seed = 3\n")
    full = plan(tmp_path)
    settings = Settings(home=tmp_path, config=config)
    cron = render_deployment("cron", DeploymentPlan(full.cron, full.policy, settings))["crontab"]
    assert f"ISTHMUS_CONFIG={config}" in cron
    assert str(config) in retrain_command(settings)
