"""Interests of texts by a chat model, against a real HTTP server that answers from a rule."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from isthmus.encoders.endpoint import chat
from isthmus.encoders.endpoint.chat import ChatReader
from isthmus.errors import InputError
from isthmus.settings import Settings
from tests.unit.endpoint_server import (
    KEY,
    EndpointServer,
    answer,
    chat_answer,
    cut,
    serve,
    status,
)

MODEL = "openai:chat-model"
INTERESTS = ["history", "science fiction", "烹饪"]
TEXTS = ["I like history.", "do not show me science fiction", "我喜欢烹饪", "nothing"]
ANSWERS = [{"history": 1.0}, {"science fiction": -1.0}, {"烹饪": 1.0}, {}]
UNREADABLE = "count as without interests"


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with serve(lambda _: []) as server:
        yield server


@pytest.fixture
def settings(server: EndpointServer, tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path,
        openai_base_url=server.address,
        openai_api_key=KEY,
        endpoint_receives="titles and texts",
    )


@pytest.fixture
def reader(settings: Settings) -> ChatReader:
    return ChatReader(MODEL, settings)


def named(*interests: dict[str, object], number: int = 0) -> dict[str, object]:
    return chat_answer(json.dumps({"texts": [{"number": number, "interests": interests}]}))


def asked_texts(server: EndpointServer) -> list[list[str]]:
    """The texts of each request."""
    questions = [json.loads(body["messages"][1]["content"]) for _, body in server.requests]
    return [[entry["text"] for entry in question["texts"]] for question in questions]


def test_each_text_gets_the_interests_that_it_names_with_their_polarity(reader, server):
    assert reader.read(TEXTS, INTERESTS) == ANSWERS
    assert [path for path, _ in server.requests] == ["/v1/chat/completions"]
    assert server.requests[0][1]["model"] == "chat-model"


def test_no_texts_cause_no_request(reader, server):
    assert reader.read([], INTERESTS) == []
    assert not server.requests


def test_a_request_has_at_most_ten_texts_and_a_text_is_sent_once(reader, server):
    texts = [f"history {k}" for k in range(25)]
    assert reader.read([*texts, *texts], INTERESTS) == [{"history": 1.0}] * 50
    assert sorted(map(len, asked_texts(server))) == [5, 10, 10]


def test_answers_are_stored_without_the_texts(reader, server, settings):
    reader.read(TEXTS, INTERESTS)
    server.requests.clear()
    again = ChatReader(MODEL, settings)
    assert again.read([*TEXTS, "history again"], INTERESTS) == [*ANSWERS, {"history": 1.0}]
    assert asked_texts(server) == [["history again"]]
    assert b"I like history" not in (settings.home / "answers.sqlite").read_bytes()


def test_other_interests_or_another_model_are_another_question(reader, server, settings):
    reader.read(TEXTS[:1], INTERESTS)
    reader.read(TEXTS[:1], INTERESTS[1:])
    ChatReader("openai:other", settings).read(TEXTS[:1], INTERESTS)
    assert len(server.requests) == 3


def test_a_long_text_is_cut_and_a_lone_surrogate_replaced(settings, server):
    reader = ChatReader(MODEL, settings.model_copy(update={"endpoint_characters": 20}))
    assert reader.read(["\ud800 history " * 9], INTERESTS) == [{"history": 1.0}]
    assert asked_texts(server) == [["? history ? history "]]


@pytest.mark.parametrize(
    "wrong",
    [
        chat_answer("I think it is history."),
        chat_answer('{"texts": {}}'),
        chat_answer("[]"),
        chat_answer(""),
        named(number=7),
        named({"name": "astrology", "polarity": 1}),
        named({"name": "history", "polarity": 2}),
        named({"name": "history", "polarity": None}),
        named({"name": "history"}),
        {"choices": []},
        b"<html>",
    ],
    ids=str,
)
def test_a_wrong_answer_is_asked_for_once_more_and_then_counts_as_no_interests(
    reader, server, caplog, wrong
):
    server.faults += [answer(wrong)]
    assert reader.read(TEXTS[:1], INTERESTS) == ANSWERS[:1]
    assert len(server.requests) == 2
    assert UNREADABLE not in caplog.text

    server.faults += [answer(wrong), answer(wrong)]
    assert reader.read(TEXTS[1:2], INTERESTS) == [{}]
    assert len(server.requests) == 4
    assert caplog.text.count(UNREADABLE) == 1
    assert reader.read(TEXTS[1:2], INTERESTS) == ANSWERS[1:2]  # it was not stored


def test_only_the_texts_with_a_wrong_answer_are_asked_for_again(reader, server):
    right = {"number": 0, "interests": [{"name": "history", "polarity": 0.5}]}
    wrong = {"number": 1, "interests": [{"name": "astrology", "polarity": 1}]}
    server.faults += [answer(chat_answer(json.dumps({"texts": [right, wrong]})))]
    assert reader.read(TEXTS[:2], INTERESTS) == [{"history": 0.5}, {"science fiction": -1.0}]
    assert asked_texts(server) == [TEXTS[:2], TEXTS[1:2]]


@pytest.mark.parametrize(
    "fault", [status(429, retry_after="0"), status(500), cut], ids=["429", "500", "cut"]
)
def test_a_passing_fault_is_repeated(reader, server, fault):
    server.faults += [fault]
    assert reader.read(TEXTS, INTERESTS) == ANSWERS
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (status(401, f"Incorrect key {KEY}"), "refuses the key"),
        (status(500, KEY, x_should_retry="false"), "fails"),
        (status(400, f"no {KEY}"), "refuses a request"),
    ],
)
def test_a_failing_endpoint_gives_none_and_one_warning_without_the_key(
    reader, server, caplog, fault, message
):
    caplog.set_level(logging.DEBUG)
    reader.read(TEXTS[:1], INTERESTS)
    server.faults += [fault] * 100
    texts = [TEXTS[0], *(f"history {k}" for k in range(100))]
    assert reader.read(texts, INTERESTS) == [ANSWERS[0], *[None] * 100]
    assert len(server.requests) <= 1 + chat.BATCH_TEXTS
    warnings = [record for record in caplog.records if record.name == "isthmus"]
    assert len(warnings) == 1
    assert message in warnings[0].getMessage()
    assert KEY not in caplog.text
    server.faults.clear()
    assert reader.read(texts[:2], INTERESTS) == [{"history": 1.0}] * 2


@pytest.mark.parametrize("receives", ["nothing", "titles"])
def test_a_chat_model_needs_consent_to_the_texts_of_users(settings, server, receives):
    settings = settings.model_copy(update={"endpoint_receives": receives})
    with pytest.raises(InputError, match="openai:chat-model would send texts that users wrote to"):
        ChatReader(MODEL, settings)
    assert not server.requests


def test_a_model_that_is_at_no_endpoint_is_refused(settings):
    with pytest.raises(InputError, match="names no model at an endpoint"):
        ChatReader("chat-model", settings)
