"""Exports recommendations, edges, interests or vectors to one file, and goes on after a kill."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import InputError, IsthmusError, Locked
from isthmus.graph.serving import check_names
from isthmus.locks import try_lock
from isthmus.progress import progress
from isthmus.workflows.export_file import Done, Parts, check_file
from isthmus.workflows.export_rows import (
    Selection,
    changed_generation,
    count_steps,
    read_batches,
    read_origin,
)

if TYPE_CHECKING:
    from isthmus.graph.database import Graph
    from isthmus.settings import Settings

PART_ROWS = 20_000
PART_SECONDS = 5.0
"""A kill loses at most the rows of this time."""
UNITS = {"recommendations": "users", "interests": "users", "edges": "sources", "vectors": "items"}


@dataclass(frozen=True)
class ExportSummary:
    """The result of an export.

    Attributes:
        file: The file.
        what: What it has.
        rows: Number of its rows.
        steps: Number of users, sources of edges or items that were read.
        unknown: Number of given users that do not exist.
        origin: `generation` or encoder `version` that the rows come from.
        resumed: Number of rows that an earlier run had written.
        seconds: Duration of this run.
    """

    file: Path
    what: str
    rows: int
    steps: int
    unknown: int
    origin: dict[str, int | None]
    resumed: int
    seconds: float

    def document(self) -> dict[str, Any]:
        """The result as `--json` prints it."""
        return {
            "file": str(self.file),
            "what": self.what,
            "rows": self.rows,
            UNITS[self.what]: self.steps,
            **({"unknown": self.unknown} if UNITS[self.what] == "users" else {}),
            **self.origin,
            "resumed": self.resumed,
            "seconds": self.seconds,
        }

    def text(self) -> str:
        """The result as a sentence."""
        unknown = f", {self.unknown:,} of them unknown" if self.unknown else ""
        resumed = f"; {self.resumed:,} rows were there from an earlier run" if self.resumed else ""
        return (
            f"{self.file}: {self.rows:,} rows of {self.steps:,} {UNITS[self.what]}{unknown}, in "
            f"{self.seconds:.1f} s{resumed}"
        )


def export(
    graph: Graph, settings: Settings, selection: Selection, file: Path, restart: bool = False
) -> ExportSummary:
    """Exports rows to a file, which gets its name when it is complete.

    Rows are written in parts beside the file, so that memory does not grow with them and a run
    after a kill goes on where the killed one stood.

    Args:
        graph: The graph.
        settings: `history_limit` and others for recommendations, `home` for the lock.
        selection: What is exported.
        file: The file; its ending says the format.
        restart: Begin again instead of going on with an unfinished export.

    Raises:
        NotFound: A domain does not exist.
        InputError: The file cannot be replaced, an unfinished export has other options, or another
            generation answers than when it began.
        Locked: Another run exports to the same file.
        IsthmusError: The file cannot be written, as on a full disk.
    """
    file, start = file.absolute(), time.monotonic()
    columns = selection.columns()
    check_file(file, list(columns))
    for domain in selection.domains:
        check_names(graph, None, domain)
    if selection.what == "recommendations" and not selection.domains:
        domains = [row["name"] for row in graph.read("admin/domains")]
        selection = replace(selection, domains=domains)
    name = hashlib.sha256(str(file).encode()).hexdigest()[:16]
    with try_lock(settings.home / "locks" / f"export-{name}.lock") as taken:
        if not taken:
            raise Locked(f"Another run exports to {file}.", "Wait for it, or name another file.")
        parts = Parts(file, columns)
        if restart:
            parts.discard()
        origin = read_origin(graph, selection.what)
        before = parts.begin(selection.document(), origin)
        if before is None:
            raise _changed(parts.origin(), origin)
        try:
            done = _write_parts(graph, settings, selection, origin, parts, before)
            parts.finish(file)
        except OSError as error:
            raise IsthmusError(
                f"{file} cannot be written: {error.strerror or error}.",
                "Free some disk space if the disk is full, and run the same command again: it goes "
                "on where it was.",
            ) from error
    seconds = round(time.monotonic() - start, 1)
    return ExportSummary(
        file, selection.what, done.rows, done.steps, done.unknown, origin, before.rows, seconds
    )


def _write_parts(
    graph: Graph,
    settings: Settings,
    selection: Selection,
    origin: dict[str, int | None],
    parts: Parts,
    done: Done,
) -> Done:
    """Reads what the parts do not have yet, and adds it to them."""
    total = count_steps(graph, selection)
    left = None if total is None else max(0, total - done.steps)
    rows: list[dict[str, Any]] = []
    written_at, pending = time.monotonic(), False
    batches = read_batches(graph, settings, selection, origin, done.cursor)
    with progress(f"export {selection.what}", left, UNITS[selection.what]) as advance:
        for batch in batches:
            rows += batch.rows
            done = Done(
                done.rows + len(batch.rows),
                done.steps + batch.steps,
                done.unknown + batch.unknown,
                batch.cursor,
            )
            pending = True
            if len(rows) >= PART_ROWS or time.monotonic() - written_at >= PART_SECONDS:
                parts.add(rows, done)
                rows, written_at, pending = [], time.monotonic(), False
            advance(batch.steps)
    if pending:
        parts.add(rows, done)
    if (now := read_origin(graph, selection.what)) != origin:
        raise _changed(origin, now)
    return done


def _changed(before: dict[str, Any], now: dict[str, Any]) -> InputError:
    if "generation" in before:
        return changed_generation(before["generation"], now["generation"])
    return InputError(
        f"The export began with encoder version {before['version']}, and version {now['version']} "
        "is active by now.",
        "Run the command with --restart to begin again.",
    )
