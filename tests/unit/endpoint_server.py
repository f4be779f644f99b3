"""An HTTP server in the test process that speaks OpenAI's protocol, with faults on demand."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = Callable[["Handler"], None]
KEY = "sk-a-key-that-nobody-may-see-0123456789"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: EndpointServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.state.lock:
            self.state.requests.append((self.path, body))
            self.state.keys.add(self.headers["Authorization"])
            if self.state.faults:
                self.state.faults.popleft()(self)
                return
            answer = self.state.embed(body) if "input" in body else self.state.chat(body)
        self.send(200, answer)

    def send(self, status: int, answer: Any, **headers: str) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class EndpointServer:
    """What the server received, and what it answers.

    Attributes:
        vectors: Returns the vectors of prepared texts.
        requests: Path and body of each request.
        faults: Faults for the next requests, in order.
        texts: Texts that were embedded.
        keys: Values of the header Authorization.
    """

    def __init__(self, vectors: Callable[[list[str]], list[list[float]]]) -> None:
        self.vectors = vectors
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.faults: deque[Fault] = deque()
        self.texts: list[str] = []
        self.keys: set[str] = set()
        self.lock = threading.Lock()
        self.address = ""

    def embed(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["encoding_format"] == "float"
        texts = body["input"]
        assert all(texts), "the protocol refuses an empty text"
        self.texts += texts
        data = [{"index": k, "embedding": row} for k, row in enumerate(self.vectors(texts))]
        tokens = sum(len(text.split()) for text in texts)
        return {"data": data[::-1], "usage": {"prompt_tokens": tokens}}

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        """The rule: a text is about the interests that it contains; "not" makes a complaint."""
        system, user = (message["content"] for message in body["messages"])
        assert body["response_format"]["type"] == "json_schema"
        interests = json.loads(system.splitlines()[-1])
        answers = []
        for entry in json.loads(user)["texts"]:
            polarity = -1 if re.search(r"\bnot\b", entry["text"]) else 1
            named = [
                {"name": name, "polarity": polarity} for name in interests if name in entry["text"]
            ]
            answers.append({"number": entry["number"], "interests": named})
        return chat_answer(json.dumps({"texts": answers}))


def chat_answer(content: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content}}]}


def status(code: int, message: str = "", **headers: str) -> Fault:
    return lambda handler: handler.send(code, {"error": {"message": message}}, **headers)


def answer(document: Any) -> Fault:
    return lambda handler: handler.send(200, document)


def cut(handler: Handler) -> None:
    """Sends half an answer and closes the connection."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


@contextmanager
def serve(vectors: Callable[[list[str]], list[list[float]]]) -> Iterator[EndpointServer]:
    state = EndpointServer(vectors)
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("BoundHandler", (Handler,), {"state": state})
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.address = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
