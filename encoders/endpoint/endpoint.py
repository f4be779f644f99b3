"""An endpoint with OpenAI's protocol: its address, what it may receive, requests, errors.

The package `openai` sends the requests. It repeats them after the status codes 408, 409, 429 and
5xx and after a cut connection, waits exponentially longer with jitter, and waits as long as the
header Retry-After says (https://github.com/openai/openai-python, section "Retries"). The key is
only in the header of a request: no message contains it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

from isthmus.errors import InputError, IsthmusError
from isthmus.logs import MASK

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

    from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

Data = Literal["titles", "texts"]
"""What is sent: words of items, or texts of users."""

PREFIX = "openai:"
OPENAI_HOST = "api.openai.com"
MAX_RETRIES = 6  # after 0.5, 1, 2, 4, 8 and 8 s, unless Retry-After says otherwise
TIMEOUT_SECONDS, CONNECT_SECONDS = 120.0, 5.0
PARALLEL_REQUESTS = 4
MAX_REASON_CHARACTERS = 200
RESUME = (
    "Check the network and OPENAI_BASE_URL, and repeat the command later; it continues where it "
    "stopped."
)
NO_KEY = "none"  # servers on the own machine ask for no key; the package demands one
DESCRIPTIONS: dict[Data, str] = {
    "titles": "titles, descriptions and categories of items",
    "texts": "texts that users wrote",
}
ALLOWED: dict[str, tuple[Data, ...]] = {
    "nothing": (),
    "titles": ("titles",),
    "titles and texts": ("titles", "texts"),
}

Batch = TypeVar("Batch")
Result = TypeVar("Result")


class WrongAnswer(IsthmusError):
    """The endpoint answered something else than its protocol says."""


def is_endpoint(name: str) -> bool:
    """Whether an encoder's name is that of a model at an endpoint, `openai:MODEL`."""
    return name.startswith(PREFIX)


