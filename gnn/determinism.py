"""Seeds, threads and deterministic algorithms: the same run gives the same edges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

MAX_ITEMS_ON_ONE_THREAD = 5000


def threads_for(items: int, max_threads: int | None) -> int:
    """Returns the number of threads for a graph: 1 if it is small, as more would mostly wait.

    Args:
        items: Number of items of the graph.
        max_threads: Number of threads for a larger graph; None to use all cores.
    """
    if items <= MAX_ITEMS_ON_ONE_THREAD:
        return 1
    return max_threads or torch.get_num_threads()


@contextmanager
def reproducible(seed: int, threads: int) -> Iterator[None]:
    """Seeds torch and restricts it to deterministic algorithms and to some threads.

    The previous settings and random state are restored at the end.
    """
    was_deterministic = torch.are_deterministic_algorithms_enabled()
    previous_threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), threadpool_limits(limits=threads):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(was_deterministic)
            torch.set_num_threads(previous_threads)
