"""Result documents for people: Markdown, lines for a terminal, and files beside each other."""

from __future__ import annotations

import json
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
from isthmus.gnn.evaluation.plots import draw
from isthmus.gnn.evaluation.results import VARIANTS

LIBRARIES = ("torch", "torch-geometric", "implicit", "sentence-transformers", "numpy", "scipy")
NAMES = {
    "ndcg@10": "NDCG@10",
    "recall@10": "Recall@10",
    "rank_correlation": "rank correlation",
    "hr@5": "HR@5",
    "hr@10": "HR@10",
    "mrr": "MRR",
}
HOW_TO_READ = (
    "Figures are means over held-out users with a bootstrap 95 % interval. A gain is transfer less "
    "the other model, user by user, so its interval says whether they differ where the intervals "
    "of both alone do not. The best baseline is the one that is best on these very users, which "
    "favours it."
)

GROUPS = (("ndcg@10_by_popularity", "{} third"), ("ndcg@10_by_history", "history {}"))

Cell = Callable[[str, dict[str, Any]], str]
Column = tuple[str, Cell]


def markdown(documents: Sequence[dict[str, Any]], title: str = "Accuracy") -> str:
    """A page: where it was measured, a summary, then a section for each document."""
    lines = [f"# {title}", "", *_measured(documents), "", HOW_TO_READ, ""]
    summary = [row for document in documents for row in _summary(document)]
    if summary:
        header = (
            "dataset | target | users | measure | transfer | best baseline | ratio | gain, 95 %"
        )
        lines += [f"| {header} |", "|" + "---|" * 8, *summary, ""]
    for document in documents:
        lines += _section(document)
    return "\n".join(lines)


def _measured(documents: Sequence[dict[str, Any]]) -> list[str]:
    """When and where it was measured; by dataset, where that was not at once."""
    of: dict[str, dict[str, None]] = {}
    for document in documents:
        said = document.get("measured") or machine()
        of.setdefault(said, {})[document["dataset"]] = None
    if len(of) == 1:
        return list(of)
    return [f"- {', '.join(datasets)}: {said}" for said, datasets in of.items()]


def machine() -> str:
    """When and where this runs, and with which versions, as a sentence."""
    memory = psutil.virtual_memory().total / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    card = f"{torch.cuda.get_device_name()}, " if torch.cuda.is_available() else ""
    return (
        f"Measured on {date.today()}: {platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, {card}{platform.system()}, Python {platform.python_version()}, "
        f"{libraries}."
    )


def plain(documents: Sequence[dict[str, Any]]) -> str:
    """A few lines a document, for a terminal."""
    lines = []
    for document in documents:
        measures = [name for name in NAMES if any(name in m for m in document["models"].values())]
        compared = [name for name in measures if name not in ("recall@10", "hr@5", "mrr")]
        heads = ", ".join(f"{NAMES[name]} (95 %{_judged(document, name)})" for name in compared)
        lines.append(f"{document['target']}: {document['users']} users, {heads}")
        for name, model in document["models"].items():
            figures = "  ".join(_with_interval(model, measure) for measure in compared)
            lines.append(f"  {name:<21} {figures}")
        lines += [f"  {said}" for said in _through_graph(document)]
        for measure, best in (document["best_baseline"] or {}).items():
            if measure in compared:
                low, high = best["interval"]
                lines.append(
                    f"  {NAMES[measure]}: transfer is {_ratio(best)} of {best['name']}, "
                    f"{best['gain']:+.4f} ({low:+.4f} to {high:+.4f})"
                )
    return "\n".join(lines)


def write(out: Path, documents: Sequence[dict[str, Any]], title: str = "Accuracy") -> None:
    """Writes OUT.json, OUT.md and OUT.png.

    Raises:
        InputError: They cannot be written there.
        IsthmusError: There is no matplotlib.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(list(documents), indent=1, ensure_ascii=False) + "\n"
        _beside(out, "json").write_text(text, encoding="utf-8")
        page = f"{markdown(documents, title)}\n![{title}]({out.name}.png)\n"
        _beside(out, "md").write_text(page, encoding="utf-8")
        draw(documents, _beside(out, "png"))
    except OSError as error:
        raise InputError(
            f"The results cannot be written to {out}: {error.strerror or error}.",
            "Name a place that may be written.",
        ) from error


def _beside(out: Path, suffix: str) -> Path:
    return out.with_name(f"{out.name}.{suffix}")


def _summary(document: dict[str, Any]) -> list[str]:
    """A line a measure: transfer beside the best baseline."""
    lines = []
    for measure, best in (document["best_baseline"] or {}).items():
        transfer = document["models"]["transfer"]
        users = transfer.get(f"{measure}_users", document["users"])
        cells = [
            document["dataset"],
            document["target"],
            f"{users:,}",
            NAMES[measure],
            f"{transfer[measure]:.4f}",
            f"{best['name']} {best['value']:.4f}",
            _ratio(best),
            _gain({"ndcg@10": best["gain"], "interval": best["interval"]}, "ndcg@10"),
        ]
        lines.append(_line(cells))
    return lines


def _section(document: dict[str, Any]) -> list[str]:
    if "audits" not in document:  # a mean over targets
        return []
    models = {name: m for name, m in document["models"].items() if name not in VARIANTS}
    variants = {name: m for name, m in document["models"].items() if name in VARIANTS}
    leak, twins = document["audits"]["leak"], document["audits"].get("twins")
    found = f", {twins['found']:,} of {twins['checked_rows']:,} likes have a twin" if twins else ""
    lines = [
        f"## {document['dataset']}, target {document['target']}",
        "",
        f"{document['protocol']}; {document['users']:,} users. Leak audit: "
        f"{leak['checked_users']:,} users, {leak['hidden_rows']:,} hidden interactions, "
        f"{leak['found']} found{found}.",
        "",
        *_table(models, _accuracy(models)),
        *_table(models, _where(models)),
    ]
    if variants:
        lines += ["What each part of transfer is worth:", "", *_table(variants, _parts(variants))]
    for name, figures in document.get("published", {}).items():
        said = ", ".join(f"{NAMES[measure]} {value:.4f}" for measure, value in figures.items())
        lines += [f"{name}, as published: {said}.", ""]
    for said in _through_graph(document):
        lines += [f"Transfer {said}.", ""]
    if "folds" in document:
        lines += _table(models, _folds(document["folds"]))
    return lines


def _through_graph(document: dict[str, Any]) -> list[str]:
    """What the product's Cypher is worth beside the sums in memory, where both were asked."""
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
        _line(["model", *(title for title, _ in columns)]),
        "|" + "---|" * (1 + len(columns)),
        *(_line([name, *(cell(name, m) for _, cell in columns)]) for name, m in models.items()),
        "",
    ]


