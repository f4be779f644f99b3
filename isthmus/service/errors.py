"""Errors of the service: one shape for all, `{"error": {"kind", "message", "advice"}}`."""

from __future__ import annotations

import http
import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from typing_extensions import TypedDict

from isthmus.errors import InputError, IsthmusError, NotFound, NothingToDo
from isthmus.output import hide_credentials
from isthmus.service.connection import DatabaseAway

logger = logging.getLogger("isthmus.service")

STATUS: tuple[tuple[type[IsthmusError], int], ...] = (
    (NotFound, 404),
    (InputError, 400),
    (NothingToDo, 409),
    (IsthmusError, 503),
)
"""Status of the first class that an error is of; what no client can mend comes and goes."""
ADVICE = {
    401: "Send the header `Authorization: Bearer TOKEN`.",
    404: "See /openapi.json for all routes.",
    405: "See /openapi.json for the methods of each route.",
    413: "Send less.",
    429: "Send the request again in a second.",
}


TOO_LARGE = "TooLarge"
"""Kind of the error for a body that is too large."""


class ErrorFields(TypedDict):
    """What is wrong, and what to do.

    Attributes:
        kind: Name of the error.
        message: What is wrong, as a sentence.
        advice: What to do about it; may be empty.
    """

    kind: str
    message: str
    advice: str


class ErrorDocument(TypedDict):
    """The answer to a request that failed."""

    error: ErrorFields


def error_response(
    status: int, kind: str, message: str, advice: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """Returns an answer with an error; one that comes and goes says when to try again."""
    fields = {"kind": kind, "message": message, "advice": advice}
    document = {"error": {name: hide_credentials(text) for name, text in fields.items()}}
    again = {"Retry-After": "1" if status == 429 else "5"} if status in (429, 503) else {}
    return JSONResponse(document, status, {**again, **(headers or {})})


def bug_response() -> JSONResponse:
    """Returns the answer to a request that ended in an error which nobody expects."""
    return error_response(
        500, "InternalError", "The service has a bug.", "Report it with the id of the request."
    )


def handle_errors(app: FastAPI) -> None:
    """Gives all errors of an application their shape."""

    @app.exception_handler(IsthmusError)
    async def of_isthmus(request: Request, error: IsthmusError) -> JSONResponse:
        status = next(status for kind, status in STATUS if isinstance(error, kind))
        if status == 503 and not isinstance(error, DatabaseAway):
            logger.error("%s %s: %s", request.method, request.url.path, error)
        return error_response(status, error.kind, error.message, error.advice)

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        return error_response(
            422, "InvalidRequest", _describe(error.errors()[0]), "See /openapi.json."
        )

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        status, route = error.status_code, request.url.path
        phrase = http.HTTPStatus(status).phrase
        message = error.detail
        if message == phrase:
            unknown = {404: f"There is no route {route}.", 405: f"{route} has other methods."}
            message = unknown.get(status, f"{phrase}.")
        kind = TOO_LARGE if status == 413 else phrase.title().replace(" ", "")
        headers = dict(error.headers or {})
        return error_response(status, kind, message, ADVICE.get(status, ""), headers)


def _describe(problem: Any) -> str:
    """Returns a sentence on the first thing that is wrong with a request."""
    where = ".".join(str(part) for part in problem["loc"][1:])
    message = str(problem["msg"])
    if problem["type"] == "json_invalid":
        return f"The body is not JSON: {problem.get('ctx', {}).get('error', message)}."
    return f"{where}: {message}." if where else f"The body: {message}."
