"""What a retraining takes as the graph grows; the largest scores candidates in place of all pairs.

python benchmarks/growth.py [--scales 1 4 16] -o benchmarks/growth

Each retraining, from snapshot to publish, has a Neo4j and a process of its own, whose peak memory
is measured.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from generate import write_tables
from page import write

from isthmus.gnn.evaluation.plots import check_plotting
from isthmus.graph.database.session import connect
from isthmus.graph.ingest.bulk import bulk_load
from isthmus.graph.server.scratch import scratch
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings, load_settings
from isthmus.workflows.retrain import retrain

ROOT = Path(__file__).resolve().parents[1]
SAID = (
    "Growth: how much longer it took than the first, over how many more interactions there were; "
    "1.2 at most is the bar, with 10 GB of peak memory."
)


@dataclass(frozen=True)
class Cost:
    """What one retraining took.

    Attributes:
        scale: Times 250,000 interactions.
        candidates: Whether only candidates were scored.
        interactions: Of the graph.
        items: Of both domains.
        edges: That were published.
        seconds: Of the retraining.
        train: Seconds of these in which edges were learned.
        write: Seconds of these in which they were written.
        peak_mb: Of its process; the server is another one.
        validation: Mean over the domains of the NDCG@10 of validation users.
    """

    scale: int
    candidates: bool
    interactions: int
    items: int
    edges: int
    seconds: float
    train: float
    write: float
    peak_mb: int
    validation: float


def retrained(settings: Settings) -> dict:
    """The document of a retraining, made in this process."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("isthmus").setLevel(logging.INFO)
    with connect(settings) as graph:
        return retrain(graph, settings)


def measured(scale: int) -> Cost:
    """Retrains once, on a graph of its own."""
    with tempfile.TemporaryDirectory() as name, scratch(load_settings()) as settings:
        folder = Path(name)
        write_tables(folder, scale)
        dataset = read_dataset(folder)
        loaded = bulk_load(dataset, folder, settings)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            result = pool.apply(retrained, (settings,))
    spent = {step["name"]: step["seconds"] for step in result["steps"]}
    worth = [value for key, value in result["challenger"].items() if key.endswith("cold ndcg@10")]
    of_domains = dataset.items["domain"].value_counts()["count"]
    return Cost(
        scale=scale,
        candidates=max(of_domains) > settings.dense_items,
        interactions=loaded.interactions,
        items=len(dataset.items),
        edges=result["edges"],
        seconds=round(result["seconds"], 1),
        train=round(spent["train"], 1),
        write=round(spent["write"], 1),
        peak_mb=round(result["peak_mb"]),
        validation=round(sum(worth) / len(worth), 4),
    )


def growth(first: Cost, cost: Cost) -> float:
    """How much longer it took, over how many more interactions there were."""
    longer, more = cost.seconds / first.seconds, cost.interactions / first.interactions
    return round(longer / more, 2)


def draw(costs: list[Cost], path: Path) -> None:
    """Time and memory by interactions, on logarithmic axes."""
    check_plotting()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, field, label in zip(
        figure.subplots(1, 2), ("seconds", "peak_mb"), ("seconds", "peak memory, MB"), strict=True
    ):
        values = [[getattr(cost, of) for cost in costs] for of in ("interactions", field)]
        axes.plot(*values, "o-")
        axes.set(xscale="log", yscale="log", xlabel="interactions", ylabel=label)
        for axis, of in zip((axes.xaxis, axes.yaxis), values, strict=True):
            axis.set_ticks(of, [f"{value:,.0f}" for value in of])
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
        costs.append(measured(scale))
        print(costs[-1], flush=True)
        picture = options.out.with_suffix(".png")
        rows = [asdict(cost) | {"growth": growth(costs[0], cost)} for cost in costs]
        write(options.out, "Growth", rows, f"{SAID}\n\n![Growth]({picture.name})")
        draw(costs, picture)


if __name__ == "__main__":
    main()
