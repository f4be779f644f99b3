"""Mutations of the folder of a dataset: links, pipes, devices, and names of all sorts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from shared.fuzz_damage import NAMES


def _pick(rng: Random, folder: Path) -> Path:
    return rng.choice(
        sorted(path for path in folder.rglob("*") if path.is_file()) or [folder / "x"]
    )


def _directory(rng: Random, folder: Path) -> None:
    path = _pick(rng, folder)
    path.unlink(missing_ok=True)
    path.mkdir()


def _loop(rng: Random, folder: Path) -> None:
    name = rng.choice(NAMES)
    inside = folder / name
    if os.path.lexists(inside) and not inside.is_dir():
        inside = folder / f"{name}-more"
    inside.mkdir(exist_ok=True)
    for k in range(2):
        (inside / f"loop{k}").symlink_to(rng.choice((folder, inside)), target_is_directory=True)
    (folder / f"{name}-self.csv").symlink_to(f"{name}-self.csv")


def _pipe(rng: Random, folder: Path) -> None:
    place = folder / rng.choice((*NAMES, "."))
    if os.path.lexists(place) and not place.is_dir():
        place = folder
    place.mkdir(exist_ok=True)
    os.mkfifo(place / rng.choice(("part-0", "part-0.csv", "items-9.csv", "ratings.csv")))


def _device(rng: Random, folder: Path) -> None:
    target = rng.choice(("/dev/zero", "/dev/null", "/dev/full", "/nowhere"))
    (folder / f"{rng.choice(NAMES)}-9.csv").symlink_to(target)


def _odd_name(rng: Random, folder: Path) -> None:
    path = _pick(rng, folder)
    stem, suffix = path.name.split(".")[0].encode(), path.suffix.encode()
    odd = rng.choice(
        (b"-\xff\xfe", b" (1)", b"-\n", b"-" + b"n" * 200, "-编号".encode(), b"-\x1b[m")
    )
    if path.exists():
        os.rename(path, os.fsencode(path.parent) + b"/" + stem + odd + suffix)


def _below(rng: Random, folder: Path) -> None:
    inner = folder / rng.choice(("data", "ml-1m", "a.b", "items"))
    entries = list(folder.iterdir())
    if not inner.exists():
        inner.mkdir()
        for entry in entries:
            shutil.move(entry, inner / entry.name)


DAMAGED_FOLDERS: dict[str, Callable[[Random, Path], None]] = {
    "folder instead of a file": _directory,
    "loop of links": _loop,
    "pipe": _pipe,
    "link to a device or to nothing": _device,
    "odd file name": _odd_name,
    "folder in a folder": _below,
}
