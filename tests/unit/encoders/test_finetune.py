"""Fine-tuning on user behaviour, with a transformer that is small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse import csr_array

from isthmus.encoders.training.finetune import (
    UserBehaviour,
    build_finetuning_examples,
    mask_false_negatives,
)
from isthmus.errors import InputError
from isthmus.gnn.data.splits import hash_bucket
from isthmus.graph.sources import read_dataset
from isthmus.scripts.encoder import command
from isthmus.workflows.finetuning_data import build_behaviour
from tests.unit.tiny import tiny_bert

# For each taste: words of film titles, of book titles, and of texts.
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
    items, interactions, texts = (
        ["item_id,domain,title,categories"],
        ["user_id,item_id,domain,weight"],
        [],
    )
    for taste, (film_words, book_words, _) in TASTES.items():
        for domain, words in (("films", film_words), ("books", book_words)):
            for k in range(12):
                title = " ".join(rng.choice(words.split(), 3))
                items.append(f"{taste}{k},{domain},{title},{taste}")
    names = list(TASTES)
    for user in range(USERS):
        liked, disliked = names[user % 3], names[(user + 1) % 3]
        for domain in ("films", "books"):
            interactions += [
                f"u{user},{liked}{k},{domain},1" for k in rng.choice(12, 4, replace=False)
            ]
            interactions.append(f"u{user},{disliked}{rng.integers(12)},{domain},-1")
        texts.append(f"u{user},{' '.join(rng.choice(TASTES[liked][2].split(), 4))}")
    for name, lines in (
        ("items", items),
        ("interactions", interactions),
        ("texts", ["user_id,text", *texts]),
    ):
        (folder / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def model(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The encoder of the settings: an untrained model whose vocabulary has all words."""
    words = {word for lines in TASTES.values() for line in lines for word in line.split()}
    folder = tiny_bert(tmp_path_factory.mktemp("tiny"), {*words, *TASTES})
    monkeypatch.setenv("ISTHMUS_ENCODER", str(folder))
    return folder


def finetune(tables: Path, home: Path, learning_rate: str) -> Path:
    """Fine-tunes with the command, checks that the score rises, and returns the model's folder."""
    arguments = ["finetune", str(tables), "--name", "ours", "--home", str(home), "--json"]
    options = ["--learning-rate", learning_rate]
    result = CliRunner().invoke(command, [*arguments, *options], catch_exceptions=False)
    document = json.loads(result.stdout)
    assert document["after"] > document["before"]
    return Path(document["folder"])


@pytest.mark.usefixtures("model")
def test_texts_are_nearest_to_the_titles_that_their_writers_like(
    tables: Path, tmp_path: Path
) -> None:
    finetune(tables, tmp_path, "0.003")

    from isthmus.encoders.text.encoder import load_encoder

    encoder = load_encoder("ours", tmp_path)
    texts = encoder.encode([words for _, _, words in TASTES.values()], "query")
    titles = encoder.encode([words for _, words, _ in TASTES.values()], "passage")
    assert (texts @ titles.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_large_model_is_trained_with_adapters_that_are_merged_into_its_weights(
    tables: Path, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentence_transformers import SentenceTransformer

    from isthmus.encoders.training import train as training

    monkeypatch.setattr(training, "MAX_FULL_WEIGHTS", 0)
    folder = finetune(tables, tmp_path, "0.01")
    assert not [*folder.rglob("adapter*")]
    before = SentenceTransformer(str(model)).state_dict()
    after = SentenceTransformer(str(folder)).state_dict()
    assert before.keys() == after.keys()
    changed = [name for name, weights in after.items() if not weights.equal(before[name])]
    assert changed
    assert not [name for name in changed if "embeddings" in name or "bias" in name]


def test_interactions_of_cold_start_users_are_not_in_the_training_set(tables: Path) -> None:
    dataset = read_dataset(tables)
    other_fold = build_behaviour(dataset, 5)
    behaviour = build_behaviour(dataset, 0)
    assert behaviour.weights.shape == other_fold.weights.shape
    users = sorted({f"u{k}" for k in range(USERS)})
    books = behaviour.domains == behaviour.domains[0]
    cold = [k for k, user in enumerate(users) if hash_bucket(user, "books") in (0, 1, 2)]
    others = [k for k, user in enumerate(users) if hash_bucket(user, "books") not in (0, 1, 2)]
    assert cold
    assert behaviour.weights[cold][:, np.flatnonzero(books)].nnz == 0
    assert (np.diff(behaviour.weights[others][:, np.flatnonzero(books)].indptr) == 5).all()
    assert other_fold.weights[cold][:, np.flatnonzero(books)].nnz > 0


def small_behaviour() -> UserBehaviour:
    weights = csr_array(np.array([[1, 1, 0, -1], [0, 1, 1, 0], [0, 0, 0, 1]], np.float32))
    return UserBehaviour(
        titles=["tide", "oak", "tram", ""],
        domains=np.array([0, 0, 1, 1], np.int32),
        categories=[["sea"], ["wood"], ["city"], ["city"]],
        weights=weights,
        texts=[(0, "surf"), (2, "a user who likes no item with a title")],
    )


def test_examples_are_pairs_of_a_query_and_a_matching_item() -> None:
    examples = build_finetuning_examples(small_behaviour(), 7)
    rows = {*zip(examples.queries, examples.items.tolist(), examples.groups.tolist(), strict=True)}
    assert {(query, item) for query, item, group in rows if group >= 3} == {
        ("city", 2),
        ("sea", 0),
        ("wood", 1),
    }
    user_rows = {row for row in rows if row[2] < 3}
    assert {group for *_, group in user_rows} == {0, 1}
    assert ("oak", 0, 0) in user_rows
    assert ("tide", 1, 0) in user_rows
    assert {item for query, item, _ in user_rows if query == "surf"} <= {0, 1}
    assert (examples.disliked == -1).all()  # the disliked item has no title


def test_other_liked_items_of_a_user_are_no_negatives() -> None:
    examples = build_finetuning_examples(small_behaviour(), 7)
    keys = list(zip(examples.queries, examples.groups.tolist(), strict=True))
    rows = np.array([keys.index(key) for key in (("oak", 0), ("tram", 1), ("sea", 4))])
    assert examples.items[rows].tolist() == [0, 1, 0]
    mask = mask_false_negatives(examples, rows, disliked=False)
    # The first user likes oak too, and the first row has the same item as the category.
    assert mask.tolist() == [[False, True, True], [False, False, False], [True, False, False]]


def test_tables_without_titles_are_an_input_error(tables: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    lines = (tables / "items.csv").read_text("utf-8").splitlines()
    without = [lines[0], *(",".join([*line.split(",")[:2], "", ""]) for line in lines[1:])]
    (bare / "items.csv").write_text("\n".join(without), encoding="utf-8")
    (bare / "interactions.csv").write_text((tables / "interactions.csv").read_text("utf-8"))
    arguments = ["finetune", str(bare), "--name", "ours", "--home", str(tmp_path)]
    with pytest.raises(InputError, match="fine-tuning needs 100"):
        CliRunner().invoke(command, arguments, catch_exceptions=False)
