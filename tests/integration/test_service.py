"""The JSON API on a real Neo4j: answers, errors, access, limits, and a stop that loses nothing."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.testclient import TestClient

from isthmus.errors import InputError
from isthmus.graph.database.errors import ServerRefused
from isthmus.graph.database.session import connect
from isthmus.graph.generations import roll_back
from isthmus.service import Connection, build_app, open_socket, read_tokens, token_file
from isthmus.service.requests import MAX_BODY_BYTES
from tests.conftest import delete_all
from tests.integration.served_graph import ODD, load_served_graph, publish

if TYPE_CHECKING:
    from isthmus.settings import Settings

TOKEN = "0123456789abcdef-client-1"
OTHER = "0123456789abcdef-client-2"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def served(server_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    with connect(server_settings) as graph:
        delete_all(graph)
        load_served_graph(graph, server_settings, tmp_path_factory.mktemp("tables"), encoded=False)
    return server_settings


@pytest.fixture(scope="module")
def client(served: Settings) -> Iterator[TestClient]:
    connection = Connection(served)
    connection.open()
    with TestClient(build_app(connection, [TOKEN, OTHER], 1e6), headers=AUTHORIZED) as client:
        yield client


def error_of(response: httpx.Response) -> dict[str, str]:
    (fields,) = response.json().values()
    assert set(fields) == {"kind", "message", "advice"}
    return fields


@pytest.mark.parametrize(
    ("user", "expected"),
    [("ana", [("f1", 2.0), ("f3", 0.5)]), (ODD, [("f2", 3.0), ("f1", 0.0)])],
)
def test_a_user_is_recommended_what_the_edges_say(
    client: TestClient, user: str, expected: list[tuple[str, float]]
) -> None:
    response = client.post("/v1/recommend", json={"user": user, "domain": "films", "n": 2})
    assert response.status_code == 200, response.text
    answer = response.json()
    assert [(item["item_id"], item["score"]) for item in answer["items"]] == expected
    assert set(answer) == {"user", "domain", "generation", "items"}


def test_an_answer_keeps_to_a_filter_and_says_why(client: TestClient) -> None:
    wanted = {"user": "ana", "domain": "films", "reasons": True}
    answer = client.post(
        "/v1/recommend", json=wanted | {"where": "'science fiction' in categories"}
    ).json()
    (item,) = answer["items"]
    assert (item["item_id"], item["score"], item["paths"]) == ("f1", 2.0, [])
    assert item["reasons"] == [
        "Because you liked “星际飞船 Starships of Orion” in books (science fiction)."
    ]
    assert answer["language"] == "en"
    rest = client.post("/v1/recommend", json=wanted | {"exclude": ["f1"], "n": 1}).json()
    assert [item["item_id"] for item in rest["items"]] == ["f3"]
    wrong = client.post("/v1/recommend", json=wanted | {"where": "prise < 3"})
    assert wrong.status_code == 400
    assert "prise" in error_of(wrong)["message"]


def test_the_place_of_an_item_is_explained(client: TestClient) -> None:
    body = {"user": "ana", "domain": "films", "item": "罗马的陷落", "language": "zh"}
    explained = client.post("/v1/explain", json=body).json()
    assert (explained["item_id"], explained["rank"], explained["of"]) == ("f2", 3, 3)
    assert explained["language"] == "zh"
    assert "罗马的陷落" in explained["reasons"][0]
    unknown = client.post("/v1/explain", json=body | {"item": "罗马的沦陷"})
    assert unknown.status_code == 404
    assert "罗马的陷落" in error_of(unknown)["advice"]


def test_feedback_counts_once_and_changes_the_next_answer(client: TestClient) -> None:
    body = {"user": "新/1 🎈", "domain": "books", "item": "b:2 🚀", "event_id": "order/1"}
    answers = [client.post("/v1/feedback", json=body).json() for _ in range(2)]
    assert [answer["recorded"] for answer in answers] == [True, False]
    wanted = {"user": "新/1 🎈", "domain": "films", "n": 1}
    assert client.post("/v1/recommend", json=wanted).json()["items"][0]["item_id"] == "f2"
    disliked = {"user": "新/1 🎈", "domain": "films", "item": "f2", "like": False, "weight": 0.5}
    assert client.post("/v1/feedback", json=disliked).json()["weight"] == -0.5
    (interest,) = client.get("/v1/interests", params={"user": "新/1 🎈"}).json()["interests"]
    assert (interest["likes"], interest["dislikes"]) == (1, 1)


def test_an_event_is_taken_back(client: TestClient) -> None:
    wanted = {"user": "tom", "domain": "books", "n": 3}
    before = client.post("/v1/recommend", json=wanted).json()
    assert [item["item_id"] for item in before["items"]] == ["b 3", "b:2 🚀"]
    liked = {"user": "tom", "domain": "books", "item": "b 3", "event_id": "explorer-1"}
    assert client.post("/v1/feedback", json=liked).json()["recorded"]
    assert [
        item["item_id"] for item in client.post("/v1/recommend", json=wanted).json()["items"]
    ] == ["b:2 🚀"]
    undone = [
        client.post("/v1/feedback/undo", json={"event_id": "explorer-1"}).json() for _ in range(2)
    ]
    assert [each["undone"] for each in undone] == [True, False]
    assert (undone[0]["user"], undone[0]["item"]) == ("tom", "books:b 3")
    assert client.post("/v1/recommend", json=wanted).json() == before
    unknown = client.post("/v1/feedback/undo", json={"event_id": "explorer-2"})
    assert (unknown.status_code, error_of(unknown)["kind"]) == (400, "InputError")


def test_reasons_are_in_the_language_that_is_asked_for(client: TestClient) -> None:
    wanted = {"user": "ana", "domain": "films", "n": 1, "reasons": True, "language": "zh"}
    answer = client.post("/v1/recommend", json=wanted).json()
    assert answer["language"] == "zh"
    assert answer["items"][0]["reasons"][0].startswith("因为")
    assert client.post("/v1/recommend", json=wanted | {"language": "de"}).status_code == 422


def test_what_can_be_asked_for(client: TestClient) -> None:
    overview = client.get("/v1/overview").json()
    assert overview["domains"] == [
        {"domain": "books", "items": 3},
        {"domain": "films", "items": 3},
    ]
    (generation,) = overview["generations"]
    assert (generation["number"], generation["state"]) == (1, "active")
    assert overview["attributes"] == []


def test_the_library_lists_runs_and_plans_readers(client: TestClient) -> None:
    readers = {each["name"]: each for each in client.get("/v1/statements").json()["statements"]}
    profile = readers["interests/profile"]
    assert profile["cost"] == "point"
    assert [(each["name"], each["required"]) for each in profile["parameters"]] == [
        ("user", True),
        ("most", False),
    ]
    assert profile["parameters"][1]["default"] == 20
    assert "MATCH (u:User {id: $user})" in profile["text"]
    assert "feedback/record" not in readers
    asked = {"name": "interests/profile", "parameters": {"user": ODD, "most": 1}}
    table = client.post("/v1/statements/run", json=asked).json()
    assert table["columns"][:2] == ["interest", "weight"]
    assert [row[:2] for row in table["rows"]] == [["history", 1.0]]
    one = client.post("/v1/statements/run", json={"name": "admin/sizes", "limit": 1}).json()
    assert (len(one["rows"]), one["cut"]) == (1, True)
    plan = client.post("/v1/statements/plan", json=asked).json()
    assert plan["columns"][:2] == ["depth", "operator"]
    assert plan["rows"][0][1] == "ProduceResults"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"name": "feedback/record"}, 404, "The library has no statement 'feedback/record'."),
        ({"name": "../pyproject"}, 404, "GET /v1/statements"),
        ({"name": "MATCH (n) DETACH DELETE n"}, 404, "GET /v1/statements"),
        ({"name": "interests/profile"}, 400, "needs the parameter user"),
        ({"name": "interests/profile", "parameters": {"user": "a", "x": 1}}, 400, "parameter 'x'"),
        (
            {"name": "interests/profile", "parameters": {"user": "a", "most": "1"}},
            400,
            "For example: most=20",
        ),
        ({"name": "interests/profile", "parameters": {"user": ODD, "most": -1}}, 400, "-1"),
        (
            {"name": "interests/profile", "parameters": {"user": "nobody"}},
            404,
            "There is no user 'nobody'.",
        ),
        ({"name": "admin/sizes", "limit": 0}, 422, "limit"),
    ],
)
def test_a_statement_that_cannot_run_is_a_sentence(
    client: TestClient, body: dict[str, Any], status: int, words: str
) -> None:
    response = client.post("/v1/statements/run", json=body)
    fields = error_of(response)
    assert response.status_code == status
    assert words in f"{fields['message']} {fields['advice']}"


def test_the_page_and_its_files_need_no_token_and_hold_no_data(client: TestClient) -> None:
    client.headers.pop("Authorization")
    try:
        page = client.get("/")
        script = client.get("/explorer/main.js")
        charts = client.get("/explorer/echarts.min.js")
        known = client.get("/explorer/look.css", headers={"If-None-Match": "x"})
        again = client.get("/explorer/look.css", headers={"If-None-Match": known.headers["ETag"]})
        missing = [client.get(f"/explorer/{name}") for name in ("no.js", "..%2fapp.py")]
    finally:
        client.headers.update(AUTHORIZED)
    assert [each.status_code for each in (page, script, charts, known, again)] == [200] * 4 + [304]
    assert {each.status_code for each in missing} == {404}
    assert page.headers["Content-Type"].startswith("text/html")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert page.headers["Cache-Control"] == "no-cache"
    for secret in (TOKEN, ODD):
        assert secret not in page.text


def test_every_answer_keeps_a_browser_from_running_or_framing_it(client: TestClient) -> None:
    answers = [
        client.get("/"),
        client.get("/v1/search", params={"words": "<img src=x onerror=alert(1)>"}),
        client.get("/v1/nothing"),
        client.post("/v1/recommend", content=b"a" * (MAX_BODY_BYTES + 1)),
    ]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answers[1].headers["Cache-Control"] == "no-store"


def test_two_generations_are_compared_for_a_user(client: TestClient, served: Settings) -> None:
    asked = {"user": "ana", "domain": "films", "n": 2}
    alone = client.post("/v1/compare", json=asked)
    assert (alone.status_code, error_of(alone)["kind"]) == (409, "NothingToDo")
    with connect(served) as graph:
        publish(graph, [("b/1", "f2", 3.0), ("b/1", "f1", 1.0)])
        roll_back(graph, 1)
    # The edges of generation 1 make f1 2.0, f3 0.5 and f2 0.0; those of 2 f2 3.0, f1 1.0, f3 0.0.
    found = client.post("/v1/compare", json=asked).json()
    first, second = found["first"], found["second"]
    assert [(side["generation"], side["state"]) for side in (first, second)] == [
        (2, "retired"),
        (1, "active"),
    ]
    columns = ("item_id", "rank", "score", "other_rank")
    assert [[item[key] for key in columns] for item in first["items"]] == [
        ["f2", 1, 3.0, 3],
        ["f1", 2, 1.0, 1],
    ]
    assert [[item[key] for key in columns] for item in second["items"]] == [
        ["f1", 1, 2.0, 2],
        ["f3", 2, 0.5, 3],
    ]
    assert found["same"] == 1
    turned = client.post("/v1/compare", json=asked | {"first": 1, "second": 2}).json()
    assert (turned["first"], turned["second"]) == (second, first)
    unknown = client.post("/v1/compare", json=asked | {"first": 7})
    assert unknown.status_code == 400
    assert error_of(unknown)["advice"] == "These have: 1, 2."
    assert client.post("/v1/compare", json=asked | {"first": 1}).json()["second"] == first


def test_search_and_related_items(client: TestClient) -> None:
    found = client.get("/v1/search", params={"words": "罗马"}).json()
    assert found == {
        "items": [{"domain": "films", "item_id": "f2", "title": "罗马的陷落"}],
        "users": [],
        "interests": [],
    }
    users = client.get("/v1/search", params={"words": "wei/", "kind": "users"}).json()["users"]
    assert users == [{"user": ODD}]
    query = {"domain": "books", "item": "b/1", "target": "films"}
    related = client.get("/v1/related", params=query).json()["items"]
    assert [(item["item_id"], item["weight"]) for item in related] == [("f1", 2.0), ("f3", 0.5)]


@pytest.mark.parametrize(
    ("body", "status", "kind", "words"),
    [
        ({"user": "anna", "domain": "films"}, 404, "NotFound", "'ana'"),
        ({"user": "ana", "domain": "flims"}, 404, "NotFound", "'films'"),
        ({"user": "ana", "domain": "films", "n": 0}, 422, "InvalidRequest", "n: "),
        ({"user": "ana", "domain": "films", "filter": 1}, 422, "InvalidRequest", "filter: "),
        ({"user": "  ", "domain": "films"}, 422, "InvalidRequest", "user: "),
        ({"user": 7, "domain": "films"}, 422, "InvalidRequest", "user: "),
        ({"domain": "films"}, 422, "InvalidRequest", "user: "),
    ],
)
def test_a_wrong_request_is_a_sentence(
    client: TestClient, body: dict[str, Any], status: int, kind: str, words: str
) -> None:
    response = client.post("/v1/recommend", json=body)
    fields = error_of(response)
    assert (response.status_code, fields["kind"]) == (status, kind)
    assert words in f"{fields['message']} {fields['advice']}"


def test_what_is_no_json_and_what_is_no_route_have_the_same_shape(client: TestClient) -> None:
    broken = client.post("/v1/recommend", content=b'{"user": "ana"')
    assert (broken.status_code, error_of(broken)["kind"]) == (422, "InvalidRequest")
    assert error_of(client.get("/v1/films"))["message"] == "There is no route /v1/films."
    assert client.get("/v1/recommend").status_code == 405
    surrogate = client.post("/v1/recommend", content=b'{"user": "\\ud800", "domain": "films"}')
    assert error_of(surrogate)["kind"] == "InvalidRequest"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "x"}])
def test_without_a_token_nothing_but_health_is_answered(
    client: TestClient, header: dict[str, str]
) -> None:
    client.headers.pop("Authorization")
    try:
        paths = client.get("/openapi.json").json()["paths"]
        for path, methods in paths.items():
            for method in methods:
                response = client.request(method, path, headers=header, json={})
                if path in ("/healthz", "/readyz"):
                    assert response.status_code == 200
                else:
                    assert response.status_code == 401, path
                    assert error_of(response)["kind"] == "Unauthorized"
                    assert response.headers["WWW-Authenticate"] == "Bearer"
    finally:
        client.headers.update(AUTHORIZED)


def test_a_token_has_a_rate_of_its_own(served: Settings) -> None:
    connection = Connection(served)
    app = build_app(connection, [TOKEN, OTHER], 3.0)
    with TestClient(app) as client:
        statuses = [client.get("/metrics", headers=AUTHORIZED).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = client.get("/metrics", headers=AUTHORIZED)
        assert (error_of(refused)["kind"], refused.headers["Retry-After"]) == (
            "TooManyRequests",
            "1",
        )
        other = client.get("/metrics", headers={"Authorization": f"Bearer {OTHER}"})
        assert "isthmus_http_rate_limited_total 2.0" in other.text


@pytest.mark.parametrize("with_length", [True, False])
def test_a_large_body_is_refused(client: TestClient, with_length: bool) -> None:
    text = b'{"user": "' + b"a" * MAX_BODY_BYTES + b'"}'
    content = text if with_length else iter([text[:1000], text[1000:]])
    response = client.post(
        "/v1/recommend", content=content, headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, error_of(response)["kind"]) == (413, "TooLarge")


def test_a_request_has_an_id_and_the_log_has_no_secrets(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "isthmus")
    body = {"user": ODD, "domain": "films"}
    named = client.post("/v1/recommend", json=body, headers={"X-Request-ID": "shop-7"})
    assert named.headers["X-Request-ID"] == "shop-7"
    client.get("/v1/interests", params={"user": ODD})
    forged = client.get("/healthz", headers={"X-Request-ID": "a b\tc"})
    assert len(forged.headers["X-Request-ID"]) == 32
    assert "POST /v1/recommend 200" in caplog.text
    assert "request shop-7" in caplog.text
    for secret in (TOKEN, ODD, "wei"):
        assert secret not in caplog.text


def test_a_bug_is_an_error_of_the_same_shape(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the code")

    monkeypatch.setattr("isthmus.api.session.Session.recommend", fail)
    response = client.post("/v1/recommend", json={"user": "ana", "domain": "films"})
    assert (response.status_code, error_of(response)["kind"]) == (500, "InternalError")
    assert "secret" not in response.text


def test_a_database_that_goes_away_is_a_sentence_and_comes_back(
    served: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isthmus.service.connection.FIRST_WAIT_SECONDS", 0.01)
    connection = Connection(served)
    connection.open()
    wanted = {"user": "ana", "domain": "films", "n": 1}
    with TestClient(build_app(connection, [TOKEN], 1e6), headers=AUTHORIZED) as client:
        with monkeypatch.context() as patched:

            def refuse(*_: object, **__: object) -> None:
                raise ServerRefused("No Neo4j server answers at bolt://secret:7687.")

            patched.setattr("isthmus.graph.database.connection.Graph.read", refuse)
            patched.setattr("isthmus.service.connection.Session", refuse)
            for _ in range(2):
                response = client.post("/v1/recommend", json=wanted)
                assert (response.status_code, error_of(response)["kind"]) == (503, "DatabaseAway")
                assert response.headers["Retry-After"] == "5"
                assert "secret" not in response.text
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
            assert "isthmus_database_up 0.0" in client.get("/metrics").text
        deadline = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert client.post("/v1/recommend", json=wanted).json()["items"][0]["item_id"] == "f1"


def test_the_metrics_count_requests_by_route(client: TestClient) -> None:
    client.get("/v1/search", params={"words": "star"})
    text = client.get("/metrics").text
    assert 'isthmus_http_requests_total{method="GET",route="/v1/search",status="200"}' in text
    assert 'isthmus_recorded_total{kind="like"}' in text
    assert "isthmus_database_up 1.0" in text


def test_tokens_are_made_once_and_only_their_owner_can_read_them(
    server_settings: Settings, tmp_path: Path
) -> None:
    settings = server_settings.model_copy(update={"home": tmp_path})
    (token,) = read_tokens(settings)
    assert read_tokens(settings) == [token]
    assert len(token) == 64
    file = token_file(settings)
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(f"{token}\n{OTHER}\n")
    assert read_tokens(settings) == [token, OTHER]
    file.write_text("short\n")
    with pytest.raises(InputError, match="fewer than 16"):
        read_tokens(settings)
    file.chmod(0o644)
    with pytest.raises(InputError, match="Other users can read"):
        read_tokens(settings)


def test_an_address_for_other_machines_has_to_be_allowed() -> None:
    with pytest.raises(InputError, match="--allow-remote"):
        open_socket("0.0.0.0", 0, allow_remote=False)
    open_socket("0.0.0.0", 0, allow_remote=True).close()
    with (
        open_socket("127.0.0.1", 0, allow_remote=False) as taken,
        pytest.raises(InputError, match="--port"),
    ):
        open_socket("127.0.0.1", taken.getsockname()[1], allow_remote=False)
    with pytest.raises(InputError, match="--listen"):
        open_socket("127.0.0.1.5", 0, allow_remote=True)


def test_nothing_that_was_acknowledged_is_lost_when_the_service_is_stopped(
    served: Settings,
) -> None:
    environment = {**os.environ, "ISTHMUS_HOME": str(served.home)}
    command = [sys.executable, "-m", "isthmus.scripts.main", "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        token = Path(started["token_file"]).read_text().strip()
        acknowledged: list[str] = []
        refused = threading.Event()

        def send(number: int) -> None:
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=started["address"], headers=headers, timeout=60) as http:
                for k in range(10_000):
                    user = f"stop {number} {k}"
                    body = {"user": user, "domain": "films", "item": "f1", "event_id": user}
                    try:
                        answer = http.post("/v1/feedback", json=body)
                    except httpx.HTTPError:  # it takes no more connections
                        refused.set()
                        return
                    assert answer.json()["recorded"], answer.text
                    acknowledged.append(user)

        threads = [threading.Thread(target=send, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 20:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert refused.is_set()
    assert token not in log
    assert "every request that had begun is answered" in log
    assert "Traceback" not in log
    with connect(served) as graph:
        rows = graph.run(
            "MATCH (u:User)-[r:INTERACTED {count: 1}]->(:Item {key: 'films:f1'}) "
            "WHERE u.id IN $users RETURN count(*) AS users",
            {"users": acknowledged},
        )
        graph.run("MATCH (u:User) WHERE u.id STARTS WITH 'stop ' DETACH DELETE u", {})
    assert rows[0]["users"] == len(acknowledged) >= 20
