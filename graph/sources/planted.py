"""What the synthetic data set has planted: categories of interests, and what leads to what."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path
from typing import NamedTuple

DOMAINS = ("books", "films", "music", "goods")


class Category(NamedTuple):
    """A category of a domain."""

    domain: str
    name: str


class Transfer(NamedTuple):
    """A liking that may lead from one domain to another."""

    source: Category
    target: Category


@dataclass(frozen=True)
class Cell:
    """An interest in a domain: its category, how people call it, and the halves of its titles."""

    category: Category
    en: str
    zh: str
    titles_en: tuple[str, ...]
    titles_zh: tuple[str, ...]


def planted_transfers() -> tuple[tuple[Transfer, ...], tuple[Transfer, ...]]:
    """Every pair of categories of two different domains: the planted ones, and all others.

    The generic categories are in neither: they belong to no interest.
    """
    planted: list[Transfer] = []
    others: list[Transfer] = []
    cells = interest_cells()
    for (interest, domain), (interest_too, domain_too) in permutations(cells, 2):
        if domain == domain_too:
            continue
        source, target = cells[interest, domain], cells[interest_too, domain_too]
        pairs = planted if interest == interest_too else others
        pairs.append(Transfer(source.category, target.category))
    return tuple(planted), tuple(others)


def interest_cells() -> dict[tuple[str, str], Cell]:
    """Interest and domain to the category, the words and the titles of `synthetic.toml`."""
    words = tomllib.loads(Path(__file__).with_name("synthetic.toml").read_text(encoding="utf-8"))
    cells = {}
    for interest, domain in product(words, DOMAINS):
        category, en, zh, en_first, en_second, zh_first, zh_second = words[interest][domain]
        cells[interest, domain] = Cell(
            Category(domain, category),
            en,
            zh,
            tuple(map(" ".join, product(en_first.split("|"), en_second.split("|")))),
            tuple(map("".join, product(zh_first.split("|"), zh_second.split("|")))),
        )
    return cells
