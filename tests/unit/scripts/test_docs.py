"""The pages for readers agree with the code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from isthmus.graph.ingest import EVENTS, TABLES
from isthmus.metrics import METRICS
from isthmus.scripts.main import COMMANDS
from isthmus.settings import Settings
from isthmus.settings_page import render_settings

ROOT = Path(__file__).resolve().parents[3]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS]
ROOMS = {"benchmarks", "cypher", "docs", "encoders", "examples", "gnn", "graph"}
ROOMS |= {"isthmus", "scripts", "tests", "workflows"}
STATEMENTS = {
    path.relative_to(ROOT / "cypher").with_suffix("").as_posix()
    for path in (ROOT / "cypher").rglob("*.cypher")
}
STATEMENT_FOLDERS = {name.partition("/")[0] for name in STATEMENTS}
# Names in the instructions for a new file.
PLACEHOLDER = re.compile(r"NAME|FOLDER|V0001__name")


def code_spans(page: Path) -> list[str]:
    """Texts in single backticks, outside of code blocks."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


def repository_paths(page: Path) -> list[tuple[str, str]]:
    """The paths that a page names, each with the name after its colon, or ""."""
    found = []
    for span in code_spans(page):
        match = re.fullmatch(r"([\w./-]+\.\w+|[\w-]+(?:/[\w.-]+)*)(?::([\w.]+))?", span)
        if match and match[1].partition("/")[0] in ROOMS and not PLACEHOLDER.search(span):
            found.append((match[1], match[2] or ""))
    return found


@cache
def defined_names(path: Path) -> set[str]:
    """Functions, classes, constants and methods (`Class.method`) of a Python file."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {
                f"{node.name}.{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef)
            }
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def test_the_page_of_settings_is_generated_from_the_settings() -> None:
    assert (ROOT / "docs/settings.md").read_text("utf-8") == render_settings(), (
        "run: python -m isthmus.settings_page > docs/settings.md"
    )


def test_the_page_of_settings_has_a_row_with_a_description_for_each_setting() -> None:
    rows = [line for line in render_settings().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(Settings.model_fields)
    for row in rows:
        assert re.search(r"\| [A-Z][^|]+ \|$", row), row


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    missing = [path for path, _ in repository_paths(page) if not (ROOT / path).exists()]
    assert not missing


def test_pages_name_paths_and_functions_at_all() -> None:
    named = [pair for page in PAGES for pair in repository_paths(page)]
    assert len(named) > 200
    assert sum(bool(name) for _, name in named) > 120


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_function_that_a_page_names_exists(page: Path) -> None:
    missing = [
        f"{path}:{name}"
        for path, name in repository_paths(page)
        if name and name not in defined_names(ROOT / path)
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_statement_that_a_page_names_exists(page: Path) -> None:
    named = [span for span in code_spans(page) if re.fullmatch(r"[a-z]+/[a-z_]+", span)]
    named = [name for name in named if name.partition("/")[0] in STATEMENT_FOLDERS]
    assert set(named) <= STATEMENTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_environment_variable_that_a_page_names_is_one_of_a_setting(page: Path) -> None:
    variables = set(re.findall(r"\b(?:ISTHMUS|NEO4J)_[A-Z_]+\b", page.read_text("utf-8")))
    assert all(f"`{variable}`" in render_settings() for variable in variables)


def test_the_readme_has_at_most_150_lines() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(f"(docs/{page.name})" in readme for page in DOCS)


def test_the_page_of_tables_has_every_column_of_every_table() -> None:
    page = (ROOT / "docs/tables.md").read_text("utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    for name, table in {**TABLES, "Events": EVENTS}.items():
        for column in table.columns:
            shown = f"**`{column.name}`**" if column.required else f"`{column.name}`"
            assert shown in sections[name], f"{name}: {column.name}"


def test_the_page_of_operations_has_every_command_and_metric() -> None:
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"`isthmus {name}`" not in page] == []
    assert [name for name in METRICS if f"`{name}`" not in page] == []


def test_the_glossary_is_in_alphabetical_order() -> None:
    page = (ROOT / "docs/glossary.md").read_text("utf-8")
    terms = [line.split(" | ")[0][2:] for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(terms) > 50
    assert terms == sorted(terms, key=str.casefold)


def test_make_names_files_that_exist() -> None:
    names = re.findall(r"\bbenchmarks/[\w/]+\.py\b", (ROOT / "Makefile").read_text("utf-8"))
    assert len(names) > 15
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_constants_have_the_values_that_the_page_of_the_model_gives() -> None:
    page = (ROOT / "docs" / "model.md").read_text("utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\S+) \| `(gnn/\S+)` \|", page, re.MULTILINE)
    assert len(rows) > 20
    for name, value, file in rows:
        text = (ROOT / file).read_text("utf-8")
        found = re.search(rf"^{name} = (\S+)", text, re.MULTILINE)
        assert found, f"{file} has no {name}"
        assert float(found[1].replace("_", "")) == float(value), name
