"""Neo4j's administration tool, `neo4j-admin`: in the same jars, run by the same Java."""

from __future__ import annotations

import contextlib
import re
import subprocess
from pathlib import Path

from graph.process import Folders, failure, java_command, java_environment, temporary_folder
from isthmus.progress import progress

MAIN_CLASS = "org.neo4j.cli.AdminTool"
STEPS = 80
"""Of an import: it has four parts and tells of every 5 %."""

_STEP = re.compile(r"\d+% ")


def set_initial_password(folders: Folders, password_file: Path) -> None:
    """Gives a home that has no data yet its password.

    The administration tool reads the file itself (`@FILE`), so that no process list shows it.

    Raises:
        ServerError: It did not, with the reason from what it said.
    """
    options = ("-XX:TieredStopAtLevel=1",)
    with _started(folders, options, "dbms", "set-initial-password", f"@{password_file}") as tool:
        said, _ = tool.communicate()
    if tool.returncode != 0:
        folders.console.write_text(said)
        raise failure("Neo4j did not start", folders.console, folders.events)


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
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w", encoding="utf-8") as kept,
        _started(folders, (f"-Xmx{heap}",), "database", "import", "full", *arguments) as tool,
        progress("import", STEPS, "steps") as advance,
    ):
        assert tool.stdout is not None  # noqa: S101 it is a pipe
        try:
            for line in tool.stdout:
                kept.write(line)
                advance(len(_STEP.findall(line)))
        except BaseException:
            tool.kill()
            raise
    if tool.returncode != 0:
        raise failure("The import failed", log)


def end(folders: Folders) -> None:
    """Ends a tool on this home that outlived the command that started it."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []  # none of a zombie, or of another user's
        if MAIN_CLASS in arguments and temporary_folder(folders) in arguments:
            with contextlib.suppress(psutil.Error):
                process.kill()
                process.wait()


def _started(folders: Folders, options: tuple[str, ...], *arguments: str) -> subprocess.Popen[str]:
    """The tool as a process whose output is one pipe."""
    return subprocess.Popen(  # noqa: S603
        [*java_command(folders, *options), MAIN_CLASS, *arguments],
        cwd=folders.jars,
        env=java_environment(
            NEO4J_HOME=str(folders.home), NEO4J_CONF=str(folders.configuration.parent)
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        umask=0o077,
    )
