"""Ratings and counts: finds the scale of a column, and converts its values to weights.

Likes weigh above 0 and dislikes below 0. A rating of `top` is brought to five stars, s, and weighs
(s - 3) / 2, at least -1: the middle of one to five weighs 0. From 3.5 stars it counts as a like;
between 3 and 3.5 it is neither. A count c weighs log(1 + c) / log(1 + full), at most 1, where
`full` is the 99 % quantile: one heavy user decides nothing.

Users' own means are not subtracted: a user who rates only what he likes would get dislikes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from isthmus.graph.ingest import COUNT_NAMES, RATING_NAMES

AUTO = "auto"
TRUE = ("true", "t", "yes", "y", "like", "liked", "up", "positive", "喜欢", "赞", "👍")
FALSE = ("false", "f", "no", "n", "dislike", "disliked", "down", "negative", "不喜欢", "踩", "👎")
TOPS = (5.0, 10.0, 100.0)
OTHER_TOPS = (3.0, 4.0, 6.0, 7.0, 20.0)
MANY = 100
"""Ratings from which the highest one that occurs is taken for the top of the scale."""
FEW = 3
"""Distinct values from which a column `weight` may be ratings; 1 and 5 may be view and buy."""
LIKE_STARS = 3.5
UNRATED_WEIGHT = 0.2
"""Weight of an interaction without a rating: the user chose the item."""
OUTLIERS = 0.005
"""Share of values above a scale that are taken for errors, if the column is long."""
ALONE = 0.2
"""Minimum share of zeros that stand for "not rated"."""

DECIMAL_COMMA = r"^-?\d*,\d+$"
PERCENT = r"\s*[%％]$"
THOUSANDS = r"^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"


@dataclass
class Scale:
    """How the numbers of a column become weights; `form` and `limits` as in `ColumnReading`."""

    form: dict[str, str | float | bool] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_numbers(values: pl.Series, comma: str = "") -> pl.Series:
    """Parses numbers, also percentages (90% is 90); null if a value is none.

    Args:
        values: Text without outer blanks.
        comma: What a comma is: "decimal", "thousands", or "" for no part of a number.
    """
    if comma:
        values = values.str.replace_all(",", "." if comma == "decimal" else "", literal=True)
    numbers = values.cast(pl.Float64, strict=False)
    if numbers.null_count() == values.null_count():
        return numbers
    return values.str.replace(PERCENT, "").cast(pl.Float64, strict=False)


def find_comma(values: pl.Series) -> str:
    """Returns what commas in numbers are: "decimal", "thousands", or "" if there are none."""
    with_comma = values.filter(values.str.contains(",", literal=True).fill_null(False))
    if with_comma.is_empty():
        return ""
    if with_comma.str.contains(THOUSANDS).all():
        return "thousands"
    has_point = values.str.contains(".", literal=True).any()
    return "decimal" if with_comma.str.contains(DECIMAL_COMMA).any() and not has_point else ""


def find_scale(values: pl.Series, source: str, comma: str, option: str | None) -> Scale:
    """Finds the scale of a column of ratings, counts or weights.

    Args:
        values: Text without outer blanks and missing words; null is a missing value.
        source: Name of the column in the file.
        comma: Result of `find_comma`.
        option: Value of `--weights`; None is `auto`.
    """
    words = values.drop_nulls()
    if len(words) and _are_booleans(words.head(100)) and _are_booleans(words):
        yes, no = (next((w for w in words if w.lower() in kind), kind[0]) for kind in (TRUE, FALSE))
        return Scale({"scale": "boolean"}, notes=[f"{yes} counts as a like, {no} as a dislike"])
    numbers = read_numbers(values, comma).drop_nulls()
    if not (is_finite := numbers.is_finite()).all():
        numbers = numbers.filter(is_finite)
    name = source.strip().lower()
    if option in (None, AUTO):
        return _find_scale(numbers, name)
    scale = _chosen_scale(numbers, str(option))
    scale.form["option"] = str(option)
    return scale


def _are_booleans(words: pl.Series) -> bool:
    return bool(words.str.to_lowercase().is_in((*TRUE, *FALSE)).all())


def to_weights(
    numbers: pl.Series, form: dict[str, str | float | bool], limits: dict[str, float]
) -> pl.Series:
    """Converts numbers to weights by a scale; null stays null, except for ratings.

    Args:
        numbers: Numbers as in the file; null is a missing value.
        form: Form of the column; no scale leaves the numbers as they are.
        limits: `full` of a scale of counts.
    """
    number = pl.col("number")
    match form.get("scale"):
        case "ratings":
            stars = number * (5 / float(form["top"]))
            weight = ((stars - 3) / 2).clip(-1, 1)
            weight = pl.when((stars > 3) & (stars < LIKE_STARS)).then(0.0).otherwise(weight)
            unrated = number.is_null()
            if "unrated" in form:
                unrated |= number == float(form["unrated"])
            weight = pl.when(unrated).then(UNRATED_WEIGHT).otherwise(weight)
        case "signed ratings":
            weight = number / float(form["top"])
        case "counts":
            weight = (number.log1p() / pl.lit(limits["full"]).log1p()).clip(upper_bound=1)
        case "log":
            weight = number.sign() * number.abs().log1p()
        case _:
            return numbers
    return numbers.to_frame("number").select(weight.alias("weight"))["weight"]


def _chosen_scale(numbers: pl.Series, option: str) -> Scale:
    if option == "centre":
        top = _top(numbers, robust=False) or max(1.0, _number(numbers.max()))
        return _ratings(numbers, top, zero_is_rating=True)
    if option == "counts":
        return _counts(numbers)
    if option == "log":
        return Scale({"scale": "log"}, notes=["weights are log(1 + value), as --weights says"])
    return Scale(notes=["taken as they are, as --weights says"])


def _find_scale(numbers: pl.Series, name: str) -> Scale:
    if numbers.is_empty():
        return Scale()
    low, high = _number(numbers.min()), _number(numbers.max())
    named_rating, named_count = name in RATING_NAMES, name in COUNT_NAMES
    if low >= -1 and high <= 1:
        if named_rating and low >= 0:
            return Scale(notes=[f"from {low:g} to {high:g}, taken as they are: no dislikes"])
        return Scale()
    if low < 0 and not (named_rating and _unrated(numbers) == -1):
        if named_rating and low < -1:
            top = max(-low, high)
            note = f"ratings from {low:g} to {high:g}, divided by {top:g}"
            return Scale({"scale": "signed ratings", "top": top}, notes=[note])
        return Scale()
    rating_top = _top(numbers, robust=True)
    if named_count or (not named_rating and _looks_like_counts(numbers)):
        return _counts(numbers)
    if named_rating and rating_top is not None:
        return _ratings(numbers, rating_top)
    if not named_rating and high in TOPS and numbers.n_unique() >= FEW:
        return _ratings(numbers, high)
    if high > TOPS[-1]:
        return _counts(numbers)
    note = f"from {low:g} to {high:g}, taken as they are: no weight is below 0"
    return Scale(notes=[f"{note}; centre ratings with --weights centre"])


def _ratings(numbers: pl.Series, top: float, zero_is_rating: bool = False) -> Scale:
    scale = Scale({"scale": "ratings", "top": top})
    marker = None if zero_is_rating else _unrated(numbers)
    rated = numbers if marker is None else numbers.filter(numbers != marker)
    rated = rated.filter(rated <= top)
    low, high = _number(rated.min()), _number(rated.max())
    low = min(1.0, low)
    scale.notes.append(
        f"ratings from {low:g} to {top:g}, {LIKE_STARS * top / 5:g} and above count as likes, "
        f"below {3 * top / 5:g} as dislikes"
    )
    if high < top:
        scale.notes.append(f"the highest is {high:g}")
    if marker is not None:
        scale.form["unrated"] = marker
        count = int((numbers == marker).sum())
        scale.notes.append(
            f"{marker:g} stands apart and counts as not rated, weight {UNRATED_WEIGHT}: {count:,} "
            "(--weights centre takes it as a rating)"
        )
    if above := int((numbers > top).sum()):
        scale.notes.append(f"rejected, since they are above {top:g}: {above:,}")
    return scale


def _counts(numbers: pl.Series) -> Scale:
    full = max(1.0, _number(numbers.quantile(0.99, "higher"))) if len(numbers) else 1.0
    note = (
        f"counts up to {_number(numbers.max()):g}, damped: log(1 + count), {full:g} and above "
        "weigh 1"
    )
    return Scale({"scale": "counts"}, {"full": full}, [note])


def _top(numbers: pl.Series, robust: bool) -> float | None:
    """Returns the top of the scale of ratings; None if they reach beyond any."""
    if numbers.is_empty():
        return None
    high = _number(numbers.max())
    if robust and len(numbers) * OUTLIERS >= 1:
        # A typing error of 55 among ratings from 1 to 5 is no rating from 1 to 100.
        high = _number(numbers.quantile(1 - OUTLIERS, "lower"))
    tops = sorted((*TOPS, *OTHER_TOPS)) if len(numbers) >= MANY else TOPS
    return next((top for top in tops if high <= top), None)


def _unrated(numbers: pl.Series) -> float | None:
    """Returns the value that stands for "not rated": -1, or 0 where it stands apart; else None."""
    rated = numbers.filter(numbers >= 0.5)
    if rated.is_empty() or _number(rated.max()) < 3:
        return None
    others = numbers.filter(numbers < 0.5)
    if len(others) and (others == -1).all():
        return -1.0
    if others.is_empty() or not (others == 0).all() or _number(rated.min()) < 1:
        return None
    if _number(rated.max()) > 10:
        return None
    nearest = int((rated <= _number(rated.max()) / 5).sum())
    is_apart = len(others) >= max(3, ALONE * len(numbers)) and len(others) >= 3 * nearest
    return 0.0 if is_apart else None


def _looks_like_counts(numbers: pl.Series) -> bool:
    """Whether numbers are heavy-tailed: beyond any scale, or ever rarer from 1 upward."""
    high, median = _number(numbers.max()), _number(numbers.median())
    if high > TOPS[-1]:
        return True
    if not (numbers == numbers.floor()).all():
        return False
    if high > TOPS[1]:
        return high > 10 * max(1.0, median)
    counts = numbers.filter(numbers > 0).value_counts().sort(numbers.name)["count"]
    falling = len(counts) > 2 and bool((counts.diff().drop_nulls() <= 0).all())
    total = int(counts.sum())
    return falling and counts[0] >= 0.5 * total and counts[-1] <= 0.05 * total


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
