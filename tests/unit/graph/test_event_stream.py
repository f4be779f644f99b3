"""Lines of a stream, drawn at random: each is an event or rejected, and none is lost or doubled."""

from __future__ import annotations

import json
import os
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.graph.events.stream import EVENTS_A_BATCH, batches
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
WILD = st.one_of(OBJECTS, VALUES.map(json.dumps).map(str.encode), st.binary(max_size=40))
QUICK = settings(max_examples=60, deadline=None)


def is_blank(line: bytes) -> bool:
    try:
        return not line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return False


def read_all(*blocks: bytes) -> list[list[bytes]]:
    """What `batches` makes of a stream that is written in these blocks."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as stream:
            for block in blocks:
                stream.write(block)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return list(batches(reading, lambda: False))
    finally:
        writer.join()
        os.close(reading)


@given(lines=st.lists(WILD, max_size=20), first=st.integers(1, 10**6))
@QUICK
def test_every_wild_line_is_an_event_or_rejected(lines: list[bytes], first: int) -> None:
    read = read_events(lines, first)
    assert read.frame.schema == EVENTS.schema
    assert read.frame.height + read.rejected.height == read.rows
    numbers = [number for number, line in enumerate(lines, first) if not is_blank(line)]
    assert sorted([*read.frame["line"], *read.rejected["line"]]) == numbers
    assert read.frame["weight"].is_finite().all()
    assert set(read.rejected["file"]) <= {STREAM}


def test_a_line_says_what_is_wrong_with_it() -> None:
    lines = [b"no json", b'{"user_id": "a"}', b'{"user_id": "a", "item_id": "1", "weight": true}']
    reasons = read_events([*lines, b"\xff"]).rejected["reason"].to_list()
    assert reasons[0].startswith("it is no JSON")
    assert reasons[1:3] == ["is missing", "is true or false, not a finite number"]
    assert reasons[3].startswith("it is not UTF-8")


@given(blocks=st.lists(st.binary(min_size=1, max_size=60).map(lambda b: b.replace(b"\0", b"\n"))))
@QUICK
def test_a_stream_is_cut_at_the_ends_of_lines_and_nowhere_else(blocks: list[bytes]) -> None:
    content = b"".join(blocks)
    lines = content.split(b"\n")
    if not lines[-1]:
        del lines[-1]
    assert [line for batch in read_all(*blocks) for line in batch] == lines


def test_many_lines_come_in_batches_and_a_long_one_is_cut_and_refused() -> None:
    found = read_all(b"{}\n" * (2 * EVENTS_A_BATCH + 1))
    assert max(map(len, found)) <= EVENTS_A_BATCH
    assert sum(map(len, found)) == 2 * EVENTS_A_BATCH + 1
    long = b'{"user_id": "' + b"x" * (MAX_LINE + 10) + b'"}\n'
    lines = [line for batch in read_all(long, b"{}\n") for line in batch]
    assert [len(line) for line in lines] == [MAX_LINE, 2]
    assert read_events(lines[:1]).rejected["reason"][0] == "it is longer than 8 MiB"
