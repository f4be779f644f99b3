"""Who may ask: a token for each client, and a rate limit for each token."""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from isthmus.service.counters import Counters

_BEARER = HTTPBearer(auto_error=False, description="A token of the file of tokens.")


class Bucket:
    """A token bucket: `rate` requests a second on average, and as many at once.

    Args:
        rate: Requests per second, above 0.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._size = max(rate, 1.0)
        self._left = self._size
        self._at = time.monotonic()

    def take(self) -> bool:
        """Takes one; returns whether there was one."""
        now = time.monotonic()
        self._left = min(self._size, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Access:
    """Checks the token and the rate of a request; a dependency of the routes.

    Args:
        tokens: The tokens, each with a limit of its own.
        rate: Requests per second of each.
        counters: Counts what is refused.
    """

    def __init__(self, tokens: Sequence[str], rate: float, counters: Counters) -> None:
        self._buckets = {token.encode(): Bucket(rate) for token in tokens}
        self._counters = counters

    async def __call__(
        self, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> None:
        """Lets a request pass.

        Raises:
            HTTPException: 401 without a token of the file, 429 above the rate.
        """
        given = b"" if credentials is None else credentials.credentials.encode()
        # All of them are compared, so that the time says nothing about a token.
        found = [token for token in self._buckets if hmac.compare_digest(token, given)]
        if not found:
            raise HTTPException(
                401,
                "The request has no valid token.",
                {"WWW-Authenticate": "Bearer"},
            )
        if not self._buckets[found[0]].take():
            self._counters.limited.inc()
            raise HTTPException(429, "The client sends too many requests.")
