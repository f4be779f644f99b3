"""A chat model reads the texts of a graph only where it is better than the encoder's reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from isthmus.errors import InputError, IsthmusError
from isthmus.graph.database.connection import Graph
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.embeddings import encode
from isthmus.graph.interests.find import find_interests
from isthmus.graph.interests.reading import describe_reader
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings
from tests.unit.endpoint_server import KEY, EndpointServer, chat_answer, serve, status

INTERESTS = ["history", "science fiction", "cooking"]
TITLES = ["A history of Rome", "Starships beyond the sun", "Bread and pastry at home"]
WRITERS = 72
HELD_OUT = 15
"""Writers whose texts both readers are compared on."""
FAILURES = [status(500, x_should_retry="false")] * 100
ABOUT = """
MATCH (u:User)-[:WROTE]->(t:Text) WHERE t.item IS NULL
OPTIONAL MATCH (t)-[a:ABOUT]->(n:Interest)
WITH u, n, a WHERE n IS NOT NULL
RETURN u.id AS writer, n.name AS name, a.weight AS weight, a.polarity AS polarity
ORDER BY writer, name
"""
Found = dict[str, dict[str, tuple[float, float]]]


def made_up_word(random: Random, interest: int) -> str:
    """A word that no encoder knows; its number of vowels u says which interest it means."""
    syllables = [random.choice("bdfgklmnprtvz") + random.choice("aeio") for _ in range(3)]
    for position in random.sample(range(3), interest):
        syllables[position] = syllables[position][0] + "u"
    return "".join(syllables) + "x"


def meaning(text: str) -> int:
    return text.split()[2].count("u")


def read_made_up_words(text: str) -> list[int]:
    if "both" in text:
        return [0, 2]
    return [] if "nothing" in text else [meaning(text)]


@pytest.fixture
def loaded(graph: Graph, server_settings: Settings, tmp_path: Path) -> Graph:
    """Writers who like the items of one interest, and write of it in made-up words."""
    random = Random(7)
    items, interactions, texts = (
        ["item_id,domain,title,categories"],
        ["user_id,domain,item_id,weight,timestamp"],
        ["user_id,text,timestamp,domain,item_id"],
    )
    for k, (interest, title) in enumerate(zip(INTERESTS, TITLES, strict=True)):
        items += [f"{k},books,{title},{interest}", f"{k},films,{title},{interest}"]
    for n in range(WRITERS):
        writer, interest = f"u{n:03}", n % 3
        word = made_up_word(random, interest)
        interactions.append(f"{writer},books,{interest},1,1700000000")
        texts.append(f"{writer},I love {word} so much!,1700000000,,")
    texts.append("nobody,I love nothing,1700000000,,")
    texts.append("two,I love both things,1700000000,,")
    texts.append("reviewer,Great stuff uuu,1700000000,films,0")
    texts.append("opponent,I hate bukapax,1700000000,,")
    for name, lines in (("items", items), ("interactions", interactions), ("texts", texts)):
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    encode(graph, server_settings)
    return graph


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with serve(lambda _: []) as server:
        yield server


@pytest.fixture
def settings(
    server_settings: Settings, server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """The chat model knows what the words mean."""
    answer_by(read_made_up_words, server, monkeypatch)
    return server_settings.model_copy(
        update={
            # The home is that of all tests, its stored answers belong to one server each.
            "interests_by": f"openai:chat-{server.address.rpartition(':')[2]}",
            "openai_base_url": server.address,
            "openai_api_key": Settings(OPENAI_API_KEY=KEY).openai_api_key,
            "endpoint_receives": "titles and texts",
        }
    )


def answer_by(
    rule: Callable[[str], list[int]], server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lets the chat model answer with the interests of a rule, which "hate" rejects."""

    def chat(body: dict) -> dict:
        answers = []
        for entry in json.loads(body["messages"][1]["content"])["texts"]:
            polarity = -1 if "hate" in entry["text"] else 0.5
            named = [{"name": INTERESTS[k], "polarity": polarity} for k in rule(entry["text"])]
            answers.append({"number": entry["number"], "interests": named})
        return chat_answer(json.dumps({"texts": answers}))

    monkeypatch.setattr(server, "chat", chat)


