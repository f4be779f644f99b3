"""The address in NEO4J_URI: each wrong one is a sentence with the right form, in a few seconds."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from isthmus.errors import InputError, IsthmusError
from isthmus.graph.database import address, session
from isthmus.graph.database.errors import ServerRefused
from isthmus.settings import Settings, load_settings


@contextmanager
def answering(answer: bytes | None) -> Iterator[int]:
    """Yields the port of a service that gives every connection this answer, or none."""
    with socket.create_server(("127.0.0.1", 0)) as service:

        def serve() -> None:
            connections = []
            while True:
                try:
                    connection, _ = service.accept()
                except OSError:
                    break
                connections.append(connection)
                if answer is not None:
                    connection.recv(1024)
                    connection.sendall(answer)
                    connection.close()
            for connection in connections:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield service.getsockname()[1]
        service.shutdown(socket.SHUT_RDWR)
        thread.join()


def refusal(uri: str) -> IsthmusError:
    with pytest.raises(IsthmusError) as raised, session.connect(Settings(neo4j_uri=uri)):
        pass
    return raised.value


@pytest.mark.parametrize(
    ("uri", "right"),
    [
        ("http://graph.example:7474", "bolt://graph.example:7687"),
        ("https://graph.example/browser/", "bolt://graph.example:7687"),
        ("HTTP://graph.example:80", "bolt://graph.example:7687"),
        ("http://[::1]:7474", "bolt://[::1]:7687"),
        ("https://abc123.databases.neo4j.io", "neo4j+s://abc123.databases.neo4j.io"),
        ("http:/graph.example", "bolt://graph.example:7687"),
        ("graph.example", "bolt://graph.example:7687"),
        ("graph.example:7688", "bolt://graph.example:7688"),
        ("graph.example:7474", "bolt://graph.example:7687"),
        ("10.0.0.7", "bolt://10.0.0.7:7687"),
        ("::1", "bolt://[::1]:7687"),
        ("bolt:graph.example:7688", "bolt://graph.example:7688"),
        ("bolt:/graph.example", "bolt://graph.example:7687"),
        ("jdbc:neo4j:bolt://graph.example:7688/", "bolt://graph.example:7688"),
        ("redis://graph.example", "bolt://graph.example:7687"),
        ("bolt+routing://graph.example:7688", "bolt://graph.example:7688"),
        ("bolt://", "bolt://localhost:7687"),
        (r"C:\data\neo4j", "bolt://localhost:7687"),
        ("D:/neo4j", "bolt://localhost:7687"),
        ("/var/lib/neo4j", "bolt://localhost:7687"),
        ("file:///var/lib/neo4j", "bolt://localhost:7687"),
    ],
)
def test_a_wrong_address_is_refused_with_the_right_form(uri: str, right: str) -> None:
    error = refusal(uri)
    assert isinstance(error, InputError)
    assert uri.replace("\\", "\\\\") in error.message
    assert f"NEO4J_URI={right}." in error.advice


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("bolt://here:99999", "out of range"),
        ("bolt://here:port", "'port'"),
        ("'bolt://here:7687'", "quotes"),
        ("bolt://here:7687/films", "NEO4J_DATABASE=films"),
        ("bolt://here?policy=eu", "parameters"),
        ("bolt://a..b", "valid name"),
    ],
)
def test_a_part_that_cannot_be_used_is_named(uri: str, said: str) -> None:
    error = refusal(uri)
    assert isinstance(error, InputError)
    assert said in str(error)


def test_a_password_in_the_address_is_not_repeated() -> None:
    with pytest.raises(InputError) as raised:
        load_settings(neo4j_uri="neo4j+s://ana:correct-horse@here:7687")
    assert "correct-horse" not in str(raised.value)
    assert "neo4j_password" in str(raised.value)


def test_a_host_that_nobody_knows_is_named() -> None:
    error = refusal("bolt://nowhere.invalid")
    assert isinstance(error, ServerRefused)
    assert "'nowhere.invalid'" in error.message


def test_a_closed_port_is_named() -> None:
    error = refusal("neo4j://127.0.0.1:1")
    assert isinstance(error, ServerRefused)
    assert error.message == "No Neo4j server answers at neo4j://127.0.0.1:1: Connection refused."


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "A web server answers"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "is not Neo4j"),
        (b"", "is not Neo4j"),
        (b"\x00", "is not Neo4j"),
    ],
)
def test_what_is_not_neo4j_is_refused(answer: bytes, said: str) -> None:
    with answering(answer) as port:
        error = refusal(f"bolt://127.0.0.1:{port}")
        assert isinstance(error, ServerRefused)
        assert said in error.message
        assert "bolt://127.0.0.1:7687" in error.advice
        encrypted = refusal(f"bolt+s://127.0.0.1:{port}")
        assert "does not encrypt" in encrypted.message
        assert f"bolt://127.0.0.1:{port}" in encrypted.advice


def test_a_service_that_says_nothing_is_refused_in_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(address, "ANSWER_TIMEOUT_SECONDS", 0.3)
    with answering(None) as port:
        start = time.monotonic()
        assert "is not Neo4j" in refusal(f"neo4j://127.0.0.1:{port}").message
        assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    "uri", ["bolt://h", " BOLT://h:7687/ ", "neo4j+ssc://h:1", "neo4j://h?policy=eu"]
)
def test_a_right_address_is_kept(uri: str) -> None:
    assert address.read_address(uri).uri == uri.strip()
