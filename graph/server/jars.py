"""The jars of Neo4j: which ones, with which SHA-256, fetched and verified.

`neo4j.lock`, beside this file, has a jar a line: its SHA-256 and its Maven coordinate. Maven's
own resolution reads some 400 POM files one after the other and verifies nothing, so it runs once a
Neo4j version, at the maintainer's (`write_lock`), and every installation reads its result.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import IsthmusError
from isthmus.progress import progress

if TYPE_CHECKING:
    import requests

logger = logging.getLogger("isthmus.jars")

LOCK_FILE = Path(__file__).with_name("neo4j.lock")
NEO4J_VERSION = "2026.09.0"
ROOTS = (("org.neo4j.app", "neo4j-server"), ("org.neo4j", "neo4j"))
THREADS = 8
WAITS = (0.3, 1.0, 2.0)  # seconds between the four tries
TIMEOUT = (10, 30)  # seconds to connect, and between two pieces
# Java's cache of loaded classes holds only while the jars keep size and date. One date for all
# lets a jar that was fetched again fit.
MODIFIED_AT = 1_000_000_000
EXISTING_SERVER = (
    "Or use an existing Neo4j: set NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD, "
    "for example NEO4J_URI=neo4j://localhost:7687."
)


class FetchError(IsthmusError):
    """The jars of Neo4j could not be had."""


class _CorruptError(Exception):
    """What arrived is not what the lock list says."""


class _StoppedError(Exception):
    """Another jar failed, so this one is not fetched."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock list."""

    sha256: str
    group: str
    artifact: str
    version: str
    classifier: str = ""

    @property
    def coordinate(self) -> str:
        """`group:artifact:version`, with `:classifier` where there is one."""
        parts = (self.group, self.artifact, self.version, self.classifier)
        return ":".join(part for part in parts if part)

    @property
    def name(self) -> str:
        """The file's name, in a Maven repository and in our folder."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{classifier}.jar"

    @property
    def address(self) -> str:
        """The path below a Maven repository's address."""
        return "/".join((*self.group.split("."), self.artifact, self.version, self.name))


def locked_jars(path: Path = LOCK_FILE) -> list[Jar]:
    """Reads the lock list, sorted by file name: the order of the class path."""
    lines = (line.split() for line in path.read_text().splitlines())
    jars = [Jar(sha256, *coordinate.split(":")) for sha256, coordinate in lines]
    return sorted(jars, key=lambda jar: jar.name)


