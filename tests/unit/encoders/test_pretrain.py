"""Pre-training on texts without labels, with a transformer that is small enough for a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.training.pretrain import (
    MIN_TOKENS,
    TOKEN,
    crop,
    reciprocal_ranks,
    split_held_out,
    split_text,
)
from isthmus.errors import InputError
from isthmus.scripts.encoder import command
from tests.unit.tiny import tiny_bert

ROOT = Path(__file__).resolve().parents[3]
TEXTS = 800
TOPICS = {
    "sea": "wave tide sail harbour gull anchor reef surf",
    "wood": "oak birch moss fern trail owl cabin axe",
    "city": "tram neon crowd tower café alley metro plaza",
    "茶": "乌 龙 壶 泡 香 叶 杯 淡",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = {word for line in TOPICS.values() for word in line.split()}
    return tiny_bert(tmp_path_factory.mktemp("tiny"), words)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with texts of four topics; all words of a text are of one topic."""
    rng = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("tables")
    lines = ["user_id,text"]
    for k in range(TEXTS):
        words = TOPICS[list(TOPICS)[k % len(TOPICS)]].split()
        lines.append(f"u{k},{' '.join(rng.choice(words, 8))}")
    (folder / "texts.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "items.csv").write_text("item_id,domain,title\n1,films,Oak\n", encoding="utf-8")
    (folder / "interactions.csv").write_text(
        "user_id,item_id,domain,weight\nu0,1,films,1\n", encoding="utf-8"
    )
    return folder


def arguments(tables: Path, home: Path, *more: str) -> list[str]:
    options = ["--tables", str(tables), "--name", "ours", "--home", str(home), "--json"]
    return ["pretrain", "--learning-rate", "0.003", *options, *more]


def test_pretraining_improves_the_retrieval_of_the_other_half(
    model: Path, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_ENCODER", str(model))
    result = CliRunner().invoke(
        command, arguments(tables, tmp_path, "--epochs", "4"), catch_exceptions=False
    )
    document = json.loads(result.stdout)
    assert document["after"] > document["before"] + 0.02
    folder = Path(document["folder"])
    assert folder == tmp_path / "encoders" / "ours"
    card = (folder / "README.md").read_text("utf-8")
    assert f"{document['after']:.4f} after" in card
    if not torch.cuda.is_available():
        assert "s on the CPU\n" in card
    assert sorted(path.name for path in folder.parent.iterdir()) == [".training", "ours"]
    assert not list((folder.parent / ".training").iterdir())

    with pytest.raises(InputError, match="exists already"):
        CliRunner().invoke(command, arguments(tables, tmp_path), catch_exceptions=False)


def test_a_model_stored_in_half_precision_trains_and_encodes(
    model: Path, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentence_transformers import SentenceTransformer

    half = tmp_path / "half"
    SentenceTransformer(str(model), device="cpu").half().save_pretrained(str(half))
    monkeypatch.setenv("ISTHMUS_ENCODER", str(half))
    result = CliRunner().invoke(command, arguments(tables, tmp_path), catch_exceptions=False)
    assert result.exit_code == 0
    for folder in (half, json.loads(result.stdout)["folder"]):
        (vector,) = load_encoder(str(folder), tmp_path).encode([TOPICS["茶"]], "query")
        assert np.linalg.norm(vector) == pytest.approx(1)


def test_a_killed_training_resumes_at_its_checkpoint(
    model: Path, tables: Path, tmp_path: Path
) -> None:
    environment = os.environ | {"ISTHMUS_ENCODER": str(model)}
    code = "from isthmus.scripts.main import main; main()"
    call = [sys.executable, "-c", code, "encoder"]
    call += arguments(tables, tmp_path, "--epochs", "8")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": ROOT}
    first = subprocess.Popen(call, env=environment, **pipes)
    work = tmp_path / "encoders" / ".training"
    while not list(work.glob("*/seconds")):
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not (tmp_path / "encoders" / "ours").exists()
    (folder,) = work.iterdir()
    for name in ("checkpoint-900", "checkpoint-901"):  # killed at two moments of their writing
        (folder / name).mkdir()
    (folder / "checkpoint-901" / "trainer_state.json").write_text('{"epoch": ')

    second = subprocess.run(call, env=environment, check=True, text=True, **pipes)
    assert "Resuming at checkpoint-" in second.stderr
    document = json.loads(second.stdout)
    assert document["after"] > document["before"]
    assert document["steps"] <= 8 * TEXTS // 64


def test_too_few_texts_are_an_input_error(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for path in tables.iterdir():
        text = path.read_text("utf-8").splitlines()[:30]
        (few / path.name).write_text("\n".join(text), encoding="utf-8")
    monkeypatch.setenv("ISTHMUS_ENCODER", str(model))
    with pytest.raises(InputError, match="pre-training needs 100"):
        CliRunner().invoke(command, arguments(few, tmp_path), catch_exceptions=False)


@given(st.text(max_size=300), st.integers(0, 5))
@example("0\r0㐀0", 4)  # the dropped character was all that kept two words apart
def test_a_crop_consists_of_words_of_its_text(text: str, seed: int) -> None:
    if not TOKEN.findall(text):
        return
    words = {token.strip() for token in TOKEN.findall(text)}
    piece = crop(text, np.random.default_rng(seed))
    assert {token.strip() for token in TOKEN.findall(piece)} <= words
    one, other = split_text(text)
    assert "".join((one + other).split()) in "".join(text.split())


def test_the_held_out_texts_do_not_depend_on_order_or_duplicates() -> None:
    texts = [f"a text with the number {k}" for k in range(400)]
    training, held_out = split_held_out(texts)
    assert len(held_out) == 20
    assert {*training} | {*held_out} == {*texts}
    assert split_held_out([*reversed(texts), texts[0], "too short", "  "]) == (training, held_out)
    assert MIN_TOKENS > 2


def test_a_tie_counts_half_in_the_rank() -> None:
    scores = np.array([[1.0, 1.0, 0.0], [0.5, 0.2, 0.1], [0.0, 0.0, 1.0]], np.float32)
    assert np.allclose(reciprocal_ranks(scores), [1 / 1.5, 1 / 2, 1])
