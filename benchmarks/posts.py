"""What the demo's graph reads in its texts, against what was planted; and who only wrote.

python benchmarks/posts.py [-o OUT]

The graph is that of `isthmus demo`, which has to have run before. A post about one thing has the
right topic if the interest that weighs most is a category of what it is about, and the right sign
if that interest's weight is above 0 for praise and below 0 for a complaint. Of users who only
wrote, the share of the first ten items that is of an interest which they praised.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections import defaultdict
from pathlib import Path

from answers import CATEGORIES, FIRST, interests_by_category
from shared.page import write

from isthmus.graph.database import Graph, connect
from isthmus.graph.interests import wanted_weight
from isthmus.graph.serving import recommend_for_user
from isthmus.graph.sources import PlantedText, interest_cells, write_synthetic
from isthmus.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
DOMAINS = ("books", "films", "music", "goods")
READ = """
MATCH (u:User)-[:WROTE]->(t:Text)-[b:ABOUT]->(n:Interest)
MATCH (:Encoder {state: 'active', version: n.version})
WITH u, t, b, n ORDER BY b.weight DESC
WITH u, t, collect({id: n.id, polarity: b.polarity})[0] AS first
RETURN u.id AS user, t.sha256 AS sha256, first.id AS interest, first.polarity AS polarity
"""


def read_posts(graph: Graph, posts: list[PlantedText]) -> list[dict[str, str]]:
    """Share of right topics and signs of the posts about one thing, by kind and language."""
    read = {(row["user"], row["sha256"]): row for row in graph.run(READ, {})}
    categories: dict[str, set[str]] = defaultdict(set)
    for (interest, _), cell in interest_cells().items():
        categories[interest].add(f"category:{cell.category.name.casefold()}")
    results: dict[tuple[str, str, str], list[tuple[bool, bool]]] = defaultdict(list)
    for post in posts:
        row = read.get((post.user, hashlib.sha256(post.text.encode()).hexdigest()))
        wants = post.kind == "praise"
        topic = row is not None and any(
            row["interest"] in categories[interest] for interest in (*post.likes, *post.dislikes)
        )
        sign = row is not None and (wanted_weight(row["polarity"]) > 0) == wants
        names = ("with its name" if post.has_name else "without its name", "all")
        for name in names:
            results[post.kind, name, post.language].append((topic, sign))
    return [
        {
            "texts": f"{kind}, {name}, {language}",
            "number": f"{len(found)}",
            "right topic": f"{sum(topic for topic, _ in found) / len(found):.3f}",
            "right sign": f"{sum(sign for _, sign in found) / len(found):.3f}",
        }
        for (kind, name, language), found in sorted(results.items())
    ]


def praised_share(graph: Graph, texts: list[PlantedText], settings: Settings) -> list[str]:
    """Share of the first ten items in what users who only wrote praised, by domain."""
    interests = interests_by_category()
    categories = {
        (row["domain"], row["id"]): row["categories"] for row in graph.run(CATEGORIES, {})
    }
    praised: dict[str, set[str]] = defaultdict(set)
    for text in texts:
        praised[text.user].update(text.likes)
    only_wrote = graph.run(
        "MATCH (u:User) WHERE EXISTS { (u)-[:WROTE]->() } AND NOT EXISTS { (u)-[:INTERACTED]->() } "
        "RETURN u.id AS id",
        {},
    )
    shares = []
    for domain in DOMAINS:
        right = total = 0
        for user in only_wrote:
            items = recommend_for_user(graph, user["id"], domain, FIRST, settings)["items"]
            for item in items:
                category = categories[domain, item["item_id"]][0]
                right += interests.get((domain, category)) in praised[user["id"]]
                total += 1
        shares.append(f"{domain} {right / total:.3f}")
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "posts")
    options = parser.parse_args()
    settings = load_settings()
    settings = settings.model_copy(update={"home": settings.home / "demo"})
    with tempfile.TemporaryDirectory() as folder:
        texts = list(write_synthetic(Path(folder)).texts)
    posts = [text for text in texts if text.kind in ("praise", "complaint")]
    with connect(settings) as graph:
        rows = read_posts(graph, posts)
        shares = praised_share(graph, texts, settings)
    note = f"Users who only wrote, first ten in what they praised: {', '.join(shares)}."
    print(write(options.out, "What is read in the demo's texts", rows, note))


if __name__ == "__main__":
    main()
