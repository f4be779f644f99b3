"""How good cold-start recommendations are on a dataset of tables, as `accuracy.md` and JSON.

python benchmarks/accuracy.py FOLDER [--vectors FILE.npy] [--folds 0 1 2] [--models ...] [-o OUT]

Vectors are the embeddings of the titles, in the order of the items table. Items without categories
get the clusters of their vectors as interests.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array, diags_array

from gnn.data import InterestGraph, interests_of
from gnn.evaluate import MODELS, cold_start

CLUSTERS = 200


def read_graph(folder: Path, vectors: np.ndarray | None) -> tuple[InterestGraph, list[str]]:
    """The graph of a folder of tables, and the titles of its items."""
    text = {"item_id": pl.String, "user_id": pl.String, "timestamp": pl.String}
    items = pl.read_csv(folder / "items.csv.gz", schema_overrides=text)
    table = pl.read_csv(
        folder / "interactions.csv.gz", schema_overrides=text | {"weight": pl.Float64}
    ).unique(["user_id", "item_id"], keep="last", maintain_order=True)
    domains = tuple(sorted(items["domain"].unique().to_list()))
    users = np.array(table["user_id"].unique().sort().to_list())
    place_of_item = {item: place for place, item in enumerate(items["item_id"])}
    place_of_user = {user: place for place, user in enumerate(users.tolist())}
    columns = np.array([place_of_item[item] for item in table["item_id"]])
    rows = np.array([place_of_user[user] for user in table["user_id"]])
    days = table["timestamp"].str.to_datetime("%Y-%m-%d", strict=False)
    at = days.dt.epoch("s").cast(pl.Float64).fill_null(float("nan")).to_numpy()
    order = np.lexsort((columns, rows))
    shape = (len(users), len(items))
    weights = table["weight"].to_numpy().astype(np.float32)[order]
    starts = np.concatenate([[0], np.bincount(rows, minlength=len(users)).cumsum()])
    if vectors is None:
        vectors = np.zeros((len(items), 0), np.float32)
    about, names, centres = _interests(items, vectors)
    graph = InterestGraph(
        users=users,
        items=np.array(
            [f"{d}:{i}" for d, i in zip(items["domain"], items["item_id"], strict=True)]
        ),
        domains=domains,
        item_domain=np.array([domains.index(d) for d in items["domain"]], np.int32),
        item_vectors=vectors.astype(np.float32),
        interactions=csr_array((weights, columns[order], starts), shape=shape),
        last_at=at[order],
        interests=np.array(names, dtype=np.str_),
        interest_vectors=centres,
        item_interests=about,
        user_interests=csr_array((len(users), len(names)), dtype=np.float32),
    )
    interests = interests_of(graph, graph.strengths(365))
    titles = items["title"].fill_null("").to_list() if "title" in items.columns else []
    return InterestGraph(**{**vars(graph), "user_interests": interests}), titles


def _interests(items: pl.DataFrame, vectors: np.ndarray) -> tuple[csr_array, list[str], np.ndarray]:
    """What items are about: their categories, or else clusters of their vectors."""
    if "categories" in items.columns:
        lists = [[c for c in (row or "").split("|") if c] for row in items["categories"]]
    elif vectors.any():
        from sklearn.cluster import MiniBatchKMeans

        labels = MiniBatchKMeans(CLUSTERS, random_state=7, n_init=3).fit_predict(vectors)
        lists = [[f"cluster {label}"] for label in labels]
    else:
        lists = [[] for _ in range(len(items))]
    names = sorted({name for found in lists for name in found})
    place = {name: k for k, name in enumerate(names)}
    rows = np.repeat(np.arange(len(lists)), [len(found) for found in lists])
    columns = np.array([place[name] for found in lists for name in found], dtype=np.int64)
    weights = np.array([1 / len(found) for found in lists for _ in found], dtype=np.float32)
    about = csr_array((weights, (rows, columns)), shape=(len(lists), len(names)))
    total = about.sum(axis=0)
    centres = diags_array(1 / np.where(total > 0, total, 1)) @ (about.T @ vectors)
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    return about, names, (centres / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def markdown(documents: list[dict]) -> str:
    """The results as tables, one a target and fold."""
    lines = []
    for document in documents:
        lines += [
            f"## {document['dataset']}, target {document['target']}",
            "",
            f"{document['protocol']}, {document['users']} users, "
            f"{document['twin_rows']} rows with a twin.",
            "",
            "| model | NDCG@10 | 95 % | Recall@10 | transfer's gain, 95 % | lowest / middle / "
            "highest third | history 1-3 / 4-10 / 11-50 / 51- | coverage | diversity | novelty | "
            "seconds | MB |",
            "|" + "---|" * 12,
        ]
        lines += [_row(name, model) for name, model in document["models"].items()]
        lines.append("")
    return "\n".join(lines)


def _row(name: str, model: dict) -> str:
    def figures(values) -> str:
        return " / ".join("–" if value is None else f"{value:.4f}" for value in values)

    gain = model.get("transfer_gain")
    cells = [
        name,
        f"{model['ndcg@10']:.4f}",
        figures(model["ndcg@10_interval"]),
        f"{model['recall@10']:.4f}",
        f"{gain['ndcg@10']:+.4f} ({figures(gain['interval'])})" if gain else "",
        figures(model["ndcg@10_by_popularity"].values()),
        figures(model["ndcg@10_by_history"].values()),
        f"{model['coverage@10']:.3f}",
        "–" if model["diversity@10"] is None else f"{model['diversity@10']:.3f}",
        f"{model['novelty@10']:.2f}",
        f"{model['fit_seconds']:.0f}",
        f"{model['peak_mb']:.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--folds", type=int, nargs="+", default=[0])
    parser.add_argument("--targets", nargs="+")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--threads", type=int)
    parser.add_argument("-o", "--out", type=Path, help="OUT.json and OUT.md are written")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    vectors = np.load(options.vectors) if options.vectors else None
    graph, titles = read_graph(options.folder, vectors)
    documents = [
        cold_start(
            graph,
            target,
            fold=fold,
            models=options.models,
            threads=options.threads,
            titles=titles or None,
            dataset=options.folder.name,
        )
        for target in options.targets or graph.domains
        for fold in options.folds
    ]
    print(markdown(documents))
    if options.out:
        options.out.with_suffix(".json").write_text(json.dumps(documents, indent=1) + "\n")
        options.out.with_suffix(".md").write_text(markdown(documents))


if __name__ == "__main__":
    main()
