"""Answers of `recommend --text` to sentences of a file, on the demo's graph.

python benchmarks/answers.py [--sentences benchmarks/answers.csv] [-o OUT] [--misses]

The file has the interests that each sentence likes and dislikes. The graph is that of `isthmus
demo`, which has to have run before; every sentence is answered as the command answers.
A sentence that likes something is right if at least six of the first ten items are of an interest
that it likes, one that dislikes something if none is of an interest that it dislikes, one of two
clauses if both hold, and one about nothing in the catalogue if the answer says so and gives the
popular items.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

from shared.page import write

from isthmus.encoders.text import VectorCache
from isthmus.graph.database import connect
from isthmus.graph.interests import active_encoder
from isthmus.graph.serving import recommend_for_text
from isthmus.graph.sources import interest_cells
from isthmus.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
FIRST = 10
MIN_RIGHT = 6
CATEGORIES = "MATCH (i:Item) RETURN i.domain AS domain, i.item_id AS id, i.categories AS categories"


def interests_by_category() -> dict[tuple[str, str], str]:
    """The interest of each domain's category."""
    return {
        (domain, cell.category.name): interest
        for (interest, domain), cell in interest_cells().items()
    }


def is_right(row: dict[str, str], found: list[str | None], answer: dict[str, Any]) -> bool:
    """Whether an answer is right; `found` has the interest of each of its items."""
    likes, dislikes = (set(filter(None, row[key].split("|"))) for key in ("likes", "dislikes"))
    if row["kind"] == "nothing":
        popular = all(p["kind"] == "popularity" for item in answer["items"] for p in item["paths"])
        return popular and "note" in answer
    enough = sum(interest in likes for interest in found) >= MIN_RIGHT
    return (enough or not likes) and not any(interest in dislikes for interest in found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sentences", type=Path, default=ROOT / "benchmarks" / "answers.csv")
    parser.add_argument("--misses", action="store_true", help="print the sentences answered wrong")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "answers")
    options = parser.parse_args()
    settings = load_settings()
    settings = settings.model_copy(update={"home": settings.home / "demo"})
    interests = interests_by_category()
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    with connect(settings) as graph, options.sentences.open(encoding="utf-8") as file:
        encoder, cache = active_encoder(graph, settings), VectorCache(settings.home / "vectors")
        categories = {
            (row["domain"], row["id"]): row["categories"] for row in graph.run(CATEGORIES, {})
        }
        for row in csv.DictReader(file):
            answer = recommend_for_text(graph, encoder, cache, row["text"], row["domain"], FIRST)
            found = [
                interests.get((row["domain"], categories[row["domain"], item["item_id"]][0]))
                for item in answer["items"]
            ]
            ok = is_right(row, found, answer)
            right[row["kind"], row["language"]].append(ok)
            if options.misses and not ok:
                print(
                    row["kind"], row["domain"], f"+{row['likes']} -{row['dislikes']}", row["text"]
                )
                print("    ", *found)
    rows = [
        {
            "kind": kind,
            "language": language,
            "sentences": len(results),
            "right": f"{sum(results) / len(results):.2f}",
        }
        for (kind, language), results in sorted(right.items())
    ]
    print(
        write(
            options.out,
            "Answers to sentences",
            rows,
            " ".join((__doc__ or "").partition("--misses]")[2].split()),
        )
    )


if __name__ == "__main__":
    main()
