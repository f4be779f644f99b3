"""Renders result documents as Markdown pages and terminal text, and writes them to files."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import torch

from isthmus.errors import InputError
from isthmus.files import write_file
from isthmus.gnn.evaluation.plots import draw_results
from isthmus.gnn.evaluation.results import VARIANTS
from isthmus.output import json_text

LIBRARIES = ("torch", "torch-geometric", "implicit", "sentence-transformers", "numpy", "scipy")
MEASURE_NAMES = {
    "ndcg@10": "NDCG@10",
    "recall@10": "Recall@10",
    "rank_correlation": "rank correlation",
    "hr@5": "HR@5",
    "hr@10": "HR@10",
    "mrr": "MRR",
}
EXPLANATION = (
    "Figures are means over held-out users with a bootstrap 95 % interval. A gain is the mean "
    "per-user difference between transfer and the other model, so its interval can show a "
    "difference where the intervals of the two models overlap. The best baseline is selected on "
    "these same users, which favours it."
)

GROUPS = (("ndcg@10_by_popularity", "{} third"), ("ndcg@10_by_history", "history {}"))

Cell = Callable[[str, dict[str, Any]], str]
Column = tuple[str, Cell]


def render_markdown(documents: Sequence[dict[str, Any]], title: str = "Accuracy") -> str:
    """Renders a page: date and machine, a summary, then a section for each document."""
    lines = [f"# {title}", "", *_measurement_lines(documents), "", EXPLANATION, ""]
    summary = [row for document in documents for row in _summary_rows(document)]
    if summary:
        header = (
            "dataset | target | users | measure | transfer | best baseline | ratio | gain, 95 %"
        )
        lines += [f"| {header} |", "|" + "---|" * 8, *summary, ""]
    for document in documents:
        lines += _section(document)
    return "\n".join(lines)


def _measurement_lines(documents: Sequence[dict[str, Any]]) -> list[str]:
    """Returns when and where the documents were measured, by dataset where these differ."""
    datasets_by_description: dict[str, dict[str, None]] = {}
    for document in documents:
        description = document.get("measured") or describe_machine()
        datasets_by_description.setdefault(description, {})[document["dataset"]] = None
    if len(datasets_by_description) == 1:
        return list(datasets_by_description)
    return [
        f"- {', '.join(datasets)}: {description}"
        for description, datasets in datasets_by_description.items()
    ]


def describe_machine() -> str:
    """Returns a sentence with today's date, this machine and the library versions."""
    memory = psutil.virtual_memory().total / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    gpu = f"{torch.cuda.get_device_name()}, " if torch.cuda.is_available() else ""
    return (
        f"Measured on {date.today()}: {platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, {gpu}{platform.system()}, Python {platform.python_version()}, "
        f"{libraries}."
    )


def render_text(documents: Sequence[dict[str, Any]]) -> str:
    """Renders a few lines per document for the terminal."""
    lines = []
    for document in documents:
        measures = [m for m in MEASURE_NAMES if any(m in e for e in document["models"].values())]
        compared = [m for m in measures if m not in ("recall@10", "hr@5", "mrr")]
        heads = ", ".join(f"{MEASURE_NAMES[m]} (95 %{_count_users(document, m)})" for m in compared)
        lines.append(f"{document['target']}: {document['users']} users, {heads}")
        for name, model in document["models"].items():
            figures = "  ".join(_with_interval(model, measure) for measure in compared)
            lines.append(f"  {name:<21} {figures}")
        lines += [f"  {sentence}" for sentence in _through_graph(document)]
        for measure, best in (document["best_baseline"] or {}).items():
            if measure in compared:
                low, high = best["interval"]
                lines.append(
                    f"  {MEASURE_NAMES[measure]}: transfer is {_ratio(best)} of {best['name']}, "
                    f"{best['gain']:+.4f} ({low:+.4f} to {high:+.4f})"
                )
    return "\n".join(lines)


