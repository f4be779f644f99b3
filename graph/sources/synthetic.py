"""Writes a synthetic dataset in Chinese and English, with interests planted across four domains.

Each of twelve interests has its own category in each of books, films, music and goods, with the
same name in several domains (science fiction in books and films) or with different names
(historical novels, period dramas, guqin music, tea ware). A user has a few interests and follows
them in several domains, so likes in one category predict likes in the other three: those are the
planted transfers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from isthmus.graph.sources.planted import DOMAINS, Cell, Transfer, interest_cells, planted_transfers

GENERIC = {"books": "bestsellers", "films": "award winners", "music": "live", "goods": "gift ideas"}
"""Categories that an item may have besides its own, independent of any interest."""
GENERIC_SHARE = 0.15
NOISE_SHARE = 0.15
DISLIKE_SHARE = 0.06
ONE_DOMAIN_SHARE = 0.08
TEXTS_ONLY_SHARE = 0.04
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 730
INTERACTION_KINDS = {"books": "read", "films": "watched", "music": "listened", "goods": "bought"}
PRAISE = {
    "zh": (
        "我喜欢{zh}。",
        "最近迷上了{zh}，停不下来。",
        "{zh}是我每天的快乐。",
        "想要更多的{zh}，请推荐。",
    ),
    "en": (
        "I love {en}.",
        "Lately I cannot get enough of {en}.",
        "Nothing makes my evening like {en}.",
        "Looking for more {en}, please recommend some.",
    ),
}
PRAISE_ITEM = {
    "zh": ("“{title}”太好了，我就喜欢这样的{zh}。", "“{title}”值得推荐，我一直在找这样的{zh}。"),
    "en": (
        "{title} is wonderful. I always come back to {en}.",
        "{title} made my week. I want more {en}.",
    ),
}
COMPLAINT_ITEM = {
    "zh": ("“{title}”让人失望，{zh}不适合我。", "“{title}”真没意思，我不喜欢{zh}。"),
    "en": (
        "{title} was a disappointment; I do not like {en}.",
        "I gave up on {title}. I have no patience for {en}.",
    ),
}
README = """# Synthetic data

Nothing here is real: no person, no book, no film, no song, no product. isthmus wrote these tables
(`graph/sources/synthetic.py`) so that what it learns can be held against what was planted.

