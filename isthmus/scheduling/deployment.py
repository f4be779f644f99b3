"""Renders the schedule as complete files for systemd, cron and Kubernetes.

All of them run `isthmus schedule --once`, which handles the time limit, the retries and the
healthcheck. Paths are those of the running environment. The files name the secrets, but do not
contain them.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from isthmus.errors import InputError
from isthmus.output import escape_controls
from isthmus.scheduling.cron import Cron
from isthmus.scheduling.schedule import RetryPolicy, isthmus_command
from isthmus.settings import Settings

NAME = "isthmus-retrain"
SECRET, CONFIG, CLAIM = "isthmus", "isthmus", "isthmus-home"
POD_HOME = "/var/lib/isthmus"
POD_GRACE_SECONDS = 60  # longer than TERMINATION_SECONDS, from SIGTERM to SIGKILL of a run
# Without this deadline, Kubernetes stops scheduling a job after a hundred missed starts.
STARTING_DEADLINE_SECONDS = 3600
UNQUOTED_WORD = re.compile(r"[\w./:=-]+")


@dataclass(frozen=True)
class DeploymentPlan:
    """Contents of the rendered files.

    Attributes:
        cron: Times of the runs.
        policy: Time limit, retries and healthcheck of each run.
        settings: Settings of this environment.
        image: Container image, for Kubernetes.
    """

    cron: Cron
    policy: RetryPolicy
    settings: Settings
    image: str | None = None

    @property
    def arguments(self) -> list[str]:
        """Arguments after `isthmus_command`, without a healthcheck URL, which is a secret."""
        limit, retries = f"{self.policy.time_limit / 60:g}", str(self.policy.retries)
        arguments = ["schedule", "--once", "--time-limit", limit, "--retries", retries]
        if self.policy.healthcheck and not self.policy.healthcheck_is_url:
            arguments += ["--healthcheck", self.policy.healthcheck]
        return arguments

    @property
    def secrets(self) -> list[str]:
        """Names of the secret environment variables that the runs need."""
        names = {
            "NEO4J_PASSWORD": self.settings.neo4j_uri,
            "ISTHMUS_HEALTHCHECK": self.policy.healthcheck_is_url,
        }
        return [name for name, needed in names.items() if needed]

    @property
    def secrets_file(self) -> Path:
        """File with the values of the secrets, in lines of NAME=VALUE."""
        return self.settings.home / "secrets.env"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that select the graph, without secrets."""
        if self.settings.neo4j_uri is None:
            return {}
        return {
            "NEO4J_URI": self.settings.neo4j_uri,
            "NEO4J_USERNAME": self.settings.neo4j_username,
            "NEO4J_DATABASE": self.settings.neo4j_database,
        }

    @property
    def local_environment(self) -> dict[str, str]:
        """Environment variables for runs on this machine: its settings and `environment`."""
        current = {
            name: os.environ[name]
            for field, value in self.settings
            if (name := f"ISTHMUS_{field.upper()}") in os.environ
            and not isinstance(value, SecretStr)
        }
        if self.settings.config is not None:
            current["ISTHMUS_CONFIG"] = str(self.settings.config)
        return {**current, "ISTHMUS_HOME": str(self.settings.home), **self.environment}


def render_deployment(form: str, plan: DeploymentPlan) -> dict[str, str]:
    """Renders the files for a scheduler: `systemd`, `cron` or `kubernetes`.

    Returns:
        Text by file name.

    Raises:
        InputError: Kubernetes lacks the image or the address of a Neo4j server, or a value has a
            control character: a line end would begin a line of its own in the file.
    """
    _check_one_line(plan)
    renderers = {
        "systemd": _render_systemd,
        "cron": _render_cron,
        "kubernetes": _render_kubernetes,
    }
    return renderers[form](plan)


def _check_one_line(plan: DeploymentPlan) -> None:
    """Checks that no value to be rendered has a control character.

    Raises:
        InputError: One has; the value is shown with escapes.
    """
    values = {
        **plan.local_environment,
        "the user name": getpass.getuser(),
        "the working folder": os.getcwd(),
        "the path of Python": sys.executable,
        "--healthcheck": " ".join(plan.arguments),
        "--image": plan.image or "",
        "--cron": plan.cron.text,
    }
    for name, value in values.items():
        if escape_controls(value) != value:
            raise InputError(
                f"{name}, '{escape_controls(value)}', has a control character, which no file of a "
                "scheduler may have.",
                "Correct the value.",
            )


