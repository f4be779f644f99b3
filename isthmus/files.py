"""Files of isthmus: private to their owner whatever the umask, and complete or not there at all.

A file is written under a random name beside its target (`mkstemp`), synced, and then given the
target's name, which follows and overwrites no symbolic link that somebody else put there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from isthmus.errors import InputError

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
OTHERS = 0o077
"""The permissions of group and others, and the umask that gives none of them."""

PART = ".part"
HOME_CONTENTS = frozenset(
    (
        *(
            "aot",
            "encoders",
            "import",
            "jars",
            "locks",
            "logs",
            "scratch",
            "server",
            "service",
            "vectors",
        ),
        *("answers.sqlite", "isthmus.toml", "rejected.jsonl", "secrets.env", "lost+found"),
    )
)
"""Names of what a home can have before its first start, and what a new disk has."""

# File systems without hard links: FAT, some network and container file systems.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES)
_umask_of_user: int | None = None


@contextlib.contextmanager
def private_umask() -> Iterator[None]:
    """Lets whatever this process creates in the block be accessible to its owner only.

    It holds for libraries and child processes too; `write_file` with `private=False` has the
    user's own umask.
    """
    global _umask_of_user  # as the umask is one per process
    previous, outer = os.umask(OTHERS), _umask_of_user
    _umask_of_user = previous if outer is None else outer
    try:
        yield
    finally:
        os.umask(previous)
        _umask_of_user = outer


def make_folder(path: Path) -> Path:
    """Creates a folder and its missing parents, for their owner only; returns it."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)  # says so if it is no folder
    return path


@contextlib.contextmanager
def new_file(path: Path, *, overwrite: bool = True, private: bool = True) -> Iterator[BinaryIO]:
    """Yields a stream to a file that gets its name after the block, and does not if it fails.

    Args:
        path: Name of the file, in a folder that exists. A symbolic link of this name is replaced,
            not followed.
        overwrite: Replace what has the name.
        private: Only the owner can read it; otherwise the permissions are those of the umask.

    Raises:
        FileExistsError: Something has the name, and `overwrite` is not set.
        OSError: The file cannot be written.
    """
    descriptor, name = tempfile.mkstemp(PART, f".{path.name}.", path.parent)  # mode 0600
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            if not private:
                os.fchmod(stream.fileno(), 0o666 & ~_user_umask())
            os.fsync(stream.fileno())
        if overwrite:
            part.replace(path)
        else:
            _link(part, path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def write_file(path: Path, content: str | bytes, *, private: bool = True) -> None:
    """Writes a file at once; a reader finds the previous content or the new one, complete.

    Args:
        path: Name of the file, in a folder that exists.
        content: Text, written in UTF-8, or bytes.
        private: Only the owner can read it; otherwise the permissions are those of the umask.
    """
    with new_file(path, private=private) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def append_to(path: Path) -> BinaryIO:
    """Opens a private file for appending; creates it if missing.

    Raises:
        OSError: It cannot be written, or is a symbolic link or not a file.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    return os.fdopen(_open_private(path, flags), "ab")


def open_log(path: Path) -> BinaryIO:
    """Opens an empty private file for the output of a process, in place of an earlier one.

    Raises:
        OSError: It cannot be written, or is a symbolic link or not a file.
    """
    make_folder(path.parent)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
    return os.fdopen(_open_private(path, flags), "wb")


def open_private(path: Path) -> BinaryIO:
    """Opens a private file for reading and writing, as for a lock; creates it if missing.

    Raises:
        OSError: It cannot be opened, or is a symbolic link or not a file.
    """
    return os.fdopen(_open_private(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW), "r+b")


def remove_parts(path: Path) -> None:
    """Deletes what a killed `new_file` for this name left behind, if it is this user's."""
    for part in path.parent.glob(f".{_literal(path.name)}.*{PART}"):
        with contextlib.suppress(OSError):
            found = part.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
                part.unlink()


def sync_folder(folder: Path) -> None:
    """Makes new names in a folder last, also if the machine loses its power."""
    with contextlib.suppress(OSError):  # some network file systems cannot
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def protect_home(home: Path) -> None:
    """Creates a home for its owner only, and refuses one that others have access to.

    A folder without a password in it, and with nothing but what isthmus puts into a home, is
    closed to others.

    Raises:
        InputError: Other users have access to the home, or it belongs to another user.
        OSError: It cannot be created or examined.
    """
    if not home.exists():
        make_folder(home)
        return
    if error := home_access_error(home):
        raise error
    if home.stat().st_mode & OTHERS:
        home.chmod(PRIVATE_FOLDER)
        if home.stat().st_mode & OTHERS:  # a file system without permissions
            raise _open_home_error(home)


def home_access_error(home: Path) -> InputError | None:
    """Returns why `protect_home` refuses a home that exists, or None if it does not."""
    found = home.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid():
        return InputError(
            f"The home {home} belongs to the user {_user_name(found.st_uid)}, who could replace "
            f"the files that isthmus trusts; this command runs as {_user_name(os.geteuid())}.",
            "Run it as that user, change the owner (`chown`), or set ISTHMUS_HOME to another "
            "folder.",
        )
    has_password = (home / "server" / "password").exists()
    if mode & OTHERS and (has_password or not _has_only(home, HOME_CONTENTS)):
        return _open_home_error(home)
    return None


def _open_home_error(home: Path) -> InputError:
    mode = stat.S_IMODE(home.stat().st_mode)
    return InputError(
        f"The home {home} is open to other users (its permissions are {mode:o}), so its password "
        "is not used.",
        f"Run `chmod 700 {shlex.quote(str(home))}`, or set ISTHMUS_HOME to a folder of its own.",
    )


def _has_only(folder: Path, names: frozenset[str]) -> bool:
    return {each.name for each in folder.iterdir()} <= names


def _link(part: Path, path: Path) -> None:
    """Gives a file a second name that nothing has yet, on any file system."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        part.replace(path)


def _open_private(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
        if found.st_mode & OTHERS:  # of a version that did not care
            os.fchmod(descriptor, PRIVATE_FILE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _user_umask() -> int:
    if _umask_of_user is not None:
        return _umask_of_user
    umask = os.umask(OTHERS)  # it cannot be read otherwise
    os.umask(umask)
    return umask


def _literal(name: str) -> str:
    """Returns a name as a pattern of `glob` that matches only itself."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _user_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user may have no name
        return str(uid)
