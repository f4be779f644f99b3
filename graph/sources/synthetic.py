"""Writes a synthetic dataset in Chinese and English, with interests planted across four domains.

Each of twelve interests has its own category in each of books, films, music and goods, with the
same name in several domains (science fiction in books and films) or with different names
(historical novels, period dramas, guqin music, tea ware). A user has a few interests and follows
them in several domains, so likes in one category predict likes in the other three: those are the
planted transfers. Users also write texts, whose likes and dislikes are planted too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from isthmus.graph.sources.planted import (
    DOMAINS,
    Cell,
    Item,
    Transfer,
    category_names,
    interest_cells,
    planted_transfers,
)
from isthmus.graph.sources.planted_attributes import draw_offer, draw_people, draw_platform
from isthmus.graph.sources.planted_texts import (
    PlantedText,
    draw_post,
    draw_review,
    planted_text,
)
from isthmus.graph.sources.planted_users import PEOPLE, Person

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
        texts: The texts in the order of `texts.csv`, with what each likes and dislikes.
    """

    transfers: tuple[Transfer, ...]
    others: tuple[Transfer, ...]
    people: dict[str, str]
    interactions: int
    texts: tuple[PlantedText, ...]


def write_synthetic(folder: Path, users: int = 2000, items: int = 1200, seed: int = 7) -> Planted:
    """Writes all tables except accounts as CSV files, and a README.

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
    rows_of_users = {
        name: _draw_person(rng, name, person, catalogue) for name, person in PEOPLE.items()
    }
    for number in range(1, users - len(PEOPLE) + 1):
        user = f"u{number:05}"
        # The words of a text have a generator of their own: they can change without changing
        # items and interactions.
        rows_of_users[user] = _draw_user(rng, Random(f"{seed}:texts:{user}"), user, catalogue)
    # Attributes and platforms have a generator of their own, so that all else is as without them.
    extra = Random(f"{seed}:attributes")
    interactions = [
        (user, *row, draw_platform(extra, str(row[0])))
        for user, (rows, _) in rows_of_users.items()
        for row in rows
    ]
    texts = [row for _, rows in rows_of_users.values() for row in rows]
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(
        folder / "items.csv",
        ("item_id", "domain", "title", "categories", "published_at", "price", "in_stock"),
        [(*row, *draw_offer(extra, str(row[1]))) for row in _item_rows(rng, catalogue)],
    )
    countries, follows = draw_people(extra, [*rows_of_users])
    _write_csv(folder / "users.csv", ("user_id", "country"), countries)
    _write_csv(folder / "follows.csv", ("user_id", "follows_id"), follows)
    _write_csv(
        folder / "interactions.csv",
        ("user_id", "item_id", "weight", "timestamp", "kind", "platform"),
        interactions,
    )
    _write_csv(
        folder / "texts.csv",
        ("user_id", "text", "item_id", "timestamp", "language", "kind"),
        map(_text_row, texts),
    )
    _write_csv(folder / "categories.csv", ("category", "language", "name"), category_names())
    (folder / "README.md").write_text(
        README.format(
            users=users, items=items, seed=seed, interactions=len(interactions), texts=len(texts)
        ),
        encoding="utf-8",
    )
    transfers, others = planted_transfers()
    people = {name: person.taste for name, person in PEOPLE.items()}
    planted_texts = tuple(text for text, _ in texts)
    return Planted(transfers, others, people, len(interactions), planted_texts)


_Catalogue = dict[tuple[str, str], list[Item]]
"""Items by interest and domain, the popular ones first."""
_DatedText = tuple[PlantedText, str]
_UserRows = tuple[list[tuple[object, ...]], list[_DatedText]]
"""Interactions and texts of one user."""


@dataclass(frozen=True)
class _Writer:
    """A user with interactions, as far as their texts depend on it."""

    user: str
    language: str
    interests: list[str]
    domains: list[str]
    liked: list[Item]
    disliked: list[Item]


def _draw_items(rng: Random, cell: Cell, count: int, position: int) -> list[Item]:
    """Draws the items of a cell, the popular ones first, in alternating languages."""
    titles = [rng.sample(cell.titles[key], len(cell.titles[key])) for key in ("en", "zh")]
    domain = cell.category.domain
    interest = position // len(DOMAINS)
    first = interest * count + 1
    # The first language alternates between interests, so that half of all titles are Chinese.
    return [
        Item(f"{domain[0]}{first + n:04}", titles[(n + interest) % 2][n // 2], cell)
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


def _draw_user(rng: Random, words: Random, user: str, catalogue: _Catalogue) -> _UserRows:
    """Draws interactions and texts of a user with one to three interests in some domains.

    Args:
        rng: Source of all draws except the words of the texts.
        words: Source of the words of the texts.
        user: The user.
        catalogue: Items by interest and domain.
    """
    all_interests = sorted({interest for interest, _ in catalogue})
    interests = rng.sample(all_interests, rng.choices((1, 2, 3), (35, 40, 25))[0])
    language = "zh" if rng.random() < 0.55 else "en"
    user_type = rng.random()
    domains = rng.sample(DOMAINS, 1 if user_type < ONE_DOMAIN_SHARE else rng.randint(2, 4))
    interactions: list[tuple[object, ...]] = []
    liked: list[Item] = []
    disliked: list[Item] = []
    count = rng.randint(20, 30) if len(domains) > 1 else rng.randint(12, 20)
    if user_type > 1 - TEXTS_ONLY_SHARE:
        count = 0
    for day in sorted(rng.sample(range(DAYS), count)):
        domain = rng.choice(domains)
        draw = rng.random()
        on_interest = draw < 1 - NOISE_SHARE - DISLIKE_SHARE
        if on_interest:
            interest = rng.choices(interests, _interest_weights(interests))[0]
        else:
            interest = rng.choice([name for name in all_interests if name not in interests])
        item = _draw_popular_item(rng, catalogue[interest, domain], [*liked, *disliked])
        if item is None:
            continue
        if not on_interest and draw > 1 - DISLIKE_SHARE:
            disliked.append(item)
            weight = -1.0
        else:
            liked.append(item)
            weight = rng.choice((1.0, 1.0, 0.5))
        interactions.append(_interaction_row(rng, item, weight, day))
    writer = _Writer(user, language, interests, domains, liked, disliked)
    number = rng.choices((0, 1, 2, 3), (15, 35, 35, 15))[0] if count else rng.randint(2, 3)
    return interactions, _draw_texts(rng, words, writer, catalogue, number)


def _draw_texts(
    rng: Random, words: Random, writer: _Writer, catalogue: _Catalogue, number: int
) -> list[_DatedText]:
    """Draws what a user writes: posts about their interests, reviews of items they know."""
    interests = writer.interests
    texts: list[_DatedText] = []
    for _ in range(number):
        domain = rng.choice(writer.domains)
        interest = rng.choices(interests, _interest_weights(interests))[0]
        cells = {
            name: items[0].cell for (name, place), items in catalogue.items() if place == domain
        }
        choice = rng.choices(("post", "praise", "complaint"), (50, 30, 20))[0]
        reviewed = []
        if choice == "praise":
            reviewed = [item for item in writer.liked if item.cell is cells[interest]]
        elif choice == "complaint":
            reviewed = writer.disliked
        if reviewed:
            item = rng.choice(reviewed)
            named = rng.choice((True, False))
            text = draw_review(
                words, writer.user, writer.language, item, item in writer.liked, named
            )
        else:
            # Four values keep the stream of draws: with two, a seed would have other interactions.
            named = rng.choice((True, True, False, False))
            own = [interest, *(name for name in interests if name != interest)]
            # A user without interactions says at least once what they like.
            is_first = not (texts or writer.liked or writer.disliked)
            text = draw_post(
                words,
                writer.user,
                writer.language,
                [cells[name] for name in own],
                [cell for name, cell in cells.items() if name not in interests],
                named,
                kind="praise" if is_first else None,
            )
        texts.append((text, _draw_timestamp(rng, rng.randrange(DAYS))))
    return texts


def _interest_weights(interests: list[str]) -> list[float]:
    return [1 / (rank + 1) for rank in range(len(interests))]


def _draw_person(rng: Random, user: str, person: Person, catalogue: _Catalogue) -> _UserRows:
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
    texts: list[_DatedText] = []
    for text, kind, interest, domain in person.texts:
        language = "en" if text.isascii() else "zh"
        cells = [catalogue[interest, domain][0].cell]
        likes, dislikes = (cells, []) if kind == "praise" else ([], cells)
        planted = planted_text(user, text, language, kind, likes, dislikes)
        texts.append((planted, _draw_timestamp(rng, rng.randrange(DAYS))))
    return interactions, texts


def _draw_popular_item(rng: Random, cell_items: list[Item], history: list[Item]) -> Item | None:
    """Draws an item outside the user's history, the popular ones more often; None if none is left.

    The weight of an item falls with its rank as a power law.
    """
    seen = {item.item_id for item in history}
    unseen = [(rank, item) for rank, item in enumerate(cell_items) if item.item_id not in seen]
    if not unseen:
        return None
    weights = [(rank + 3) ** -0.6 for rank, _ in unseen]
    return rng.choices([item for _, item in unseen], weights)[0]


def _interaction_row(rng: Random, item: Item, weight: float, day: int) -> tuple[object, ...]:
    kind = INTERACTION_KINDS[item.cell.category.domain]
    return item.item_id, weight, _draw_timestamp(rng, day), kind


def _text_row(dated: _DatedText) -> tuple[object, ...]:
    text, moment = dated
    kind = "review" if text.item_id else "post"
    return text.user, text.text, text.item_id, moment, text.language, kind


def _draw_timestamp(rng: Random, day: int) -> str:
    moment = FIRST_DAY + timedelta(days=day, seconds=rng.randrange(86_400))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write_csv(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
