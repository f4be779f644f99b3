"""The explorer and the report in a browser, on a small graph with awkward ids and titles."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from isthmus.graph.database.session import connect
from isthmus.graph.report import collect_report, write_page
from tests.conftest import delete_all
from tests.integration.served_graph import load_served_graph

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

    from isthmus.settings import Settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PROGRAM = next(filter(None, map(shutil.which, BROWSERS)), None)
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
EVIL = "<img src=x onerror=alert(1)>"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium or Chrome is installed")


@pytest.fixture(scope="module")
def served(server_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    with connect(server_settings) as graph:
        delete_all(graph)
        load_served_graph(graph, server_settings, tmp_path_factory.mktemp("tables"), encoded=False)
        graph.run("MATCH (i:Item {key: 'films:f3'}) SET i.title = $title", {"title": EVIL})
    return server_settings


@pytest.fixture(scope="module")
def address(served: Settings) -> Iterator[str]:
    """The address that `isthmus serve` prints on a terminal."""
    command = [sys.executable, "-m", "isthmus.scripts.main", "serve", "--port", "0", "--json"]
    command += ["--home", str(served.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        token = Path(started["token_file"]).read_text("utf-8").split()[0]
        yield f"{started['address']}/#token={token}"
        process.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # A sandbox of its own needs rights that root in a container does not have.
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A signed-in page, in which nothing fails unseen and no script asks anything."""
    context = browser.new_context(viewport=WIDE, locale="en-GB")
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("dialog", lambda dialog: failures.append(f"dialog: {dialog.message}"))
    page.on("console", lambda line: failures.append(line.text) if is_failure(line) else None)
    page.goto(address)
    page.get_by_role("heading", name="Explore the graph").wait_for()
    yield page
    context.close()
    assert failures == []


def is_failure(line: ConsoleMessage) -> bool:
    """Whether a line of the console is an error, and not the browser's note on a refusal."""
    return line.type == "error" and "the server responded with a status of 4" not in line.text


def go(page: Page, fragment: str) -> None:
    """Goes to a view, and waits until it shows all that it asks for."""
    from playwright.sync_api import expect

    change = """fragment => new Promise(changed => {
        addEventListener("hashchange", changed, {once: true});
        location.hash = fragment;
    })"""
    page.evaluate(change, fragment)
    expect(page.locator(".loading, [aria-busy=true]")).to_have_count(0, timeout=30_000)


def titles(page: Page) -> list[str]:
    return page.locator("ol.answers h3").all_inner_texts()


def test_the_token_leaves_the_address_and_a_wrong_one_is_refused(page: Page) -> None:
    assert "token" not in page.url
    page.reload()
    page.get_by_role("heading", name="Explore the graph").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Token").fill("0123456789abcdef-wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("The service does not know this token.").wait_for()


def test_from_a_search_to_a_like_that_changes_the_list(page: Page) -> None:
    page.get_by_role("searchbox").fill("an")
    page.get_by_role("link", name="ana").click()
    page.get_by_role("heading", name="ana", exact=True).wait_for()
    page.get_by_role("link", name="Recommend for ana").click()
    page.get_by_label("Domain").select_option("films")
    page.get_by_role("button", name="Recommend", exact=True).click()
    # Scores 2.0, 0.5 and 0.0, see served_graph; a title is shown as it is written.
    page.get_by_text("Because you liked", exact=False).first.wait_for()
    assert titles(page) == ["Starships beyond the sun", EVIL, "罗马的陷落"]
    page.get_by_role("button", name="Why is Starships beyond the sun here?").click()
    page.get_by_text("is number 1 of 3", exact=False).first.wait_for()
    page.get_by_role("button", name="ana likes Starships beyond the sun").click()
    # f1 and f2 are liked together: 0.5 more for f2, which is as much as f3 has by its edge.
    page.get_by_text(
        "Recorded: ana likes “Starships beyond the sun”.", exact=False
    ).first.wait_for()
    assert sorted(titles(page)) == sorted([EVIL, "罗马的陷落"])
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Taken back", exact=False).first.wait_for()
    assert titles(page) == ["Starships beyond the sun", EVIL, "罗马的陷落"]


def test_a_statement_runs_and_its_columns_sort(page: Page) -> None:
    go(page, "#/library")
    page.get_by_label("Find a question").fill("most liked")
    page.get_by_role("link", name=re.compile("^most liked")).click()
    page.get_by_role("button", name="Run").click()
    page.locator("table tbody tr").first.wait_for()
    page.get_by_role("button", name="Sort by title").click()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    page.get_by_role("button", name="Plan").click()
    page.get_by_text("ProduceResults").wait_for()


def test_a_mistake_is_a_sentence_with_advice(page: Page) -> None:
    go(page, "#/recommend?user=ana&domain=films&where=prise%20%3C%203")
    page.get_by_role("alert").wait_for()
    assert "prise" in page.get_by_role("alert").inner_text()


VIEWS = (
    "#/",
    "#/item/films/f1",
    "#/item/books/b%3A2%20%F0%9F%9A%80",
    "#/user/ana",
    "#/interest/category%3Acooking",
    "#/recommend?user=ana&domain=films",
    "#/library",
    "#/library/insight/most_liked",
    "#/compare",
)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_view_is_wider_than_a_telephone_or_shuts_anybody_out(page: Page, language: str) -> None:
    page.evaluate("language => localStorage.setItem('isthmus-language', language)", language)
    page.reload()
    for view in VIEWS:
        go(page, view)
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)
            assert overflow(page) <= 0, (view, size)
        assert serious_violations(page) == [], view


def test_the_report_is_no_wider_than_a_telephone_and_shuts_nobody_out(
    browser: Browser, served: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    with connect(served) as graph:
        write_page(path, collect_report(graph, served))
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport=NARROW, color_scheme=scheme)
        page = context.new_page()
        page.goto(path.as_uri())
        assert overflow(page) <= 0
        assert serious_violations(page) == []
        context.close()


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def serious_violations(page: Page) -> list[Any]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
