"""The schema of the input: the tables that a dataset may have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import polars as pl

MAX_ID = 512
MAX_NAME = 128
MAX_TEXT = 131_072
"""Maximum characters of a field; the limit of the csv module, applied to every format."""
MAX_NUMBER = 1e9
MAX_WEIGHT = 1e3
"""Of a like or dislike, usually 1 and -1; products of larger ones are beyond single precision."""
MAX_SHOWN_CHARACTERS = 200
"""Maximum characters of an invalid value that the quarantine file shows."""


class Kind(Enum):
    """The kind of values in a column, which decides how they are parsed and validated."""

    ID = "an id: text or a whole number, without control characters"
    NAME = "the name of a domain or a platform: an id without a colon"
    LABEL = "a short text on one line"
    TEXT = "a text"
    NUMBER = "a finite number"
    TIME = "a time: a date, a date-time, or seconds or milliseconds since 1970"
    CATEGORIES = "names: a list, or separated by |"
    ATTRIBUTE = "a value of a column of the user's own"


DTYPES: dict[Kind, pl.DataType] = {
    Kind.ID: pl.String(),
    Kind.NAME: pl.String(),
    Kind.LABEL: pl.String(),
    Kind.TEXT: pl.String(),
    Kind.NUMBER: pl.Float64(),
    Kind.TIME: pl.Float64(),
    Kind.CATEGORIES: pl.List(pl.String()),
    Kind.ATTRIBUTE: pl.String(),
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Name in the header.
        kind: Kind of its values.
        required: Whether the table must have the column and every row a value.
        low: Minimum of a number.
        high: Maximum of a number.
        default: Value of a row that has none.
        aliases: Other names in the header, which count where the first is missing.
        is_rating: Whether the scale of its numbers is found and brought to likes and dislikes.
        one_line: Whether line ends in a text are replaced by blanks.
        may_be_future: Whether a time may be later than tomorrow, such as a date of release.
    """

    name: str
    kind: Kind
    required: bool = False
    low: float = -MAX_NUMBER
    high: float = MAX_NUMBER
    default: str | float | None = None
    aliases: tuple[str, ...] = ()
    is_rating: bool = False
    may_be_future: bool = False
    one_line: bool = False


