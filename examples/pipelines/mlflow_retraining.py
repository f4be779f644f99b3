"""Retrains, and logs to MLflow: settings, metrics, and what the promotion gate decided.

    pip install mlflow
    MLFLOW_TRACKING_URI=http://mlflow.example:5000 python examples/pipelines/mlflow_retraining.py

It ends with the exit code of `isthmus retrain`, so that a scheduler can run it in its place. A run
that trained nothing (exit code 3, or 75 for a lock) is not logged; a generation that the gate
refused (4) is, with its reason.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow

ISTHMUS = "isthmus"
"""The command; a path if it is in another environment, such as `/srv/isthmus/.venv/bin/isthmus`."""


def run(*arguments: str) -> tuple[int, Any]:
    """Runs a command, and returns its exit code and its document."""
    command = [ISTHMUS, *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, json.loads(done.stdout or "{}")


def log_retraining(document: dict[str, Any]) -> None:
    """Logs a retraining as a run of MLflow; the newest generation is the one that it trained."""
    _, generations = run("generations", "list", "--all")
    number = max(generation["number"] for generation in generations)
    _, generation = run("generations", "show", str(number))
    with mlflow.start_run(run_name=f"generation {number}"):
        mlflow.log_params(generation["settings"])
        for who in ("champion", "challenger"):
            mlflow.log_metrics(
                {metric_name(f"{who}/{name}"): value for name, value in document[who].items()}
            )
        steps = {
            metric_name(f"step seconds/{step['name']}"): step["seconds"]
            for step in document["steps"]
        }
        mlflow.log_metrics(
            {"seconds": document["seconds"], "peak_mb": document["peak_mb"], **steps}
        )
        mlflow.set_tags(
            {
                "generation": number,
                "gate": "promoted" if document["promoted"] else "refused",
                "reason": document["reason"],
                "encoder_version": document["encoder_version"],
            }
        )
        mlflow.log_dict(generation, "generation.json")
        if Path(document["log"] or "").is_file():
            mlflow.log_artifact(document["log"])


def metric_name(name: str) -> str:
    """Returns a name with the characters that MLflow allows."""
    return re.sub(r"[^\w/.\- :]", "_", name.replace("@", "_at_"))


def main(arguments: list[str]) -> int:
    """Runs `isthmus retrain` with these arguments and returns its exit code."""
    code, document = run("retrain", *arguments)
    if "promoted" in document:
        log_retraining(document)
        print(document["reason"])
    else:
        print(document.get("error", {}).get("message", f"isthmus ended with {code}."))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
