"""Interactions a second from Parquet to a running, indexed, migrated server: online and in bulk.

python benchmarks/bulk.py [--online 1 4] [--bulk 1 18] -o benchmarks/bulk

Each load has a Neo4j of its own, which is not running before: its start is part of the time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from generate import write_tables
from page import write

from isthmus.graph.database.session import connect
from isthmus.graph.ingest.bulk import bulk_load
from isthmus.graph.ingest.load import ingest
from isthmus.graph.server.jars import fetch
from isthmus.graph.server.scratch import scratch
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]


def measured(scale: int, bulk: bool, settings: Settings) -> dict[str, object]:
    """Loads once; `settings` lend their downloads."""
    with tempfile.TemporaryDirectory() as name, scratch(settings) as own:
        folder = Path(name)
        write_tables(folder, scale)
        start = time.monotonic()
        dataset = read_dataset(folder)
        read = time.monotonic() - start
        if bulk:
            loaded = bulk_load(dataset, folder, own)
        else:
            with connect(own) as graph:
                loaded = ingest(graph, dataset, folder, own)
        seconds = time.monotonic() - start
        with connect(own, migrated=False) as graph:
            held = graph.read("admin/contents")[0]["interactions"]
    assert held == loaded.interactions
    return {
        "how": "bulk" if bulk else "online",
        "interactions": held,
        "seconds": round(seconds, 1),
        "of these, reading": round(read, 1),
        "interactions a second": round(held / seconds),
        "once read and connected": round(held / loaded.seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--online", nargs="*", type=int, default=[1, 4], help="times 250,000")
    parser.add_argument("--bulk", nargs="*", type=int, default=[1, 18], help="18 is 4 million")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "bulk")
    options = parser.parse_args()
    settings = load_settings()
    fetch(settings.home / "jars")
    runs = [(scale, False) for scale in options.online] + [(scale, True) for scale in options.bulk]
    rows = []
    for scale, bulk in runs:
        rows.append(measured(scale, bulk, settings))
        print(rows[-1], flush=True)
        write(
            options.out,
            "Loading",
            rows,
            "From Parquet files to a server that runs with its constraints, indexes and "
            "popularity; its start is part of the seconds. The last column leaves out reading and "
            "validating, and online also the start; a bulk load starts the server at its end.",
        )


if __name__ == "__main__":
    main()
