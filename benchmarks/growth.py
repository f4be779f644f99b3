"""What a training takes as the graph grows; the largest scores candidates in place of all pairs.

python benchmarks/growth.py [--scales 1 4 16] -o benchmarks/growth

Each training has a process of its own, whose peak memory is measured.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from generate import graph
from page import write

from gnn.blend import is_large
from gnn.plots import check_plotting
from gnn.train import train

ROOT = Path(__file__).resolve().parents[1]
DENSE_ITEMS = 20_000


@dataclass(frozen=True)
class Cost:
    """What one training took.

    Attributes:
        scale: Times 250,000 interactions.
        candidates: Whether only candidates were scored.
        interactions: Of the graph.
        items: Of both domains.
        edges: Between items, as kept.
        seconds: Of the training.
        peak_mb: Of its process.
        validation: Mean over the domains of the NDCG@10 of validation users.
    """

    scale: int
    candidates: bool
    interactions: int
    items: int
    edges: int
    seconds: float
    peak_mb: int
    validation: float


def measured(scale: int) -> Cost:
    """Trains once."""
    data = graph(scale)
    start = time.monotonic()
    learned = train(data, dense_items=DENSE_ITEMS)
    seconds = time.monotonic() - start
    reached = [value for name, value in learned.metrics.items() if name.endswith("cold ndcg@10")]
    return Cost(
        scale=scale,
        candidates=any(is_large(data, t, DENSE_ITEMS) for t in range(len(data.domains))),
        interactions=data.interactions.nnz,
        items=len(data.items),
        edges=len(learned.transfer),
        seconds=round(seconds, 1),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        validation=round(sum(reached) / len(reached), 4),
    )


def draw(costs: list[Cost], path: Path) -> None:
    """Time and memory by interactions, on logarithmic axes."""
    check_plotting()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, field, label in zip(
        figure.subplots(1, 2), ("seconds", "peak_mb"), ("seconds", "peak memory, MB"), strict=True
    ):
        sizes = [cost.interactions for cost in costs]
        axes.plot(sizes, [getattr(cost, field) for cost in costs], "o-")
        axes.set(xscale="log", yscale="log", xlabel="interactions", ylabel=label)
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
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            costs.append(pool.apply(measured, (scale,)))
        print(costs[-1], flush=True)
        picture = options.out.with_suffix(".png")
        rows = [asdict(cost) for cost in costs]
        write(options.out, "Growth", rows, f"![Growth]({picture.name})")
        draw(costs, picture)


if __name__ == "__main__":
    main()
