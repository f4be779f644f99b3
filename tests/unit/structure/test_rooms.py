"""The structure of the code: rooms and what they export, no circles, no long files, its words."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.unit.repository import ROOT, repository_files

LINKED = ("cypher", "encoders", "gnn", "graph", "scripts", "workflows")
"""Folders of the top level that are linked into isthmus/."""
ROOMS = ("encoders", "gnn", "graph")
"""Packages whose folders are rooms."""
LONGEST_FILE = 350
FORBIDDEN = re.compile(
    r"\b(lesson|exam|judges|told|taught|untouched|contenders|newcomer)s?\b", re.IGNORECASE
)


@cache
def modules() -> dict[str, Path]:
    """Import name to file, of all of the product's modules."""
    found = {}
    for folder in ("isthmus", *LINKED):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if folder == "isthmus" and parts[1] in LINKED:
                continue
            name = ".".join(parts if folder == "isthmus" else ("isthmus", *parts))
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def imports(module: str) -> tuple[tuple[str, str], ...]:
    """Module and name of each import from the project, type-checking imports included."""
    found = []
    for node in ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.module, alias.name) for alias in node.names]
    return tuple(pair for pair in found if pair[0].split(".")[0] == "isthmus")


def imported(module: str) -> set[str]:
    """The project's modules that a module imports."""
    pairs = imports(module)
    names = {
        f"{source}.{name}" if f"{source}.{name}" in modules() else source for source, name in pairs
    }
    return {name for name in names if name in modules() and name != module}


def room_of(module: str) -> str | None:
    """The room that a module belongs to, or None for one outside of all rooms."""
    parts = module.split(".")
    is_room = len(parts) > 2 and parts[1] in ROOMS and (ROOT / parts[1] / parts[2]).is_dir()
    return ".".join(parts[:3]) if is_room else None


def exports(room: str) -> list[str]:
    tree = ast.parse(modules()[room].read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def rooms() -> list[str]:
    return sorted({room for module in modules() if (room := room_of(module))})


def test_no_modules_import_each_other_in_a_circle() -> None:
    state: dict[str, int] = {}
    path: list[str] = []

    def visit(module: str) -> None:
        state[module] = 1
        path.append(module)
        for other in sorted(imported(module)):
            # A package's __init__ hands on the names of its own modules.
            if module.startswith(f"{other}.") or other.startswith(f"{module}."):
                continue
            if state.get(other) == 1:
                pytest.fail(" -> ".join([*path[path.index(other) :], other]))
            if other not in state:
                visit(other)
        path.pop()
        state[module] = 2

    for module in modules():
        if module not in state:
            visit(module)
    assert len(state) > 100


@pytest.mark.parametrize("room", rooms())
def test_a_room_says_what_it_is_for_and_what_it_exports(room: str) -> None:
    tree = ast.parse(modules()[room].read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert exports(room)


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_module_uses_of_other_rooms_what_they_export(module: str) -> None:
    for source, name in imports(module):
        room = room_of(source)
        if room is not None and room != room_of(module):
            assert source == room, f"{module} imports {source}, which is private to its room"
            assert name in exports(room), f"{room} does not export {name}"


def test_a_room_exports_nothing_that_only_itself_uses() -> None:
    users: dict[str, set[str]] = {room: set() for room in rooms()}
    sources = [*modules().values(), *sorted((ROOT / "benchmarks").rglob("*.py"))]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in users:
                users[node.module] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                room = f"isthmus.graph.{node.value.id}"  # from isthmus.graph import server
                if room in users:
                    users[room].add(node.attr)
    unused = {room: sorted(set(exports(room)) - names) for room, names in users.items()}
    assert not {room: names for room, names in unused.items() if names}


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_file_is_not_too_long_to_read(module: str) -> None:
    lines = modules()[module].read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE, f"{module} has {lines} lines"


def test_no_word_of_the_old_dialect_is_left() -> None:
    found = []
    for name in repository_files():
        path = ROOT / name
        if (
            path.is_symlink()
            or not path.is_file()
            or path.suffix not in (".py", ".md", ".cypher", ".j2")
        ):
            continue
        if name == "CHANGELOG.md" or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if FORBIDDEN.search(line):
                found.append(f"{name}:{number}: {line.strip()}")
    assert not found, "\n".join(found[:20])