def is_whole(path: Path, jar: Jar) -> bool:
    """Whether the file is there and has the SHA-256 of the lock list."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def fetch(folder: Path, jars: Sequence[Jar] | None = None, repository: str | None = None) -> int:
    """Brings `folder` to hold every jar of the lock list, each verified; returns how many it got.

    Every call hashes every jar (0.3 s for 180 MB): nothing but what the lock list names is ever
    run, and a jar that a full disk or a bad block damaged is fetched again. Jars that are whole
    stay, so an interrupted call goes on where it stopped.

    Args:
        folder: Where the jars lie side by side; made when missing.
        jars: What to fetch; the lock list by default.
        repository: Address of a Maven repository; Maven Central by default.

    Raises:
        FetchError: A jar cannot be had, or the folder cannot be written.
    """
    jars = locked_jars() if jars is None else jars
    repository = repository or _maven_central()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one_fetches(folder), ThreadPoolExecutor(THREADS) as threads:
            whole = threads.map(lambda jar: is_whole(folder / jar.name, jar), jars)
            missing = [jar for jar, is_there in zip(jars, whole, strict=True) if not is_there]
            if missing:
                _fetch_all(folder, jars, missing, repository, threads)
    except OSError as error:
        raise FetchError(
            f"The jars of Neo4j cannot be kept in {folder}: {error.strerror or error}.",
            "Make room there or set ISTHMUS_HOME to a folder that can be written.",
        ) from error
    return len(missing)


def _maven_central() -> str:
    from jgo.constants import MAVEN_CENTRAL_URL

    return str(MAVEN_CENTRAL_URL)


@contextlib.contextmanager
def _only_one_fetches(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob("*.part"):  # what a killed process was writing
            left.unlink()
        yield


def _fetch_all(
    folder: Path,
    jars: Sequence[Jar],
    missing: Sequence[Jar],
    repository: str,
    threads: ThreadPoolExecutor,
) -> None:
    """Fetches the missing jars on the threads; the first that fails stops the others."""
    import requests

    stopped, counting = threading.Event(), threading.Lock()
    with (
        requests.Session() as session,
        progress("Fetching Neo4j", total=len(missing), unit="jars") as advance,
    ):
        session.mount("", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))

        def work(jar: Jar) -> None:
            try:
                _fetch_one(folder, jar, repository, session, stopped)
            except BaseException:
                stopped.set()
                raise
            with counting:
                advance(1)

        tasks = [threads.submit(work, jar) for jar in missing]
        try:
            wait(tasks)
        finally:
            stopped.set()  # also when the user interrupts
    failures = [error for task in tasks if (error := task.exception())]
    failure = next((error for error in failures if not isinstance(error, _StoppedError)), None)
    if isinstance(failure, requests.RequestException | _CorruptError):
        raise _cannot_fetch(folder, jars, repository, failure) from failure
    if failure:
        raise failure


def _fetch_one(
    folder: Path, jar: Jar, repository: str, session: requests.Session, stopped: threading.Event
) -> None:
    """Fetches one jar in four tries, unless another one failed."""
    import requests

    for pause in (*WAITS, None):
        if stopped.is_set():
            raise _StoppedError
        try:
            _download(folder, jar, repository, session)
        except (requests.RequestException, _CorruptError) as error:
            response = getattr(error, "response", None)
            refused = response is not None and response.status_code in (401, 403, 404)
            if pause is None or refused:
                raise
            logger.debug("%s: %s, once more in %s s", jar.coordinate, error, pause)
            stopped.wait(pause)
        else:
            return


def _download(folder: Path, jar: Jar, repository: str, session: requests.Session) -> None:
    """Writes one jar under another name, verifies it and only then gives it its own."""
    url = f"{repository.rstrip('/')}/{jar.address}"
    part = tempfile.NamedTemporaryFile(  # noqa: SIM115 the file outlives the block under a new name
        dir=folder, prefix=jar.name, suffix=".part", delete=False
    )
    try:
        with part, session.get(url, stream=True, timeout=TIMEOUT) as response:
            response.raise_for_status()
            digest = hashlib.sha256()
            for piece in response.iter_content(1 << 18):
                digest.update(piece)
                part.write(piece)
            if digest.hexdigest() != jar.sha256:
                raise _CorruptError(f"{jar.coordinate} does not have the SHA-256 of the lock list")
            part.flush()
            os.fchmod(part.fileno(), 0o644)
        os.utime(part.name, (MODIFIED_AT, MODIFIED_AT))
        Path(part.name).replace(folder / jar.name)
    except BaseException:
        Path(part.name).unlink(missing_ok=True)
        raise


def _cannot_fetch(
    folder: Path, jars: Sequence[Jar], repository: str, error: Exception
) -> FetchError:
    left = sum(not is_whole(folder / jar.name, jar) for jar in jars)
    return FetchError(
        f"Neo4j {NEO4J_VERSION} is not complete: {left} of {len(jars)} jars are missing "
        f"in {folder}, and {repository} does not give them ({_reason(error)}).",
        "With a network, run it again: it goes on where it stopped. Without one, put the jars "
        f"that {LOCK_FILE} lists by Maven coordinate into {folder}, or copy that folder from an "
        f"installation that has it. {EXISTING_SERVER}",
    )


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} for {error.response.url}"
    if isinstance(error, requests.exceptions.SSLError):
        return f"its certificate is not trusted: {error}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)


def write_lock(path: Path = LOCK_FILE, cache: Path | None = None) -> int:
    """Resolves Neo4j's dependencies through jgo and writes the lock list; returns its length.

    A maintainer's task: a minute or two, and the jars in jgo's cache (`~/.m2` by default).
    """
    from jgo.maven import Dependency, MavenContext

    context = MavenContext(repo_cache=cache, timeout=60)
    roots = [
        Dependency(context.project(group, artifact).at_version(NEO4J_VERSION).artifact())
        for group, artifact in ROOTS
    ]
    inputs, transitive = context.resolver.resolve(roots)
    dependencies = [*inputs, *transitive]

    def locked(dependency: Dependency) -> str:
        with dependency.artifact.resolve().open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        jar = Jar(
            sha256,
            dependency.groupId,
            dependency.artifactId,
            dependency.version,
            dependency.classifier,
        )
        return f"{sha256} {jar.coordinate}\n"

    lines: set[str] = set()
    with (
        ThreadPoolExecutor(THREADS) as threads,
        progress("Hashing jars", total=len(dependencies), unit="jars") as advance,
    ):
        for line in threads.map(locked, dependencies):
            lines.add(line)
            advance(1)
    path.write_text("".join(sorted(lines, key=lambda line: line.split()[1])))
    return len(lines)
