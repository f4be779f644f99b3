"""Results as a page, a picture and lines for a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isthmus.errors import InputError, IsthmusError
from isthmus.gnn.evaluation import plots
from isthmus.gnn.evaluation import report as tables
from isthmus.gnn.evaluation.results import pooled
from tests.unit.gnn.test_results import result


def documents() -> list[dict]:
    first = result([0.3, 0.5], [0.2, 0.4], [0, 0])
    second = result([0.5, 0.7], [0.4, 0.6], [0, 0], fold=1)
    head = {"dataset": "board", "protocol": "cold-start, fold 0"}
    for part in (first, second):
        part.head.update(head)
    return [pooled([first, second], "cold-start, folds 0, 1").document()]


def test_the_summary_sets_transfer_beside_the_best_baseline() -> None:
    page = tables.markdown(documents())
    row = "| board | films | 4 | NDCG@10 | 0.5000 | als 0.4000 | 1.250 | "
    assert row + "+0.1000 (+0.1000 to +0.1000) |" in page


def test_the_page_names_machine_versions_audit_and_every_fold() -> None:
    page = tables.markdown(documents())
    assert "cores" in page
    assert "torch 2" in page
    assert "Leak audit: 4 users, 18 hidden interactions, 0 found" in page
    assert "| model | fold 0 | fold 1 |" in page
    assert "| als | 0.3000 | 0.5000 |" in page


def test_the_page_says_by_dataset_when_it_was_measured_where_that_was_not_at_once() -> None:
    earlier, now = documents()[0] | {"measured": "Measured before."}, documents()[0]
    assert "\nMeasured before.\n" in tables.markdown([earlier, earlier])
    page = tables.markdown([earlier, now | {"dataset": "films"}])
    assert "- board: Measured before.\n- films: Measured on " in page


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    lines = tables.markdown(documents()).splitlines()
    cells = [line.count("|") for line in lines]
    for line, before in zip(cells[1:], cells, strict=False):
        assert not (line and before) or line == before


def test_a_measure_without_an_interval_promises_none() -> None:
    page = tables.markdown(documents())
    assert "NDCG@10, 95 %" in page
    assert "rank correlation" not in page


def test_the_terminal_reads_the_same_figures() -> None:
    text = tables.plain(documents())
    assert "films: 4 users" in text
    assert "transfer is 1.250 of als, +0.1000 (+0.1000 to +0.1000)" in text


def test_the_terminal_says_how_many_a_measure_judges() -> None:
    document = documents()[0]
    for model in document["models"].values():
        model.update(
            {"rank_correlation": 0.5, "rank_correlation_interval": [0.4, 0.6]}
            | {"rank_correlation_users": 3}
        )
    assert "rank correlation (95 %, 3 of them)" in tables.plain([document])


def test_json_page_and_picture_are_written_beside_each_other(tmp_path: Path) -> None:
    tables.write(tmp_path / "new" / "films.v1", documents(), "Films")
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["films.v1.json", "films.v1.md", "films.v1.png"]
    assert json.loads((tmp_path / "new" / "films.v1.json").read_text("utf-8")) == documents()
    assert "![Films](films.v1.png)" in (tmp_path / "new" / "films.v1.md").read_text("utf-8")
    assert (tmp_path / "new" / "films.v1.png").read_bytes().startswith(b"\x89PNG")


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        tables.write(tmp_path / "file" / "films", documents())


def test_without_matplotlib_a_sentence_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(plots.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(IsthmusError, match="pip install matplotlib"):
        plots.draw(documents(), tmp_path / "films.png")
