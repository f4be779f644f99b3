"""Health checks of who has access to the home, and of who holds the retraining lock."""

from __future__ import annotations

from isthmus.files import OTHERS, home_access_error
from isthmus.graph.database import UNLOCK, Graph, read_lock
from isthmus.graph.operations.check import Check
from isthmus.settings import Settings


def check_home(settings: Settings) -> Check:
    """Checks that nobody else has access to the home."""
    if not settings.home.exists():
        return Check("home", True, f"{settings.home} is created when it is needed.")
    if error := home_access_error(settings.home):
        return Check("home", False, error.message, error.advice)
    if settings.home.stat().st_mode & OTHERS:
        found = f"{settings.home} is made private to its owner when the server is first started."
        return Check("home", True, found)
    return Check("home", True, f"Only its owner has access to {settings.home}.")


def check_lock(graph: Graph) -> Check:
    """Checks that the retraining lock is free, or held by a run that can release it."""
    hold, unlocks = read_lock(graph)
    if hold is None:
        last = f" Last freed by hand: {unlocks[-1]}." if unlocks else ""
        return Check("lock", True, f"The retraining lock is free.{last}")
    advice = f"If that run has ended: `{UNLOCK}`." if hold.problem else ""
    return Check("lock", not hold.problem, f"A run, {hold}", advice)
