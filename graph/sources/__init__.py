"""Reads datasets: tables, MovieLens, Amazon Reviews, events; writes synthetic data."""

from isthmus.graph.sources.events import read_events
from isthmus.graph.sources.files import MAX_LINE
from isthmus.graph.sources.planted import planted_transfers
from isthmus.graph.sources.read import read_dataset
from isthmus.graph.sources.synthetic import PEOPLE, write_synthetic

__all__ = [
    "MAX_LINE",
    "PEOPLE",
    "planted_transfers",
    "read_dataset",
    "read_events",
    "write_synthetic",
]