def write_report(out: Path, documents: Sequence[dict[str, Any]], title: str = "Accuracy") -> None:
    """Writes OUT.json, OUT.md and OUT.png.

    Raises:
        InputError: The files cannot be written.
        IsthmusError: matplotlib is not installed.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        text = json_text(list(documents), ascii_only=False, indent=1) + "\n"
        write_file(_with_suffix(out, "json"), text, private=False)
        page = f"{render_markdown(documents, title)}\n![{title}]({out.name}.png)\n"
        write_file(_with_suffix(out, "md"), page, private=False)
        draw_results(documents, _with_suffix(out, "png"))
    except OSError as error:
        raise InputError(
            f"The results cannot be written to {out}: {error.strerror or error}.",
            "Choose an output path that you may write to.",
        ) from error


def _with_suffix(out: Path, suffix: str) -> Path:
    return out.with_name(f"{out.name}.{suffix}")


def _summary_rows(document: dict[str, Any]) -> list[str]:
    """Returns one table row per measure: transfer compared with the best baseline."""
    rows = []
    for measure, best in (document["best_baseline"] or {}).items():
        transfer = document["models"]["transfer"]
        users = transfer.get(f"{measure}_users", document["users"])
        cells = [
            document["dataset"],
            document["target"],
            f"{users:,}",
            MEASURE_NAMES[measure],
            f"{transfer[measure]:.4f}",
            f"{best['name']} {best['value']:.4f}",
            _ratio(best),
            _gain({"ndcg@10": best["gain"], "interval": best["interval"]}, "ndcg@10"),
        ]
        rows.append(_row(cells))
    return rows


def _section(document: dict[str, Any]) -> list[str]:
    if "audits" not in document:  # A mean over targets has no section.
        return []
    models = {name: m for name, m in document["models"].items() if name not in VARIANTS}
    variants = {name: m for name, m in document["models"].items() if name in VARIANTS}
    leak, twins = document["audits"]["leak"], document["audits"].get("twins")
    found = f", {twins['found']:,} of {twins['checked_rows']:,} likes have a twin" if twins else ""
    lines = [
        f"## {document['dataset']}, target {document['target']}",
        "",
        f"{document['protocol']}; {document['users']:,} users. Leakage check: "
        f"{leak['checked_users']:,} users, {leak['hidden_rows']:,} hidden interactions, "
        f"{leak['found']} found{found}.",
        "",
        *_table(models, _accuracy_columns(models)),
        *_table(models, _group_columns(models)),
    ]
    if variants:
        lines += ["Ablation of transfer:", "", *_table(variants, _ablation_columns(variants))]
    for name, figures in document.get("published", {}).items():
        values = ", ".join(f"{MEASURE_NAMES[m]} {value:.4f}" for m, value in figures.items())
        lines += [f"{name}, as published: {values}.", ""]
    for sentence in _through_graph(document):
        lines += [f"Transfer {sentence}.", ""]
    if "folds" in document:
        lines += _table(models, _fold_columns(document["folds"]))
    return lines


def _through_graph(document: dict[str, Any]) -> list[str]:
    """Compares the ranking by Cypher with the one in memory, if the document has both."""
    compared = document["models"].get("transfer", {}).get("through_graph")
    if not compared:
        return []
    return [
        f"through the graph: NDCG@10 {compared['ndcg@10']:.4f}, in memory "
        f"{compared['ndcg@10_in_memory']:.4f}; {compared['lists_agree']:.1%} of the lists agree"
    ]


def _table(models: dict[str, Any], columns: list[Column]) -> list[str]:
    if not columns:
        return []
    return [
        _row(["model", *(title for title, _ in columns)]),
        "|" + "---|" * (1 + len(columns)),
        *(_row([name, *(cell(name, m) for _, cell in columns)]) for name, m in models.items()),
        "",
    ]


def _accuracy_columns(models: dict[str, Any]) -> list[Column]:
    """Returns the accuracy measures of these models, then beyond-accuracy measures and cost."""
    columns: list[Column] = []
    for measure, name in MEASURE_NAMES.items():
        if any(measure in model for model in models.values()):
            has_interval = any(f"{measure}_interval" in model for model in models.values())
            columns.append((f"{name}, 95 %" if has_interval else name, _value_cell(measure)))
        if any(measure in model.get("transfer_gain", {}) for model in models.values()):
            columns.append(("gain, 95 %", _gain_cell(measure)))
    overall = (
        ("coverage@10", "coverage", 3),
        ("diversity@10", "diversity", 3),
        ("novelty@10", "novelty", 2),
        ("fit_seconds", "seconds", 0),
        ("peak_mb", "MB", 0),
    )
    return columns + [
        (title, _figure_cell((key,), digits))
        for key, title, digits in overall
        if any(key in model for model in models.values())
    ]


def _group_columns(models: dict[str, Any]) -> list[Column]:
    """Returns NDCG@10 by the popularity of the liked items and by the user's history length."""
    first = next(iter(models.values()))
    return [
        (title.format(name), _figure_cell((key, name)))
        for key, title in GROUPS
        for name in first.get(key, {})
    ]


