"""Feeds a topic of Kafka, or any stream with positions, into `isthmus ingest --follow`.

    pip install confluent-kafka
    python examples/follow_topic.py broker.example:9092 interactions

A message is a JSON object as the section Events of docs/tables.md describes. Its position is
committed when isthmus has acknowledged its line, so that a kill of the sender, of isthmus or of the
database loses nothing: what was not committed is sent again by the next start. A message without an
`event_id` gets its position and time as one, so that what is sent again counts once; one without a
`timestamp` happened when the broker got it. Lines that are no events are in `rejected.jsonl` of the
home, and are committed as well.

Keep it running by a supervisor (systemd, a container): it ends with an exit code other than 0
when isthmus does, when the broker fails, or when a partition was given to another member of the
group meanwhile; each of them is mended by a start.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

ISTHMUS = "isthmus"
"""The command; a path if it is in another environment, such as `/srv/isthmus/.venv/bin/isthmus`."""

Partition = tuple[str, int]
"""A topic and the number of one of its partitions."""


class StreamBroken(Exception):
    """isthmus ended before the stream did; what was not committed has to be sent again."""


@dataclass(frozen=True)
class Message:
    """A message, its position, and when the broker got it, in milliseconds since 1970."""

    partition: Partition
    offset: int
    timestamp: int
    value: bytes | None


def follow(
    messages: Iterable[Message | None], commit: Callable[[dict[Partition, int]], None]
) -> int:
    """Records messages until they end or Ctrl-C, and commits the positions of those that are safe.

    Args:
        messages: Messages, and None where none came for a moment, so that positions are committed.
        commit: Gets for each partition the offset of the first message that is not safe. It is
            called in this thread, as consumers of Kafka require.

    Returns:
        Number of messages that were recorded or rejected.

    Raises:
        StreamBroken: isthmus has ended; its own message is on standard error.
    """
    command = [ISTHMUS, "ingest", "--follow", "--json"]
    waiting: deque[Message] = deque()
    lines: queue.SimpleQueue[int] = queue.SimpleQueue()
    safe = 0

    def commit_safe() -> None:
        nonlocal safe
        offsets: dict[Partition, int] = {}
        while not lines.empty():
            line = lines.get()
            for message in (waiting.popleft() for _ in range(line - safe)):
                offsets[message.partition] = message.offset + 1
            safe = line
        if offsets:
            commit(offsets)

    # In a session of its own, isthmus does not get the Ctrl-C, and records what it was sent.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        reader = threading.Thread(target=read_acknowledgements, args=(process.stdout, lines))
        reader.start()
        try:
            with suppress(BrokenPipeError, KeyboardInterrupt):
                for message in messages:
                    if message is not None:
                        waiting.append(message)
                        process.stdin.write(event_line(message))
                        process.stdin.flush()
                    elif process.poll() is not None:
                        break
                    commit_safe()
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            reader.join()
    commit_safe()
    if process.returncode or waiting:
        raise StreamBroken(f"isthmus ended with {process.returncode}; {len(waiting)} not safe.")
    return safe


def read_acknowledgements(output: IO[bytes], lines: queue.SimpleQueue[int]) -> None:
    """Collects the numbers of the lines up to which everything is safe."""
    for answer in output:
        with suppress(ValueError):  # half a line of a process that was killed
            if "line" in (document := json.loads(answer)):
                lines.put(document["line"])


def event_line(message: Message) -> bytes:
    """Returns a message as one line; one without a value, a deletion, is a blank line."""
    value = message.value or b""
    try:
        event = json.loads(value)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        return b" ".join(value.splitlines()) + b"\n"
    topic, number = message.partition
    # With the time, since a topic that is made anew has the same positions.
    position = f"{topic}/{number}/{message.offset}/{message.timestamp}"
    given = {name: content for name, content in event.items() if content is not None}
    event = {"event_id": position, "timestamp": message.timestamp} | given
    return json.dumps(event).encode() + b"\n"


def read_topic(consumer: Any) -> Iterator[Message | None]:
    """Yields the messages of a `confluent_kafka.Consumer`, and None where none comes in time."""
    from confluent_kafka import KafkaException

    while True:
        record = consumer.poll(0.5)
        if record is None:
            yield None
        elif record.error():
            raise KafkaException(record.error())
        else:
            partition, (_, timestamp) = (record.topic(), record.partition()), record.timestamp()
            yield Message(partition, record.offset(), timestamp, record.value())


def main(servers: str, topic: str) -> None:
    """Follows a topic until Ctrl-C."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "isthmus",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])

    def commit(offsets: dict[Partition, int]) -> None:
        positions = [TopicPartition(*partition, offset) for partition, offset in offsets.items()]
        consumer.commit(offsets=positions, asynchronous=False)

    try:
        follow(read_topic(consumer), commit)
    finally:
        consumer.close()


if __name__ == "__main__":
    main(*sys.argv[1:3])
