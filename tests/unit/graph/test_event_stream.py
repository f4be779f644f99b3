"""Random lines of a stream: each is an event or rejected, and none is lost or repeated."""

from __future__ import annotations

import json
import os
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.graph.events.stream import BATCH_EVENTS, read_batches
from isthmus.graph.ingest.schema import EVENTS
from isthmus.graph.sources.events import STREAM, read_events
from isthmus.graph.sources.files import MAX_LINE

KEYS = [column.name for column in EVENTS.columns]
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.sampled_from([*KEYS, "more"]), VALUES).map(json.dumps).map(str.encode)
LINES = st.one_of(OBJECTS, VALUES.map(json.dumps).map(str.encode), st.binary(max_size=40))
QUICK = settings(max_examples=60, deadline=None)


def is_blank(line: bytes) -> bool:
    try:
        return not line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return False


def read_all(*blocks: bytes) -> list[list[bytes]]:
    """The batches that `read_batches` reads from a stream that is written in these blocks."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as stream:
            for block in blocks:
                stream.write(block)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return list(read_batches(reading, lambda: False))
    finally:
        writer.join()
        os.close(reading)


@given(lines=st.lists(LINES, max_size=20), first=st.integers(1, 10**6))
@QUICK
def test_every_random_line_is_an_event_or_rejected(lines: list[bytes], first: int) -> None:
    events = read_events(lines, first)
    assert events.frame.schema == EVENTS.schema
    assert events.frame.height + events.rejected.height == events.rows
    numbers = [number for number, line in enumerate(lines, first) if not is_blank(line)]
    assert sorted([*events.frame["line"], *events.rejected["line"]]) == numbers
    assert events.frame["weight"].is_finite().all()
    assert set(events.rejected["file"]) <= {STREAM}


def test_an_invalid_line_is_rejected_with_its_reason() -> None:
    lines = [b"no json", b'{"user_id": "a"}', b'{"user_id": "a", "item_id": "1", "weight": NaN}']
    reasons = read_events([*lines, b"\xff"]).rejected["reason"].to_list()
    assert reasons[0].startswith("the line is not valid JSON")
    assert reasons[1:3] == ["is missing", "is not a finite number"]
    assert reasons[3].startswith("the line is not UTF-8")


@given(blocks=st.lists(st.binary(min_size=1, max_size=60).map(lambda b: b.replace(b"\0", b"\n"))))
@QUICK
def test_a_stream_is_split_at_line_ends_only(blocks: list[bytes]) -> None:
    content = b"".join(blocks)
    lines = content.split(b"\n")
    if not lines[-1]:
        del lines[-1]
    assert [line for batch in read_all(*blocks) for line in batch] == lines


def test_batches_have_a_maximum_size_and_a_long_line_is_truncated_and_rejected() -> None:
    batches = read_all(b"{}\n" * (2 * BATCH_EVENTS + 1))
    assert max(map(len, batches)) <= BATCH_EVENTS
    assert sum(map(len, batches)) == 2 * BATCH_EVENTS + 1
    long = b'{"user_id": "' + b"x" * (MAX_LINE + 10) + b'"}\n'
    lines = [line for batch in read_all(long, b"{}\n") for line in batch]
    assert [len(line) for line in lines] == [MAX_LINE, 2]
    assert read_events(lines[:1]).rejected["reason"][0] == "the line is longer than 8 MiB"
