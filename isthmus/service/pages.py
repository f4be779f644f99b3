"""The explorer: its page at `/`, its files, and the headers that keep a browser to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request, Response
from starlette.staticfiles import StaticFiles

from isthmus.html_page import SHARED_FILES

if TYPE_CHECKING:
    from fastapi import FastAPI

PAGE, FILE = "/", "/explorer/{name}"
"""Routes of the page and its files. They hold no data, so that they need no token."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer says to a browser, so that a text in one never becomes a script or a frame."""


def add_pages(app: FastAPI) -> None:
    """Adds the explorer to an application."""
    files = StaticFiles(packages=[("isthmus.service", "explorer"), SHARED_FILES])

    async def find_file(request: Request, name: str) -> Response:
        response = await files.get_response(name, request.scope)
        response.headers["Cache-Control"] = "no-cache"  # kept, and asked for again by its ETag
        return response

    @app.get(PAGE, include_in_schema=False)
    async def page(request: Request) -> Response:
        return await find_file(request, "index.html")

    @app.get(FILE, include_in_schema=False)
    async def file(request: Request, name: str) -> Response:
        return await find_file(request, name)
