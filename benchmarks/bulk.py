"""Interactions per second from Parquet to a running, indexed, migrated server: online and bulk.

python benchmarks/bulk.py [--online 1 4] [--bulk 1 18] -o benchmarks/bulk

Each load uses a new Neo4j that is not running yet: its start is part of the time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from shared.generate import write_tables
from shared.page import write

from isthmus.graph.database import connect
from isthmus.graph.ingest import bulk_load, ingest_dataset
from isthmus.graph.server import scratch
from isthmus.graph.server.jars import fetch
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]


def measure(scale: int, bulk: bool, settings: Settings) -> dict[str, object]:
    """Measures one load, with the downloads of the home of `settings`."""
    with tempfile.TemporaryDirectory() as name, scratch(settings) as own:
        folder = Path(name)
        write_tables(folder, scale)
        start = time.monotonic()
        dataset = read_dataset(folder)
        read_seconds = time.monotonic() - start
        if bulk:
            summary = bulk_load(dataset, folder, own)
        else:
            with connect(own) as graph:
                summary = ingest_dataset(graph, dataset, folder, own)
        seconds = time.monotonic() - start
        with connect(own, migrated=False) as graph:
            interactions = graph.read("admin/contents")[0]["interactions"]
    assert interactions == summary.interactions
    return {
        "how": "bulk" if bulk else "online",
        "interactions": interactions,
        "seconds": round(seconds, 1),
        "of these, reading": round(read_seconds, 1),
        "interactions a second": round(interactions / seconds),
        "once read and connected": round(interactions / summary.seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--online", nargs="*", type=int, default=[1, 4], help="scales, in 250,000")
    parser.add_argument("--bulk", nargs="*", type=int, default=[1, 18], help="scales, in 250,000")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "bulk")
    options = parser.parse_args()
    settings = load_settings()
    fetch(settings.home / "jars")
    runs = [(scale, False) for scale in options.online] + [(scale, True) for scale in options.bulk]
    rows = []
    for scale, bulk in runs:
        rows.append(measure(scale, bulk, settings))
        print(rows[-1], flush=True)
        write(
            options.out,
            "Loading",
            rows,
            "From Parquet files to a running server with constraints, indexes and popularity; the "
            "seconds include its start. The last column excludes reading and validation, and for "
            "online loads also the start; a bulk load starts the server at its end.",
        )


if __name__ == "__main__":
    main()
