"""Neo4j's administration tool, which stands in the jars beside the server."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from isthmus.graph.server.folders import Folders
from isthmus.graph.server.process import (
    ends,
    failure,
    java_command,
    java_environment,
    temporary_folder,
)
from isthmus.progress import progress

ADMIN_CLASS = "org.neo4j.cli.AdminTool"
SECONDS_TO_END = 10.0  # a killed process frees its files a moment later
STEPS = 80
"""Of an import: it has four parts and tells of every 5 %."""

_STEP = re.compile(rb"\d+% ")


def set_initial_password(folders: Folders, password_file: Path) -> None:
    """Gives a home that has no users yet its password.

    The administration tool reads the file itself (`@FILE`), so that no process list shows it.

    Raises:
        ServerError: It did not, with the reason from what it said.
    """
    done = administer(folders, "dbms", "set-initial-password", f"@{password_file}")
    if done.returncode != 0:
        folders.console.write_text(done.stderr.decode(errors="replace"))
        raise failure("Neo4j did not start", folders.console, folders.events)


def administer(
    folders: Folders,
    *arguments: str,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Runs Neo4j's administration tool on a home whose server is stopped.

    Args:
        folders: The home, with its configuration.
        *arguments: What `neo4j-admin` takes.
        stdin: A file that it reads; nothing without it.
        stdout: A file for what it writes there; thrown away without it.

    Returns:
        Its exit status, and what it said on standard error.
    """
    command = _command(folders, "-XX:TieredStopAtLevel=1", *arguments)
    out = stdout or subprocess.DEVNULL
    with _at_work(folders, command, stdin or subprocess.DEVNULL, out, subprocess.PIPE) as tool:
        _, said = tool.communicate()
    return subprocess.CompletedProcess(command, tool.returncode, stderr=said)


def import_full(folders: Folders, heap: str, arguments: list[str], log: Path) -> None:
    """Makes a database from files; the home has none of that name yet.

    Args:
        folders: Of the home, configured.
        heap: Of the import; `1g`.
        arguments: The database, options and files.
        log: What the tool says.

    Raises:
        ServerError: The import failed, with the reason from its log.
    """
    command = _command(folders, f"-Xmx{heap}", "database", "import", "full", *arguments)
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("wb") as kept,
        progress("import", STEPS, "steps") as advance,
        _at_work(folders, command, subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT) as tool,
    ):
        assert tool.stdout is not None  # noqa: S101 it is a pipe
        for line in tool.stdout:
            kept.write(line)
            advance(len(_STEP.findall(line)))
    if tool.returncode != 0:
        raise failure("The import failed", log)


def check(folders: Folders, memory: str, database: str) -> None:
    """Compares the nodes, relationships, properties, counts and indexes of a stopped database.

    Args:
        folders: Of the home.
        memory: Beside the heap; `512m`.
        database: Its name.

    Raises:
        ServerError: They contradict each other, or cannot be compared, with what the tool said
            last; a report lies beside its log.
    """
    log = folders.logs / "check.log"
    options = (f"--report-path={folders.logs}", f"--max-off-heap-memory={memory}")
    with log.open("wb") as kept:
        done = administer(folders, "database", "check", *options, database, stdout=kept)
        kept.write(done.stderr)
    if done.returncode != 0:
        raise failure("The check of the graph failed", log)


def end_abandoned(home: Path) -> None:
    """Ends the tools that a killed command left at work on a home.

    For the one command that holds the home: there no other runs one.
    """
    import psutil

    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            arguments = one.cmdline()
            if ADMIN_CLASS in arguments and temporary_folder(home) in arguments:
                one.kill()
                ends(one.pid, SECONDS_TO_END)


def _command(folders: Folders, option: str, *arguments: str) -> list[str]:
    return [*java_command(folders, option), ADMIN_CLASS, *arguments]


@contextlib.contextmanager
def _at_work(
    folders: Folders,
    command: list[str],
    stdin: IO[bytes] | int,
    stdout: IO[bytes] | int,
    stderr: int,
) -> Iterator[subprocess.Popen[bytes]]:
    """The tool while it works; it is ended where the block fails, and has ended after it."""
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=folders.jars,
        env=java_environment(
            NEO4J_HOME=str(folders.home), NEO4J_CONF=str(folders.configuration.parent)
        ),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        umask=0o077,
    ) as tool:
        try:
            yield tool
        except BaseException:
            tool.kill()
            raise
