"""Plots result documents: each model's accuracy with its interval, one panel per target."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isthmus.errors import IsthmusError
from isthmus.gnn.evaluation.results import VARIANTS

COLUMNS = 3
# Colours that are distinct for the colour-blind (Okabe and Ito).
TRANSFER_COLOUR, OTHER_COLOUR, BEST_COLOUR = "#0072B2", "#999999", "#D55E00"
MEASURES = {"ndcg@10": "NDCG@10", "rank_correlation": "rank correlation"}


def check_plotting() -> None:
    """Checks that plots can be drawn, to be called before a long computation.

    Raises:
        IsthmusError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise IsthmusError(
            "Plotting the results needs matplotlib, which is not installed.",
            "Install it with `pip install matplotlib`, or omit --out.",
        )


def draw_results(documents: Sequence[dict[str, Any]], path: Path) -> None:
    """Draws one panel per document and measure, and writes them as one PNG.

    Rank correlation gets a panel only if it is defined for at least half of the users.

    Raises:
        IsthmusError: matplotlib is not installed.
    """
    check_plotting()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    panels = [
        (document, measure)
        for document in documents
        for measure in MEASURES
        if _is_plotted(document, measure)
    ]
    names = (name for document in documents for name in document["models"])
    models = [name for name in dict.fromkeys(names) if name not in VARIANTS]
    # Four panels look better as two rows of two than as three and one.
    columns = 2 if len(panels) == 4 else min(COLUMNS, max(len(panels), 1))
    rows = max(-(-len(panels) // columns), 1)
    size = (1.0 + 3.6 * columns, 0.4 + rows * (0.9 + 0.3 * len(models)))
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, (document, measure) in zip(grid.flat, panels, strict=False):
        _draw_panel(axes, document, measure, models)
    colours = {"transfer": TRANSFER_COLOUR, "best baseline": BEST_COLOUR, "others": OTHER_COLOUR}
    figure.legend(
        handles=[Patch(color=colour, label=name) for name, colour in colours.items()],
        loc="outside lower center",
        ncols=len(colours),
        frameon=False,
        fontsize=8,
    )
    figure.savefig(path, dpi=150)


def _is_plotted(document: dict[str, Any], measure: str) -> bool:
    model = next(iter(document["models"].values()))
    users = model.get(f"{measure}_users", document["users"])
    return measure in model and 2 * users >= document["users"]


def _draw_panel(axes: Any, document: dict[str, Any], measure: str, models: list[str]) -> None:
    best = ((document["best_baseline"] or {}).get(measure) or {}).get("name")
    for row, name in enumerate(models):
        model = document["models"].get(name)
        if model is None:
            continue
        colour = OTHER_COLOUR if name != best else BEST_COLOUR
        colour = TRANSFER_COLOUR if name == "transfer" else colour
        low, high = model[f"{measure}_interval"]
        axes.barh(row, model[measure], height=0.66, color=colour, alpha=0.85)
        axes.plot([low, high], [row, row], color="black", linewidth=1.2)
        axes.plot([low, high], [row, row], "|", color="black", markersize=6)
        axes.annotate(
            f"{model[measure]:.3f}",
            (max(high, model[measure]), row),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
    axes.margins(x=0.14)
    if all(model[f"{measure}_interval"][0] >= 0 for model in document["models"].values()):
        axes.set_xlim(left=0)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(models)), models)
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.set_xlabel(f"{MEASURES[measure]}, 95 % interval", fontsize=8)
    axes.set_title(f"{document['dataset']} → {document['target']}", fontsize=10, loc="left")
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", nbins=5)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