def sent_texts(server: EndpointServer) -> list[str]:
    questions = [json.loads(body["messages"][1]["content"]) for _, body in server.requests]
    return [entry["text"] for question in questions for entry in question["texts"]]


def found_interests(graph: Graph) -> Found:
    """Weight and polarity of each interest of the texts about no item, by writer."""
    found: Found = {}
    for row in graph.run(ABOUT, {}):
        found.setdefault(row["writer"], {})[row["name"]] = (row["weight"], row["polarity"])
    return found


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]


def test_a_chat_model_that_is_better_on_held_out_texts_reads_the_texts_about_no_item(
    loaded: Graph, settings: Settings, server: EndpointServer
) -> None:
    find_interests(loaded, settings)
    expected = {f"u{n:03}": {INTERESTS[n % 3]: (1.0, 0.5)} for n in range(WRITERS)}
    expected |= {
        "opponent": {INTERESTS[1]: (1.0, -1.0)},
        "two": {INTERESTS[0]: (0.5, 0.5), INTERESTS[2]: (0.5, 0.5)},
    }
    assert found_interests(loaded) == expected
    sentence = describe_reader(loaded)
    assert "Interests of texts are read by chat: on 1" in sentence
    assert "(items and likes) the chat model scores 1.000, the encoder's reader 0." in sentence
    sent = sent_texts(server)
    assert len(sent) == len(set(sent))
    server.requests.clear()
    find_interests(loaded, settings)
    assert not server.requests
    assert describe_reader(loaded) == sentence


def test_an_endpoint_that_fails_or_answers_wrongly_leaves_the_encoders_reader(
    loaded: Graph,
    settings: Settings,
    server_settings: Settings,
    server: EndpointServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    find_interests(loaded, server_settings)
    before = describe_reader(loaded), found_interests(loaded)
    caplog.clear()
    server.faults += FAILURES
    find_interests(loaded, settings)
    assert (describe_reader(loaded), found_interests(loaded)) == before
    (warning,) = warnings_of(caplog)
    assert "names no interests" in warning

    server.faults.clear()
    server.requests.clear()
    answer_by(lambda text: [(meaning(text) + 1) % 3], server, monkeypatch)
    find_interests(loaded, settings)
    assert (describe_reader(loaded), found_interests(loaded)) == before
    assert len(sent_texts(server)) == HELD_OUT


def test_texts_that_a_failing_endpoint_did_not_read_keep_the_encoders_reading(
    loaded: Graph,
    settings: Settings,
    server_settings: Settings,
    server: EndpointServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    find_interests(loaded, server_settings)
    before = found_interests(loaded)
    caplog.clear()

    def fail_after_the_comparison(text: str) -> list[int]:
        if len(sent_texts(server)) >= HELD_OUT and not server.faults:
            server.faults += FAILURES
        return [meaning(text)]

    answer_by(fail_after_the_comparison, server, monkeypatch)
    find_interests(loaded, settings)
    assert "are read by chat" in describe_reader(loaded)
    after = found_interests(loaded)
    compared = {writer for writer in after if after[writer] != before.get(writer)}
    assert 10 <= len(compared) < WRITERS / 2
    assert all(after[writer] == {INTERESTS[int(writer[1:]) % 3]: (1.0, 0.5)} for writer in compared)
    assert len(warnings_of(caplog)) == 1


def test_a_cache_of_answers_that_cannot_be_read_is_no_reason_to_fail(
    loaded: Graph,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object) -> list:
        raise IsthmusError("answers.sqlite cannot be read.", "Delete it.")

    monkeypatch.setattr("isthmus.encoders.endpoint.chat.ChatReader.read", refuse)
    find_interests(loaded, settings)
    assert "read by chat" not in describe_reader(loaded)
    (warning,) = warnings_of(caplog)
    assert "answers.sqlite cannot be read" in warning


def test_a_chat_model_needs_consent(
    loaded: Graph, settings: Settings, server: EndpointServer
) -> None:
    refused = settings.model_copy(update={"endpoint_receives": "titles"})
    with pytest.raises(InputError, match="would send texts that users wrote"):
        find_interests(loaded, refused)
    assert not server.requests
