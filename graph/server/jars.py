"""Downloads and verifies the jars of Neo4j that the lock file lists.

`neo4j.lock`, in this folder, has one line per jar: its SHA-256 and its Maven coordinate. Maven's
own resolution reads some 400 POM files one after the other and verifies nothing. A maintainer
therefore runs it once per Neo4j version (`write_lock`), and every installation reads the result.
"""

from __future__ import annotations

import contextlib
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
from isthmus.locks import hold_lock
from isthmus.progress import progress

if TYPE_CHECKING:
    import requests

logger = logging.getLogger("isthmus.jars")

LOCK_FILE = Path(__file__).with_name("neo4j.lock")
NEO4J_VERSION = "2026.09.0"
BROWSER_GROUP = "org.neo4j.client"
ROOTS = (
    ("org.neo4j.app", "neo4j-server", NEO4J_VERSION),
    ("org.neo4j", "neo4j", NEO4J_VERSION),
    (BROWSER_GROUP, "neo4j-browser", "5.24.0"),  # the setting server_web: files for a web browser
)
# Groups that tests of Neo4j and imports of Parquet files need, and a server does not.
UNNEEDED = (
    "junit",
    "net.bytebuddy",
    "org.apache.hadoop",
    "org.hamcrest",
    "org.mockito",
    "org.objenesis",
)
THREADS = 8
RETRY_WAIT_SECONDS = (0.3, 1.0, 2.0)  # between the four attempts
SECONDS_TO_WAIT = 1800.0  # for another process that downloads
TIMEOUT_SECONDS = (10, 30)  # to connect, and between two chunks
CHUNK_BYTES = 1 << 18
# Java's AOT cache is valid only while the jars keep their sizes and dates. With one date for all
# jars, the cache also accepts a jar that was downloaded again.
MODIFIED_AT = 1_000_000_000
EXISTING_SERVER_ADVICE = (
    "Or use an existing Neo4j: set NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD, "
    "for example NEO4J_URI=neo4j://localhost:7687."
)


class FetchError(IsthmusError):
    """The jars of Neo4j could not be downloaded or stored."""


class _ChecksumError(Exception):
    """The downloaded file does not have the SHA-256 of the lock file."""


class _StoppedError(Exception):
    """The download of another jar failed, so this one is not attempted."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock file."""

    sha256: str
    group: str
    artifact: str
    version: str
    classifier: str = ""

    @property
    def coordinate(self) -> str:
        """`group:artifact:version`, followed by `:classifier` if the jar has one."""
        parts = (self.group, self.artifact, self.version, self.classifier)
        return ":".join(part for part in parts if part)

    @property
    def name(self) -> str:
        """File name, in a Maven repository and in the folder of the jars."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{classifier}.jar"

    @property
    def address(self) -> str:
        """Path relative to the address of a Maven repository."""
        return "/".join((*self.group.split("."), self.artifact, self.version, self.name))


def locked_jars(browser: bool = False, path: Path = LOCK_FILE) -> list[Jar]:
    """Reads the lock file, sorted by file name, which is the order of the class path.

    Args:
        browser: Include Neo4j Browser, at the end.
        path: The lock file.
    """
    lines = (line.split() for line in path.read_text().splitlines())
    jars = [Jar(sha256, *coordinate.split(":")) for sha256, coordinate in lines]
    wanted = [jar for jar in jars if browser or jar.group != BROWSER_GROUP]
    return sorted(wanted, key=lambda jar: (jar.group == BROWSER_GROUP, jar.name))


def is_whole(path: Path, jar: Jar) -> bool:
    """Whether the file exists and has the SHA-256 of the lock file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def fetch(folder: Path, jars: Sequence[Jar] | None = None, repository: str | None = None) -> int:
    """Downloads the jars that are missing or damaged, and returns how many those were.

    Every call hashes every jar (0.3 s for 180 MB), so that only files with the SHA-256 of the lock
    file are ever run, and a jar damaged by a full disk or a bad block is downloaded again. Intact
    jars stay, so a call continues where an interrupted one stopped.

    Args:
        folder: Folder of the jars; created if missing.
        jars: Jars to download (default: those of the lock file without Neo4j Browser).
        repository: Address of a Maven repository (default: Maven Central).

    Raises:
        FetchError: A jar cannot be downloaded, or the folder cannot be written.
        Locked: Another process is downloading into the folder for too long.
    """
    jars = locked_jars() if jars is None else jars
    repository = repository or _maven_central()
    try:
        with _lock_folder(folder), ThreadPoolExecutor(THREADS) as threads:
            intact = threads.map(lambda jar: is_whole(folder / jar.name, jar), jars)
            missing = [jar for jar, is_intact in zip(jars, intact, strict=True) if not is_intact]
            if missing:
                _fetch_all(folder, jars, missing, repository, threads)
    except OSError as error:
        raise FetchError(
            f"The jars of Neo4j cannot be stored in {folder}: {error.strerror or error}.",
            "Free some disk space, or set ISTHMUS_HOME to a writable folder.",
        ) from error
    return len(missing)


