"""The planted structure of the synthetic dataset: categories of interests and their transfers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path
from typing import Any, NamedTuple

DOMAINS = ("books", "films", "music", "goods")


class Category(NamedTuple):
    """A category of a domain."""

    domain: str
    name: str


class Transfer(NamedTuple):
    """A pair of categories of two domains; liking the source may lead to liking the target."""

    source: Category
    target: Category


@dataclass(frozen=True)
class Cell:
    """An interest in one domain.

    Attributes:
        interest: Name of the interest.
        category: Its category in the domain.
        names: What speakers of each language call it.
        cues: Phrases of each language that describe it without a word of its names.
        titles: Titles of items in each language.
    """

    interest: str
    category: Category
    names: dict[str, str]
    cues: dict[str, list[str]]
    titles: dict[str, list[str]]


@dataclass(frozen=True)
class Item:
    """An item of a cell."""

    item_id: str
    title: str
    cell: Cell


def planted_transfers() -> tuple[tuple[Transfer, ...], tuple[Transfer, ...]]:
    """Returns the pairs of categories of two different domains: the planted ones, and all others.

    Generic categories are in neither, since they belong to no interest.
    """
    planted: list[Transfer] = []
    others: list[Transfer] = []
    cells = interest_cells()
    for (source_interest, source_domain), (target_interest, target_domain) in permutations(
        cells, 2
    ):
        if source_domain == target_domain:
            continue
        source = cells[source_interest, source_domain]
        target = cells[target_interest, target_domain]
        pairs = planted if source_interest == target_interest else others
        pairs.append(Transfer(source.category, target.category))
    return tuple(planted), tuple(others)


def interest_cells() -> dict[tuple[str, str], Cell]:
    """Reads the cells of `synthetic.toml` and `cues.toml`, by interest and domain."""
    table = read_toml("synthetic.toml")
    cues = read_toml("cues.toml")
    cells = {}
    for interest, domain in product(table, DOMAINS):
        category, en, zh, en_first, en_second, zh_first, zh_second = table[interest][domain]
        cells[interest, domain] = Cell(
            interest,
            Category(domain, category),
            names={"en": en, "zh": zh},
            cues=cues[interest][domain],
            titles={
                "en": [*map(" ".join, product(en_first.split("|"), en_second.split("|")))],
                "zh": [*map("".join, product(zh_first.split("|"), zh_second.split("|")))],
            },
        )
    return cells


def category_names() -> list[tuple[str, str, str]]:
    """Returns category, language and name of every category of the items in its other language."""
    names = {cell.category.name: cell.names for cell in interest_cells().values()}
    shared = read_toml("category_names.toml")
    rows = sorted({**names, **shared}.items())
    return [
        (category, language, name)
        for category, own in rows
        for language, name in sorted(own.items())
        if language != ("en" if category.isascii() else "zh")
    ]


def read_toml(name: str) -> dict[str, Any]:
    """Reads a file of this package."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
