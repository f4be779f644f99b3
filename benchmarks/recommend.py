"""How long a recommendation takes: the query's p50 and p95 over users of the loaded graph.

python benchmarks/recommend.py DOMAIN [--users 500]      (ISTHMUS_HOME or NEO4J_URI say which graph)
"""

from __future__ import annotations

import argparse
import platform
import time

import numpy as np

from graph.connection import connect
from graph.recommend import recommend
from isthmus.settings import load_settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("domain")
    parser.add_argument("--users", type=int, default=500)
    options = parser.parse_args()
    settings = load_settings()
    with connect(settings) as graph:
        ids = [row["id"] for row in graph.read("insight/users_with_history")]
        rng = np.random.default_rng(7)
        asked = rng.choice(ids, 3 * options.users, replace=len(ids) < 3 * options.users).tolist()
        for user in asked[options.users :]:  # the server compiles what it meets often
            recommend(graph, user, options.domain, 10, settings)
        for paths in (False, True):
            times = []
            for user in asked[: options.users]:
                start = time.perf_counter()
                recommend(graph, user, options.domain, 10, settings, paths=paths)
                times.append(1000 * (time.perf_counter() - start))
            p50, p95, most = np.percentile(times, [50, 95, 100])
            print(
                f"| {options.domain} | {'with' if paths else 'without'} paths | {p50:.1f} | "
                f"{p95:.1f} | {most:.1f} |"
            )
        print(f"Neo4j {graph.capabilities.version}, {platform.processor() or platform.machine()}")


if __name__ == "__main__":
    main()