@dataclass(frozen=True)
class Table:
    """The schema of a file.

    Attributes:
        name: File name without its extensions.
        columns: Columns in order.
        key: Columns whose values are unique together; empty if rows may repeat.
        is_open: Whether its other columns are read as attributes.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    is_open: bool = False

    @property
    def schema(self) -> pl.Schema:
        """Types of a valid frame: the columns, then `file` and `line` of the row."""
        types = {column.name: DTYPES[column.kind] for column in self.columns}
        return pl.Schema(types | {"file": pl.String(), "line": pl.Int64()})


USER_NAMES = (
    *("user", "uid", "customer_id", "reviewer_id", "member_id", "visitor_id", "reader_id"),
    *("用户", "用户id"),
)
ITEM_NAMES = (
    *("item", "iid", "product_id", "movie_id", "book_id", "asin", "article_id", "video_id"),
    *("track_id", "song_id", "game_id", "news_id", "商品", "商品id", "物品", "物品id"),
)
TIME_NAMES = (
    *("time", "date", "datetime", "created_at", "created", "rated_at", "event_time", "ts"),
    *("unix_timestamp", "unixtime", "reviewed_at", "review_date", "event_date", "watched_at"),
    *("when", "occurred_at", "timestamp_ms", "played_at", "purchased_at", "order_date"),
    *("purchase_date", "ordered_at", "order_time"),
    *("时间", "日期"),
)
RATING_NAMES = (
    *("rating", "ratings", "stars", "star_rating", "score", "vote", "grade"),
    *("like", "liked", "is_liked", "recommended", "is_recommended", "feedback", "reaction"),
    *("评分", "打分"),
)
COUNT_NAMES = (
    *("count", "counts", "plays", "play_count", "playcount", "listens", "views", "clicks"),
    *("quantity", "hours", "playtime", "purchases"),
)
TEXT_NAMES = ("review_text", "review", "comment", "content", "body", "文本", "评论", "内容")
DOMAIN_NAMES = ("领域",)

ITEMS = Table(
    "items",
    (
        Column("item_id", Kind.ID, required=True, aliases=(*ITEM_NAMES, "id", "isbn", "sku")),
        Column("domain", Kind.NAME, required=True, aliases=DOMAIN_NAMES),
        Column(
            "title",
            Kind.TEXT,
            default="",
            aliases=("name", "item_name", "product_name", "标题", "名称"),
            one_line=True,
        ),
        Column(
            "text", Kind.TEXT, aliases=("description", "summary", "overview", "synopsis", "简介")
        ),
        Column(
            "categories",
            Kind.CATEGORIES,
            aliases=("genres", "category", "genre", "tags", "类别", "分类", "标签"),
        ),
        Column(
            "published_at",
            Kind.TIME,
            aliases=("release_date", "published", "publication_date", "year"),
            may_be_future=True,
        ),
    ),
    key=("domain", "item_id"),
    is_open=True,
)
USERS = Table(
    "users",
    (Column("user_id", Kind.ID, required=True, aliases=(*USER_NAMES, "id")),),
    key=("user_id",),
    is_open=True,
)
INTERACTIONS = Table(
    "interactions",
    (
        Column("user_id", Kind.ID, required=True, aliases=USER_NAMES),
        Column("item_id", Kind.ID, required=True, aliases=ITEM_NAMES),
        Column("domain", Kind.NAME, aliases=DOMAIN_NAMES),
        Column(
            "weight",
            Kind.NUMBER,
            default=1.0,
            aliases=(*RATING_NAMES, *COUNT_NAMES),
            is_rating=True,
        ),
        Column("timestamp", Kind.TIME, aliases=TIME_NAMES),
        Column("kind", Kind.LABEL, aliases=("event_type", "event", "action", "behavior")),
        Column("platform", Kind.NAME),
    ),
)
TEXTS = Table(
    "texts",
    (
        Column("user_id", Kind.ID, required=True, aliases=USER_NAMES),
        Column("text", Kind.TEXT, required=True, aliases=TEXT_NAMES),
        Column("item_id", Kind.ID, aliases=ITEM_NAMES),
        Column("domain", Kind.NAME, aliases=DOMAIN_NAMES),
        Column("timestamp", Kind.TIME, aliases=TIME_NAMES),
        Column("language", Kind.LABEL, aliases=("lang",)),
        Column("kind", Kind.LABEL),
    ),
)
FOLLOWS = Table(
    "follows",
    (
        Column("user_id", Kind.ID, required=True),
        Column("follows_id", Kind.ID, required=True),
        Column("weight", Kind.NUMBER, default=1.0),
    ),
    key=("user_id", "follows_id"),
)
ACCOUNTS = Table(
    "accounts",
    (
        Column("platform", Kind.NAME, required=True),
        Column("account_id", Kind.ID, required=True),
        Column("user_id", Kind.ID, required=True),
    ),
    key=("platform", "account_id"),
)
CATEGORIES = Table(
    "categories",
    (
        Column("category", Kind.LABEL, required=True),
        Column("language", Kind.LABEL, required=True),
        Column("name", Kind.LABEL, required=True),
    ),
    key=("category", "language"),
)
EVENTS = Table("events", (*INTERACTIONS.columns, Column("event_id", Kind.ID)))
"""Live interactions; an event that is sent twice with the same event_id counts once."""
TABLES = {
    table.name: table
    for table in (ITEMS, USERS, INTERACTIONS, TEXTS, FOLLOWS, ACCOUNTS, CATEGORIES)
}
REJECTED = pl.Schema(
    {
        "file": pl.String(),
        "line": pl.Int64(),
        "column": pl.String(),
        "value": pl.String(),
        "reason": pl.String(),
    }
)
"""An invalid row: file and line, column (null for the row as a whole), value, and reason.

`line` is the first line of the row in the file, or in Parquet the row number, from 1.
"""
