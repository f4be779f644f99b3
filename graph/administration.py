"""Neo4j's administration tool, which stands in the jars beside the server."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import IO

from graph.process import (
    Folders,
    ends,
    failure,
    java_command,
    java_environment,
    temporary_folder,
)

ADMIN_CLASS = "org.neo4j.cli.AdminTool"
SECONDS_TO_END = 10.0  # a killed process frees its files a moment later


def set_initial_password(folders: Folders, password_file: Path) -> None:
    """Gives a home that has no data yet its password.

    The administration tool reads the file itself (`@FILE`), so that no process list shows it.
    """
    done = administer(folders, "dbms", "set-initial-password", f"@{password_file}")
    if done.returncode != 0:
        folders.console.write_text(done.stderr.decode(errors="replace"))
        raise failure(folders)


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
    return subprocess.run(  # noqa: S603
        [*java_command(folders, "-XX:TieredStopAtLevel=1"), ADMIN_CLASS, *arguments],
        cwd=folders.jars,
        env=java_environment(
            NEO4J_HOME=str(folders.home), NEO4J_CONF=str(folders.configuration.parent)
        ),
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        umask=0o077,
    )


def end_abandoned(home: Path) -> None:
    """Ends the tools that a killed command left at work on a home.

    For the holder of the home's lock alone: there no other command runs one.
    """
    import psutil

    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            arguments = one.cmdline()
            if ADMIN_CLASS in arguments and temporary_folder(home) in arguments:
                one.kill()
                ends(one.pid, SECONDS_TO_END)
