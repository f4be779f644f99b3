"""Unpacks zip archives for the time in which a dataset is read."""

from __future__ import annotations

import lzma
import shutil
import struct
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from isthmus.errors import InputError
from isthmus.graph.sources.memory import check_ratio

MAX_MEMBERS = 20_000
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, NotImplementedError, ValueError),
)
"""What reading a damaged archive raises, besides an `OSError`."""


def is_archive(path: Path) -> bool:
    """Whether a file has the ending of a zip archive."""
    return path.suffix.lower() == ".zip" and path.is_file()


def is_hidden(name: str) -> bool:
    """Whether a file belongs to a tool, as `_SUCCESS` and `.part-00000.crc` do."""
    return name.startswith((".", "_"))


def unpack(path: Path, temporary: ExitStack) -> Path:
    """Unpacks a zip archive into a temporary folder.

    Args:
        path: The archive.
        temporary: Removes the folder when it closes.

    Returns:
        The folder that holds the archive's files; of an archive of one folder, that folder.

    Raises:
        InputError: The file is no zip archive, is damaged or encrypted, or does not fit on the
            disk.
    """
    try:
        folder = Path(temporary.enter_context(TemporaryDirectory(prefix="isthmus-")))
        with zipfile.ZipFile(path) as archive:
            size = unpacked_size(path, archive)
            free = shutil.disk_usage(folder).free
            if size >= free:
                raise InputError(
                    f"{path.name} needs {size:,} bytes of {folder.parent} to be unpacked, where "
                    f"{free:,} are free.",
                    "Unpack it on another disk, and give its folder.",
                )
            archive.extractall(folder)
    except DAMAGED as error:
        raise InputError(
            f"{path.name} cannot be unpacked: {error}.",
            "Copy or download it again, or unpack it and give its folder.",
        ) from error
    except RuntimeError as error:
        raise InputError(
            f"{path.name} is encrypted.", "Unpack it with its password, and give its folder."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be unpacked: {error.strerror or error}.",
            "Unpack it, and give its folder.",
        ) from error
    return _inner_folder(folder)


def unpacked_size(path: Path, archive: zipfile.ZipFile) -> int:
    """Returns the bytes of an archive after unpacking.

    Raises:
        InputError: It has too many files, or hundreds of times its own size.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise InputError(
            f"{path.name} has {len(members):,} files, more than {MAX_MEMBERS:,}.",
            "Unpack it, and give its folder.",
        )
    size = sum(member.file_size for member in members)
    check_ratio(path, size, path.stat().st_size)
    return size


def _inner_folder(folder: Path) -> Path:
    entries = [entry for entry in folder.iterdir() if not is_hidden(entry.name)]
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder
