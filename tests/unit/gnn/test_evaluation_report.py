"""Result documents as a Markdown page, a plot and terminal text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isthmus.errors import InputError, IsthmusError
from isthmus.gnn.evaluation import plots, report
from isthmus.gnn.evaluation.results import pool_folds
from tests.unit.gnn.test_results import result


def documents() -> list[dict]:
    first = result([0.3, 0.5], [0.2, 0.4], [0, 0])
    second = result([0.5, 0.7], [0.4, 0.6], [0, 0], fold=1)
    head = {"dataset": "board", "protocol": "cold-start, fold 0"}
    for part in (first, second):
        part.head.update(head)
    return [pool_folds([first, second], "cold-start, folds 0, 1").document()]


def test_the_summary_compares_transfer_with_the_best_baseline() -> None:
    page = report.render_markdown(documents())
    row = "| board | films | 4 | NDCG@10 | 0.5000 | als 0.4000 | 1.250 | "
    assert row + "+0.1000 (+0.1000 to +0.1000) |" in page


def test_the_page_names_machine_versions_leakage_check_and_every_fold() -> None:
    page = report.render_markdown(documents())
    assert "cores" in page
    assert "torch 2" in page
    assert "Leakage check: 4 users, 18 hidden interactions, 0 found" in page
    assert "| model | fold 0 | fold 1 |" in page
    assert "| als | 0.3000 | 0.5000 |" in page


def test_the_page_says_when_each_dataset_was_measured_if_these_differ() -> None:
    earlier, now = documents()[0] | {"measured": "Measured before."}, documents()[0]
    assert "\nMeasured before.\n" in report.render_markdown([earlier, earlier])
    page = report.render_markdown([earlier, now | {"dataset": "films"}])
    assert "- board: Measured before.\n- films: Measured on " in page


def test_every_row_of_a_table_has_as_many_cells_as_its_header() -> None:
    lines = report.render_markdown(documents()).splitlines()
    cells = [line.count("|") for line in lines]
    for line, before in zip(cells[1:], cells, strict=False):
        assert not (line and before) or line == before


def test_the_page_shows_intervals_and_omits_undefined_measures() -> None:
    page = report.render_markdown(documents())
    assert "NDCG@10, 95 %" in page
    assert "rank correlation" not in page


def test_the_terminal_text_has_the_same_figures() -> None:
    text = report.render_text(documents())
    assert "films: 4 users" in text
    assert "transfer is 1.250 of als, +0.1000 (+0.1000 to +0.1000)" in text


def test_the_terminal_text_counts_the_users_of_a_measure() -> None:
    document = documents()[0]
    for model in document["models"].values():
        model.update(
            {"rank_correlation": 0.5, "rank_correlation_interval": [0.4, 0.6]}
            | {"rank_correlation_users": 3}
        )
    assert "rank correlation (95 %, 3 of them)" in report.render_text([document])


def test_json_page_and_plot_are_written_to_the_same_folder(tmp_path: Path) -> None:
    report.write_report(tmp_path / "new" / "films.v1", documents(), "Films")
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["films.v1.json", "films.v1.md", "films.v1.png"]
    assert json.loads((tmp_path / "new" / "films.v1.json").read_text("utf-8")) == documents()
    assert "![Films](films.v1.png)" in (tmp_path / "new" / "films.v1.md").read_text("utf-8")
    assert (tmp_path / "new" / "films.v1.png").read_bytes().startswith(b"\x89PNG")


def test_an_unwritable_output_path_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        report.write_report(tmp_path / "file" / "films", documents())


def test_without_matplotlib_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(plots.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(IsthmusError, match="pip install matplotlib"):
        plots.draw_results(documents(), tmp_path / "films.png")
