"""Time and memory of a retraining as the graph grows.

python benchmarks/growth.py [--scales 1 4 16] -o benchmarks/growth

Each retraining, from snapshot to publish, has a new Neo4j and its own process, whose peak memory
is measured. At the largest scale it scores candidate edges instead of all pairs.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.generate import write_tables
from shared.page import write

from isthmus.gnn.evaluation import check_plotting
from isthmus.graph.database import connect
from isthmus.graph.ingest import bulk_load
from isthmus.graph.server import scratch
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings
from isthmus.workflows.retrain import retrain

ROOT = Path(__file__).resolve().parents[1]
EXPLANATION = (
    "Growth is the ratio of seconds over the ratio of interactions, both relative to the first "
    "row; the limits are a growth of 1.2 and 10 GB of peak memory."
)


@dataclass(frozen=True)
class Cost:
    """The cost of one retraining.

    Attributes:
        scale: Multiple of 250,000 interactions.
        sampled: Whether the softmax of the network was sampled.
        interactions: Interactions in the graph.
        items: Items of both domains.
        edges: Published edges.
        seconds: Duration of the retraining.
        train: Seconds of the training.
        write: Seconds of writing the edges.
        peak_mb: Peak memory of the process, without the server.
        validation: NDCG@10 of the validation users, mean over the domains.
    """

    scale: int
    sampled: bool
    interactions: int
    items: int
    edges: int
    seconds: float
    train: float
    write: float
    peak_mb: int
    validation: float


def run_retraining(settings: Settings) -> dict:
    """Retrains in this process; returns the document of the retraining."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    with connect(settings) as graph:
        return retrain(graph, settings)


def measure(scale: int) -> Cost:
    """Measures one retraining on a new graph."""
    with tempfile.TemporaryDirectory() as name, scratch(load_settings()) as settings:
        folder = Path(name)
        write_tables(folder, scale)
        dataset = read_dataset(folder)
        summary = bulk_load(dataset, folder, settings)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            result = pool.apply(run_retraining, (settings,))
    seconds = {step["name"]: step["seconds"] for step in result["steps"]}
    ndcg = [value for key, value in result["challenger"].items() if key.endswith("cold ndcg@10")]
    items_per_domain = dataset.items["domain"].value_counts()["count"]
    return Cost(
        scale=scale,
        sampled=max(items_per_domain) > settings.dense_items,
        interactions=summary.interactions,
        items=len(dataset.items),
        edges=result["edges"],
        seconds=round(result["seconds"], 1),
        train=round(seconds["train"], 1),
        write=round(seconds["write"], 1),
        peak_mb=round(result["peak_mb"]),
        validation=round(sum(ndcg) / len(ndcg), 4),
    )


def growth(first: Cost, cost: Cost) -> float:
    """Returns the ratio of seconds over the ratio of interactions; 1 is linear growth."""
    time_ratio = cost.seconds / first.seconds
    size_ratio = cost.interactions / first.interactions
    return round(time_ratio / size_ratio, 2)


def draw(costs: list[Cost], path: Path) -> None:
    """Plots time and memory by interactions, on logarithmic axes."""
    check_plotting()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, field, label in zip(
        figure.subplots(1, 2), ("seconds", "peak_mb"), ("seconds", "peak memory, MB"), strict=True
    ):
        values = [[getattr(cost, name) for cost in costs] for name in ("interactions", field)]
        axes.plot(*values, "o-")
        axes.set(xscale="log", yscale="log", xlabel="interactions", ylabel=label)
        for axis, ticks in zip((axes.xaxis, axes.yaxis), values, strict=True):
            axis.set_ticks(ticks, [f"{value:,.0f}" for value in ticks])
            axis.set_minor_formatter(NullFormatter())
        axes.grid(which="both", color="#dddddd", linewidth=0.6)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--scales", nargs="+", type=int, default=[1, 4, 16])
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "growth")
    options = parser.parse_args()
    costs: list[Cost] = []
    for scale in options.scales:
        costs.append(measure(scale))
        print(costs[-1], flush=True)
        plot = options.out.with_suffix(".png")
        rows = [asdict(cost) | {"growth": growth(costs[0], cost)} for cost in costs]
        write(options.out, "Growth", rows, f"{EXPLANATION}\n\n![Growth]({plot.name})")
        draw(costs, plot)


if __name__ == "__main__":
    main()
