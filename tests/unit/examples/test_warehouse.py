"""The export of a warehouse: isthmus reads what DuckDB writes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from isthmus.graph.sources import read_dataset
from tests.unit.examples.stub import load_example

SHOP = """
CREATE TABLE products (sku VARCHAR, department VARCHAR, name VARCHAR, description VARCHAR,
  genres VARCHAR[], released_on DATE, price DECIMAL(8, 2), stock INTEGER, withdrawn_on DATE);
INSERT INTO products VALUES
  ('B1', 'books', '最后的星舰', 'A ship, lost', ['science fiction', 'bestsellers'], '2020-02-01',
   12.50, 3, NULL),
  ('B2', 'books', 'Gone', NULL, NULL, NULL, 1.00, 0, '2024-01-01'),
  ('F1', 'films', 'Noodles | 面', NULL, ['food documentaries'], NULL, 8.00, 0, NULL);
CREATE TABLE customers (customer_id BIGINT, email VARCHAR, country VARCHAR,
  registered_at TIMESTAMP, newsletter BOOLEAN, deleted BOOLEAN);
INSERT INTO customers VALUES
  (7, 'a@example.org', 'CN', '2023-05-01 10:00:00', true, false),
  (8, 'b@example.org', 'FR', '2023-06-01 10:00:00', false, true);
CREATE TABLE orders (customer_id BIGINT, sku VARCHAR, ordered_at TIMESTAMP,
  returned_at TIMESTAMP);
INSERT INTO orders VALUES
  (7, 'B1', '2024-03-01 12:00:00', NULL),
  (7, 'B2', '2023-03-01 12:00:00', NULL),
  (9, 'F1', '2024-03-02 12:00:00', '2024-03-09 12:00:00');
CREATE TABLE ratings (customer_id BIGINT, sku VARCHAR, stars INTEGER, rated_at TIMESTAMP);
INSERT INTO ratings VALUES (7, 'F1', 1, '2024-04-01 12:00:00'), (9, 'B1', 4, '2024-04-02');
"""


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "my shop's.duckdb")) as connection:
        connection.execute(SHOP)
    example = load_example("warehouse/export_tables.py")
    rows = example.export_tables(tmp_path / "my shop's.duckdb", tmp_path / "tables")
    assert rows == {"interactions": 5, "items": 2, "users": 1}
    return tmp_path / "tables"


def test_the_exported_tables_are_read_with_weights_times_and_attributes(tables: Path) -> None:
    dataset = read_dataset(tables)
    assert dataset.rejected.is_empty()
    interactions = dataset.interactions.sort("user_id", "timestamp")
    assert interactions.select("user_id", "item_id", "domain", "kind", "weight").rows() == [
        ("7", "B1", "books", "purchase", 1.0),
        ("7", "F1", "films", "rating", -1.0),
        ("9", "F1", "films", "purchase", 1.0),
        ("9", "F1", "films", "return", -0.5),
        ("9", "B1", "books", "rating", 0.5),
    ]
    items = dataset.items.sort("item_id")
    assert items["title"].to_list() == ["最后的星舰", "Noodles | 面"]
    assert [sorted(each) for each in items["categories"].to_list()] == [
        ["bestsellers", "science fiction"],
        ["food documentaries"],
    ]
    assert items.select("price", "in_stock").rows() == [(12.5, True), (8.0, False)]


def test_no_name_and_no_address_of_a_person_leaves_the_warehouse(tables: Path) -> None:
    columns = {path.stem: pl.read_parquet(path).columns for path in tables.glob("*.parquet")}
    assert columns["users"] == ["user_id", "country", "registered_at", "newsletter"]
    assert b"@example.org" not in b"".join(path.read_bytes() for path in tables.iterdir())
