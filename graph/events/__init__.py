"""Records live interactions: single events, or a stream of events."""

from isthmus.graph.events.record import expire_event_ids, record_interaction
from isthmus.graph.events.stream import follow_stream

__all__ = ["expire_event_ids", "follow_stream", "record_interaction"]
