"""The Python API: sessions on a graph, and evaluations; `import isthmus` has its names."""

from isthmus.api.asynchronous import AsyncSession, connect_async
from isthmus.api.evaluation import evaluate
from isthmus.api.opening import connect
from isthmus.api.session import Session

__all__ = ["AsyncSession", "Session", "connect", "connect_async", "evaluate"]
