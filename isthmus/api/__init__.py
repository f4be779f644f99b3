"""The Python API: sessions on a graph, and evaluations; `import isthmus` has its names."""

from isthmus.api.asynchronous import AsyncSession, connect_async
from isthmus.api.evaluation import evaluate
from isthmus.api.session import Session, connect

__all__ = ["AsyncSession", "Session", "connect", "connect_async", "evaluate"]
