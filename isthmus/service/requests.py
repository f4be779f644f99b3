"""Around each request: its id, log line and metrics, the limit of its body, headers of safety."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from isthmus.service.errors import ADVICE, TOO_LARGE, bug_response, error_response
from isthmus.service.pages import FILE, HEADERS, PAGE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from isthmus.service.counters import Counters

logger = logging.getLogger("isthmus.service")

MAX_BODY_BYTES = 64 * 1024
REQUEST_ID = "X-Request-ID"
VALID_ID = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)
QUIET = ("/healthz", "/readyz", "/metrics", PAGE, FILE)
"""Routes that are asked often and say little; they get a log line only if they fail."""


class RequestMiddleware:
    """Gives each request an id, a log line, metrics and headers of safety, and limits its body.

    The log has the route, never the query or the body, which name users.

    Args:
        app: The application within.
        counters: The metrics.
    """

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self.app = app
        self.counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers, start = Headers(scope=scope), time.perf_counter()
        given = headers.get(REQUEST_ID, "")
        request_id = given if VALID_ID.fullmatch(given) else uuid.uuid4().hex
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered[REQUEST_ID] = request_id
                answered.update(HEADERS)
                answered.setdefault("Cache-Control", "no-store")
            await send(message)

        with self.counters.in_flight.track_inprogress():
            try:
                if _length(headers) > MAX_BODY_BYTES:
                    response = error_response(413, TOO_LARGE, TOO_LONG, ADVICE[413])
                    await response(scope, receive, send_with_id)
                else:
                    await self.app(scope, _limited(receive), send_with_id)
            except Exception:
                logger.exception("request %s: isthmus has a bug", request_id)
                if not status:
                    await bug_response()(scope, receive, send_with_id)
        self._note(scope, status, time.perf_counter() - start, request_id)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if route != "other" else "other"
        self.counters.requests.labels(method, route, str(status)).inc()
        self.counters.seconds.labels(route).observe(seconds)
        level = logging.DEBUG if route in QUIET and status < 400 else logging.INFO
        logger.log(
            level,
            "%s %s %d in %.0f ms, request %s",
            method,
            route,
            status,
            1000 * seconds,
            request_id,
            extra={"request_id": request_id, "status": status, "milliseconds": 1000 * seconds},
        )


TOO_LONG = f"The body has more than {MAX_BODY_BYTES:,} bytes."


def _length(headers: Headers) -> int:
    given = headers.get("Content-Length", "")
    return int(given) if given.isascii() and given.isdecimal() else 0


def _limited(receive: Receive) -> Receive:
    """Refuses a body without a stated length once it is too large."""
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise HTTPException(413, TOO_LONG)
        return message

    return receive_limited
