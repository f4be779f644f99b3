"""Puts together the mutated dataset of a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from shared.fuzz_damage import DAMAGED_FILES, DAMAGED_SHEETS
from shared.fuzz_folders import DAMAGED_FOLDERS
from shared.fuzz_public import draw_public
from shared.fuzz_spellings import SPELLINGS, WRITINGS
from shared.fuzz_tables import Sheets, draw_sheets
from shared.fuzz_writing import COMPRESSORS, Files, Writing, write_sheets, zipped

BASES = 120
"""Datasets without mutations, of each sort; the graphs of mutated ones are compared with theirs."""
PUBLIC_SHARE = 0.2
DAMAGED_SHARE = 0.6
MAX_MUTATIONS = 4


@dataclass
class Case:
    """A mutated dataset.

    Attributes:
        sort: tables, or the name of a public dataset.
        base: Number of the dataset without mutations; the graph must be the same as its, if `same`.
        mutations: Names of the mutations.
        same: Whether no mutation changes what the dataset says.
    """

    sort: str
    base: int
    mutations: list[str] = field(default_factory=list)
    same: bool = True


def _compress_all(rng: Random, files: Files) -> None:
    ending = rng.choice(list(COMPRESSORS))
    for path in list(files):
        files[f"{path}.{ending}"] = COMPRESSORS[ending](files.pop(path))


def _put_below(rng: Random, files: Files) -> None:
    place = rng.choice(("data", "KuaiRec 2.0/data", "名称"))
    for path in list(files):
        files[f"{place}/{path}"] = files.pop(path)


def _zip_all(rng: Random, files: Files) -> None:
    content = zipped(files)
    files.clear()
    files["dataset.zip"] = content


def _add_notes(rng: Random, files: Files) -> None:
    files[rng.choice(("README", "notes.md", "images/1.png", ".DS_Store", "Thumbs.db"))] = b"\0x"


PUBLIC_SPELLINGS: dict[str, Callable[[Random, Files], None]] = {
    "compressed": _compress_all,
    "dataset in a folder below": _put_below,
    "dataset in an archive": _zip_all,
    "files beside it": _add_notes,
}


def write_base(sort: str, base: int, folder: Path) -> None:
    """Writes a dataset without mutations."""
    _store(folder, _plain_tables(base)[1] if sort == "tables" else _public(base)[1])


def write_case(seed: int, folder: Path) -> Case:
    """Writes the dataset of a seed into a folder."""
    rng = Random(f"fuzz {seed}")
    base = rng.randrange(BASES)
    is_damaged = rng.random() < DAMAGED_SHARE
    count = rng.randint(1, MAX_MUTATIONS)
    if rng.random() < PUBLIC_SHARE:
        sort, files = _public(base)
        case = Case(sort, base)
        for _ in range(count):
            if is_damaged and rng.random() < 0.7:
                _damage_files(rng, case, files)
            else:
                name = rng.choice([*PUBLIC_SPELLINGS])
                if name not in case.mutations:
                    PUBLIC_SPELLINGS[name](rng, files)
                    case.mutations.append(name)
    else:
        case, files = _tables(rng, base, is_damaged, count)
    _store(folder, files)
    if is_damaged and (case.same or rng.random() < 0.15):
        _damage_folder(rng, case, folder)
    return case


def _public(base: int) -> tuple[str, Files]:
    return draw_public(Random(f"public {base}"))


def _plain_tables(base: int) -> tuple[Sheets, Files]:
    sheets = draw_sheets(Random(f"tables {base}"))
    return sheets, write_sheets(sheets, {name: Writing() for name in sheets})


def _tables(rng: Random, base: int, is_damaged: bool, count: int) -> tuple[Case, Files]:
    sheets = _plain_tables(base)[0]
    case = Case("tables", base)
    spellings = rng.sample([*SPELLINGS, *WRITINGS], count)
    damages = [
        rng.choice((*DAMAGED_SHEETS, *DAMAGED_FILES)) for _ in range(rng.choice((1, 1, 1, 2, 3)))
    ]
    if not is_damaged:
        damages = []
    kinds: set[str] = set()
    for name in SPELLINGS:
        kind = name.split()[0]
        if name in spellings and kind not in kinds and SPELLINGS[name](rng, sheets):
            kinds.add(kind)
            case.mutations.append(name)
    for name in damages:
        if name in DAMAGED_SHEETS and sheets and DAMAGED_SHEETS[name](rng, sheets):
            case.mutations.append(name)
            case.same = False
    writings = {name: Writing() for name in sheets}
    for name in spellings:
        if name in WRITINGS:
            for table in rng.sample(list(sheets), rng.randint(1, len(sheets))):
                WRITINGS[name](rng, writings[table])
            case.mutations.append(name)
    files = write_sheets(sheets, writings)
    for name in damages:
        if name in DAMAGED_FILES:
            DAMAGED_FILES[name](rng, files)
            case.mutations.append(name)
            case.same = False
    return case, files


def _damage_files(rng: Random, case: Case, files: Files) -> None:
    name = rng.choice(list(DAMAGED_FILES))
    DAMAGED_FILES[name](rng, files)
    case.mutations.append(name)
    case.same = False


def _damage_folder(rng: Random, case: Case, folder: Path) -> None:
    name = rng.choice(list(DAMAGED_FOLDERS))
    DAMAGED_FOLDERS[name](rng, folder)
    case.mutations.append(name)
    case.same = False


def _store(folder: Path, files: Files) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / name
        if path.is_dir() or any(each.is_file() for each in path.parents):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
