import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.text.offline import convert_offline_model
from isthmus.encoders.text.packed_weights import OFFLINE_MODEL
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
from isthmus.errors import IsthmusError

ROOT = Path(__file__).resolve().parents[3]
TEXTS = ["我喜欢阅读历史小说。", "red mug", "", "blue mug", "ein rotes Buch"]

# Encodes texts in windows of 16, so that a run saves often; prints the counts at the end.
RUN = """
import sys
from pathlib import Path
from isthmus.encoders.text import encoder as text
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
text.WINDOW_TEXTS = 16
home, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
encoder = text.load_encoder("intfloat/multilingual-e5-small", home, threads=1)
texts = [f"tea number {n} and cup number {n * n}" for n in range(count)]
print("started", flush=True)
print(*encode_cached(encoder, VectorCache(folder), texts, "passage")[1:], flush=True)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.getbasetemp() / "encoder-home"
    convert_offline_model(home / "encoders" / OFFLINE_MODEL)
    return home


@pytest.fixture(scope="module")
def encoder(home):
    return load_encoder(OFFLINE_MODEL, home)


@pytest.fixture
def cache(tmp_path):
    return VectorCache(tmp_path / "vectors")


def test_a_second_run_encodes_nothing_and_gives_identical_vectors(encoder, cache):
    first, *counts = encode_cached(encoder, cache, TEXTS, "passage")
    assert counts == [5, 0]
    again, *counts = encode_cached(encoder, VectorCache(cache.folder), TEXTS, "passage")
    assert counts == [0, 5]
    assert again.tobytes() == first.tobytes()
    cosines = (first * encoder.encode(TEXTS, "passage")).sum(axis=1)
    np.testing.assert_array_less(0.9999, cosines)


def test_only_new_texts_are_encoded(encoder, cache):
    old, *_ = encode_cached(encoder, cache, TEXTS[:2], "query")
    both, *counts = encode_cached(encoder, cache, [TEXTS[3], *TEXTS[:2]], "query")
    assert counts == [1, 2]
    assert both[1:].tobytes() == old.tobytes()


def test_duplicate_texts_are_encoded_once(encoder, cache):
    vectors, *counts = encode_cached(encoder, cache, ["a", "b", "a", " a ", "b"], "query")
    assert counts == [2, 3]
    assert vectors.shape == (5, 384)
    for one, other in ((0, 2), (0, 3), (1, 4)):
        assert vectors[one].tobytes() == vectors[other].tobytes()
    assert vectors[0] @ vectors[1] < 0.99


def test_no_texts_give_no_vectors(encoder, cache):
    vectors, *counts = encode_cached(encoder, cache, [], "query")
    assert (vectors.shape, counts) == ((0, 384), [0, 0])


def test_query_and_passage_have_separate_entries(encoder, cache):
    query, *_ = encode_cached(encoder, cache, ["red mug"], "query")
    passage, *counts = encode_cached(encoder, cache, ["red mug"], "passage")
    assert counts == [1, 0]
    assert query[0] @ passage[0] < 0.99


def test_a_changed_model_does_not_use_vectors_of_the_old_one(encoder, cache, home, tmp_path):
    changed = tmp_path / "multilingual-e5-small"
    (changed / "1_Pooling").mkdir(parents=True)
    for path in encoder.folder.rglob("*"):
        if path.is_file():
            (changed / path.relative_to(encoder.folder)).parent.mkdir(exist_ok=True)
            (changed / path.relative_to(encoder.folder)).symlink_to(path)
    pooling = changed / "1_Pooling" / "config.json"
    pooling.unlink()
    pooling.write_text('{"word_embedding_dimension": 384, "pooling_mode_cls_token": true}')
    other = load_encoder(str(changed), home)

    mean, *_ = encode_cached(encoder, cache, ["red mug"], "query")
    first, *counts = encode_cached(other, cache, ["red mug"], "query")
    assert counts == [1, 0]
    assert mean[0] @ first[0] < 0.99
    again, *counts = encode_cached(encoder, cache, ["red mug"], "query")
    assert counts == [0, 1]
    assert again.tobytes() == mean.tobytes()


def test_keys_of_several_queries_are_found_in_order(encoder, cache):
    keys = [number.to_bytes(32, "big") for number in range(25_000)]
    vectors = np.arange(25_000 * 384, dtype=np.float32).reshape(-1, 384)
    cache.save(encoder, keys[::2], vectors[::2])
    places, found = cache.find(encoder, keys)
    assert np.array_equal(places, np.arange(0, 25_000, 2))
    assert np.array_equal(found, vectors[::2])


def test_a_killed_run_resumes_after_its_last_saved_batch(encoder, home, tmp_path):
    count = 400
    arguments = [sys.executable, "-c", RUN, str(home), str(tmp_path), str(count)]
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, cwd=ROOT, text=True, start_new_session=True
    )
    with process:
        process.stdout.readline()
        while not stored_vectors(tmp_path):
            time.sleep(0.01)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGKILL)
    saved = stored_vectors(tmp_path)
    assert saved % 16 == 0  # whole batches only

    result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    encoded, cached = map(int, result.stdout.split()[1:])
    assert (encoded, cached) == (count - saved, saved)
    texts = [f"tea number {n} and cup number {n * n}" for n in range(count)]
    vectors, *counts = encode_cached(encoder, VectorCache(tmp_path), texts, "passage")
    assert counts == [0, count]
    cosines = (vectors * encoder.encode(texts, "passage")).sum(axis=1)
    np.testing.assert_array_less(0.9999, cosines)


def stored_vectors(folder):
    """Number of vectors in the only cache file of `folder`; 0 if there is none yet."""
    for path in folder.glob("*.sqlite"):
        database = sqlite3.connect(path, timeout=60)
        try:
            return database.execute("SELECT count(*) FROM vectors").fetchone()[0]
        except sqlite3.OperationalError:  # the table does not exist yet
            return 0
        finally:
            database.close()
    return 0


def save_batches(home, folder, start):
    encoder = load_encoder(OFFLINE_MODEL, home)
    cache = VectorCache(folder)
    for batch in range(20):
        numbers = [1000 * start + batch * 10 + number for number in range(10)]
        keys = [number.to_bytes(32, "big") for number in numbers]
        cache.save(encoder, keys, np.repeat(np.float32(numbers)[:, None], 384, axis=1))
        places, found = cache.find(encoder, keys)
        assert len(places) == 10
        assert np.array_equal(found[:, 0], np.float32(numbers))


def test_several_processes_fill_a_new_cache_at_the_same_time(encoder, home, tmp_path):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.starmap(save_batches, [(home, tmp_path, start) for start in (0, 1, 2)])
    keys = [number.to_bytes(32, "big") for number in range(3000)]
    places, found = VectorCache(tmp_path).find(encoder, keys)
    assert places.tolist() == [1000 * start + n for start in range(3) for n in range(200)]
    assert np.array_equal(found[:, 383], places.astype(np.float32))


def test_a_vector_of_the_wrong_length_is_encoded_again(encoder, cache):
    first, *_ = encode_cached(encoder, cache, TEXTS, "query")
    database = sqlite3.connect(cache.path(encoder))
    with database:
        database.execute("UPDATE vectors SET vector = x'00' WHERE rowid = 2")
    database.close()
    again, *counts = encode_cached(encoder, cache, TEXTS, "query")
    assert counts == [1, 4]
    np.testing.assert_array_less(0.9999, (again * first).sum(axis=1))


def test_the_error_for_a_damaged_file_names_it(encoder, cache):
    cache.folder.mkdir()
    cache.path(encoder).write_bytes(b"no database " * 1000)
    with pytest.raises(IsthmusError, match=r"The vector cache .*\.sqlite cannot be used") as caught:
        encode_cached(encoder, cache, TEXTS, "query")
    assert "delete it" in caught.value.advice


def test_a_folder_that_cannot_be_created_is_an_error(encoder, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(IsthmusError, match="cannot be used"):
        encode_cached(encoder, VectorCache(tmp_path / "file" / "vectors"), TEXTS, "query")
