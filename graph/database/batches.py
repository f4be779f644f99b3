"""Sizes of what a transaction writes: batches cut by rows and by bytes.

A transaction is kept in the server's heap until its commit, several times over, so that a batch of
long texts must have fewer rows than one of short ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from polars.datatypes import DataTypeClass

BATCH_BYTES = 8 << 20
"""Parameters of one transaction; the server needs about 15 times as much of its heap."""
SAMPLE = 500
NUMBER_BYTES = 8


def cut_batches(rows: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """Cuts a frame into batches of at most `size` rows and `BATCH_BYTES` bytes, or one larger row.

    Args:
        rows: Columns of numbers, texts, lists of either, and maps of these.
        size: Maximum number of rows in a batch.
    """
    ends = row_bytes(rows).cum_sum()
    start = 0
    while start < len(rows):
        written = ends[start - 1] if start else 0
        fitting = ends.search_sorted(written + BATCH_BYTES, side="right")
        end = min(start + size, max(start + 1, fitting))
        yield rows[start:end]
        start = end


def row_bytes(rows: pl.DataFrame) -> pl.Series:
    """Estimates the bytes of each row of a frame as parameters of a statement."""
    sizes = [_value_bytes(pl.col(name), dtype).fill_null(0) for name, dtype in rows.schema.items()]
    total = pl.sum_horizontal(*sizes, pl.lit(1)).cast(pl.Int64)
    return rows.with_columns(total.alias("its bytes"))["its bytes"]


def _value_bytes(column: pl.Expr, dtype: pl.DataType | DataTypeClass) -> pl.Expr:
    if dtype == pl.String:
        return column.str.len_bytes().cast(pl.Int64)
    if isinstance(dtype, pl.List) and dtype.inner == pl.String:
        return column.list.eval(pl.element().str.len_bytes()).list.sum().cast(pl.Int64)
    if isinstance(dtype, pl.Struct):
        fields = [
            _value_bytes(column.struct.field(each.name), each.dtype).fill_null(0)
            for each in dtype.fields
        ]
        return pl.sum_horizontal(*fields, pl.lit(0)).cast(pl.Int64)
    if isinstance(dtype, pl.List):
        return column.list.len().cast(pl.Int64) * NUMBER_BYTES
    if isinstance(dtype, pl.Array):
        return pl.lit(dtype.size * NUMBER_BYTES, pl.Int64)
    return pl.lit(NUMBER_BYTES, pl.Int64)


def parameter_bytes(value: Any) -> int:
    """Estimates the bytes of the parameters of a statement; long lists by a sample."""
    if isinstance(value, str):
        return len(value.encode(errors="replace"))
    if isinstance(value, dict):
        return sum(len(key) + parameter_bytes(each) for key, each in value.items())
    if isinstance(value, list) and value and not isinstance(value[0], int | float):
        step = -(-len(value) // SAMPLE)
        return step * sum(map(parameter_bytes, value[::step]))
    return NUMBER_BYTES * (len(value) if isinstance(value, list) else 1)
