"""Encoders by endpoint, against a real HTTP server that serves the default encoder's vectors."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from isthmus.encoders.endpoint.endpoint import Endpoint
from isthmus.encoders.text import (
    EndpointEncoder,
    VectorCache,
    encode_cached,
    find_encoder,
    find_uncached,
    load_encoder,
    load_local_encoder,
)
from isthmus.encoders.text.encoder import LocalEncoder
from isthmus.encoders.text.offline import convert_offline_model
from isthmus.encoders.text.packed_weights import OFFLINE_MODEL
from isthmus.errors import InputError, IsthmusError
from isthmus.settings import Settings, load_settings
from tests.unit.endpoint_server import KEY, EndpointServer, answer, cut, serve, status

ROOT = Path(__file__).resolve().parents[3]
NAME = f"openai:{OFFLINE_MODEL}"
TEXTS = ["我喜欢阅读历史小说。", "red mug", "", "blue mug", "ein rotes Buch", "\ud800 x", "red mug"]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> LocalEncoder:
    home = tmp_path_factory.getbasetemp() / "encoder-home"
    convert_offline_model(home / "encoders" / OFFLINE_MODEL)
    return load_local_encoder(OFFLINE_MODEL, home)


@pytest.fixture
def server(local: LocalEncoder) -> Iterator[EndpointServer]:
    def vectors(prepared: list[str]) -> list[list[float]]:
        (window,) = local.encode_windows(prepared, "query", lambda _: None)
        return (3 * window).tolist()  # endpoints need not answer vectors of unit length

    with serve(vectors) as server:
        yield server


@pytest.fixture
def settings(server: EndpointServer, tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path,
        encoder=NAME,
        openai_base_url=server.address,
        openai_api_key=KEY,
        endpoint_receives="titles and texts",
        endpoint_batch=2,
    )


@pytest.fixture
def encoder(settings: Settings, server: EndpointServer) -> EndpointEncoder:
    """An encoder whose dimensions are known, so that the next request is for texts."""
    encoder = load_encoder(NAME, settings.home, settings=settings)
    assert isinstance(encoder, EndpointEncoder)
    assert encoder.dimensions == 384
    server.texts.clear()
    server.requests.clear()
    return encoder


def with_setting(settings: Settings, **values: object) -> Settings:
    return settings.model_copy(update=values)


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_vectors_are_those_of_the_same_model_on_this_machine(encoder, local, kind):
    vectors = encoder.encode(TEXTS, kind)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_less(0.9999, (vectors * local.encode(TEXTS, kind)).sum(axis=1))


def test_no_texts_give_no_vectors_and_no_request(encoder, server):
    assert encoder.encode([], "query").shape == (0, 384)
    assert not server.requests


def test_requests_keep_the_limits_of_texts_and_characters(encoder, server):
    encoder.encode(["tea", "cup", "a", "b", "c" * 200_000], "passage")
    sizes = [len(body["input"]) for _, body in server.requests]
    assert sorted(sizes) == [1, 2, 2]
    assert max(map(len, server.texts)) == len("passage: ") + encoder.max_characters
    encoder.client.batch_texts = 100
    encoder.max_characters = 40_000
    server.requests.clear()
    encoder.encode([f"{'tea ' * 10_000}{k}" for k in range(4)], "passage")
    assert [len(body["input"]) for _, body in server.requests] == [2, 2]


def test_an_empty_text_gets_a_vector_though_the_model_has_no_prefix(settings):
    settings = with_setting(settings, passage_prefix="")
    vectors = load_encoder(NAME, settings.home, settings=settings).encode(["", "a"], "passage")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_only_the_first_run_asks_for_the_dimensions(settings, server):
    first = load_encoder(NAME, settings.home, settings=settings)
    assert not first.is_known
    assert first.dimensions == 384
    again = load_encoder(NAME, settings.home, settings=settings)
    assert again.is_known
    assert again.fingerprint == first.fingerprint
    assert len(server.texts) == 1


def test_another_model_host_or_prefix_is_another_encoder(encoder, settings, server):
    def fingerprint(name: str, settings: Settings) -> str:
        return load_encoder(name, settings.home, settings=settings).fingerprint

    host = server.address.replace("127.0.0.1", "localhost")
    others = [
        fingerprint("openai:other-e5", settings),
        fingerprint(NAME, with_setting(settings, openai_base_url=host)),
        fingerprint(NAME, with_setting(settings, query_prefix="Q: ")),
    ]
    assert len({encoder.fingerprint, *others}) == 4


def test_the_prefixes_are_those_of_the_models_family_or_of_the_settings(settings):
    qwen = find_encoder("openai:Qwen/Qwen3-Embedding-8B", settings.home, settings=settings)
    (prepared,) = qwen.prepare(["tea"], "query")
    assert prepared.startswith("Instruct: ")
    assert prepared.endswith("\nQuery:tea")
    assert qwen.prepare(["tea"], "passage") == ["tea"]
    settings = with_setting(settings, query_prefix="Q: ", passage_prefix="P: ")
    qwen = find_encoder("openai:Qwen/Qwen3-Embedding-8B", settings.home, settings=settings)
    assert qwen.prefixes == {"query": "Q: ", "passage": "P: "}


@pytest.mark.parametrize(
    "fault",
    [status(429, retry_after="0"), status(500), status(503), cut],
    ids=["429", "500", "503", "cut"],
)
def test_a_passing_fault_is_repeated(encoder, server, local, fault):
    server.faults += [fault]
    vectors = encoder.encode(["red mug"], "query")
    assert len(server.requests) == 2
    assert vectors[0] @ local.encode(["red mug"], "query")[0] > 0.9999


def test_a_repetition_waits_as_long_as_the_host_says(encoder, server):
    server.faults += [status(429, retry_after="2")]
    start = time.monotonic()
    encoder.encode(["red mug"], "query")
    assert 2 <= time.monotonic() - start < 6
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (status(401, f"Incorrect API key: {KEY}"), InputError, "refuses the key for intfloat/mul"),
        (status(403), InputError, r"refuses the key for .* \(status 403\)"),
        (status(404), InputError, "has no model intfloat/multilingual-e5-small"),
        (
            status(400, f"Too long for {KEY}.\nCut it."),
            IsthmusError,
            r"refuses a request to /embeddings \(status 400\): Too long for \*\*\*\. Cut it\. .*"
            "lower endpoint_batch",
        ),
        (status(429, x_should_retry="false"), IsthmusError, "takes no more requests at present"),
        (status(500, x_should_retry="false"), IsthmusError, r"fails \(status 500\)"),
        (answer(b"<html>"), IsthmusError, "The answer of 127.0.0.1:.* has not a JSON object"),
        (answer({}), IsthmusError, "has not a vector for each of the 1 texts"),
        (answer({"data": []}), IsthmusError, "has not a vector for each of the 1 texts"),
        (
            answer({"data": [{"index": 0, "embedding": [float("nan")] * 384}]}),
            IsthmusError,
            "has not a vector for each of the 1 texts",
        ),
        (
            answer({"data": [{"index": 0, "embedding": [1.0] * 512}]}),
            IsthmusError,
            "answers vectors of 512 dimensions for openai:intfloat/multilingual-e5-small; 384 were",
        ),
    ],
)
def test_a_lasting_fault_is_one_sentence_with_advice(encoder, server, caplog, fault, kind, message):
    caplog.set_level(logging.DEBUG)
    server.faults += [fault]
    with pytest.raises(kind, match=message) as caught:
        encoder.encode(["red mug"], "query")
    assert caught.value.advice
    assert len(server.requests) == 1
    assert server.keys == {f"Bearer {KEY}"}
    for shown in (str(caught.value), repr(caught.value), caplog.text):
        assert KEY not in shown
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_host_that_cannot_be_reached_is_named(settings, monkeypatch):
    monkeypatch.setattr("isthmus.encoders.endpoint.endpoint.MAX_RETRIES", 1)
    settings = with_setting(settings, openai_base_url="http://127.0.0.1:9/v1")
    with pytest.raises(IsthmusError, match=r"127\.0\.0\.1:9 cannot be reached, or cuts the conn"):
        _ = load_encoder(NAME, settings.home, settings=settings).dimensions


def test_an_interrupted_run_continues_from_the_cache(encoder, server, settings):
    texts = [f"tea number {k}" for k in range(40)]
    cache = VectorCache(settings.home / "vectors")
    answered = 0
    vectors = server.vectors

    def fail_later(prepared: list[str]) -> list[list[float]]:
        nonlocal answered
        answered += len(prepared)
        if answered > 20:
            server.faults += [status(401)] * 10
        return vectors(prepared)

    server.vectors = fail_later
    with pytest.raises(InputError, match="refuses the key"):
        encode_cached(encoder, cache, texts, "passage")
    saved = len(texts) - len(find_uncached(encoder, cache, texts, "passage"))
    assert saved >= 16
    server.vectors = vectors
    server.faults.clear()
    server.texts.clear()
    again = load_encoder(NAME, settings.home, settings=settings)
    _, encoded, cached = encode_cached(again, cache, texts, "passage")
    assert (encoded, cached) == (40 - saved, saved)
    assert len(server.texts) == len(set(server.texts)) == 40 - saved
    assert not find_uncached(again, cache, texts, "passage")


def test_looking_for_uncached_texts_asks_nothing_and_writes_nothing(settings, server):
    settings = with_setting(settings, endpoint_receives="nothing")
    encoder = find_encoder(NAME, settings.home, settings=settings)
    cache = VectorCache(settings.home / "vectors")
    found = find_uncached(encoder, cache, ["a", "b", " a "], "passage")
    assert list(found.values()) == ["passage: a", "passage: b"]
    assert not server.requests
    assert not list(settings.home.iterdir())


def test_the_tokens_of_all_requests_are_counted(encoder, server):
    before = encoder.client.tokens
    encoder.encode(["red mug", "blue mug", "a cup of tea"], "passage")
    assert encoder.client.tokens == before + 3 + 3 + 5
    server.faults += [answer({"data": [{"index": 0, "embedding": [1.0] * 384}]})]
    encoder.encode(["red mug"], "passage")
    assert encoder.client.tokens is None


def test_nothing_is_sent_that_the_setting_does_not_name(settings, server):
    nothing = with_setting(settings, endpoint_receives="nothing")
    with pytest.raises(InputError) as caught:
        load_encoder(NAME, settings.home, settings=nothing)
    host = server.address.removeprefix("http://").removesuffix("/v1")
    assert caught.value.message == (
        f"{NAME} would send titles, descriptions and categories of items to {host}; the setting "
        'endpoint_receives is "nothing".'
    )
    assert 'Set endpoint_receives = "titles"' in caught.value.advice
    with pytest.raises(InputError, match="would send titles"):
        _ = find_encoder(NAME, settings.home, settings=nothing).dimensions
    assert not server.requests

    titles = with_setting(settings, endpoint_receives="titles")
    encoder = load_encoder(NAME, settings.home, settings=titles)
    encoder.encode(["red mug"], "passage")
    server.requests.clear()
    with pytest.raises(InputError, match=f"would send texts that users wrote to {host}") as caught:
        encoder.encode(["I like mugs."], "query")
    assert 'Set endpoint_receives = "titles and texts"' in caught.value.advice
    assert not server.requests


def test_the_default_is_that_an_endpoint_receives_nothing():
    assert Settings().endpoint_receives == "nothing"


def test_address_and_key_come_from_the_environment_and_the_key_is_a_secret(
    server, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENAI_BASE_URL", server.address)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ISTHMUS_ENDPOINT_RECEIVES", "titles")
    assert load_encoder(NAME, tmp_path).encode(["red mug"], "passage").shape == (1, 384)
    assert server.keys == {f"Bearer {KEY}"}
    settings = Settings()
    assert KEY in settings.secrets()
    assert KEY not in repr(settings)


@pytest.mark.parametrize("name", ["openai_api_key", "OPENAI_API_KEY"])
def test_a_key_that_is_no_text_is_not_shown(name, tmp_path, monkeypatch):
    (tmp_path / "isthmus.toml").write_text(f"{name} = 12345678901")
    with pytest.raises(InputError, match=r"has the invalid value \*\*\*: ") as caught:
        load_settings(home=tmp_path)
    assert "12345" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_server_of_ones_own_needs_no_key_and_openai_does(settings):
    settings = with_setting(settings, openai_api_key=Settings().openai_api_key)
    assert load_encoder(NAME, settings.home, settings=settings).dimensions == 384
    settings = with_setting(settings, openai_base_url=Settings().openai_base_url)
    with pytest.raises(InputError, match=r"needs a key for api\.openai\.com"):
        _ = load_encoder(NAME, settings.home, settings=settings).dimensions


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("openai:", {}, "names no model at an endpoint"),
        (NAME, {"openai_base_url": "ftp://x"}, "OPENAI_BASE_URL is no address"),
        (NAME, {"openai_base_url": "http://:8000"}, "OPENAI_BASE_URL is no address"),
        (NAME, {"openai_base_url": "http://x:port/v1"}, "OPENAI_BASE_URL is no address"),
        (NAME, {"openai_api_key": "sk-\nx"}, "OPENAI_API_KEY contains characters"),
    ],
)
def test_a_wrong_name_address_or_key_is_refused(settings, name, values, message):
    key = {"openai_api_key": KEY, "openai_base_url": settings.openai_base_url} | values
    settings = Settings(home=settings.home, endpoint_receives="titles", **key)
    with pytest.raises(InputError, match=message):
        load_encoder(name, settings.home, settings=settings)


def test_a_user_name_in_the_address_is_no_part_of_the_host(settings):
    settings = with_setting(settings, openai_base_url="https://me:secret@host.example:8443/v1")
    assert Endpoint(NAME, settings).host == "host.example:8443"


def test_a_missing_package_is_a_sentence_with_the_extra(settings):
    script = (
        "import sys; sys.modules['openai'] = None\n"
        "from pathlib import Path; from isthmus.settings import Settings\n"
        "from isthmus.encoders.text import load_encoder\n"
        "home = Path(sys.argv[1])\n"
        "settings = Settings(home=home, endpoint_receives='titles')\n"
        "try: load_encoder('openai:x', home, settings=settings).dimensions\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(settings.home)], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout.startswith(
        "IsthmusError openai:x needs the package openai, which is not installed. "
        "Run `pip install 'isthmus[openai]'`"
    ), result.stderr


def test_a_model_at_an_endpoint_cannot_be_trained(settings):
    with pytest.raises(InputError, match="cannot be trained or exported"):
        load_local_encoder(NAME, settings.home)
