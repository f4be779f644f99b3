"""The user-interest graph from Python: `isthmus.connect()` opens it; see docs/python.md.

The names below are loaded when they are first used, so that `import isthmus` takes no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.api import AsyncSession, Session, connect, connect_async, evaluate
    from isthmus.errors import InputError, IsthmusError, NotFound
    from isthmus.graph.filters import Filter

__version__ = "0.1.0"

__all__ = [
    "AsyncSession",
    "Filter",
    "InputError",
    "IsthmusError",
    "NotFound",
    "Session",
    "__version__",
    "connect",
    "connect_async",
    "evaluate",
]

_HOMES = {
    "Filter": "isthmus.graph.filters",
    "InputError": "isthmus.errors",
    "IsthmusError": "isthmus.errors",
    "NotFound": "isthmus.errors",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "isthmus.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
