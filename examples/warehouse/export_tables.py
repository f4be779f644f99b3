"""Writes the tables that isthmus reads as Parquet, by DuckDB; change the SQL in `models`.

    pip install duckdb
    python examples/warehouse/export_tables.py shop.duckdb tables/
    isthmus ingest tables/ --dry-run        # how each column is read; then without --dry-run

Another database can be attached as `shop` instead: DuckDB reads Postgres, MySQL and SQLite, by
`ATTACH 'dbname=shop' AS shop (TYPE postgres, READ_ONLY)`. The models are models of dbt as well:

    pip install dbt-duckdb
    cd examples/warehouse && WAREHOUSE=…/shop.duckdb TABLES=…/tables dbt run --profiles-dir .
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

MODELS = Path(__file__).parent / "models"


def export_tables(warehouse: Path, folder: Path) -> dict[str, int]:
    """Writes a Parquet file for each model.

    Args:
        warehouse: File of DuckDB, which is only read.
        folder: Folder of the tables; files of an earlier export are replaced.

    Returns:
        Number of rows by table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    with duckdb.connect() as connection:
        connection.execute("ATTACH ? AS shop (READ_ONLY)", [str(warehouse)])
        for model in sorted(MODELS.glob("*.sql")):
            table = connection.sql(model.read_text("utf-8"))
            table.write_parquet(str(folder / f"{model.stem}.parquet"), compression="zstd")
            rows[model.stem] = len(table)
    return rows


if __name__ == "__main__":
    for name, rows in export_tables(*map(Path, sys.argv[1:3])).items():
        print(f"{name}: {rows:,} rows")
