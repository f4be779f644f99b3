"""Verifies backups, and restores damaged ones while a reader asks all the time.

python benchmarks/backups.py [--seed 7] [-o benchmarks/backups]

Each of five backups of a growing graph is verified. Then twenty damaged copies are given to
`isthmus restore`, half of them without the description beside the file: cut off, a bit flipped,
parts zeroed or exchanged, another header. Each must be refused, and meanwhile a reader must never
wait for a second. It exits with 1 at the first violated guarantee.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from shared.page import write

from isthmus.errors import InputError
from isthmus.graph.database import connect
from isthmus.graph.ingest import ingest_dataset
from isthmus.graph.operations import create_backup, restore_backup, verify_backup
from isthmus.graph.server import ServerError, scratch
from isthmus.graph.sources import read_dataset, write_synthetic
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
BACKUPS, DAMAGED = 5, 20
USERS, ITEMS = 300, 240
LONGEST_WAIT = 1.0


def cut(content: bytearray, rng: Random) -> bytearray:
    """Cuts the end off."""
    return content[: rng.randrange(len(content))]


def flip(content: bytearray, rng: Random) -> bytearray:
    """Flips one bit."""
    content[rng.randrange(4, len(content))] ^= 1 << rng.randrange(8)
    return content


def zero(content: bytearray, rng: Random) -> bytearray:
    """Overwrites a page with zeros, as after a loss of power."""
    start = rng.randrange(len(content) - 4096)
    content[start : start + 4096] = bytes(4096)
    return content


def exchange(content: bytearray, rng: Random) -> bytearray:
    """Exchanges two pages."""
    half = len(content) // 2
    start, other = rng.randrange(half - 4096), rng.randrange(half, len(content) - 4096)
    page = content[start : start + 4096]
    content[start : start + 4096] = content[other : other + 4096]
    content[other : other + 4096] = page
    return content


def replace_header(content: bytearray, rng: Random) -> bytearray:
    """Writes the header of something else."""
    content[:4] = rng.randbytes(4)
    return content


KINDS: tuple[Callable[[bytearray, Random], bytearray], ...] = (
    cut, flip, zero, exchange, replace_header
)  # fmt: skip


@contextmanager
def reader(settings: Settings) -> Iterator[list[float]]:
    """Yields the seconds of each of the reads that go on during the block."""
    ended = threading.Event()
    waits: list[float] = []

    def read() -> None:
        with connect(settings) as graph:
            while not ended.is_set():
                start = time.monotonic()
                graph.read("admin/contents")
                waits.append(time.monotonic() - start)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield waits
    finally:
        ended.set()
        thread.join()


def verify(settings: Settings, folder: Path, seed: int) -> list[Path]:
    """Writes and verifies the backups of a growing graph; returns the files."""
    files = []
    for number in range(BACKUPS):
        data = folder / f"data {number}"
        write_synthetic(data, USERS * (number + 1), ITEMS, seed)
        with connect(settings) as graph:
            ingest_dataset(graph, read_dataset(data), data, settings)
            counts = graph.read("admin/contents")[0]
        files.append(folder / f"{number}.dump")
        create_backup(settings, files[-1])
        verified = verify_backup(settings, files[-1]).document()
        if any(verified[name] != count for name, count in counts.items()):
            sys.exit(f"Violation: the backup holds {verified}, and the graph {counts}.")
        print(f"{number + 1}: {files[-1].name} verified", flush=True)
    return files


def refuse(settings: Settings, file: Path, rng: Random) -> list[dict[str, object]]:
    """Gives damaged copies of a backup to a restore; returns a row for each."""
    rows: list[dict[str, object]] = []
    description = file.with_name(f"{file.name}.json").read_bytes()
    for number in range(DAMAGED):
        damage = KINDS[number % len(KINDS)]
        described = number % 2 == 0
        copy = file.with_name(f"damaged {number}.dump")
        copy.write_bytes(damage(bytearray(file.read_bytes()), rng))
        if described:
            copy.with_name(f"{copy.name}.json").write_bytes(description)
        start = time.monotonic()
        try:
            restore_backup(settings, copy, yes=True)
        except (InputError, ServerError) as error:
            reason = error.message.replace(f"{copy.parent}/", "")
        else:
            sys.exit(f"Violation: {copy.name} ({damage.__name__}) was restored.")
        row = {
            "damage": damage.__name__.replace("_", " "),
            "description": "yes" if described else "no",
            "refused after, s": round(time.monotonic() - start, 1),
            "reason": reason,
        }
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of the data and the damage")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "backups")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, scratch(load_settings()) as settings:
        files = verify(settings, Path(folder), options.seed)
        with reader(settings) as waits:
            rows = refuse(settings, files[-1], Random(options.seed))
        restored = restore_backup(settings, files[-1], yes=True)
    if max(waits) > LONGEST_WAIT:
        sys.exit(f"Violation: a reader waited for {max(waits):.1f} s.")
    note = (
        f"{len(files)} of {len(files)} backups verified: their counts are those of the graph. "
        f"{len(rows)} of {len(rows)} damaged files refused, while a reader asked {len(waits):,} "
        f"times and waited at most {1000 * max(waits):.0f} ms. A whole backup was then restored in "
        f"{restored.backup.seconds:.0f} s, {restored.seconds_offline:.0f} s of them without a "
        "server."
    )
    print(write(options.out, "Backups", rows, note))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