class Endpoint:
    """A model at the endpoint of the settings; several threads may use it at the same time.

    Attributes:
        name: Name of the model in the settings, `openai:MODEL`.
        model: Name of the model at the endpoint.
        host: Host of the endpoint, with its port if the address has one.

    Raises:
        InputError: The name, the address or the key cannot be used.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.model = name.removeprefix(PREFIX)
        self._address = settings.openai_base_url
        self.host = self._address.partition("://")[2].partition("/")[0].rpartition("@")[2]
        self._key = settings.openai_api_key.get_secret_value().strip()
        self._receives = settings.endpoint_receives
        if not is_endpoint(name) or not self.model:
            raise InputError(
                f"{name!r} names no model at an endpoint.", "Write openai: and the model's name."
            )
        if not _is_address(self._address):
            raise InputError(
                f"OPENAI_BASE_URL is no address of an endpoint for {name}.",
                "Set it to an address such as https://HOST/v1.",
            )
        if not self._key.isascii() or not self._key.isprintable():
            raise InputError(
                "OPENAI_API_KEY contains characters that no key has.", "Copy the key again."
            )

    def require_consent(self, data: Data) -> None:
        """Checks that the endpoint may receive these data.

        Raises:
            InputError: The setting `endpoint_receives` does not allow it.
        """
        if data in ALLOWED[self._receives]:
            return
        needed = next(value for value, allowed in ALLOWED.items() if data in allowed)
        raise InputError(
            f"{self.name} would send {DESCRIPTIONS[data]} to {self.host}; the setting "
            f'endpoint_receives is "{self._receives}".',
            f'Set endpoint_receives = "{needed}" to allow it, or use a model on this machine.',
        )

    def require_client(self) -> None:
        """Checks that requests can be sent at all; sends none.

        Raises:
            IsthmusError: The package `openai` is not installed, or the host needs a key.
        """
        _ = self._client

    def embed(self, texts: list[str]) -> dict[str, Any]:
        """Asks for the embeddings of texts (`POST /embeddings`).

        The protocol: https://platform.openai.com/docs/api-reference/embeddings/create.

        Raises:
            IsthmusError: The endpoint refuses the request or cannot be reached.
        """
        return self._request(
            "/embeddings",
            lambda client: client.embeddings.with_raw_response.create(
                model=self.model, input=texts, encoding_format="float"
            ),
        )

    def chat(self, messages: list[Any], schema: dict[str, Any]) -> str:
        """Asks a chat model for a JSON document of a schema (`POST /chat/completions`).

        The protocol: https://platform.openai.com/docs/guides/structured-outputs.

        Returns:
            The model's answer, which should be a JSON document.

        Raises:
            WrongAnswer: The answer has no message.
            IsthmusError: The endpoint refuses the request or cannot be reached.
        """
        format_ = {"name": "answer", "strict": True, "schema": schema}
        answer = self._request(
            "/chat/completions",
            lambda client: client.chat.completions.with_raw_response.create(
                model=self.model,
                messages=messages,
                response_format={"type": "json_schema", "json_schema": format_},
            ),
        )
        try:
            return str(answer["choices"][0]["message"]["content"] or "")
        except (KeyError, IndexError, TypeError):
            raise self.wrong_answer("a message of the model", "a chat model") from None

    def wrong_answer(self, expected: str, kind: str) -> WrongAnswer:
        """Returns the error for an answer that the protocol does not allow.

        Args:
            expected: What the answer should have had.
            kind: Kind of model that it should be.
        """
        return WrongAnswer(
            f"The answer of {self.host} has not {expected}.",
            f"Check that {self.model} is {kind}, and that OPENAI_BASE_URL is the address of an "
            "endpoint with OpenAI's protocol.",
        )

    @cached_property
    def _client(self) -> OpenAI:
        try:
            import openai
        except ImportError:
            raise IsthmusError(
                f"{self.name} needs the package openai, which is not installed.",
                "Run `pip install 'isthmus[openai]'`, or use a model on this machine.",
            ) from None
        if not self._key and self.host == OPENAI_HOST:
            raise InputError(
                f"{self.name} needs a key for {self.host}.",
                "Set the environment variable OPENAI_API_KEY.",
            )
        return openai.OpenAI(
            api_key=self._key or NO_KEY,
            base_url=self._address,
            max_retries=MAX_RETRIES,
            timeout=openai.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
        )

    def _request(self, path: str, send: Callable[[Any], Any]) -> dict[str, Any]:
        """Sends a request and returns the JSON object of its answer."""
        client = self._client
        import openai

        # `from None`: a cause's words are the host's, which may repeat the key.
        try:
            body = send(client).http_response.text
        except openai.APIStatusError as error:
            raise self._refusal(path, error) from None
        except openai.APITimeoutError:
            raise IsthmusError(
                f"{self.host} does not answer in time, at {MAX_RETRIES + 1} attempts.", RESUME
            ) from None
        except openai.APIConnectionError:
            raise IsthmusError(
                f"{self.host} cannot be reached, or cuts the connection, at {MAX_RETRIES + 1} "
                "attempts.",
                RESUME,
            ) from None
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self.wrong_answer("a JSON object", "a model of that endpoint")
        return document

    def _refusal(self, path: str, error: APIStatusError) -> IsthmusError:
        """Returns the sentence for a status code from 400 on."""
        status, host = error.status_code, self.host
        if status in (401, 403):
            return InputError(
                f"{host} refuses the key for {self.model} (status {status}).",
                "Set OPENAI_API_KEY to a key of that host that may use the model.",
            )
        if status == 404:
            return InputError(
                f"{host} has no model {self.model}, or no path {path} (status 404).",
                "Correct the name of the model or OPENAI_BASE_URL.",
            )
        if status in (429, 503):
            return IsthmusError(
                f"{host} takes no more requests at present (status {status}).",
                "Raise the limits of your account, or repeat the command later; it continues where "
                "it stopped.",
            )
        if status >= 500:
            return IsthmusError(
                f"{host} fails (status {status}), at {MAX_RETRIES + 1} attempts.", RESUME
            )
        return IsthmusError(
            f"{host} refuses a request to {path} (status {status}): {self._reason(error)}",
            "If texts are too long, lower endpoint_characters; if there are too many in a request, "
            "lower endpoint_batch.",
        )

    def _reason(self, error: APIStatusError) -> str:
        """The host's own words, cut, on one line and without the key."""
        reason = error.body.get("message") if isinstance(error.body, dict) else None
        text = " ".join(str(reason or "no reason is given").split())
        text = text.replace(self._key, MASK) if self._key else text
        return text[:MAX_REASON_CHARACTERS].rstrip(".") + "."


def _is_address(text: str) -> bool:
    """Whether a text is the address of a host, with a valid port if it has one."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def map_parallel(function: Callable[[Batch], Result], batches: Iterable[Batch]) -> Iterator[Result]:
    """Processes batches with a few requests at a time; yields the results in order."""
    pool = ThreadPoolExecutor(PARALLEL_REQUESTS)
    try:
        yield from pool.map(function, batches)
    finally:
        pool.shutdown(cancel_futures=True)
