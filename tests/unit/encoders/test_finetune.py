"""Fine-tuning on what users did, on a transformer that is small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse import csr_array

from isthmus.encoders.training.finetune import Behaviour, examples, uncounted
from isthmus.errors import InputError
from isthmus.gnn.data.splits import bucket
from isthmus.graph.sources import read_dataset
from isthmus.scripts.encoder import command
from isthmus.workflows.finetuning_data import behaviour_of
from tests.unit.tiny import tiny_bert

# What a film and a book of a taste are called, and what people of that taste write.
TASTES = {
    "sea": ("wave tide sail", "harbour gull anchor", "reef surf"),
    "wood": ("oak birch moss", "fern trail owl", "cabin axe"),
    "city": ("tram neon crowd", "tower alley metro", "plaza noise"),
}
USERS = 240


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each user likes films and books of one taste, dislikes another, and writes a text."""
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("behaviour")
    items, done, texts = ["item_id,domain,title,categories"], ["user_id,item_id,domain,weight"], []
    for taste, (film, book, _) in TASTES.items():
        for domain, words in (("films", film), ("books", book)):
            for k in range(12):
                title = " ".join(rng.choice(words.split(), 3))
                items.append(f"{taste}{k},{domain},{title},{taste}")
    names = list(TASTES)
    for user in range(USERS):
        likes, hates = names[user % 3], names[(user + 1) % 3]
        for domain in ("films", "books"):
            done += [f"u{user},{likes}{k},{domain},1" for k in rng.choice(12, 4, replace=False)]
            done.append(f"u{user},{hates}{rng.integers(12)},{domain},-1")
        texts.append(f"u{user},{' '.join(rng.choice(TASTES[likes][2].split(), 4))}")
    for name, lines in (
        ("items", items),
        ("interactions", done),
        ("texts", ["user_id,text", *texts]),
    ):
        (folder / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def model(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The encoder of the settings, which knows all words and nothing of them."""
    words = {word for lines in TASTES.values() for line in lines for word in line.split()}
    folder = tiny_bert(tmp_path_factory.mktemp("tiny"), {*words, *TASTES})
    monkeypatch.setenv("ISTHMUS_ENCODER", str(folder))
    return folder


def finetuned(tables: Path, home: Path, learning_rate: str) -> Path:
    """The folder of a model that the command trained, and that is better than the one before."""
    told = ["finetune", str(tables), "--name", "ours", "--home", str(home), "--json"]
    options = ["--learning-rate", learning_rate]
    done = CliRunner().invoke(command, [*told, *options], catch_exceptions=False)
    answer = json.loads(done.stdout)
    assert answer["after"] > answer["before"]
    return Path(answer["folder"])


@pytest.mark.usefixtures("model")
def test_what_people_write_finds_what_they_like(tables: Path, tmp_path: Path) -> None:
    finetuned(tables, tmp_path, "0.003")

    from isthmus.encoders.text.encoder import load_encoder

    encoder = load_encoder("ours", tmp_path)
    texts = encoder.encode([of_taste[2] for of_taste in TASTES.values()], "query")
    titles = encoder.encode([of_taste[1] for of_taste in TASTES.values()], "passage")
    assert (texts @ titles.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_large_model_is_trained_by_adapters_and_loads_like_any_other(
    tables: Path, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentence_transformers import SentenceTransformer

    from isthmus.encoders.training import train as training

    monkeypatch.setattr(training, "LARGE_MODEL", 0)
    folder = finetuned(tables, tmp_path, "0.01")
    assert not [*folder.rglob("adapter*")]
    before = SentenceTransformer(str(model)).state_dict()
    after = SentenceTransformer(str(folder)).state_dict()
    assert before.keys() == after.keys()
    changed = [name for name, weights in after.items() if not weights.equal(before[name])]
    assert changed
    assert not [name for name in changed if "embeddings" in name or "bias" in name]


def test_what_cold_users_did_is_not_learned_from(tables: Path) -> None:
    dataset = read_dataset(tables)
    everything = behaviour_of(dataset, 5)
    seen = behaviour_of(dataset, 0)
    assert seen.weights.shape == everything.weights.shape
    users = sorted({f"u{k}" for k in range(USERS)})
    books = seen.domains == seen.domains[0]
    cold = [k for k, user in enumerate(users) if bucket(user, "books") in (0, 1, 2)]
    others = [k for k, user in enumerate(users) if bucket(user, "books") not in (0, 1, 2)]
    assert cold
    assert seen.weights[cold][:, np.flatnonzero(books)].nnz == 0
    assert (np.diff(seen.weights[others][:, np.flatnonzero(books)].indptr) == 5).all()
    assert everything.weights[cold][:, np.flatnonzero(books)].nnz > 0


def small() -> Behaviour:
    weights = csr_array(np.array([[1, 1, 0, -1], [0, 1, 1, 0], [0, 0, 0, 1]], np.float32))
    return Behaviour(
        titles=["tide", "oak", "tram", ""],
        domains=np.array([0, 0, 1, 1], np.int32),
        categories=[["sea"], ["wood"], ["city"], ["city"]],
        weights=weights,
        texts=[(0, "surf"), (2, "who likes nothing that has a title")],
    )


def test_rows_are_what_goes_together_and_nothing_else() -> None:
    rows = examples(small(), 7)
    said = {*zip(rows.queries, rows.items.tolist(), rows.groups.tolist(), strict=True)}
    assert {(query, item) for query, item, group in said if group >= 3} == {
        ("city", 2),
        ("sea", 0),
        ("wood", 1),
    }
    of_users = {row for row in said if row[2] < 3}
    assert {group for *_, group in of_users} == {0, 1}
    assert ("oak", 0, 0) in of_users
    assert ("tide", 1, 0) in of_users
    assert {item for query, item, _ in of_users if query == "surf"} <= {0, 1}
    assert (rows.disliked == -1).all()  # the disliked item has no title


def test_what_also_goes_with_a_user_is_no_negative() -> None:
    rows = examples(small(), 7)
    places = np.array(
        [
            next(k for k in range(len(rows)) if (rows.queries[k], rows.groups[k]) == wanted)
            for wanted in (("oak", 0), ("tram", 1), ("sea", 4))
        ]
    )
    assert rows.items[places].tolist() == [0, 1, 0]
    mask = uncounted(rows, places, disliked=False)
    # The first user likes oak too, and the category's item is the first user's own.
    assert mask.tolist() == [[False, True, True], [False, False, False], [True, False, False]]


def test_no_titles_are_said(tables: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    lines = (tables / "items.csv").read_text("utf-8").splitlines()
    without = [lines[0], *(",".join([*line.split(",")[:2], "", ""]) for line in lines[1:])]
    (bare / "items.csv").write_text("\n".join(without), encoding="utf-8")
    (bare / "interactions.csv").write_text((tables / "interactions.csv").read_text("utf-8"))
    told = ["finetune", str(bare), "--name", "ours", "--home", str(tmp_path)]
    with pytest.raises(InputError, match="fine-tuning needs 100"):
        CliRunner().invoke(command, told, catch_exceptions=False)