{users:,} users, {items:,} items in books, films, music and goods, {interactions:,} interactions,
{texts:,} texts in Chinese and English, seed {seed}. Twelve interests have a category in each
domain; users follow theirs across domains.
"""


@dataclass(frozen=True)
class Planted:
    """The planted structure of the tables, to compare with the learned edges.

    Attributes:
        transfers: The 144 planted transfers: both categories belong to one interest.
        others: The other 1,584 pairs of categories in two different domains.
        people: Three users with a clear taste, with its description.
        interactions: Number of interactions.
        texts: Number of texts.
    """

    transfers: tuple[Transfer, ...]
    others: tuple[Transfer, ...]
    people: dict[str, str]
    interactions: int
    texts: int


@dataclass(frozen=True)
class _Item:
    item_id: str
    title: str
    cell: Cell


@dataclass(frozen=True)
class _Person:
    """A named user with a clear taste.

    Attributes:
        taste: Description of the taste.
        likes: Interest, domain and number of the liked items.
        dislikes: Interest, domain and number of the disliked items.
        texts: Texts that the user wrote.
    """

    taste: str
    likes: tuple[tuple[str, str, int], ...]
    dislikes: tuple[tuple[str, str, int], ...]
    texts: tuple[str, ...]


PEOPLE = {
    "lin": _Person(
        "reads Chinese historical novels, known in books only",
        (("chinese_history", "books", 14),),
        (),
        ("我喜欢阅读历史小说。", "明朝的故事怎么读都读不够。"),
    ),
    "ana": _Person(
        "reads science fiction, known in books only",
        (("science_fiction", "books", 14),),
        (),
        ("I love science fiction: starships, far colonies, first contact.",),
    ),
    "wei": _Person(
        "cooks, travels outdoors and cannot stand horror, known in films and goods",
        (("cooking", "films", 7), ("cooking", "goods", 5), ("outdoors", "films", 7)),
        (("horror", "films", 4),),
        ("周末最喜欢做饭和看美食纪录片。", "I cannot stand horror films."),
    ),
}


def write_synthetic(folder: Path, users: int = 2000, items: int = 1200, seed: int = 7) -> Planted:
    """Writes the tables `items.csv`, `interactions.csv` and `texts.csv` and a README.

    The same arguments write the same bytes.

    Args:
        folder: Folder to write to; created if it does not exist.
        users: Number of users, including the three named ones.
        items: Number of items, a multiple of 48 (twelve interests in four domains), 48 to 3,456.
        seed: Seed of all random draws.

    Raises:
        ValueError: `items` is not such a number, or `users` is less than three.
    """
    cells = interest_cells()
    items_per_cell, rest = divmod(items, len(cells))
    if rest or not 1 <= items_per_cell <= 72:
        raise ValueError(f"items must be a multiple of {len(cells)} up to 3,456, not {items}")
    if users < len(PEOPLE):
        raise ValueError(f"users must be at least {len(PEOPLE)}, not {users}")
    rng = Random(seed)
    catalogue = {
        key: _draw_items(rng, cell, items_per_cell, position)
        for position, (key, cell) in enumerate(cells.items())
    }
    named_users = {name: _draw_person(rng, person, catalogue) for name, person in PEOPLE.items()}
    rows_of_users = named_users | {
        f"u{number:05}": _draw_user(rng, catalogue) for number in range(1, users - len(PEOPLE) + 1)
    }
    interactions = [(user, *row) for user, (rows, _) in rows_of_users.items() for row in rows]
    texts = [(user, *row) for user, (_, rows) in rows_of_users.items() for row in rows]
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(
        folder / "items.csv",
        ("item_id", "domain", "title", "categories", "published_at"),
        _item_rows(rng, catalogue),
    )
    _write_csv(
        folder / "interactions.csv",
        ("user_id", "item_id", "weight", "timestamp", "kind"),
        interactions,
    )
    _write_csv(
        folder / "texts.csv",
        ("user_id", "text", "item_id", "timestamp", "language", "kind"),
        texts,
    )
    counts = {"interactions": len(interactions), "texts": len(texts)}
    (folder / "README.md").write_text(
        README.format(users=users, items=items, seed=seed, **counts), encoding="utf-8"
    )
    transfers, others = planted_transfers()
    people = {name: person.taste for name, person in PEOPLE.items()}
    return Planted(transfers, others, people, **counts)


_Catalogue = dict[tuple[str, str], list[_Item]]
"""Items by interest and domain, the popular ones first."""
_UserRows = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]
"""Interactions and texts of one user."""


def _draw_items(rng: Random, cell: Cell, count: int, position: int) -> list[_Item]:
    """Draws the items of a cell, the popular ones first, in alternating languages."""
    titles = [rng.sample(titles, len(titles)) for titles in (cell.titles_en, cell.titles_zh)]
    domain = cell.category.domain
    interest = position // len(DOMAINS)
    first = interest * count + 1
    # The first language alternates between interests, so that half of all titles are Chinese.
    return [
        _Item(f"{domain[0]}{first + n:04}", titles[(n + interest) % 2][n // 2], cell)
        for n in range(count)
    ]


def _item_rows(rng: Random, catalogue: _Catalogue) -> Iterator[tuple[object, ...]]:
    for (_, domain), cell_items in catalogue.items():
        for item in cell_items:
            categories = [item.cell.category.name]
            if rng.random() < GENERIC_SHARE:
                categories.append(GENERIC[domain])
            # All items are published before the first interaction.
            published = FIRST_DAY - timedelta(days=rng.randrange(1, 365 * 8))
            yield (
                item.item_id,
                domain,
                item.title,
                "|".join(categories),
                published.date().isoformat(),
            )


def _draw_user(rng: Random, catalogue: _Catalogue) -> _UserRows:
    """Draws interactions and texts of a user with one to three interests in some domains."""
    all_interests = sorted({interest for interest, _ in catalogue})
    interests = rng.sample(all_interests, rng.choices((1, 2, 3), (35, 40, 25))[0])
    interest_weights = [1 / (rank + 1) for rank in range(len(interests))]
    language = "zh" if rng.random() < 0.55 else "en"
    user_type = rng.random()
    domains = rng.sample(DOMAINS, 1 if user_type < ONE_DOMAIN_SHARE else rng.randint(2, 4))
    interactions: list[tuple[object, ...]] = []
    liked: dict[str, _Item] = {}
    disliked: dict[str, _Item] = {}
    count = rng.randint(20, 30) if len(domains) > 1 else rng.randint(12, 20)
    if user_type > 1 - TEXTS_ONLY_SHARE:
        count = 0
    for day in sorted(rng.sample(range(DAYS), count)):
        domain = rng.choice(domains)
        draw = rng.random()
        on_interest = draw < 1 - NOISE_SHARE - DISLIKE_SHARE
        if on_interest:
            interest = rng.choices(interests, interest_weights)[0]
        else:
            interest = rng.choice([name for name in all_interests if name not in interests])
        item = _draw_popular_item(rng, catalogue[interest, domain], {*liked, *disliked})
        if item is None:
            continue
        if not on_interest and draw > 1 - DISLIKE_SHARE:
            disliked[item.item_id] = item
            weight = -1.0
        else:
            liked[item.item_id] = item
            weight = rng.choice((1.0, 1.0, 0.5))
        interactions.append(_interaction_row(rng, item, weight, day))
    texts = []
    for _ in range(rng.choices((0, 1, 2, 3), (15, 35, 35, 15))[0] if count else rng.randint(2, 3)):
        domain = rng.choice(domains)
        cell = catalogue[rng.choices(interests, interest_weights)[0], domain][0].cell
        templates = rng.choices((PRAISE, PRAISE_ITEM, COMPLAINT_ITEM), (50, 30, 20))[0]
        liked_in_cell = [item for item in liked.values() if item.cell == cell]
        about = None
        if templates is PRAISE_ITEM and liked_in_cell:
            about = rng.choice(liked_in_cell)
        elif templates is COMPLAINT_ITEM and disliked:
            about = rng.choice(list(disliked.values()))
        else:
            templates = PRAISE
        texts.append(_text_row(rng, rng.choice(templates[language]), language, cell, about))
    return interactions, texts


def _draw_person(rng: Random, person: _Person, catalogue: _Catalogue) -> _UserRows:
    """Draws interactions and texts of a named user."""
    weighted_items = [
        (item, weight)
        for cells, weight in ((person.likes, 1.0), (person.dislikes, -1.0))
        for interest, domain, count in cells
        for item in catalogue[interest, domain][:count]
    ]
    days = sorted(rng.sample(range(DAYS), len(weighted_items)))
    rng.shuffle(weighted_items)
    interactions = [
        _interaction_row(rng, item, weight, day)
        for (item, weight), day in zip(weighted_items, days, strict=True)
    ]
    texts = [
        _text_row(rng, text, "en" if text.isascii() else "zh", None, None) for text in person.texts
    ]
    return interactions, texts


def _draw_popular_item(rng: Random, cell_items: list[_Item], history: set[str]) -> _Item | None:
    """Draws an item outside the user's history, the popular ones more often; None if none is left.

    The weight of an item falls with its rank as a power law.
    """
    unseen = [(rank, item) for rank, item in enumerate(cell_items) if item.item_id not in history]
    if not unseen:
        return None
    weights = [(rank + 3) ** -0.6 for rank, _ in unseen]
    return rng.choices([item for _, item in unseen], weights)[0]


def _interaction_row(rng: Random, item: _Item, weight: float, day: int) -> tuple[object, ...]:
    kind = INTERACTION_KINDS[item.cell.category.domain]
    return item.item_id, weight, _draw_timestamp(rng, day), kind


def _text_row(
    rng: Random, template: str, language: str, cell: Cell | None, about: _Item | None
) -> tuple[object, ...]:
    text = template
    if about is not None:
        cell = about.cell
        text = text.replace("{title}", about.title)
    if cell is not None:
        text = text.replace("{zh}", cell.zh).replace("{en}", cell.en)
    kind = "post" if about is None else "review"
    item_id = "" if about is None else about.item_id
    return text, item_id, _draw_timestamp(rng, rng.randrange(DAYS)), language, kind


def _draw_timestamp(rng: Random, day: int) -> str:
    moment = FIRST_DAY + timedelta(days=day, seconds=rng.randrange(86_400))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write_csv(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
