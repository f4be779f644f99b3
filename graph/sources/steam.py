"""Reads Steam: games, and who bought, played and reviewed them.

Two data sets. That on Kaggle, `steam-200k.csv`, has no header: user, name of the game, `purchase`
or `play`, hours, 0 (https://www.kaggle.com/datasets/tamber/steam-video-games). Those of UCSD have
Python literals: `steam_games.json`, `steam_reviews.json`, `australian_users_items.json` and
`australian_user_reviews.json` (https://cseweb.ucsd.edu/~jmcauley/datasets.html#steam_data). A game
is an item of the domain `games`. Hours h weigh log(1 + h) / log(1 + 100), at most 1; a game that
was bought and never played is a weak like, one that is recommended weighs 1, and one that is not
recommended -1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from isthmus.graph.ingest import INTERACTIONS, ITEMS, TEXTS, Column, Kind, Table
from isthmus.graph.sources.published import (
    FileRule,
    Files,
    Parts,
    PublishedFormat,
    count_to_weight,
    to_seconds,
    to_table,
    uncounted,
    without,
    year_start,
)
from isthmus.graph.sources.published_rows import Layout, Object, read_objects, read_separated
from isthmus.graph.sources.tables import read_table
from isthmus.graph.sources.validation import ValidatedTable

FULL_HOURS = 100
DATES = ("%Y-%m-%d", "%b %d, %Y", "%B %d, %Y")

USER = Column("user_id", Kind.ID, required=True)
GAME = Column("item_id", Kind.ID, required=True)
BEHAVIOUR = Table(
    "steam-200k",
    (
        USER,
        GAME,
        Column("behaviour", Kind.LABEL, required=True),
        Column("hours", Kind.NUMBER, required=True, low=0),
    ),
)
GAME_TEXTS = ("app_name", "title", "genres", "tags", "release_date")
GAMES = Table(
    "games", (Column("id", Kind.ID, required=True), *(Column(n, Kind.TEXT) for n in GAME_TEXTS))
)
LIBRARY = Table(
    "library",
    (USER, GAME, Column("item_name", Kind.TEXT), Column("hours", Kind.NUMBER, low=0)),
)
REVIEWS = Table(
    "reviews",
    (
        USER,
        GAME,
        Column("hours", Kind.NUMBER, low=0),
        Column("verdict", Kind.TEXT),
        Column("text", Kind.TEXT),
        Column("date", Kind.TEXT),
    ),
)


GAME_ITEM = {"item_id": pl.col("item_id"), "domain": pl.lit("games")}


def read_steam_200k(files: Files) -> Parts:
    """Reads purchases and hours of play; the name of a game is its id."""
    layout = Layout(",", (*(column.name for column in BEHAVIOUR.columns), "zero"), quoted=True)
    events = read_table(files["behaviour"][0], BEHAVIOUR, read_separated(layout))
    hours = pl.when(pl.col("behaviour") == "play").then("hours").otherwise(0.0)
    interactions = to_table(
        events,
        INTERACTIONS,
        **GAME_ITEM,
        user_id=pl.col("user_id"),
        weight=count_to_weight(hours, FULL_HOURS),
        kind=pl.col("behaviour"),
    )
    return {"items": [uncounted(_named(events, "item_id"))], "interactions": [interactions]}


def read_steam(files: Files) -> Parts:
    """Reads games, libraries and reviews."""
    parts: Parts = {"items": [], "interactions": [], "texts": []}
    for path in files.get("games", []):
        parts["items"].append(_items(read_table(path, GAMES, read_objects())))
    for path in files.get("libraries", []):
        library = read_table(path, LIBRARY, read_objects(_owned_games))
        parts["interactions"].append(_interactions(library, "play"))
        known = [part.frame for part in parts["items"]]
        parts["items"].append(uncounted(_named(library, "item_name", known)))
    for path in (*files.get("reviews", []), *files.get("verdicts", [])):
        rows_of = _verdicts if path in files.get("verdicts", []) else _review
        reviews = read_table(path, REVIEWS, read_objects(rows_of))
        parts["interactions"].append(_interactions(reviews, "review"))
        parts["texts"].append(uncounted(_texts(reviews)))
    return parts


def _owned_games(owner: Object) -> Iterator[Object]:
    games = owner.get("items")
    for game in games if isinstance(games, list) else []:
        hours = game.get("playtime_forever", 0) / 60
        yield game | {"user_id": owner.get("user_id"), "hours": hours}


def _review(review: Object) -> Iterator[Object]:
    user_id, item_id = review.get("username"), review.get("product_id")
    yield review | {"user_id": user_id, "item_id": item_id}


def _verdicts(author: Object) -> Iterator[Object]:
    reviews = author.get("reviews")
    for review in reviews if isinstance(reviews, list) else []:
        yield {
            "user_id": author.get("user_id"),
            "item_id": review.get("item_id"),
            "verdict": "like" if review.get("recommend") else "dislike",
            "text": review.get("review"),
            # "Posted November 5, 2011."
            "date": str(review.get("posted", "")).removeprefix("Posted ").removesuffix("."),
        }


def _items(games: ValidatedTable) -> ValidatedTable:
    genres = [pl.col(name).fill_null("").str.split("\n") for name in ("genres", "tags")]
    released = pl.col("release_date")
    return to_table(
        games,
        ITEMS,
        item_id=pl.col("id"),
        domain=pl.lit("games"),
        title=pl.coalesce("app_name", "title"),
        categories=without(pl.concat_list(genres), []),
        published_at=pl.coalesce(to_seconds(released, *DATES), year_start(released)),
    )


def _named(
    source: ValidatedTable, title: str, known: Sequence[pl.DataFrame] = ()
) -> ValidatedTable:
    """Returns an item per game of another table, without those that are known."""
    games = source.frame.unique("item_id", keep="first", maintain_order=True)
    for items in known:
        games = games.join(items, on="item_id", how="anti", maintain_order="left")
    return to_table(
        replace(source, frame=games),
        ITEMS,
        **GAME_ITEM,
        title=pl.col(title),
    )


def _interactions(source: ValidatedTable, kind: str) -> ValidatedTable:
    weight = count_to_weight(pl.col("hours").fill_null(0.0), FULL_HOURS)
    date = pl.lit(None, dtype=pl.Float64)
    if kind == "review":
        verdict = pl.col("verdict").replace_strict({"like": 1.0, "dislike": -1.0}, default=None)
        weight = pl.coalesce(verdict, weight)
        date = to_seconds(pl.col("date"), *DATES)
    return to_table(
        source,
        INTERACTIONS,
        **GAME_ITEM,
        user_id=pl.col("user_id"),
        weight=weight,
        timestamp=date,
        kind=pl.lit(kind),
    )


def _texts(reviews: ValidatedTable) -> ValidatedTable:
    return to_table(
        reviews,
        TEXTS,
        **GAME_ITEM,
        user_id=pl.col("user_id"),
        text=pl.col("text"),
        timestamp=to_seconds(pl.col("date"), *DATES),
        kind=pl.lit("review"),
    )


HOURS = "hours h weigh log(1 + h) / log(101), at least 0.2 and at most 1"
STEAM = (
    PublishedFormat(
        "Steam (200k)",
        HOURS,
        {"behaviour": FileRule(("steam-200k.csv", "steam_200k.csv"), ",(purchase|play),")},
        read_steam_200k,
    ),
    PublishedFormat(
        "Steam (UCSD)",
        f"{HOURS}; recommended 1, not recommended -1",
        {
            "games": FileRule(("*steam_games.json",), r"""['"]app_name['"]""", required=False),
            "libraries": FileRule(("*users_items.json",), "playtime_forever", required=False),
            "verdicts": FileRule(("*user_reviews.json",), "recommend", required=False),
            "reviews": FileRule(
                ("steam_reviews.json", "steam_new.json"), "product_id", required=False
            ),
        },
        read_steam,
    ),
)
