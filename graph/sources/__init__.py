"""Reads datasets: tables, public datasets as published, events; writes synthetic data."""

from isthmus.graph.sources.events import read_events
from isthmus.graph.sources.files import MAX_LINE
from isthmus.graph.sources.id_list import read_ids
from isthmus.graph.sources.planted import interest_cells, planted_transfers
from isthmus.graph.sources.planted_texts import PlantedText
from isthmus.graph.sources.planted_users import PEOPLE
from isthmus.graph.sources.read import read_dataset
from isthmus.graph.sources.synthetic import write_synthetic

__all__ = [
    "MAX_LINE",
    "PEOPLE",
    "PlantedText",
    "interest_cells",
    "planted_transfers",
    "read_dataset",
    "read_events",
    "read_ids",
    "write_synthetic",
]
