"""Runs Neo4j's administration tool (`neo4j-admin`), which is part of the server's jars."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from isthmus.errors import InputError
from isthmus.files import open_log, write_file
from isthmus.graph.server.failures import ServerError, explain_failure
from isthmus.graph.server.folders import DATABASE, Folders
from isthmus.graph.server.identity import find_processes, kill
from isthmus.graph.server.process import java_command, java_environment
from isthmus.progress import progress

ADMIN_CLASS = "org.neo4j.cli.AdminTool"
IMPORT_STEPS = 80
"""Progress messages of an import: four stages, one message per 5 %."""

_PERCENTAGE = re.compile(rb"\d+% ")


def set_initial_password(folders: Folders, password_file: Path) -> None:
    """Sets the password of a home that has no database users yet.

    The tool reads the password from the file (`@FILE`), so that it appears in no process list.

    Raises:
        ServerError: The tool failed; the message has the reason from its output.
    """
    result = administer(folders, "dbms", "set-initial-password", f"@{password_file}")
    if result.returncode != 0:
        write_file(folders.console, result.stderr)
        raise explain_failure("Neo4j did not start", folders.console, folders.events)


def administer(
    folders: Folders,
    *arguments: str,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Runs the administration tool on a home whose server is stopped.

    Args:
        folders: Folders of the home, with a configuration.
        *arguments: Arguments of `neo4j-admin`.
        stdin: File for its standard input (default: empty).
        stdout: File for its standard output (default: discarded).

    Returns:
        The exit status and the standard error.
    """
    command = _tool_command(folders, "-XX:TieredStopAtLevel=1", *arguments)
    source, sink = stdin or subprocess.DEVNULL, stdout or subprocess.DEVNULL
    with _tool_process(folders, command, source, sink, subprocess.PIPE) as tool:
        _, errors = tool.communicate()
    return subprocess.CompletedProcess(command, tool.returncode, stderr=errors)


def import_full(folders: Folders, heap: str, arguments: list[str], log: Path) -> None:
    """Creates a database from files; no database of that name exists in the home yet.

    Args:
        folders: Folders of the home, with a configuration.
        heap: Maximum Java heap of the import, for example `1g`.
        arguments: Name of the database, options and files.
        log: File for the output of the tool.

    Raises:
        ServerError: The import failed; the message has the reason from its log.
    """
    command = _tool_command(folders, f"-Xmx{heap}", "database", "import", "full", *arguments)
    with (
        open_log(log) as output,
        progress("import", IMPORT_STEPS, "steps") as advance,
        _tool_process(
            folders, command, subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT
        ) as tool,
    ):
        assert tool.stdout is not None  # noqa: S101 it is a pipe
        for line in tool.stdout:
            output.write(line)
            advance(len(_PERCENTAGE.findall(line)))
    if tool.returncode != 0:
        raise explain_failure("The import failed", log)


def size_of_dump(folders: Folders, file: Path) -> int:
    """Returns the bytes of the files in a dump.

    Raises:
        InputError: Neo4j cannot read its header; the message has the reason.
    """
    with tempfile.TemporaryFile() as output:
        _load(folders, file, "--info", stdout=output)
        output.seek(0)
        found = re.search(rb"^Bytes: (\d+)", output.read(), re.MULTILINE)
    return int(found[1]) if found else 0


def load_dump(folders: Folders, file: Path) -> None:
    """Creates the graph from a dump; the home has none yet.

    Raises:
        InputError: Neo4j cannot read the file; the message has the reason.
    """
    _load(folders, file)


def write_dump(folders: Folders, output: IO[bytes]) -> None:
    """Writes the graph of a stopped server as a dump.

    Raises:
        ServerError: Neo4j did not write it; the message has the reason.
    """
    result = administer(folders, "database", "dump", DATABASE, "--to-stdout", stdout=output)
    if result.returncode != 0:
        raise ServerError(
            f"Neo4j did not write the backup: {_failure_reason(result.stderr)}.",
            "The graph is unchanged. Free disk space if the disk is full, and run it again.",
        )


def check_files(folders: Folders, memory: str, database: str) -> None:
    """Checks the nodes, relationships, properties, counts and indexes of a stopped database.

    Args:
        folders: Folders of the home.
        memory: Maximum memory outside the Java heap, for example `512m`.
        database: Name of the database.

    Raises:
        ServerError: The database is inconsistent or the check failed; the message has the last
            line of the log, and the report is in the same folder as the log.
    """
    log = folders.logs / "check.log"
    options = (f"--report-path={folders.logs}", f"--max-off-heap-memory={memory}")
    with open_log(log) as output:
        result = administer(folders, "database", "check", *options, database, stdout=output)
        output.write(result.stderr)
    if result.returncode != 0:
        raise explain_failure("The consistency check of the graph failed", log)


def kill_abandoned(home: Path) -> None:
    """Kills administration tools that an earlier, killed command left running on a home.

    The caller holds the lock of the home, so no tool that is still needed can be running.
    """
    for tool in find_processes(ADMIN_CLASS, home):
        kill(tool)


def _load(folders: Folders, file: Path, *options: str, stdout: IO[bytes] | None = None) -> None:
    with file.open("rb") as dump:
        arguments = ("database", "load", *options, DATABASE, "--from-stdin")
        result = administer(folders, *arguments, stdin=dump, stdout=stdout)
    if result.returncode != 0:
        raise InputError(
            f"{file} cannot be loaded: {_failure_reason(result.stderr)}.",
            "The graph is unchanged. Give a file that `isthmus backup` wrote.",
        )


def _failure_reason(stderr: bytes) -> str:
    """Extracts from standard error why the tool failed."""
    text = stderr.decode(errors="replace")
    if match := re.search(r"^Failed to \w+ database '[^']*': (.+)$", text, re.MULTILINE):
        return match[1].rstrip(".")
    lines = [line.strip() for line in text.splitlines() if line.strip(" -")]
    return lines[-1].rstrip(".") if lines else "it gave no reason"


def _tool_command(folders: Folders, option: str, *arguments: str) -> list[str]:
    return [*java_command(folders, option), ADMIN_CLASS, *arguments]


@contextlib.contextmanager
def _tool_process(
    folders: Folders,
    command: list[str],
    stdin: IO[bytes] | int,
    stdout: IO[bytes] | int,
    stderr: int,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the tool during the block, waits for its end, and kills it if the block fails."""
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
