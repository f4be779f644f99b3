"""The schedule as systemd, cron and Kubernetes take it: whole files that work as they are.

All of them run `isthmus schedule --once`, which has the time limit, the tries and the healthcheck.
Paths are those of the running environment; secrets are named, and stand in none of the files.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from isthmus.errors import InputError
from isthmus.scheduling.cron import Cron
from isthmus.scheduling.schedule import Policy, isthmus
from isthmus.settings import Settings

NAME = "isthmus-retrain"
SECRET, CONFIG, CLAIM = "isthmus", "isthmus", "isthmus-home"
HOME_IN_POD = "/var/lib/isthmus"
SECONDS_TO_END_A_POD = 60  # more than a run is given between SIGTERM and SIGKILL
# Kubernetes gives up on a schedule of which it missed a hundred times within this.
STARTING_DEADLINE = 3600
SAFE = re.compile(r"[\w./:=-]+")


@dataclass(frozen=True)
class Plan:
    """What is printed, in every form.

    Attributes:
        cron: When.
        policy: How each run goes.
        settings: Of this environment.
        image: The container's image; for Kubernetes.
    """

    cron: Cron
    policy: Policy
    settings: Settings
    image: str | None = None

    @property
    def arguments(self) -> list[str]:
        """What follows `isthmus`; the URL of a healthcheck is a secret and not among it."""
        limit, retries = f"{self.policy.time_limit / 60:g}", str(self.policy.retries)
        told = ["schedule", "--once", "--time-limit", limit, "--retries", retries]
        if self.policy.healthcheck and not self.policy.asks_a_url:
            told += ["--healthcheck", self.policy.healthcheck]
        return told

    @property
    def secrets(self) -> list[str]:
        """Names of the environment's variables that are secret."""
        names = {
            "NEO4J_PASSWORD": self.settings.neo4j_uri,
            "ISTHMUS_HEALTHCHECK": self.policy.asks_a_url,
        }
        return [name for name, needed in names.items() if needed]

    @property
    def secrets_file(self) -> Path:
        """Where they are read from: lines of NAME=VALUE."""
        return self.settings.home / "secrets.env"

    @property
    def environment(self) -> dict[str, str]:
        """The environment's variables that say which graph, without secrets."""
        if self.settings.neo4j_uri is None:
            return {}
        return {
            "NEO4J_URI": self.settings.neo4j_uri,
            "NEO4J_USERNAME": self.settings.neo4j_username,
            "NEO4J_DATABASE": self.settings.neo4j_database,
        }

    @property
    def environment_here(self) -> dict[str, str]:
        """The same for runs on this machine, with the settings that its environment gives."""
        given = {
            name: os.environ[name]
            for field, value in self.settings
            if (name := f"ISTHMUS_{field.upper()}") in os.environ
            and not isinstance(value, SecretStr)
        }
        return {**given, "ISTHMUS_HOME": str(self.settings.home), **self.environment}


def printed(form: str, plan: Plan) -> dict[str, str]:
    """The files of one form, by their names.

    Raises:
        InputError: Kubernetes without an image, or without the address of a Neo4j.
    """
    return {"systemd": _systemd, "cron": _cron, "kubernetes": _kubernetes}[form](plan)


