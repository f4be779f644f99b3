"""The public Python interface: its names and signatures, and an import that takes no time."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.resources import files

import pytest

import isthmus

SIGNATURES = {
    "connect": "(home, uri, *, username, password, database, config)",
    "connect_async": "(home, uri, **options)",
    "evaluate": "(dataset, models, target, *, fold, encoder, home)",
    "Session.close": "(self)",
    "Session.recommend": "(self, user, domain, n, *, filter, paths, reasons, language)",
    "Session.recommend_text": "(self, text, domain, n, *, filter, paths, reasons, language)",
    "Session.explain": "(self, user, domain, item, language)",
    "Session.feedback": "(self, user, domain, item, like, *, weight, event_id)",
    "Session.feedback_text": "(self, user, text, *, event_id)",
    "Session.interests": "(self, user, language)",
    "Session.related": "(self, domain, item, n, *, target)",
    "Session.search": "(self, words, kind, n, *, domain)",
    "Session.query": "(self, statement, /, **parameters)",
    "Session.edges": "(self, kind, generation)",
    "Session.vectors": "(self, domain)",
    "Session.prepare_texts": "(self)",
    "Session.evaluate": "(self, dataset, models, target, *, fold, encoder)",
    "AsyncSession.recommend": "(self, user, domain, n, *, filter, paths, reasons, language)",
    "AsyncSession.recommend_text": "(self, text, domain, n, *, filter, paths, reasons, language)",
    "AsyncSession.explain": "(self, user, domain, item, language)",
    "AsyncSession.feedback": "(self, user, domain, item, like, *, weight, event_id)",
    "AsyncSession.feedback_text": "(self, user, text, *, event_id)",
    "AsyncSession.interests": "(self, user, language)",
    "AsyncSession.query": "(self, statement, /, **parameters)",
}
HEAVY = ("click", "neo4j", "numpy", "polars", "pydantic", "scipy", "torch")


def names_of(signature: inspect.Signature) -> str:
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(bare))


def test_the_public_names_are_these() -> None:
    assert isthmus.__all__ == [
        *("AsyncSession", "Filter", "InputError", "IsthmusError", "NotFound", "Session"),
        *("__version__", "connect", "connect_async", "evaluate"),
    ]
    for name in isthmus.__all__:
        assert getattr(isthmus, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        isthmus.conect  # noqa: B018


def test_the_public_functions_have_these_parameters_and_no_others_are_public() -> None:
    for name, signature in SIGNATURES.items():
        function: object = isthmus
        for part in name.split("."):
            function = getattr(function, part)
        assert names_of(inspect.signature(function)) == signature, name
    for kind in (isthmus.Session, isthmus.AsyncSession):
        public = {f"{kind.__name__}.{name}" for name in vars(kind) if not name.startswith("_")}
        assert public - {"AsyncSession.session", "Session.graph"} <= set(SIGNATURES)


def test_the_import_loads_nothing_heavy() -> None:
    code = f"import isthmus, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_type_checkers_find_the_types() -> None:
    assert files("isthmus").joinpath("py.typed").is_file()