def _ablation_columns(variants: dict[str, Any]) -> list[Column]:
    """Returns NDCG@10 of the variants, and the gain of transfer over them by group."""
    gains = next(iter(variants.values())).get("transfer_gain", {})
    return [
        ("NDCG@10, 95 %", _value_cell("ndcg@10")),
        ("gain of transfer, 95 %", _gain_cell("ndcg@10")),
        *(
            (f"gain, {title.format(name)}", _group_gain_cell(key, name))
            for key, title in GROUPS
            for name in gains.get(key, {})
        ),
    ]


def _group_gain_cell(key: str, group: str) -> Cell:
    def cell(_: str, model: dict[str, Any]) -> str:
        entry = model["transfer_gain"][key].get(group)
        return (
            _gain({"ndcg@10": entry["gain"], "interval": entry["interval"]}, "ndcg@10")
            if entry
            else ""
        )

    return cell


def _fold_columns(folds: list[dict[str, Any]]) -> list[Column]:
    """Returns NDCG@10 of each fold."""

    def cell(fold: dict[str, Any]) -> Cell:
        return lambda name, _: _figure(fold["models"][name]["ndcg@10"])

    return [(f"fold {fold['fold']}", cell(fold)) for fold in folds]


def _value_cell(measure: str) -> Cell:
    return lambda _, model: _with_interval(model, measure)


def _gain_cell(measure: str) -> Cell:
    return lambda _, model: _gain(model.get("transfer_gain"), measure)


def _figure_cell(keys: tuple[str, ...], digits: int = 4) -> Cell:
    def cell(_: str, model: dict[str, Any]) -> str:
        value: Any = model
        for key in keys:
            value = value.get(key, {})
        return _figure(value if value != {} else None, digits)

    return cell


def _count_users(document: dict[str, Any], measure: str) -> str:
    """Returns the number of users for whom a measure is defined, unless it is all of them."""
    users = next(iter(document["models"].values())).get(f"{measure}_users", document["users"])
    return f", {users} of them" if users < document["users"] else ""


def _with_interval(model: dict[str, Any], measure: str) -> str:
    if measure not in model:
        return "–"
    low, high = model.get(f"{measure}_interval", (None, None))
    interval = f" ({_figure(low)} to {_figure(high)})" if low is not None else ""
    return f"{_figure(model[measure])}{interval}"


def _gain(gains: dict[str, Any] | None, measure: str) -> str:
    if not gains or measure not in gains:
        return ""
    low, high = gains["interval" if measure == "ndcg@10" else f"{measure}_interval"]
    return f"{gains[measure]:+.4f} ({low:+.4f} to {high:+.4f})"


def _ratio(best: dict[str, Any]) -> str:
    return "–" if best["ratio"] is None else f"{best['ratio']:.3f}"


def _figure(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
