"""`isthmus encode --dry-run` and the tokens of an encoder by endpoint, on a real graph."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from isthmus.encoders.text.encoder import load_local_encoder
from isthmus.graph.database.connection import Graph
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.encoding_cost import estimate_tokens
from isthmus.graph.sources import read_dataset
from isthmus.scripts.encode import command
from isthmus.settings import DEFAULT_ENCODER, Settings
from tests.unit.endpoint_server import KEY, EndpointServer, serve

ITEMS = """item_id,domain,title,categories
1,books,A history of the Roman empire,history
2,books,The cold equations of deep space,science fiction
3,films,The fall of Rome,history
4,films,Starships beyond the sun,science fiction
5,films,Starships beyond the sun,science fiction
"""
TEXTS = """user_id,text,timestamp
tom,"Starships and distant planets, I love it, the best!",1700000000
"""
DRY_RUN = ("--dry-run", "--json")
COUNT = "MATCH (n) WHERE NOT n:Migration RETURN count(n) AS nodes"


@pytest.fixture
def server(server_settings: Settings) -> Iterator[EndpointServer]:
    local = load_local_encoder(DEFAULT_ENCODER, server_settings.home)

    def vectors(prepared: list[str]) -> list[list[float]]:
        (window,) = local.encode_windows(prepared, "query", lambda _: None)
        return window.tolist()

    with serve(vectors) as server:
        yield server


@pytest.fixture
def loaded(graph: Graph, server_settings: Settings, tmp_path: Path) -> Graph:
    (tmp_path / "items.csv").write_text(ITEMS, encoding="utf-8")
    (tmp_path / "texts.csv").write_text(TEXTS, encoding="utf-8")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    return graph


def encode(settings: Settings, *options: str, **variables: str) -> Result:
    environment = {name.upper(): value for name, value in variables.items()}
    arguments = ["--home", str(settings.home), *options]
    return CliRunner().invoke(command, arguments, env=environment)


def test_a_dry_run_counts_what_an_endpoint_would_receive_and_sends_nothing(
    loaded: Graph, server_settings: Settings, server: EndpointServer
) -> None:
    endpoint = {
        "isthmus_encoder": "openai:multilingual-e5-small",
        "openai_base_url": server.address,
        "openai_api_key": KEY,
        "isthmus_endpoint_price": "0.02",
    }
    nodes = loaded.run(COUNT, {})
    result = encode(server_settings, *DRY_RUN, **endpoint)
    assert result.exit_code == 0, result.stderr
    estimate = json.loads(result.stdout)
    titles = [line.split(",")[2] for line in ITEMS.splitlines()[1:5]]
    words = [f"passage: {title}" for title in titles]
    words.append("query: Starships and distant planets, I love it, the best!")
    tokens = sum(map(estimate_tokens, words))
    assert estimate == {
        "items": 4,
        "texts": 1,
        "characters": sum(map(len, words)),
        "tokens": tokens,
        "cost": pytest.approx(tokens * 0.02 / 1e6, abs=1e-6),
    }
    assert loaded.run(COUNT, {}) == nodes
    assert not server.requests

    refused = encode(server_settings, "--json", **endpoint)
    assert isinstance(refused.exception, Exception)
    assert 'endpoint_receives is "nothing"' in str(refused.exception)
    assert not server.requests

    endpoint["isthmus_endpoint_receives"] = "titles and texts"
    result = encode(server_settings, "--json", **endpoint)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["encoded"], document["cached"]) == (5, 1)
    counted = sum(len(text.split()) for text in server.texts)
    assert document["tokens"] == counted > 0
    assert document["cost"] == pytest.approx(counted * 0.02 / 1e6, abs=1e-6)
    assert f"used {counted:,} tokens, " in result.stderr
    assert KEY not in result.stderr + result.stdout

    again = json.loads(encode(server_settings, *DRY_RUN, **endpoint).stdout)
    assert again == {"items": 0, "texts": 0, "characters": 0, "tokens": 0, "cost": 0}


def test_a_dry_run_of_a_model_on_this_machine_has_no_cost(
    loaded: Graph, server_settings: Settings
) -> None:
    result = encode(server_settings, *DRY_RUN)
    assert result.exit_code == 0, result.stderr
    estimate = json.loads(result.stdout)
    assert estimate.keys() == {"items", "texts", "characters", "tokens"}
    first = json.loads(encode(server_settings, "--json").stdout)
    assert estimate["items"] + estimate["texts"] == first["encoded"]
    assert "tokens" not in first
    assert "0 items and 0 texts would be encoded" in encode(server_settings, "--dry-run").stdout


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 1), ("tea", 1), ("four letters", 3), ("我喜欢阅读历史小说", 9)]
)
def test_a_token_is_four_latin_letters_or_one_chinese_character(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
