"""A synthetic data set in Chinese and English with interests planted across four domains.

Twelve interests have a category of their own in each of books, films, music and goods, sometimes of
one name (science fiction in books and films), sometimes not (historical novels, period dramas,
guqin music, tea ware). A user has a few interests and follows them in several domains, so a liking
in one category foretells one in the other three: those are the planted transfers.
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
"""Categories that an item may have besides its own, and that say nothing of an interest."""
GENERIC_SHARE = 0.15
NOISE = 0.15
DISLIKES = 0.06
ONE_DOMAIN_ONLY = 0.08
TEXTS_ONLY = 0.04
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 730
DID = {"books": "read", "films": "watched", "music": "listened", "goods": "bought"}
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
    """What the tables hold, for comparison with what is learned.

    Attributes:
        transfers: The planted ones: both categories belong to one interest; 144.
        others: All other pairs of categories in two different domains; 1,584.
        people: Three users with a clear taste, and what it is.
        interactions: Rows.
        texts: Rows.
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
    """Somebody with a clear taste: cells liked and disliked, and words of their own."""

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
        folder: Where to; made where it does not exist.
        users: Users, the three named ones among them.
        items: Items, a multiple of 48 (twelve interests in four domains), 48 to 3,456.
        seed: Of all that is drawn.

    Raises:
        ValueError: `items` is no such number, or there are fewer than three users.
    """
    cells = interest_cells()
    each, rest = divmod(items, len(cells))
    if rest or not 1 <= each <= 72:
        raise ValueError(f"items must be a multiple of {len(cells)} up to 3,456, not {items}")
    if users < len(PEOPLE):
        raise ValueError(f"there must be {len(PEOPLE)} users at least, not {users}")
    rng = Random(seed)
    shelf = {
        key: _make_items(rng, cell, each, place) for place, (key, cell) in enumerate(cells.items())
    }
    everyone = {name: _person(rng, person, shelf) for name, person in PEOPLE.items()} | {
        f"u{number:05}": _anyone(rng, shelf) for number in range(1, users - len(PEOPLE) + 1)
    }
    interactions = [(user, *row) for user, (rows, _) in everyone.items() for row in rows]
    texts = [(user, *row) for user, (_, rows) in everyone.items() for row in rows]
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "items.csv",
        ("item_id", "domain", "title", "categories", "published_at"),
        _item_rows(rng, shelf),
    )
    _write(
        folder / "interactions.csv",
        ("user_id", "item_id", "weight", "timestamp", "kind"),
        interactions,
    )
    _write(
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


_Shelf = dict[tuple[str, str], list[_Item]]
_Rows = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


def _make_items(rng: Random, cell: Cell, count: int, place: int) -> list[_Item]:
    """Items of the cell at this place, the popular first, Chinese and English titles in turn."""
    drawn = [rng.sample(titles, len(titles)) for titles in (cell.titles_en, cell.titles_zh)]
    domain = cell.category.domain
    first = place // len(DOMAINS) * count + 1
    # Cells begin with either language in turn, so that half of all titles are Chinese.
    return [
        _Item(f"{domain[0]}{first + n:04}", drawn[(n + place // len(DOMAINS)) % 2][n // 2], cell)
        for n in range(count)
    ]


def _item_rows(rng: Random, shelf: _Shelf) -> Iterator[tuple[object, ...]]:
    for (_, domain), cell_items in shelf.items():
        for item in cell_items:
            names = [item.cell.category.name]
            if rng.random() < GENERIC_SHARE:
                names.append(GENERIC[domain])
            # Before the first interaction: nobody reads what is not out.
            published = FIRST_DAY - timedelta(days=rng.randrange(1, 365 * 8))
            yield (
                item.item_id,
                domain,
                item.title,
                "|".join(names),
                published.date().isoformat(),
            )


def _anyone(rng: Random, shelf: _Shelf) -> _Rows:
    """Interactions and texts of a user with one to three interests in some domains."""
    interests = sorted({interest for interest, _ in shelf})
    mine = rng.sample(interests, rng.choices((1, 2, 3), (35, 40, 25))[0])
    strength = [1 / (rank + 1) for rank in range(len(mine))]
    language = "zh" if rng.random() < 0.55 else "en"
    kind = rng.random()
    domains = rng.sample(DOMAINS, 1 if kind < ONE_DOMAIN_ONLY else rng.randint(2, 4))
    rows: list[tuple[object, ...]] = []
    liked: dict[str, _Item] = {}
    disliked: dict[str, _Item] = {}
    events = rng.randint(20, 30) if len(domains) > 1 else rng.randint(12, 20)
    if kind > 1 - TEXTS_ONLY:
        events = 0
    for day in sorted(rng.sample(range(DAYS), events)):
        domain = rng.choice(domains)
        draw = rng.random()
        on_interest = draw < 1 - NOISE - DISLIKES
        if on_interest:
            interest = rng.choices(mine, strength)[0]
        else:
            interest = rng.choice([name for name in interests if name not in mine])
        item = _popular(rng, shelf[interest, domain], {*liked, *disliked})
        if item is None:
            continue
        if not on_interest and draw > 1 - DISLIKES:
            disliked[item.item_id] = item
            weight = -1.0
        else:
            liked[item.item_id] = item
            weight = rng.choice((1.0, 1.0, 0.5))
        rows.append(_interaction(rng, item, weight, day))
    texts = []
    for _ in range(rng.choices((0, 1, 2, 3), (15, 35, 35, 15))[0] if events else rng.randint(2, 3)):
        domain = rng.choice(domains)
        cell = shelf[rng.choices(mine, strength)[0], domain][0].cell
        said = rng.choices((PRAISE, PRAISE_ITEM, COMPLAINT_ITEM), (50, 30, 20))[0]
        on_theme = [item for item in liked.values() if item.cell == cell]
        about = None
        if said is PRAISE_ITEM and on_theme:
            about = rng.choice(on_theme)
        elif said is COMPLAINT_ITEM and disliked:
            about = rng.choice(list(disliked.values()))
        else:
            said = PRAISE
        texts.append(_text(rng, rng.choice(said[language]), language, cell, about))
    return rows, texts


def _person(rng: Random, person: _Person, shelf: _Shelf) -> _Rows:
    """Interactions and texts of one of the named people."""
    chosen = [
        (item, weight)
        for cells, weight in ((person.likes, 1.0), (person.dislikes, -1.0))
        for interest, domain, count in cells
        for item in shelf[interest, domain][:count]
    ]
    days = sorted(rng.sample(range(DAYS), len(chosen)))
    rng.shuffle(chosen)
    rows = [
        _interaction(rng, item, weight, day)
        for (item, weight), day in zip(chosen, days, strict=True)
    ]
    texts = [
        _text(rng, words, "en" if words.isascii() else "zh", None, None) for words in person.texts
    ]
    return rows, texts


def _popular(rng: Random, cell_items: list[_Item], met: set[str]) -> _Item | None:
    """Draws an item that the user has not met, the popular ones more often."""
    left = [(n, item) for n, item in enumerate(cell_items) if item.item_id not in met]
    if not left:
        return None
    return rng.choices([item for _, item in left], [(n + 3) ** -0.6 for n, _ in left])[0]


def _interaction(rng: Random, item: _Item, weight: float, day: int) -> tuple[object, ...]:
    return item.item_id, weight, _moment(rng, day), DID[item.cell.category.domain]


def _text(
    rng: Random, words: str, language: str, cell: Cell | None, about: _Item | None
) -> tuple[object, ...]:
    if about is not None:
        cell = about.cell
        words = words.replace("{title}", about.title)
    if cell is not None:
        words = words.replace("{zh}", cell.zh).replace("{en}", cell.en)
    kind = "post" if about is None else "review"
    item_id = "" if about is None else about.item_id
    return words, item_id, _moment(rng, rng.randrange(DAYS)), language, kind


def _moment(rng: Random, day: int) -> str:
    moment = FIRST_DAY + timedelta(days=day, seconds=rng.randrange(86_400))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
