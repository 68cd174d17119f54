"""Dockerfiles on disk: reading them without ever blocking, and replacing them whole or not at all."""

from __future__ import annotations

import os
import stat

from slimfix.text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_BYTES = 1 << 20
"""The size over which a file is refused; the largest Dockerfiles that people keep have a tenth of it."""


class Unusable(Exception):
    """A path that cannot be worked on; the message says why."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line
        """Counted from 1; 0 when it is about the whole file."""


def reason(error: OSError) -> str:
    """What went wrong, in words and without the path."""
    return (error.strerror or str(error)).lower()


def read(path: str) -> str:
    """The text of a Dockerfile.

    Raises:
        Unusable: it is missing, no regular file, unreadable, binary, empty or too large.
    """
    return checked(read_bytes(path))


def read_bytes(path: str) -> bytes:
    """The bytes of a regular file, at most one more than :data:`MAX_BYTES`.

    Raises:
        Unusable: it is missing, no regular file or unreadable.
    """
    try:
        return read_regular(path)
    except OSError as error:
        raise Unusable(reason(error)) from None
    except ValueError as error:  # a NUL in the path
        raise Unusable(str(error)) from None


def checked(data: bytes) -> str:
    """The text of a Dockerfile's bytes.

    Raises:
        Unusable: it is binary, empty or too large.
    """
    if len(data) > MAX_BYTES:
        raise Unusable(f"too large for a Dockerfile: more than {MAX_BYTES >> 20} MiB")
    if not data:
        raise Unusable("the file is empty")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unusable("UTF-16 text; Docker reads UTF-8", 1)
    at = data.find(b"\0")
    if at >= 0:
        raise Unusable("a binary file (it has NUL bytes)", data.count(b"\n", 0, at) + 1)
    return decode(data)


def read_regular(path: str) -> bytes:
    """As :func:`read_bytes`, but an OSError comes as it is."""
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    if not stat.S_ISREG(os.stat(path).st_mode):  # to open a device can already do something
        raise Unusable("a directory" if os.path.isdir(path) else "not a regular file")
    descriptor = os.open(path, flags)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Unusable("not a regular file")
        # As much as there is: room for the largest file costs more than all else here.
        data = file.read(min(found.st_size, MAX_BYTES) + 1)
        more = found.st_size < len(data) <= MAX_BYTES
        return data + file.read(MAX_BYTES + 1 - len(data)) if more else data


def create(path: str, data: bytes) -> None:
    """Make a file that is not there yet.

    Raises:
        Unusable: it is there, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags, 0o666)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
        except BaseException:
            _remove(path)
            raise
    except OSError as error:
        raise Unusable(f"not written: {reason(error)}") from None


def replace(path: str, data: bytes, before: bytes | None = None) -> None:
    """Put *data* in the place of the file, at once or not at all, with the mode and owner that it had.

    Args:
        path: of the file.
        data: what it is to hold.
        before: what it should hold now, if that is to be made sure of.

    Raises:
        Unusable: the path is a symbolic link, it cannot be written, its owner cannot be kept, or it
            holds something else than *before*. The file is then as it was.
    """
    effective = os.access in os.supports_effective_ids
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            raise Unusable("not written: it is a symbolic link")
        if not stat.S_ISREG(found.st_mode):
            raise Unusable("not written: it is no regular file")
        if not os.access(path, os.W_OK, effective_ids=effective):
            raise Unusable("not written: permission denied")
        if before is not None and read_bytes(path) != before:
            raise Unusable("not written: it was changed meanwhile")
        _replace(path, data, found)
    except OSError as error:
        raise Unusable(f"not written: {reason(error)}") from None


def _replace(path: str, data: bytes, found: os.stat_result) -> None:
    directory = os.path.dirname(path) or "."
    # Not with tempfile: its import takes longer than all that is done here.
    temporary = os.path.join(directory, f".slimfix-{os.getpid()}-{os.urandom(6).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            _like(descriptor, temporary, path, found)
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    if os.name == "posix":
        _sync(directory)


def _like(descriptor: int, temporary: str, path: str, found: os.stat_result) -> None:
    """Give the new file the owner, the mode and the extended attributes of the old one."""
    chown: Any = getattr(os, "chown", None)
    new = os.fstat(descriptor)
    if chown and (new.st_uid, new.st_gid) != (found.st_uid, found.st_gid):
        try:
            chown(temporary, found.st_uid, found.st_gid)
        except OSError as error:
            raise Unusable(f"not written: its owner cannot be kept: {reason(error)}") from None
    os.chmod(temporary, stat.S_IMODE(found.st_mode))
    names: Any = getattr(os, "listxattr", None)
    if names:
        try:
            for name in names(path):
                os.setxattr(temporary, name, os.getxattr(path, name))
        except OSError:  # a file system without them, or one that we may not set
            pass


def _sync(directory: str) -> None:
    try:
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:  # not every file system can
        pass


def _remove(path: str) -> None:
    try:  # noqa: SIM105  # contextlib is not worth its import here
        os.unlink(path)
    except OSError:
        pass
