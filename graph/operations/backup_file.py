"""A backup file, and the description beside it that tells a damaged file from a whole one.

The file is what Neo4j's `database dump` writes: an archive with a checksum of its content, which a
load finds wrong only after it has read everything. The description, `FILE.json`, has the SHA-256 of
the file and the versions that wrote it, so that both can be checked first.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from isthmus import __version__
from isthmus.errors import InputError
from isthmus.files import write_file
from isthmus.graph import server

MAGIC = (b"DZV1", b"DGV1")
"""First bytes of a dump in Zstandard and in gzip."""
ADVICE = "The graph is unchanged. Give a file that `isthmus backup` wrote."


@dataclass(frozen=True)
class Description:
    """What is known of a backup file.

    Attributes:
        created: When it was written, in UTC (ISO 8601).
        bytes: Size of the file.
        sha256: SHA-256 of the file, in hexadecimal.
        neo4j: Version of Neo4j that wrote it.
        isthmus: Version of isthmus that wrote it.
    """

    created: str
    bytes: int
    sha256: str
    neo4j: str
    isthmus: str


def description_path(file: Path) -> Path:
    """Returns the path of the description of a backup file."""
    return file.with_name(f"{file.name}.json")


def describe(file: Path) -> Description:
    """Writes the description of a backup file that this version has just written."""
    description = Description(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        bytes=file.stat().st_size,
        sha256=_sha256(file),
        neo4j=server.NEO4J_VERSION,
        isthmus=__version__,
    )
    write_file(
        description_path(file), json.dumps(asdict(description), indent=2, allow_nan=False) + "\n"
    )
    return description


def check_file(file: Path) -> Description | None:
    """Checks a backup file without loading it.

    Returns:
        Its description; None if there is none beside it.

    Raises:
        InputError: It is not a backup, not the one that was described, or of a newer version.
    """
    if not file.is_file():
        raise InputError(f"There is no file {file}.", "Give a file that `isthmus backup` wrote.")
    with file.open("rb") as stream:
        if stream.read(len(MAGIC[0])) not in MAGIC:
            raise InputError(f"{file} is not a dump of Neo4j.", ADVICE)
    if (description := _read_description(file)) is None:
        return None
    _check_versions(file, description)
    if (size := file.stat().st_size) != description.bytes:
        raise InputError(
            f"{file} is damaged: it has {size:,} bytes, and {description.bytes:,} were written.",
            ADVICE,
        )
    if _sha256(file) != description.sha256:
        raise InputError(
            f"{file} is damaged: its SHA-256 is not the one in {description_path(file).name}.",
            ADVICE,
        )
    return description


def _read_description(file: Path) -> Description | None:
    path = description_path(file)
    try:
        return Description(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise InputError(
            f"{path} is damaged: it is not the description of a backup.",
            f"The graph is unchanged. Give another backup, or delete {path.name}: what the file "
            "holds is then checked only while it is loaded.",
        ) from None


def _check_versions(file: Path, description: Description) -> None:
    for name, wrote, runs in (
        ("Neo4j", description.neo4j, server.NEO4J_VERSION),
        ("isthmus", description.isthmus, __version__),
    ):
        if _numbers(wrote) > _numbers(runs):
            raise InputError(
                f"{file} was written by {name} {wrote}, which is newer than the {runs} of this "
                "installation.",
                "The graph is unchanged. Install the newer isthmus "
                "(`pip install --upgrade isthmus`), or give an older backup.",
            )


def _numbers(version: str) -> list[int]:
    """Returns the numbers of a version, as [2026, 9, 0], for comparison."""
    return [int(part) for part in version.split(".") if part.isdecimal()]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
