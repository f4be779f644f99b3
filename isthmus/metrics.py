"""How commands ended, in the text format of Prometheus, for the textfile collector.

One file holds the latest run of every command; a run replaces what the runs of its own command
wrote. See https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

import fcntl
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import GOOD_EXIT_CODES
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.metrics")

# Each has the label `command`.
METRICS = {
    "isthmus_command_success": "1 where the latest run did its work or had none to do, else 0.",
    "isthmus_command_exit_code": "Exit code of the latest run.",
    "isthmus_command_seconds": "How long the latest run took.",
    "isthmus_command_timestamp_seconds": "When the latest run ended.",
    "isthmus_command_last_success_timestamp_seconds": "When the latest good run ended.",
    "isthmus_command_peak_memory_bytes": "Most memory that the latest run's process held.",
    "isthmus_generation": "Number of the generation that the latest good run made.",
    "isthmus_edges": "Edges that the latest good run learned.",
    "isthmus_users": "Users of the tables that were loaded last.",
    "isthmus_items": "Items of the tables that were loaded last.",
    "isthmus_interactions": "Pairs of a user and an item in the tables that were loaded last.",
    "isthmus_texts": "Texts of the tables that were loaded last.",
    "isthmus_rejected_rows": "Wrong rows of the tables that were loaded last.",
    "isthmus_encoded": "Texts that the latest good run encoded.",
    "isthmus_cached": "Texts whose vectors the latest good run found in the cache.",
}
# What of a command's document is a metric.
RESULTS = {
    "retrain": {"generation": "isthmus_generation", "edges": "isthmus_edges"},
    "ingest": {
        "users": "isthmus_users",
        "items": "isthmus_items",
        "interactions": "isthmus_interactions",
        "texts": "isthmus_texts",
        "rejected": "isthmus_rejected_rows",
    },
    "encode": {"encoded": "isthmus_encoded", "cached": "isthmus_cached"},
}

Samples = dict[tuple[str, str], float]
"""Values by the name of the metric and the command."""


@dataclass
class Run:
    """How a command ended; its block fills it in.

    Attributes:
        document: What `--json` prints.
        exit_code: What the process ends with.
    """

    document: Any = None
    exit_code: int = 0


@contextmanager
def recorded(settings: Settings, command: str) -> Iterator[Run]:
    """Writes how the block ended to the setting `metrics_file`, where there is one.

    A file that cannot be written is a warning: the work is done.

    Args:
        settings: `metrics_file`, and `home` for the lock.
        command: Its name without `isthmus`, as `server start`.
    """
    start, run = time.monotonic(), Run()
    try:
        yield run
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        run.exit_code = 130 if interrupted else getattr(error, "exit_code", 1)
        raise
    finally:
        if settings.metrics_file is not None:
            new = _samples(command, run, time.monotonic() - start)
            try:
                _write(settings.metrics_file, settings.home / "locks", new)
            except OSError as error:
                logger.warning("The metrics file cannot be written: %s.", error)


def peak_bytes() -> float:
    """Most memory that this process has held so far."""
    import resource

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(held if sys.platform == "darwin" else held * 1024)


def _samples(command: str, run: Run, seconds: float) -> Samples:
    good, now = run.exit_code in GOOD_EXIT_CODES, time.time()
    values: dict[str, float] = {
        "isthmus_command_success": float(good),
        "isthmus_command_exit_code": run.exit_code,
        "isthmus_command_seconds": round(seconds, 3),
        "isthmus_command_timestamp_seconds": now,
        "isthmus_command_peak_memory_bytes": peak_bytes(),
    }
    if good:
        values["isthmus_command_last_success_timestamp_seconds"] = now
    if isinstance(run.document, Mapping):
        results = RESULTS.get(command, {})
        values |= {results[key]: run.document[key] for key in results if key in run.document}
    return {(name, command): value for name, value in values.items()}


def _write(file: Path, locks: Path, new: Samples) -> None:
    """Replaces the file as a whole: what it told of other commands, and what is new."""
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

    locks.mkdir(parents=True, exist_ok=True)
    with (locks / "metrics.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        samples, registry = _told(file) | new, CollectorRegistry()
        for name, meaning in METRICS.items():
            commands = sorted(command for metric, command in samples if metric == name)
            if commands:
                gauge = Gauge(name, meaning, ["command"], registry=registry)
                for command in commands:
                    gauge.labels(command).set(samples[name, command])
        write_to_textfile(str(file), registry)


def _told(file: Path) -> Samples:
    """What the file says; a damaged one says nothing."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        families = list(text_string_to_metric_families(file.read_text("utf-8")))
        return {
            (sample.name, sample.labels["command"]): sample.value
            for family in families
            for sample in family.samples
        }
    except (FileNotFoundError, ValueError, KeyError):
        return {}
