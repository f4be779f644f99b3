import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from isthmus.encoders.text.encoder import WINDOW_TEXTS, load_encoder
from isthmus.encoders.text.model_files import find_model
from isthmus.encoders.text.offline import convert_offline_model
from isthmus.encoders.text.packed_weights import OFFLINE_MODEL
from isthmus.encoders.text.prompts import model_prefixes
from isthmus.encoders.text.text_encoder import clean_text
from isthmus.errors import InputError
from isthmus.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
INSTRUCT = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
)
NOVEL, SCIENCE_FICTION, FILM, MUSIC = (
    f"这个商品是{kind}。" for kind in ("历史小说", "科幻小说", "电影", "音乐")
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.getbasetemp() / "encoder-home"
    convert_offline_model(home / "encoders" / OFFLINE_MODEL)
    return home


@pytest.fixture(scope="module")
def encoder(home):
    return load_encoder(OFFLINE_MODEL, home)


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    """A model of another kind: static word vectors without prompts."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[UNK]", "red", "green", "blue", "tea", "query", "passage"]
    tokenizer = Tokenizer(
        models.WordLevel({word: k for k, word in enumerate(words)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    table = np.random.default_rng(0).standard_normal((len(words), 8)).astype(np.float32)
    folder = tmp_path_factory.mktemp("models") / "words"
    module = StaticEmbedding(tokenizer, embedding_weights=table)
    SentenceTransformer(modules=[module], device="cpu").save_pretrained(
        str(folder), create_model_card=False
    )
    return folder, table


def test_the_text_of_a_reader_of_historical_novels_is_nearest_to_that_item(encoder):
    items = encoder.encode([NOVEL, SCIENCE_FICTION, FILM, MUSIC], "passage")
    reader = encoder.encode(["我喜欢阅读历史小说。"], "query")[0]
    assert np.argmax(items @ reader) == 0


def test_vectors_are_float32_of_unit_length(encoder):
    vectors = encoder.encode([NOVEL, "", "red mug"], "passage")
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, encoder.dimensions) == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_no_texts_give_no_vectors(encoder):
    assert encoder.encode([], "query").shape == (0, 384)


def test_vectors_agree_with_those_of_sentence_transformers(encoder):
    from sentence_transformers import SentenceTransformer

    texts = [NOVEL, "KitchenAid stand mixer, 5 quart, red", "tea " * 300]
    plain = SentenceTransformer(str(encoder.folder), device="cpu")
    expected = plain.encode([f"passage: {text.strip()}" for text in texts], show_progress_bar=False)
    cosines = (encoder.encode(texts, "passage") * expected).sum(axis=1)
    np.testing.assert_array_less(0.9998, cosines)


def test_equal_texts_give_bit_identical_vectors(encoder):
    texts = [f"{word} number {n}" for n in range(40) for word in ("mug", "历史小说", "tea " * n)]
    assert encoder.encode(texts, "query").tobytes() == encoder.encode(texts, "query").tobytes()


def test_vectors_are_in_the_order_of_the_texts(encoder):
    texts = ["tea " * n + str(n) for n in range(1, 90)]
    forward = encoder.encode(texts, "query")
    backward = encoder.encode(texts[::-1], "query")[::-1]
    cosines = forward @ backward.T
    assert np.array_equal(cosines.argmax(axis=1), np.arange(len(texts)))
    np.testing.assert_array_less(0.9999, np.diag(cosines))


def test_texts_of_several_windows_keep_their_order(small_model, home):
    folder, table = small_model
    encoder = load_encoder(str(folder), home)
    colours = np.arange(2 * WINDOW_TEXTS + 5) % 3 + 1
    vectors = encoder.encode([["red", "green", "blue"][colour - 1] for colour in colours], "query")
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors, unit[colours], atol=1e-6)


def test_query_and_passage_have_different_vectors(encoder):
    query, passage = (encoder.encode([NOVEL], kind)[0] for kind in ("query", "passage"))
    assert query @ passage < 0.99


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\n",
        "😀" * 50,
        "红茶 tea чай شاي お茶 차 चाय ½ﬁ",
        "\x00\x01\x1b[31m",
        "\ud800",
        "\u202e\u200b\ufeff",
        "￾",
        "=" * 5000,
    ],
    ids=ascii,
)
def test_every_text_gets_a_vector(encoder, text):
    for kind in ("query", "passage"):
        assert np.linalg.norm(encoder.encode([text], kind)[0]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("text", ["x", "汉", "tea ", "\ud800", "\x00"], ids=ascii)
def test_a_very_long_text_is_cut_and_takes_seconds(encoder, text):
    start = time.monotonic()
    whole = encoder.encode([text * 100_000], "passage")[0]
    assert time.monotonic() - start < 30
    assert whole @ encoder.encode([text * 9_000], "passage")[0] > 0.9999


def test_surrogate_pairs_are_joined_and_lone_surrogates_replaced():
    assert clean_text(" \ud83d\ude00 ok \ud83d") == "😀 ok \ufffd"


def test_encoding_restores_the_thread_count_of_torch(encoder):
    import torch

    before = torch.get_num_threads()
    encoder.encode([f"{'tea ' * 30}{n}" for n in range(100)], "query")
    assert torch.get_num_threads() == before


def test_vectors_do_not_depend_on_the_thread_count(encoder):
    import torch

    texts = [f"{'tea ' * (n % 50)}{n}" for n in range(200)]
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one_thread = encoder.encode(texts, "query")
        torch.set_num_threads(3)
        three_threads = encoder.encode(texts, "query")
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose((one_thread * three_threads).sum(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "prompts", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small", {}, "query: ", "passage: "),
        ("intfloat/e5-base-v2", {"query": "", "document": ""}, "query: ", "passage: "),
        ("/models/my-e5/", {"query": None, "document": None}, "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", {}, INSTRUCT, ""),
        ("intfloat/e5-mistral-7b-instruct", {"sts_query": "Instruct: S\nQuery: "}, INSTRUCT, ""),
        ("Alibaba-NLP/gte-Qwen2-7B-instruct", {}, INSTRUCT, ""),
        ("Salesforce/SFR-Embedding-2_R", {}, INSTRUCT, ""),
        ("Qwen/Qwen3-Embedding-0.6B", {}, INSTRUCT.rstrip(), ""),
        ("qwen3-embedding:0.6b", {}, INSTRUCT.rstrip(), ""),
        ("Qwen/Qwen3-Embedding-0.6B", {"query": "Instruct: T\nQuery:"}, "Instruct: T\nQuery:", ""),
        ("nomic-embed-text", {}, "search_query: ", "search_document: "),
        ("text-embedding-3-small", {}, "", ""),
        ("sentence-transformers/all-MiniLM-L6-v2", {}, "", ""),
        ("somebody/recipe5-model", {}, "", ""),
        ("a/e5", {"query": "Q: ", "document": "D: "}, "Q: ", "D: "),
        ("a/model", {"query": "Q: ", "passage": "P: ", "document": "D: "}, "Q: ", "P: "),
        ("a/model", {"query": "Q: "}, "Q: ", ""),
    ],
)
def test_prefixes_come_from_the_model_or_its_family(name, prompts, query, passage):
    assert model_prefixes(name, prompts) == {"query": query, "passage": passage}


def test_a_model_without_prompts_gets_no_prefix(small_model, home):
    folder, table = small_model
    vector = load_encoder(str(folder), home).encode(["green"], "query")[0]
    np.testing.assert_allclose(vector, table[2] / np.linalg.norm(table[2]), atol=1e-6)


def test_set_prefixes_replace_those_of_the_model_and_make_another_encoder(encoder, home):
    own, other = (
        load_encoder(OFFLINE_MODEL, home, settings=Settings(home=home, **prefixes))
        for prefixes in ({}, {"query_prefix": "search: ", "passage_prefix": ""})
    )
    assert own.prefixes == {"query": "query: ", "passage": "passage: "}
    assert own.fingerprint == encoder.fingerprint
    assert other.prepare([" tea"], "query") == ["search: tea"]
    assert other.prepare([" tea"], "passage") == ["tea"]
    assert other.fingerprint != own.fingerprint


def test_the_fingerprint_identifies_a_model(small_model, home, encoder):
    small = load_encoder(str(small_model[0]), home).fingerprint
    assert small != encoder.fingerprint
    assert load_encoder(str(small_model[0]), home).fingerprint == small


def test_the_error_for_a_folder_without_a_model_names_the_folder(tmp_path, home):
    with pytest.raises(InputError, match=f"{tmp_path} contains no model"):
        load_encoder(str(tmp_path), home)


def test_the_error_for_a_damaged_model_names_its_folder(small_model, home, tmp_path):
    for path in small_model[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[: 40 if "safe" in path.name else None])
    with pytest.raises(InputError, match=f"The model in {tmp_path} cannot be loaded"):
        load_encoder(str(tmp_path), home)


def test_code_that_comes_with_a_model_is_never_run(small_model, home, tmp_path):
    for path in small_model[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Words: ...\n")
    modules = [{"idx": 0, "name": "0", "path": "", "type": "own.Words"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InputError, match=r"runs code of its own, own\.Words"):
        load_encoder(str(tmp_path), home)
    assert not (tmp_path / "ran").exists()


def test_pickled_weights_are_refused_with_the_way_out(home, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InputError, match="pickled") as caught:
        load_encoder(str(tmp_path), home)
    assert "save_pretrained" in caught.value.advice


@pytest.mark.parametrize("name", ["/no/such/folder", "../gone", "", "a/b/c", "two words"])
def test_a_name_that_is_neither_folder_nor_valid_is_refused(name, home):
    with pytest.raises(InputError):
        find_model(name, home)


def test_importing_the_encoders_imports_no_heavy_library():
    script = (
        "import sys, isthmus.encoders.text.encoder, isthmus.encoders.text.vector_cache, "
        "isthmus.encoders.topics.clusters, isthmus.encoders.text.offline;"
        "heavy = {'torch', 'transformers', 'sklearn', 'huggingface_hub', 'openai'};"
        "print(heavy & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout == "set()\n"


def load_in_subprocess(name, home, hub):
    """Loads a model and encodes a text in a process whose only hub is at the address `hub`."""
    script = (
        "import sys, time, logging; from pathlib import Path;"
        "import huggingface_hub, sentence_transformers;"
        "from isthmus.encoders.text.encoder import load_encoder; start = time.monotonic();\n"
        "try: encoder = load_encoder(sys.argv[1], Path(sys.argv[2]))\n"
        "except Exception as error: print(type(error).__name__, error, file=sys.stderr)\n"
        "else: print(encoder.encode(['green'], 'query').tobytes().hex(), file=sys.stderr)\n"
        "print(time.monotonic() - start)"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {"HF_ENDPOINT": hub, "HF_HOME": str(home / "hub"), "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run(
        [sys.executable, "-c", script, name, str(home)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )


@contextmanager
def hub_with(models):
    """Serves the models, folders by name, over the hub's protocol on this machine."""

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = self.path.partition("?")[0].strip("/").split("/")
            api = parts[:2] == ["api", "models"]
            folder = models.get("/".join(parts[2:4] if api else parts[:2]))
            if folder is None:
                self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            elif api and "tree" in parts:
                files = [
                    {
                        "type": "file",
                        "path": path.name,
                        "size": path.stat().st_size,
                        "oid": hashlib.sha1(path.read_bytes()).hexdigest(),
                    }
                    for path in folder.iterdir()
                ]
                self.answer(200, json.dumps(files).encode(), {})
            elif api:
                siblings = [{"rfilename": path.name} for path in folder.iterdir()]
                document = {"id": "/".join(parts[2:4]), "sha": "5" * 40, "siblings": siblings}
                self.answer(200, json.dumps(document).encode(), {})
            else:
                content = (folder / parts[-1]).read_bytes()
                tag = hashlib.sha256(content).hexdigest()
                self.answer(200, content, {"ETag": f'"{tag}"', "X-Repo-Commit": "5" * 40})

        def do_HEAD(self):
            self.do_GET()

        def answer(self, status, body, headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_hub_that_never_answers_causes_no_long_wait(tmp_path, encoder):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hub = f"http://127.0.0.1:{silent.getsockname()[1]}"
        result = load_in_subprocess(OFFLINE_MODEL, tmp_path, hub)
        refused = load_in_subprocess("somebody/unknown", tmp_path, hub)
    assert float(result.stdout) < 60  # the time is all of standard output
    vector = np.frombuffer(bytes.fromhex(result.stderr.strip()), np.float32)
    assert vector @ encoder.encode(["green"], "query")[0] > 0.9999
    assert "somebody/unknown is not on this machine, and the model hub cannot be" in refused.stderr
    assert float(refused.stdout) < 20


def test_a_model_is_downloaded_from_the_hub_once(tmp_path, small_model, home):
    with hub_with({"somebody/words": small_model[0]}) as hub:
        downloaded = load_in_subprocess("somebody/words", tmp_path, hub)
    again = load_in_subprocess("somebody/words", tmp_path, hub)  # the hub is gone
    expected = load_encoder(str(small_model[0]), home).encode(["green"], "query")
    assert downloaded.stderr.strip() == again.stderr.strip() == expected.tobytes().hex()


def test_a_model_is_pinned_to_a_commit_of_the_hub(tmp_path, small_model):
    with hub_with({"somebody/words": small_model[0]}) as hub:
        pinned = load_in_subprocess(f"somebody/words@{'5' * 40}", tmp_path, hub)
    assert bytes.fromhex(pinned.stderr.strip())
    assert [path.name for path in tmp_path.rglob("snapshots/*")] == ["5" * 40]


def test_a_name_unknown_to_the_hub_is_an_input_error(tmp_path):
    with hub_with({}) as hub:
        refused = load_in_subprocess("somebody/mistyped", tmp_path, hub)
    assert refused.stderr.startswith(
        "InputError The model hub has no public model somebody/mistyped"
    )


def test_the_default_model_loads_although_a_mirror_lacks_it(tmp_path):
    with hub_with({}) as hub:
        result = load_in_subprocess(OFFLINE_MODEL, tmp_path, hub)
    assert len(bytes.fromhex(result.stderr.strip())) == 4 * 384
