"""Seeds, threads and deterministic algorithms: the same run gives the same edges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

SMALL_GRAPH = 5000


def threads_for(items: int, most: int | None) -> int:
    """All that are given, but one for a graph of few items, where threads mostly wait."""
    return (most or torch.get_num_threads()) if items > SMALL_GRAPH else 1


@contextmanager
def reproducible(seed: int, threads: int) -> Iterator[None]:
    """Seeds torch, keeps it to deterministic algorithms and some threads; then all is as before."""
    deterministic, before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), threadpool_limits(limits=threads):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(deterministic)
            torch.set_num_threads(before)