def _accuracy(models: dict[str, Any]) -> list[Column]:
    """The measures that these models have, then variety and cost."""
    columns: list[Column] = []
    for measure, name in NAMES.items():
        if any(measure in model for model in models.values()):
            sure = any(f"{measure}_interval" in model for model in models.values())
            columns.append((f"{name}, 95 %" if sure else name, _value_of(measure)))
        if any(measure in model.get("transfer_gain", {}) for model in models.values()):
            columns.append(("gain, 95 %", _gain_of(measure)))
    variety_and_cost = (
        ("coverage@10", "coverage", 3),
        ("diversity@10", "diversity", 3),
        ("novelty@10", "novelty", 2),
        ("fit_seconds", "seconds", 0),
        ("peak_mb", "MB", 0),
    )
    return columns + [
        (title, _figure_of((key,), digits))
        for key, title, digits in variety_and_cost
        if any(key in model for model in models.values())
    ]


def _where(models: dict[str, Any]) -> list[Column]:
    """NDCG@10 by the popularity of what is to be found, and by how much is known of a user."""
    first = next(iter(models.values()))
    return [
        (words.format(name), _figure_of((key, name)))
        for key, words in GROUPS
        for name in first.get(key, {})
    ]


def _parts(variants: dict[str, Any]) -> list[Column]:
    """NDCG@10 of variants, and what transfer as a whole gains over them, where."""
    gains = next(iter(variants.values())).get("transfer_gain", {})
    return [
        ("NDCG@10, 95 %", _value_of("ndcg@10")),
        ("gain of transfer, 95 %", _gain_of("ndcg@10")),
        *(
            (f"gain, {words.format(name)}", _gain_among(key, name))
            for key, words in GROUPS
            for name in gains.get(key, {})
        ),
    ]


def _gain_among(key: str, group: str) -> Cell:
    def cell(_: str, model: dict[str, Any]) -> str:
        found = model["transfer_gain"][key].get(group)
        return (
            _gain({"ndcg@10": found["gain"], "interval": found["interval"]}, "ndcg@10")
            if found
            else ""
        )

    return cell


def _folds(folds: list[dict[str, Any]]) -> list[Column]:
    """NDCG@10 fold by fold."""

    def cell(fold: dict[str, Any]) -> Cell:
        return lambda name, _: _figure(fold["models"][name]["ndcg@10"])

    return [(f"fold {fold['fold']}", cell(fold)) for fold in folds]


def _value_of(measure: str) -> Cell:
    return lambda _, model: _with_interval(model, measure)


def _gain_of(measure: str) -> Cell:
    return lambda _, model: _gain(model.get("transfer_gain"), measure)


def _figure_of(keys: tuple[str, ...], digits: int = 4) -> Cell:
    def cell(_: str, model: dict[str, Any]) -> str:
        found: Any = model
        for key in keys:
            found = found.get(key, {})
        return _figure(found if found != {} else None, digits)

    return cell


def _judged(document: dict[str, Any], measure: str) -> str:
    """How many users can be judged by a measure, where it is not all of them."""
    users = next(iter(document["models"].values())).get(f"{measure}_users", document["users"])
    return f", {users} of them" if users < document["users"] else ""


def _with_interval(model: dict[str, Any], measure: str) -> str:
    if measure not in model:
        return "–"
    low, high = model.get(f"{measure}_interval", (None, None))
    between = f" ({_figure(low)} to {_figure(high)})" if low is not None else ""
    return f"{_figure(model[measure])}{between}"


def _gain(gains: dict[str, Any] | None, measure: str) -> str:
    if not gains or measure not in gains:
        return ""
    low, high = gains["interval" if measure == "ndcg@10" else f"{measure}_interval"]
    return f"{gains[measure]:+.4f} ({low:+.4f} to {high:+.4f})"


def _ratio(best: dict[str, Any]) -> str:
    return "–" if best["ratio"] is None else f"{best['ratio']:.3f}"


def _figure(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
