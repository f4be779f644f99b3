"""Records live interactions and texts, single ones or a stream, and takes them back."""

from isthmus.graph.events.record import expire_event_ids, record_interaction
from isthmus.graph.events.stream import follow_stream
from isthmus.graph.events.texts import record_text
from isthmus.graph.events.undo import undo_event

__all__ = ["expire_event_ids", "follow_stream", "record_interaction", "record_text", "undo_event"]
