"""Baselines of one's own: a class with `fit` and `score`, given or installed by a package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from isthmus.errors import InputError
from isthmus.gnn.baselines.protocol import Baseline, Setting
from isthmus.gnn.baselines.registry import BASELINES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.gnn.data import HistoryWeighting, InterestGraph

ENTRY_POINTS = "isthmus.baselines"
"""Group of entry points by which a package names its classes."""


class Model(Protocol):
    """What a baseline of one's own is: a class that is made without arguments.

    An attribute `name` is its name in the result; without it, it is the name of the class. It is
    fitted once for each target domain, and tunes its own settings if it has any.
    """

    def fit(self, graph: InterestGraph, target: int) -> object:
        """Fits the graph, in which what is evaluated is hidden.

        Args:
            graph: Users, items, interactions, vectors and interests as arrays.
            target: Index of the target domain; `graph.items_of(target)` are its items.
        """
        ...

    def score(self, users: NDArray[np.int64]) -> NDArray[np.floating]:
        """Returns a score for each user and item of the target, (users, items of the target).

        Args:
            users: Indices into `graph.users`.
        """
        ...


def model_name(model: str | type[Model]) -> str:
    """Returns the name of a model in the result."""
    return model if isinstance(model, str) else str(getattr(model, "name", model.__name__))


def installed_baselines() -> dict[str, EntryPoint]:
    """Returns the classes that packages install, by name; none is loaded."""
    return {each.name: each for each in entry_points(group=ENTRY_POINTS)}


def own_baselines(models: Sequence[str | type[Model]]) -> dict[str, type[Baseline]]:
    """Returns the baselines among some models that are not isthmus's own, by name.

    Args:
        models: Classes, and names, of which those of installed classes are loaded.

    Raises:
        InputError: A class has no `fit` or `score`, cannot be loaded, or has the name of another.
    """
    installed = installed_baselines()
    own: dict[str, type[Baseline]] = {}
    for model in models:
        name = model_name(model)
        if isinstance(model, str) and (name in BASELINES or name not in installed):
            continue
        found = _load(installed[name]) if isinstance(model, str) else model
        if name in own or name in BASELINES:
            raise InputError(
                f"There are two models of the name {name!r}.", "Give the class another `name`."
            )
        own[name] = _adapt(name, found)
    return own


def _load(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:  # of a package that isthmus does not know
        raise InputError(
            f"The baseline {entry.name!r} cannot be loaded from {entry.value}: {error!r}.",
            "Correct the package, or uninstall it.",
        ) from error


def _adapt(name: str, model: Any) -> type[Baseline]:
    """Returns a class of `fit` and `score` as a `Baseline` without settings.

    Raises:
        InputError: It is no class, or lacks one of them.
    """
    missing = [each for each in ("fit", "score") if not callable(getattr(model, each, None))]
    if missing or not isinstance(model, type):
        raise InputError(
            f"The model {name!r} is no class with `fit` and `score`"
            + (f": it has no {' and no '.join(missing)}." if missing else "."),
            "See docs/python.md for what a model needs.",
        )

    class Own:
        def __init__(self, fitted: Model, items: int) -> None:
            self._fitted, self._items = fitted, items

        @classmethod
        def grid(cls, weightings: Sequence[HistoryWeighting]) -> list[Setting]:
            return [()]

        @classmethod
        def fit_grid(
            cls, graph: InterestGraph, target: int, settings: Sequence[Setting], seed: int
        ) -> Iterator[Self]:
            for _ in settings:
                fitted: Model = model()
                fitted.fit(graph, target)
                yield cls(fitted, len(graph.items_of(target)))

        def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
            given = self._fitted.score(users)
            scores = np.asarray(given, np.float32)
            wanted = (len(users), self._items)
            if scores.shape != wanted:
                raise InputError(
                    f"`score` of the model {name!r} returned an array of shape {scores.shape} for "
                    f"{len(users)} users and {self._items} items of the target.",
                    f"Return one of shape {wanted}: a row for each user, a column for each item.",
                )
            if not np.isfinite(scores).all():
                raise InputError(
                    f"`score` of the model {name!r} returned a number that is not finite.",
                    "Return a small number for items that are not to be recommended.",
                )
            return scores

    return Own