def _maven_central() -> str:
    from jgo.constants import MAVEN_CENTRAL_URL

    return str(MAVEN_CENTRAL_URL)


@contextlib.contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Lets one process at a time download into the folder."""
    with hold_lock(folder / ".lock", SECONDS_TO_WAIT):
        for part in folder.glob("*.part"):  # left by a killed process
            part.unlink()
        yield


def _fetch_all(
    folder: Path,
    jars: Sequence[Jar],
    missing: Sequence[Jar],
    repository: str,
    threads: ThreadPoolExecutor,
) -> None:
    """Downloads the missing jars on the threads; the first failure stops the others."""
    import requests

    stop, counter_lock = threading.Event(), threading.Lock()
    with (
        requests.Session() as session,
        progress("download Neo4j", total=len(missing), unit="jars") as advance,
    ):
        session.mount("", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))

        def fetch_and_count(jar: Jar) -> None:
            try:
                _fetch_one(folder, jar, repository, session, stop)
            except BaseException:
                stop.set()
                raise
            with counter_lock:
                advance(1)

        downloads = [threads.submit(fetch_and_count, jar) for jar in missing]
        try:
            wait(downloads)
        finally:
            stop.set()  # also when the user interrupts
    failures = [error for download in downloads if (error := download.exception())]
    failure = next((error for error in failures if not isinstance(error, _StoppedError)), None)
    if isinstance(failure, requests.RequestException | _ChecksumError):
        raise _fetch_error(folder, jars, repository, failure) from failure
    if failure:
        raise failure


def _fetch_one(
    folder: Path, jar: Jar, repository: str, session: requests.Session, stop: threading.Event
) -> None:
    """Downloads one jar in up to four attempts, unless the download of another one failed."""
    import requests

    for pause in (*RETRY_WAIT_SECONDS, None):
        if stop.is_set():
            raise _StoppedError
        try:
            _download(folder, jar, repository, session)
        except (requests.RequestException, _ChecksumError) as error:
            response = getattr(error, "response", None)
            refused = response is not None and response.status_code in (401, 403, 404)
            if pause is None or refused:
                raise
            logger.debug("%s: %s; retrying in %s s", jar.coordinate, error, pause)
            stop.wait(pause)
        else:
            return


def _download(folder: Path, jar: Jar, repository: str, session: requests.Session) -> None:
    """Downloads one jar to a temporary file, verifies it and then renames it."""
    url = f"{repository.rstrip('/')}/{jar.address}"
    part = tempfile.NamedTemporaryFile(  # noqa: SIM115 the file outlives the block under a new name
        dir=folder, prefix=jar.name, suffix=".part", delete=False
    )
    try:
        with part, session.get(url, stream=True, timeout=TIMEOUT_SECONDS) as response:
            response.raise_for_status()
            digest = hashlib.sha256()
            for chunk in response.iter_content(CHUNK_BYTES):
                digest.update(chunk)
                part.write(chunk)
            if digest.hexdigest() != jar.sha256:
                raise _ChecksumError(f"{jar.coordinate} does not have the SHA-256 of the lock file")
            part.flush()
        os.utime(part.name, (MODIFIED_AT, MODIFIED_AT))
        Path(part.name).replace(folder / jar.name)
    except BaseException:
        Path(part.name).unlink(missing_ok=True)
        raise


def _fetch_error(
    folder: Path, jars: Sequence[Jar], repository: str, error: Exception
) -> FetchError:
    missing = sum(not is_whole(folder / jar.name, jar) for jar in jars)
    return FetchError(
        f"Neo4j {NEO4J_VERSION} is not complete: {missing} of {len(jars)} jars are missing "
        f"in {folder}, and the download from {repository} failed ({_failure_reason(error)}).",
        "With a network connection, run the command again: it continues where it stopped. Without "
        f"one, put the jars that {LOCK_FILE} lists by Maven coordinate into {folder}, or copy that "
        f"folder from another installation. {EXISTING_SERVER_ADVICE}",
    )


def _failure_reason(error: Exception) -> str:
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
    """Resolves Neo4j's dependencies with jgo, writes the lock file and returns its length.

    For maintainers. It takes one to two minutes and stores the jars in jgo's cache (default:
    `~/.m2`).
    """
    from jgo.maven import Dependency, MavenContext

    context = MavenContext(repo_cache=cache, timeout=60)
    roots = [
        Dependency(context.project(group, artifact).at_version(version).artifact())
        for group, artifact, version in ROOTS
    ]
    inputs, transitive = context.resolver.resolve(roots)
    dependencies = [each for each in (*inputs, *transitive) if each.groupId not in UNNEEDED]

    def lock_line(dependency: Dependency) -> str:
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
        progress("hash jars", total=len(dependencies), unit="jars") as advance,
    ):
        for line in threads.map(lock_line, dependencies):
            lines.add(line)
            advance(1)
    path.write_text("".join(sorted(lines, key=lambda line: line.split()[1])))
    return len(lines)
