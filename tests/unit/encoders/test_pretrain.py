"""Pre-training on texts alone, on a transformer that is small enough for a test."""

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
from hypothesis import given
from hypothesis import strategies as st

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.training.pretrain import (
    FEWEST_TOKENS,
    TOKEN,
    crop,
    halved,
    parted,
    reciprocal_ranks,
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
    """Texts of four topics: words of one topic stand together."""
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
    told = ["--tables", str(tables), "--name", "ours", "--home", str(home), "--json"]
    return ["pretrain", "--learning-rate", "0.003", *told, *more]


def test_texts_find_their_other_half_better(
    model: Path, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_ENCODER", str(model))
    done = CliRunner().invoke(
        command, arguments(tables, tmp_path, "--epochs", "4"), catch_exceptions=False
    )
    answer = json.loads(done.stdout)
    assert answer["after"] > answer["before"] + 0.02
    folder = Path(answer["folder"])
    assert folder == tmp_path / "encoders" / "ours"
    card = (folder / "README.md").read_text("utf-8")
    assert f"{answer['after']:.4f} after" in card
    if not torch.cuda.is_available():
        assert "s on the processor\n" in card
    assert sorted(path.name for path in folder.parent.iterdir()) == [".training", "ours"]
    assert not list((folder.parent / ".training").iterdir())

    with pytest.raises(InputError, match="There is a model in"):
        CliRunner().invoke(command, arguments(tables, tmp_path), catch_exceptions=False)


def test_a_model_kept_in_half_precision_learns_and_encodes(
    model: Path, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentence_transformers import SentenceTransformer

    half = tmp_path / "half"
    SentenceTransformer(str(model), device="cpu").half().save_pretrained(str(half))
    monkeypatch.setenv("ISTHMUS_ENCODER", str(half))
    done = CliRunner().invoke(command, arguments(tables, tmp_path), catch_exceptions=False)
    assert done.exit_code == 0
    for folder in (half, json.loads(done.stdout)["folder"]):
        (vector,) = load_encoder(str(folder), tmp_path).encode([TOPICS["茶"]], "query")
        assert np.linalg.norm(vector) == pytest.approx(1)


def test_a_killed_training_goes_on_where_it_stopped(
    model: Path, tables: Path, tmp_path: Path
) -> None:
    environment = os.environ | {"ISTHMUS_ENCODER": str(model)}
    code = "from isthmus.scripts.main import main; main()"
    call = [sys.executable, "-c", code, "encoder"]
    call += arguments(tables, tmp_path, "--epochs", "8")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": ROOT}
    first = subprocess.Popen(call, env=environment, **pipes)
    work = tmp_path / "encoders" / ".training"
    while not list(work.glob("*/checkpoint-*/trainer_state.json")):
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not (tmp_path / "encoders" / "ours").exists()

    second = subprocess.run(call, env=environment, check=True, text=True, **pipes)
    assert "Going on at checkpoint-" in second.stderr
    answer = json.loads(second.stdout)
    assert answer["after"] > answer["before"]
    assert answer["steps"] <= 8 * TEXTS // 64


def test_too_few_texts_are_said(
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
def test_a_crop_is_made_of_words_of_its_text(text: str, seed: int) -> None:
    if not TOKEN.findall(text):
        return
    words = {token.strip() for token in TOKEN.findall(text)}
    piece = crop(text, np.random.default_rng(seed))
    assert {token.strip() for token in TOKEN.findall(piece)} <= words
    one, other = halved(text)
    assert "".join((one + other).split()) in "".join(text.split())


def test_who_is_held_out_depends_on_the_texts_alone() -> None:
    texts = [f"a text with the number {k}" for k in range(400)]
    learned, held = parted(texts)
    assert len(held) == 20
    assert {*learned} | {*held} == {*texts}
    assert parted([*reversed(texts), texts[0], "too short", "  "]) == (learned, held)
    assert FEWEST_TOKENS > 2


def test_a_rank_among_ties_counts_half_of_them() -> None:
    scores = np.array([[1.0, 1.0, 0.0], [0.5, 0.2, 0.1], [0.0, 0.0, 1.0]], np.float32)
    assert np.allclose(reciprocal_ranks(scores), [1 / 1.5, 1 / 2, 1])
