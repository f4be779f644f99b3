"""Reads with libraries that end a thread on damaged files, and print that to standard error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

STANDARD_ERROR = 2


class Panic(Exception):
    """A library could not go on; what it says is for its developers."""


@contextmanager
def quiet_panics() -> Iterator[None]:
    """Turns a panic of polars or fastexcel in the block into an exception, without its printout.

    The printout goes to the descriptor of standard error, which the block does not have.

    Raises:
        Panic: The library panicked.
    """
    try:
        saved = os.dup(STANDARD_ERROR)
    except OSError:  # there is no standard error to be kept quiet
        saved = None
    try:
        if saved is not None:
            with open(os.devnull, "wb") as nothing:
                os.dup2(nothing.fileno(), STANDARD_ERROR)
        yield
    except BaseException as error:
        _raise_panic(error)
    finally:
        if saved is not None:
            os.dup2(saved, STANDARD_ERROR)
            os.close(saved)


def _raise_panic(error: BaseException) -> NoReturn:
    # Each library has a class of its own for it, which fastexcel does not export.
    if type(error).__name__ == "PanicException":
        raise Panic(str(error)) from error
    raise error
