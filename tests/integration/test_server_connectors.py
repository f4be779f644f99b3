"""Neo4j Browser, the HTTP API and TLS of isthmus's own server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import neo4j
import psutil
import pytest
import requests

from isthmus.graph.database.session import connect
from isthmus.graph.server import lifecycle as server
from isthmus.settings import Settings
from tests.unit.graph.test_connectors import make_certificate

STATEMENT = {"statement": "RETURN 1 AS one"}


@pytest.fixture
def own(fresh_home: Path, tmp_path: Path) -> Iterator[Settings]:
    certificate, key = make_certificate(tmp_path)
    settings = Settings(
        home=fresh_home,
        neo4j_uri=None,
        server_heap="512m",
        server_web="browser",
        server_listen="0.0.0.0",
        server_certificate=certificate,
        server_key=key,
    )
    yield settings
    server.stop(settings)


def test_a_server_that_others_reach_offers_bolt_http_and_browser_by_tls_only(
    own: Settings,
) -> None:
    record = server.start(own)
    listening = {
        entry.laddr.port
        for entry in psutil.Process(record.pid).net_connections("inet")
        if entry.status == psutil.CONN_LISTEN
    }
    port = int(record.uri.rpartition(":")[2])
    assert record.web == f"https://127.0.0.1:{(listening - {port}).pop()}/browser/"
    assert len(listening) == 2

    with connect(own, migrated=False) as graph:  # proves the server, and sends the password by TLS
        assert graph.run("RETURN 1 AS one", {}) == [{"one": 1}]
    plain = f"bolt://127.0.0.1:{port}"
    with (
        neo4j.GraphDatabase.driver(plain, auth=("neo4j", "never sent")) as driver,
        pytest.raises(neo4j.exceptions.ServiceUnavailable),
    ):
        driver.verify_connectivity()

    trusted = {"verify": str(own.server_certificate), "timeout": 30}
    page = requests.get(record.web, **trusted)
    assert "<title>Neo4j Browser</title>" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "segment" not in policy
    assert f"connect-src 'self' wss://*:{port} https://*:{port}" in policy
    api = record.web.replace("/browser/", "/db/neo4j/query/v2")
    assert requests.post(api, json=STATEMENT, **trusted).status_code == 401
    auth = (record.username, record.password())
    answer = requests.post(api, json=STATEMENT, auth=auth, **trusted)
    assert answer.json()["data"]["values"] == [[1]]
    with pytest.raises(requests.ConnectionError):
        requests.get(record.web.replace("https:", "http:"), timeout=30)
