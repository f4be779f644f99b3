"""What the tables of a dataset are about: domains, items, and the columns that say something."""

from __future__ import annotations

import polars as pl

from isthmus.graph.database import Row
from isthmus.graph.ingest.attributes import (
    ITEM_COLUMNS,
    LABELS,
    USER_COLUMNS,
    attribute_columns,
)
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.ingest.rows import GraphRows


def named_domains(rows: GraphRows) -> list[str]:
    """Returns the domains of the items that the rows name, ascending; the key begins with it."""
    keys = (rows.items["key"], rows.interactions["key"], rows.texts["item_key"].alias("key"))
    return pl.concat(keys).drop_nulls().str.extract("^([^:]*):").unique().sort().to_list()


def item_domains(dataset: Dataset) -> list[str]:
    """Returns the domains of the table of items; none if other tables alone name the items."""
    if "items" in dataset.readings or columns_with_values(dataset):
        return dataset.items["domain"].unique().to_list()
    return []


def columns_with_values(dataset: Dataset) -> list[str]:
    """Returns the columns of items in which at least one item has a value.

    In any other column the table says nothing, also where its rows replace those of the graph.
    """
    items = dataset.items
    has_value = {
        "title": items["title"] != "",
        "text": items["text"].is_not_null(),
        "categories": items["categories"].list.len() > 0,
        "published_at": items["published_at"].is_not_null(),
    }
    return [name for name, found in has_value.items() if found.any()]


def declared_rows(rows: GraphRows, dataset: Dataset) -> list[Row]:
    """Returns `label`, `name`, `column` and `type` of the attributes of a dataset."""
    own = {"items": (rows.items, ITEM_COLUMNS), "users": (rows.users, USER_COLUMNS)}
    return [
        {
            "label": LABELS[table],
            "name": name,
            "column": dataset.readings[table][name].source,
            "type": kind,
        }
        for table, (frame, columns) in own.items()
        for name, kind in attribute_columns(frame, columns).items()
    ]
