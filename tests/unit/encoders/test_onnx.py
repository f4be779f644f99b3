"""The ONNX graph of a model: similar vectors, a separate fingerprint, selection by measurement."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isthmus.encoders.text import onnx, runtime
from isthmus.encoders.text.encoder import TextEncoder, load_encoder
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
from isthmus.errors import IsthmusError
from isthmus.settings import Settings
from tests.unit.tiny import tiny_bert

ROOT = Path(__file__).resolve().parents[3]
WORDS = ("red", "green", "blue", "tea", "cup", "pot", "book", "茶", "书")
TEXTS = [" ".join((one, *(n * [other]))) for one in WORDS for other in WORDS for n in (1, 9)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx-home")


@pytest.fixture(scope="module")
def plain(home: Path) -> TextEncoder:
    return load_encoder(str(tiny_bert(home, WORDS)), home)


@pytest.fixture(scope="module")
def int8(plain: TextEncoder, home: Path) -> TextEncoder:
    return load_encoder(f"{plain.folder}@int8", home)


def test_vectors_are_similar_to_those_of_the_model_alone_and_in_batches(
    plain: TextEncoder, int8: TextEncoder
) -> None:
    expected, vectors = plain.encode(TEXTS, "query"), int8.encode(TEXTS, "query")
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_less(0.98, (vectors * expected).sum(axis=1))
    alone = np.concatenate([int8.encode([text], "query") for text in TEXTS[:9]])
    np.testing.assert_array_less(0.98, (alone * expected[:9]).sum(axis=1))


def test_the_graph_is_exported_once_and_encodes_without_the_model(
    int8: TextEncoder, home: Path, plain: TextEncoder
) -> None:
    graph = int8.onnx.folder / onnx.GRAPH
    modified = graph.stat().st_mtime_ns
    again = load_encoder(f"{plain.folder}@int8", home)
    assert again.encode(["red cup"], "query").shape == (1, 32)
    assert graph.stat().st_mtime_ns == modified
    assert "model" not in vars(again)
    script = (
        "import sys; from pathlib import Path; "
        "from isthmus.encoders.text.encoder import load_encoder;"
        "load_encoder(sys.argv[1], Path(sys.argv[2])).encode(['tea'], 'query');"
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", script, again.name, str(home)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


def test_the_cache_separates_vectors_of_graph_and_model(
    plain: TextEncoder, int8: TextEncoder, tmp_path: Path
) -> None:
    assert int8.name == f"{plain.name}@int8"
    assert int8.fingerprint != plain.fingerprint
    cache = VectorCache(tmp_path)
    for encoder in (plain, int8):
        assert encode_cached(encoder, cache, TEXTS, "query")[1:] == (len(TEXTS), 0)
        assert encode_cached(encoder, cache, TEXTS, "query")[1:] == (0, len(TEXTS))


@pytest.mark.parametrize(
    "text",
    ["", "😀" * 50, "\x00\x01\x1b[31m", "\ud800", "tea 茶 " * 25_000],
    ids=lambda t: ascii(t[:9]),
)
def test_every_text_gets_a_vector_in_bounded_time(int8: TextEncoder, text: str) -> None:
    start = time.monotonic()
    vector = int8.encode([text], "passage")[0]
    assert time.monotonic() - start < 5
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_without_the_extra_the_error_names_the_package_to_install(
    home: Path, plain: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "PACKAGES", ("onnxruntime", "not_installed_anywhere"))
    with pytest.raises(IsthmusError, match=r"pip install 'isthmus\[onnx\]'"):
        load_encoder(f"{plain.folder}@int8", home)


def test_runtimes_are_compared_once_and_the_faster_one_is_selected(
    plain: TextEncoder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=home, encoder=plain.name)
    assert runtime.with_chosen_encoder(settings) is settings
    found = runtime.compare_runtimes(plain, home)
    assert found.speed > 0
    assert 0 < found.agreement <= 1
    assert runtime.compare_runtimes(plain, home) == found
    for speed, agreement, suffix in ((1.5, 0.95, "@int8"), (1.5, 0.5, ""), (1.1, 0.95, "")):
        comparison = replace(found, speed=speed, agreement=agreement)
        runtime._save_comparisons(home, {plain.name: comparison})
        assert runtime.with_chosen_encoder(settings).encoder == plain.name + suffix
    runtime._save_comparisons(home, {plain.name: replace(found, speed=2.0, agreement=1.0)})
    monkeypatch.setattr(onnx, "PACKAGES", ("not_installed_anywhere",))
    assert runtime.with_chosen_encoder(settings) is settings


def test_a_failed_export_is_stored_with_its_reason(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    module = StaticEmbedding(tokenizer, embedding_weights=np.ones((1, 4), np.float32))
    folder = tmp_path / "static"
    SentenceTransformer(modules=[module], device="cpu").save_pretrained(
        str(folder), create_model_card=False
    )
    encoder = load_encoder(str(folder), tmp_path)
    found = runtime.compare_runtimes(encoder, tmp_path)
    assert f"{folder} cannot be exported to ONNX" in found.reason
    assert not found.prefers_onnx
    assert runtime.compare_runtimes(encoder, tmp_path) == found
