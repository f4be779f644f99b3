"""Metrics of command runs in the text format of Prometheus, for its textfile collector.

One file has the latest run of every command; a run replaces the values of its own command. See
https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import GOOD_EXIT_CODES, Locked
from isthmus.files import write_file
from isthmus.locks import hold_lock
from isthmus.settings import Settings

logger = logging.getLogger("isthmus.metrics")

LOCK_SECONDS = 30.0

METRICS = {
    "isthmus_command_success": "1 if the latest run did its work or had none to do, else 0.",
    "isthmus_command_exit_code": "Exit code of the latest run.",
    "isthmus_command_seconds": "Duration of the latest run.",
    "isthmus_command_timestamp_seconds": "End of the latest run.",
    "isthmus_command_last_success_timestamp_seconds": "End of the latest successful run.",
    "isthmus_command_peak_memory_bytes": "Peak resident memory of the latest run.",
    "isthmus_generation": "Number of the generation from the latest successful run.",
    "isthmus_edges": "Learned edges of the latest successful run.",
    "isthmus_generation_promoted": "1 if the latest run promoted a generation, else 0.",
    "isthmus_generation_age_seconds": "Age of the active generation at the end of the latest run.",
    "isthmus_refusals_total": "Generations that the promotion gate refused.",
    "isthmus_ndcg": "NDCG@10 of held-out users of a target domain, of champion and challenger.",
    "isthmus_users": "Users in the tables that were loaded last.",
    "isthmus_items": "Items in the tables that were loaded last.",
    "isthmus_interactions": "Pairs of a user and an item in the tables that were loaded last.",
    "isthmus_texts": "Texts in the tables that were loaded last.",
    "isthmus_rejected_rows": "Rejected rows in the tables that were loaded last.",
    "isthmus_encoded": "Texts that the latest successful run encoded.",
    "isthmus_cached": "Texts with an embedding in the cache in the latest successful run.",
}
"""Help text by metric; each has the label `command`, and those of `LABELS` some more."""

LABELS = {"isthmus_ndcg": ("target", "who")}
HELD_OUT_NDCG = " held-out ndcg@10"
"""End of the keys of a generation's metrics that hold the NDCG@10 of a target domain."""

RESULTS = {
    "retrain": {
        "generation": "isthmus_generation",
        "edges": "isthmus_edges",
        "promoted": "isthmus_generation_promoted",
        "generation_age": "isthmus_generation_age_seconds",
        "refusals": "isthmus_refusals_total",
    },
    "ingest": {
        "users": "isthmus_users",
        "items": "isthmus_items",
        "interactions": "isthmus_interactions",
        "texts": "isthmus_texts",
        "rejected": "isthmus_rejected_rows",
    },
    "encode": {"encoded": "isthmus_encoded", "cached": "isthmus_cached"},
}
"""Metric by command and key of its `--json` document."""

Samples = dict[tuple[str, ...], float]
"""Values by metric, command and, for the metrics of `LABELS`, the values of their labels."""


@dataclass
class CommandRun:
    """Result of a command run, set in the block of `record_metrics`.

    Attributes:
        document: Document that `--json` prints.
        exit_code: Exit code of the process.
    """

    document: Any = None
    exit_code: int = 0


@contextmanager
def record_metrics(settings: Settings, command: str) -> Iterator[CommandRun]:
    """Writes the metrics of the block's run to the file of the setting `metrics_file`, if set.

    If the file cannot be written, a warning is logged, since the work of the command is done.

    Args:
        settings: `metrics_file`, and `home` for the lock.
        command: Name of the command without `isthmus`, for example `server start`.
    """
    start, run = time.monotonic(), CommandRun()
    try:
        yield run
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        run.exit_code = 130 if interrupted else getattr(error, "exit_code", 1)
        raise
    finally:
        if settings.metrics_file is not None:
            samples = _run_samples(command, run, time.monotonic() - start)
            try:
                _write_samples(settings.metrics_file, settings.home / "locks", samples)
            except (OSError, Locked) as error:
                logger.warning("The metrics file cannot be written: %s.", error)


def peak_memory_bytes() -> float:
    """Returns the peak resident memory of this process so far, in bytes."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)


def _run_samples(command: str, run: CommandRun, seconds: float) -> Samples:
    success, now = run.exit_code in GOOD_EXIT_CODES, time.time()
    values: dict[str, float] = {
        "isthmus_command_success": float(success),
        "isthmus_command_exit_code": run.exit_code,
        "isthmus_command_seconds": round(seconds, 3),
        "isthmus_command_timestamp_seconds": now,
        "isthmus_command_peak_memory_bytes": peak_memory_bytes(),
    }
    if success:
        values["isthmus_command_last_success_timestamp_seconds"] = now
    if isinstance(run.document, Mapping):
        results = RESULTS.get(command, {})
        found = {name: run.document.get(key) for key, name in results.items()}
        values |= {name: float(value) for name, value in found.items() if value is not None}
    samples: Samples = {(name, command): value for name, value in values.items()}
    return samples | _ndcg_samples(command, run.document)


def _ndcg_samples(command: str, document: Any) -> Samples:
    """Returns the NDCG@10 by target domain of a retraining that compared two generations."""
    return {
        ("isthmus_ndcg", command, key.removesuffix(HELD_OUT_NDCG), who): value
        for who in ("champion", "challenger")
        if command == "retrain" and isinstance(document, Mapping)
        for key, value in (document.get(who) or {}).items()
        if key.endswith(HELD_OUT_NDCG)
    }


def _write_samples(file: Path, locks: Path, new: Samples) -> None:
    """Adds or replaces samples in the file; the file itself is replaced atomically."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    with hold_lock(locks / "metrics.lock", LOCK_SECONDS):
        replaced = {key[:2] for key in new}  # a target domain may be gone
        old = {key: value for key, value in _read_samples(file).items() if key[:2] not in replaced}
        samples, registry = old | new, CollectorRegistry()
        for name, help_text in METRICS.items():
            labels = sorted(labels for metric, *labels in samples if metric == name)
            if labels:
                gauge = Gauge(name, help_text, _labels(name), registry=registry)
                for each in labels:
                    gauge.labels(*each).set(samples[name, *each])
        write_file(file, generate_latest(registry), private=False)  # for other programs


def _read_samples(file: Path) -> Samples:
    """Reads the samples of the file; none if it is missing or damaged."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        families = list(text_string_to_metric_families(file.read_text("utf-8")))
        return {
            (sample.name, *(sample.labels[label] for label in _labels(sample.name))): sample.value
            for family in families
            for sample in family.samples
        }
    except (FileNotFoundError, ValueError, KeyError):
        return {}


def _labels(metric: str) -> tuple[str, ...]:
    return ("command", *LABELS.get(metric, ()))
