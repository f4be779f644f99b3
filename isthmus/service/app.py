"""The application: routes, access, errors, health, metrics, its OpenAPI document, the explorer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter, run_sync
from fastapi import Depends, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from typing_extensions import TypedDict

from isthmus import __version__
from isthmus.service.access import Access
from isthmus.service.connection import THREADS, Connection
from isthmus.service.counters import Counters
from isthmus.service.errors import ErrorDocument, handle_errors
from isthmus.service.library import build_library
from isthmus.service.pages import add_pages
from isthmus.service.requests import RequestMiddleware
from isthmus.service.routes import build_routes

DESCRIPTION = (
    "Recommendations across domains from the user-interest graph. Every failure has one shape: "
    "`error` with `kind`, `message` and `advice`. A header `X-Request-ID` is answered and logged."
)
FAILURES = {
    400: "A value is wrong.",
    401: "The token is missing or wrong.",
    404: "A user, an item or a domain does not exist.",
    409: "The graph lacks what this needs.",
    413: "The body is too large.",
    422: "The request is not of this form.",
    429: "The client sends too many requests.",
    503: "The database does not answer.",
}


class Health(TypedDict):
    """That the service runs, or is ready."""

    status: str


def build_app(connection: Connection, tokens: Sequence[str], rate: float) -> FastAPI:
    """Returns the application; it closes the connection when it ends.

    Args:
        connection: The open connection.
        tokens: Tokens of the clients.
        rate: Requests per second of each token, above 0.
    """
    counters = Counters()
    access = [Depends(Access(tokens, rate, counters))]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = THREADS
        yield
        await run_sync(connection.close)

    app = FastAPI(
        title="isthmus",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # pages that load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(RequestMiddleware, counters=counters)
    handle_errors(app)
    add_pages(app)
    for router in (build_routes(connection, counters), build_library(connection)):
        app.include_router(
            router,
            dependencies=access,
            responses={
                status: {"model": ErrorDocument, "description": text}
                for status, text in FAILURES.items()
            },
        )

    @app.get("/healthz")
    async def healthz() -> Health:
        """Says that the process runs."""
        return {"status": "running"}

    @app.get("/readyz", responses={503: {"model": ErrorDocument, "description": FAILURES[503]}})
    def readyz() -> Health:
        """Says that the database answers."""
        with connection.session() as session:
            session.graph.read("encode/active")
        return {"status": "ready"}

    @app.get(
        "/metrics",
        dependencies=access,
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {}}},
            **{s: {"model": ErrorDocument, "description": FAILURES[s]} for s in (401, 429)},
        },
    )
    async def metrics() -> Response:
        """Returns the metrics in the text format of Prometheus."""
        counters.database.set(connection.is_up)
        return Response(generate_latest(counters.registry), media_type=CONTENT_TYPE_LATEST)

    return app
