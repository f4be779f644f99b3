"""The retraining lock of a run that cannot release it, on a real server."""

from __future__ import annotations

import os
import socket

import pytest

from isthmus.errors import InputError, Locked, NothingToDo
from isthmus.graph.database.connection import Graph
from isthmus.graph.database.lock import end_hold, read_lock, retraining_lock
from isthmus.graph.operations.safety import check_lock
from isthmus.graph.server.process_start import start_time

CLOCK_WENT_BACK = (
    "MATCH (l:Lock {name: 'retrain'}) SET l.since = l.since + duration({hours: 3}), "
    "l.expires_at = l.expires_at + duration({hours: 3})"
)
SET_PROCESS = (
    "MATCH (l:Lock {name: 'retrain'}) SET l.host = $host, l.pid = $pid, l.started = $started"
)


def test_the_lock_of_a_run_that_goes_on_is_not_ended(graph: Graph) -> None:
    with pytest.raises(NothingToDo):
        end_hold(graph, "nothing to free")
    with retraining_lock(graph, 60):
        check = check_lock(graph)
        assert check.ok
        assert f"process {os.getpid()} of " in check.found
        with pytest.raises(Locked) as caught, retraining_lock(graph, 60):
            pass
        assert "isthmus unlock" not in caught.value.advice
        with pytest.raises(InputError, match="is running"):
            end_hold(graph, "impatience")
        with pytest.raises(InputError, match="reason is empty"):
            end_hold(graph, " \n")
    assert read_lock(graph) == (None, [])


@pytest.mark.parametrize("fault", ["the clock went back", "the process has ended"])
def test_a_lock_that_nobody_releases_is_named_and_freed_with_a_reason(
    graph: Graph, fault: str
) -> None:
    with retraining_lock(graph, 60) as lease:
        process = {"pid": os.getpid(), "started": start_time(os.getpid())}
        if fault == "the clock went back":
            graph.run(CLOCK_WENT_BACK, {})
            graph.run(SET_PROCESS, process | {"host": "another machine"})
            expected = "ahead of the server's clock"
        else:
            graph.run(SET_PROCESS, process | {"host": socket.gethostname(), "started": "boot/1"})
            expected = "That process has ended"
        check = check_lock(graph)
        assert not check.ok
        assert expected in check.found
        assert "isthmus unlock --reason" in check.advice
        with pytest.raises(Locked, match=expected) as caught, retraining_lock(graph, 60):
            pass
        assert "isthmus unlock --reason" in caught.value.advice

        assert end_hold(graph, "killed at\n3:10").owner == lease.owner
        with retraining_lock(graph, 60):
            pass
        (kept,) = read_lock(graph)[1]
        assert kept.endswith(": killed at 3:10")
        assert f"process {os.getpid()} of " in kept
        assert kept in check_lock(graph).found
