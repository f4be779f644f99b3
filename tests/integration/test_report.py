"""The report of a small graph: what its statements count, and the page that shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from isthmus.errors import InputError, NothingToDo
from isthmus.gnn.edges import CONTENT_FIRST, EdgeList, LearnedEdges
from isthmus.gnn.edges.edge_list import EMPTY_EDGES
from isthmus.graph.database import Graph
from isthmus.graph.generations.publish import Provenance, publish_generation
from isthmus.graph.generations.snapshot import read_snapshot
from isthmus.graph.ingest import ingest_dataset
from isthmus.graph.report import collect_report, read_evaluations, write_page
from isthmus.graph.report.sections import rising_interests
from isthmus.graph.sources import read_dataset
from isthmus.scripts.report import command
from isthmus.settings import Settings

EVIL = "</script><script>alert(1)</script>"
ITEMS = f"""item_id,domain,title
m1,museums,A Roman Bath
m2,museums,泉州海外交通史博物馆
p1,podcasts,History of Salt
p2,podcasts,{EVIL}
p3,podcasts,Nobody Listens
"""
INTERACTIONS = """user_id,item_id,weight,timestamp
ida,m1,1,2026-01-10
ida,m2,1,2026-03-10
ida,p1,-1,2026-03-12
bao,m1,1,2026-03-02
bao,p1,1,2026-03-03
bao,p2,1,2026-03-04
卡尔,p1,1,
"""


@pytest.fixture
def museums(graph: Graph, server_settings: Settings, tmp_path: Path) -> Graph:
    """Two museums lead to a podcast each."""
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "items.csv").write_text(ITEMS, "utf-8")
    (folder / "interactions.csv").write_text(INTERACTIONS, "utf-8")
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    data = read_snapshot(graph)
    at = {key: k for k, key in enumerate(data.items)}
    pairs = (("museums:m1", "podcasts:p1", 2.0), ("museums:m2", "podcasts:p2", 1.0))
    transfer = EdgeList(
        np.array([at[source] for source, _, _ in pairs]),
        np.array([at[target] for _, target, _ in pairs]),
        np.array([weight for _, _, weight in pairs], np.float32),
    )
    merge = dict.fromkeys(data.domains, CONTENT_FIRST)
    learned = LearnedEdges(
        transfer, EMPTY_EDGES, EMPTY_EDGES, merge, metrics={"held-out ndcg@10": 0.25}
    )
    publish_generation(graph, data, learned, Provenance("", {}))
    return graph


def test_the_report_counts_what_the_graph_holds(museums: Graph, server_settings: Settings) -> None:
    report = collect_report(museums, server_settings)
    domains = {row["domain"]: row for row in report["domains"]}
    assert (domains["podcasts"]["items"], domains["podcasts"]["liked"]) == (3, 2)
    assert (domains["podcasts"]["edges"], domains["podcasts"]["reached"]) == (2, 2)
    assert (domains["museums"]["items"], domains["museums"]["edges"]) == (2, 0)
    months = {(row["domain"], row["month"]): row["interactions"] for row in report["months"]}
    assert months == {
        ("museums", "2026-01"): 1,
        ("museums", "2026-03"): 2,
        ("podcasts", "2026-03"): 3,
        ("podcasts", None): 1,
    }
    [overlap] = report["overlap"]
    assert (overlap["domain"], overlap["other"], overlap["users"]) == ("museums", "podcasts", 2)
    assert (overlap["share"], overlap["share_of_other"]) == (1.0, pytest.approx(2 / 3))
    assert [(r["source"], r["target"], r["edges"], r["weight"]) for r in report["transfers"]] == [
        ("museums", "podcasts", 2, 1.5)
    ]
    assert [person["user"] for person in report["people"]] == ["bao", "ida"]
    bao = report["people"][0]
    assert bao["answer"]["domain"] == "museums"
    assert [item["item_id"] for item in bao["answer"]["items"]] == ["m2"]
    podcasts = next(row for row in report["recommended"] if row["domain"] == "podcasts")
    assert podcasts["users"] == 3
    assert podcasts["recommended"] == 2
    # ida lacks p2 and p3, bao p3, and 卡尔 p2 and p3.
    assert sum(row["places"] for row in podcasts["deciles"]) == 5
    assert report["generations"][0]["metrics"] == {"held-out ndcg@10": 0.25}
    assert {check["name"] for check in report["data_quality"]} >= {"robots", "undated"}


def test_the_page_needs_no_network_and_no_title_leaves_its_text(
    museums: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    evaluation = tmp_path / "podcasts.json"
    model = {"ndcg@10": 0.3, "ndcg@10_interval": [0.2, 0.4], "coverage@10": 0.5}
    head = {"dataset": "tables", "target": "podcasts", "users": 9}
    evaluation.write_text(json.dumps([head | {"models": {"transfer": model, "als": model}}]))
    report = collect_report(museums, server_settings, ["ida"], read_evaluations([evaluation]))
    write_page(tmp_path / "report.html", report)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert EVIL not in page
    assert len(re.findall("<script", page)) == 2
    assert "泉州海外交通史博物馆" in page
    assert len(page) < 6e6
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(?:src|href)=["'](?!#)""", markup)
    charts = json.loads(re.findall(r'id="data">(.*?)</script>', page, re.DOTALL)[0])
    by_id = {chart["id"]: chart for chart in charts}
    assert by_id["months"]["option"]["xAxis"]["data"] == ["2026-01", "2026-02", "2026-03"]
    assert by_id["transfers"]["rows"] == [["museums", "podcasts", 2, 1.5, 2]]
    assert by_id["models-0"]["rows"][0] == ["transfer", "0.3000", "0.2000 to 0.4000", "0.5000"]
    for chart in charts:
        assert f'id="{chart["id"]}"' in page


def test_the_command_writes_no_page_of_an_empty_graph_or_of_a_file_that_is_no_evaluation(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    runner, home = CliRunner(), ["--home", str(server_settings.home)]
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    with pytest.raises(InputError, match=r"broken\.json is no result of an evaluation"):
        read_evaluations([broken])
    result = runner.invoke(command, ["-o", str(tmp_path / "page.html"), *home])
    assert isinstance(result.exception, NothingToDo)
    assert not (tmp_path / "page.html").exists()


def test_an_interest_rises_by_its_share_and_not_by_the_growth_of_all() -> None:
    series = [
        {"interest": "jazz", "likes": [10, 10, 20, 20, 20]},
        {"interest": "opera", "likes": [10, 10, 10, 10, 10]},
        {"interest": "rare", "likes": [1, 0, 3, 3, 3]},
    ]
    rows = rising_interests(series)
    assert [row["interest"] for row in rows] == ["jazz", "opera"]
    # 20 of 41 likes before, 60 of 99 after.
    assert (rows[0]["before"], rows[0]["after"]) == pytest.approx((48.78, 60.61), abs=0.01)
    assert rising_interests([{"interest": "new", "likes": [5, 9, 12]}]) == []
