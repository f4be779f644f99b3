"""Sends events of extreme values, and looks for numbers that are none in the graph and in answers.

python benchmarks/hostile_events.py [--seed 7] [--events 100000] [-o benchmarks/hostile_events]

The events go through `isthmus ingest --follow` in a trained graph: weights from 5e-324 to 1e308 and
words, times from year 1 to 9999 and ahead, ids of all kinds, repeated event ids. Afterwards no
property of the graph may be NaN or infinite, and every line of `--json` must be JSON without such
numbers. It exits with 1 if that is not so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from shared.jobs import ISTHMUS
from shared.page import write

from isthmus.graph.database import connect
from isthmus.graph.server import scratch
from isthmus.graph.sources import read_dataset, write_synthetic
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
USERS, ITEMS = 300, 240
WEIGHTS: tuple[Any, ...] = (
    *(1e308, -1e308, 1e9, -1e9, 5e-324, -5e-324, 1e-300, 0.0, -0.0, 1.0, -1.0, 0.5, True, None),
    *("1e999", "-inf", "nan", "", "5 stars", [1], {"a": 1}, 10**400),
)
TIMES: tuple[Any, ...] = (
    *(0, 1, -1, -62_135_596_800, 253_402_300_799, 2**31, 2**63, 1e300, 1_790_000_000, 1.5, None),
    *("1970-01-01", "0001-01-01", "9999-12-31T23:59:59Z", "2026-02-30", "tomorrow", "", True, []),
)
BARE = ("NaN", "Infinity", "-Infinity", "1e999")
"""Weights that JSON does not have."""


def create_events(items: list[tuple[str, str]], number: int, rng: Random) -> list[str]:
    """Returns the lines, most of them events that are recorded."""
    users = [
        *(f"h{k}" for k in range(50)),
        "",
        " ",
        "\u202e",
        "\x00",
        "用户",
        "a" * 5000,
        "-1",
        "é",
    ]
    lines = []
    for k in range(number):
        domain, item = rng.choice(items)
        row = {
            "user_id": rng.choice(users),
            "domain": domain,
            "item_id": item,
            "event_id": f"e{rng.randrange(number)}",
        }
        if rng.random() < 0.8:
            row["weight"] = rng.choice(WEIGHTS)
        if rng.random() < 0.5:
            row["timestamp"] = rng.choice(TIMES)
        line = json.dumps(row)
        if k % 50 == 0:
            line = line[:-1] + f', "weight": {rng.choice(BARE)}}}'
        lines.append(line)
    return lines


def run(
    settings: Settings, *arguments: str, stdin: bytes = b"", ends: tuple[int, ...] = (0,)
) -> str:
    """Runs a command and returns its standard output, of which each line must be JSON."""
    command = [*ISTHMUS, *arguments, "--json", "--home", str(settings.home)]
    done = subprocess.run(command, input=stdin, capture_output=True)
    out, errors = done.stdout.decode(), done.stderr.decode()
    if done.returncode not in ends or "Traceback" in errors:
        sys.exit(f"Violation: `isthmus {' '.join(arguments)}` ended so: {errors[-3000:]}")
    for line in out.splitlines():
        json.loads(line, parse_constant=refuse)
    return out


def refuse(constant: str) -> NoReturn:
    """Ends the run for a number that JSON does not have."""
    sys.exit(f"Violation: {constant} was printed as JSON.")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of the data and the events")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "hostile_events")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, scratch(load_settings()) as settings:
        data = Path(folder) / "data"
        write_synthetic(data, USERS, ITEMS, options.seed)
        for arguments in (("ingest", str(data)), ("encode",), ("retrain",)):
            run(settings, *arguments)
        items = list(read_dataset(data).items.select("domain", "item_id").iter_rows())
        lines = create_events(items, options.events, Random(options.seed))
        start = time.monotonic()
        stdin = "\n".join(lines).encode("utf-8", "surrogatepass")
        out = run(settings, "ingest", "--follow", stdin=stdin, ends=(0, 1, 2))
        seconds = time.monotonic() - start
        for user, domain in (("h1", "books"), ("h2", "films"), ("用户", "music")):
            run(settings, "recommend", user, "--domain", domain, "--explain")
        run(settings, "retrain", "--force", ends=(0, 4))
        run(settings, "doctor", "--data", ends=(0, 1))
        with connect(settings) as graph:
            found = graph.read("admin/not_finite")
            stored = graph.read("admin/contents")[0]["interactions"]
    if found:
        sys.exit(f"Violation: numbers in the graph that are none: {found}")
    last = json.loads(out.splitlines()[-1])
    row = {
        "events": len(lines),
        "recorded or known": last["safe"],
        "rejected": last["rejected"],
        "interactions in the graph": stored,
        "seconds": round(seconds, 1),
    }
    note = (
        "No property of the graph is NaN or infinite after the events, after a retraining on them, "
        "and every line that the commands print is JSON."
    )
    print(write(options.out, "Hostile events", [row], note))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