def _render_systemd(plan: DeploymentPlan) -> dict[str, str]:
    """Renders a service and a timer; see systemd.exec(5), systemd.service(5), systemd.timer(5)."""
    variables = plan.local_environment.items()
    environment = [f"Environment={_quote_word(f'{name}={value}')}" for name, value in variables]
    if plan.secrets:
        environment += [
            f"# Lines of NAME=VALUE, readable only by the owner: {', '.join(plan.secrets)}",
            f"EnvironmentFile={_escape_percent(str(plan.secrets_file))}",
        ]
    # In a command line, unlike elsewhere in a unit file, a dollar sign begins a variable.
    command = " ".join(
        _quote_word(word).replace("$", "$$") for word in [*isthmus_command(), *plan.arguments]
    )
    service = [
        f"# /etc/systemd/system/{NAME}.service",
        "[Unit]",
        "Description=Retraining of isthmus",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"User={getpass.getuser()}",
        f"WorkingDirectory={_escape_percent(os.getcwd())}",
        *environment,
        f"ExecStart={command}",
        "# A Neo4j server that a run has started keeps running after the run.",
        "KillMode=process",
    ]
    timer = [
        f"# /etc/systemd/system/{NAME}.timer; then: systemctl enable --now {NAME}.timer",
        "[Unit]",
        "Description=Schedule of the retraining of isthmus",
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


def _render_cron(plan: DeploymentPlan) -> dict[str, str]:
    """Renders a line for `crontab -e`; cron mails only warnings and errors of a run."""
    steps = [f"cd {shlex.quote(os.getcwd())}"]
    comments = ["# A line for `crontab -e`. Cron mails warnings and errors."]
    if plan.secrets:
        names = ", ".join(plan.secrets)
        comments.append(
            f"# {plan.secrets_file}: lines of NAME=VALUE, readable only by the owner: {names}"
        )
        steps += ["set -a", f". {shlex.quote(str(plan.secrets_file))}", "set +a"]
    variables = [shlex.quote(f"{name}={value}") for name, value in plan.local_environment.items()]
    words = [shlex.quote(word) for word in [*isthmus_command(), *plan.arguments, "--quiet"]]
    steps.append(" ".join(["env", *variables, *words, ">", "/dev/null"]))
    # An unescaped percent sign ends the command; see crontab(5).
    line = f"{plan.cron.text} {' && '.join(steps)}".replace("%", "\\%")
    return {"crontab": "\n".join([*comments, line]) + "\n"}


def _render_kubernetes(plan: DeploymentPlan) -> dict[str, str]:
    """Renders a PersistentVolumeClaim for the home and a CronJob (batch/v1)."""
    import yaml

    if plan.image is None:
        raise InputError(
            "A CronJob needs a container image with isthmus.",
            "Give it, for example --image registry/isthmus:1.",
        )
    if plan.settings.neo4j_uri is None:
        raise InputError(
            "A CronJob needs a Neo4j server that outlives its pods.",
            "Set NEO4J_URI and NEO4J_USERNAME to a server that the cluster can reach.",
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
            "startingDeadlineSeconds": STARTING_DEADLINE_SECONDS,
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": _pod_spec(plan)}}},
        },
    }
    comments = [
        "# For `kubectl apply -f`. The file of the secret has lines of NAME=VALUE: "
        + ", ".join(plan.secrets),
        f"#   kubectl create secret generic {SECRET} --from-env-file=secrets.env",
        f"# Other settings, ISTHMUS_..., are read from the ConfigMap {CONFIG} if it exists.",
    ]
    documents = yaml.safe_dump_all([claim, job], sort_keys=False, allow_unicode=True)
    return {f"{NAME}.yaml": "\n".join([*comments, documents])}


def _pod_spec(plan: DeploymentPlan) -> dict[str, Any]:
    variables = {"ISTHMUS_HOME": POD_HOME, **plan.environment}
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
        "volumeMounts": [{"name": "home", "mountPath": POD_HOME}],
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": POD_GRACE_SECONDS,
        # Makes the volume writable for every user that the image may run as.
        "securityContext": {"fsGroup": 1000},
        "containers": [container],
        "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": CLAIM}}],
    }


def _time_zone() -> dict[str, str]:
    """Returns the time zone of this machine as a CronJob field; empty if its name is unknown."""
    from zoneinfo import available_timezones

    from tzlocal import get_localzone_name

    name = get_localzone_name()
    return {"timeZone": name} if name in available_timezones() else {}


def _escape_percent(text: str) -> str:
    """Escapes percent signs, which begin a specifier in a unit file."""
    return text.replace("%", "%%")


def _quote_word(text: str) -> str:
    """Quotes a word for a unit file."""
    inner = _escape_percent(text).replace("\\", "\\\\").replace('"', '\\"')
    return text if UNQUOTED_WORD.fullmatch(inner) else f'"{inner}"'