def _systemd(plan: Plan) -> dict[str, str]:
    """A service and its timer; see systemd.exec(5), systemd.service(5), systemd.timer(5)."""
    variables = plan.environment_here.items()
    environment = [f"Environment={_quoted(f'{name}={value}')}" for name, value in variables]
    if plan.secrets:
        environment += [
            f"# Lines of NAME=VALUE, for its owner alone: {', '.join(plan.secrets)}",
            f"EnvironmentFile={_escaped(str(plan.secrets_file))}",
        ]
    # A dollar stands for a variable in a command line alone.
    command = " ".join(_quoted(word).replace("$", "$$") for word in [*isthmus(), *plan.arguments])
    service = [
        f"# /etc/systemd/system/{NAME}.service",
        "[Unit]",
        "Description=isthmus learns the edges between domains anew",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"User={getpass.getuser()}",
        f"WorkingDirectory={_escaped(os.getcwd())}",
        *environment,
        f"ExecStart={command}",
        "# A Neo4j that a run has started goes on when the run is done.",
        "KillMode=process",
    ]
    timer = [
        f"# /etc/systemd/system/{NAME}.timer; then: systemctl enable --now {NAME}.timer",
        "[Unit]",
        "Description=When isthmus learns",
        "",
        "[Timer]",
        f"OnCalendar={plan.cron.calendar}",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    files = {f"{NAME}.service": service, f"{NAME}.timer": timer}
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


def _cron(plan: Plan) -> dict[str, str]:
    """A line of `crontab -e`; cron mails what a run warns of, and nothing else."""
    steps = [f"cd {shlex.quote(os.getcwd())}"]
    comments = ["# A line for `crontab -e`. Cron mails warnings and errors."]
    if plan.secrets:
        names = ", ".join(plan.secrets)
        comments.append(f"# {plan.secrets_file}: lines of NAME=VALUE, for its owner alone: {names}")
        steps += ["set -a", f". {shlex.quote(str(plan.secrets_file))}", "set +a"]
    assigned = [shlex.quote(f"{name}={value}") for name, value in plan.environment_here.items()]
    words = [shlex.quote(word) for word in [*isthmus(), *plan.arguments, "--quiet"]]
    steps.append(" ".join(["env", *assigned, *words, ">", "/dev/null"]))
    # A percent sign ends a crontab's line; see crontab(5).
    line = f"{plan.cron.text} {' && '.join(steps)}".replace("%", "\\%")
    return {"crontab": "\n".join([*comments, line]) + "\n"}


def _kubernetes(plan: Plan) -> dict[str, str]:
    """A claim for the home and a CronJob (batch/v1)."""
    import yaml

    if plan.image is None:
        raise InputError(
            "A CronJob needs the image that has isthmus.", "Give it: --image registry/isthmus:1"
        )
    if plan.settings.neo4j_uri is None:
        raise InputError(
            "A CronJob needs a Neo4j that outlives its pods.",
            "Set NEO4J_URI and NEO4J_USERNAME to one that the cluster reaches.",
        )
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}},
        },
    }
    job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": NAME},
        "spec": {
            "schedule": plan.cron.text,
            **_time_zone(),
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": STARTING_DEADLINE,
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": _pod(plan)}}},
        },
    }
    comments = [
        "# For `kubectl apply -f`. The secret's file has lines of NAME=VALUE: "
        + ", ".join(plan.secrets),
        f"#   kubectl create secret generic {SECRET} --from-env-file=secrets.env",
        f"# Other settings, ISTHMUS_..., are read from the ConfigMap {CONFIG}, if there is one.",
    ]
    documents = yaml.safe_dump_all([claim, job], sort_keys=False, allow_unicode=True)
    return {f"{NAME}.yaml": "\n".join([*comments, documents])}


def _pod(plan: Plan) -> dict[str, Any]:
    variables = {"ISTHMUS_HOME": HOME_IN_POD, **plan.environment}
    values = [{"name": name, "value": value} for name, value in variables.items()]
    secrets = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": name}}}
        for name in plan.secrets
    ]
    container = {
        "name": "isthmus",
        "image": plan.image,
        "command": ["isthmus"],
        "args": plan.arguments,
        "env": [*values, *secrets],
        "envFrom": [{"configMapRef": {"name": CONFIG, "optional": True}}],
        "volumeMounts": [{"name": "home", "mountPath": HOME_IN_POD}],
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": SECONDS_TO_END_A_POD,
        "securityContext": {
            "fsGroup": 1000
        },  # the volume can be written, whoever the image runs as
        "containers": [container],
        "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": CLAIM}}],
    }


def _time_zone() -> dict[str, str]:
    """The zone that the times are meant in, where this machine knows its name."""
    from zoneinfo import available_timezones

    from tzlocal import get_localzone_name

    name = get_localzone_name()
    return {"timeZone": name} if name in available_timezones() else {}


def _escaped(text: str) -> str:
    """Text in a unit file, where a percent sign begins a specifier."""
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """A word in a unit file."""
    inner = _escaped(text).replace("\\", "\\\\").replace('"', '\\"')
    return text if SAFE.fullmatch(inner) else f'"{inner}"'
