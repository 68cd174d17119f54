"""Dockerfiles on disk: finding them, reading them without ever blocking, and replacing them."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from slimfix.text import decode

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

MAX_BYTES = 10_000_000
"""The size over which a file is refused: no Dockerfile is that large."""

SKIPPED_DIRECTORIES = frozenset((".git", ".hg", ".svn", "node_modules"))
"""Directories that a search does not enter."""

NOT_DOCKERFILES = re.compile(
    r"(~|\.(bak|c|cc|cfg|conf|cpp|cs|css|diff|dockerignore|ejs|erb|go|gotmpl|h|html|ini|j2|java|jinja2?"
    r"|jsx?|json|kt|lock|log|lua|md|mustache|orig|patch|php|pl|ps1|pyc?|rb|rej|rs|rst|scala|sh|sum|swift"
    r"|sw[op]|tmpl|toml|tpl|tsx?|txt|xml|ya?ml))$",
    re.IGNORECASE,
)
"""Endings of files that are named after a Dockerfile but are none: sources, templates, left-overs."""


class Unusable(Exception):
    """A path that cannot be worked on; the message says why."""


# -- finding -----------------------------------------------------------------------------------------


def is_dockerfile_name(name: str) -> bool:
    """Whether a search takes a file of this name."""
    if NOT_DOCKERFILES.search(name):
        return False
    return (
        name == "Dockerfile"
        or name.startswith(("Dockerfile.", "Containerfile"))
        or name.endswith((".Dockerfile", ".dockerfile"))
    )


def find(
    paths: Iterable[str],
    excluded: tuple[str, Iterable[str]] | None = None,
    failed: Callable[[str, str], None] = lambda path, message: None,
) -> Iterator[str]:
    """The Dockerfiles that *paths* stand for, each once, in order.

    A directory is searched, without following symbolic links and without what ``.gitignore`` hides.
    Anything else is taken as it is, even when it does not exist: :func:`read` says what is wrong.

    Args:
        paths: files, directories and ``-``.
        excluded: a directory, and patterns below it (as in ``.gitignore``) that a search passes over.
        failed: told the path and the reason when a directory has nothing to offer.
    """
    seen = set()
    base = _exclusions(excluded)
    for path in paths:
        if path == "-" or not os.path.isdir(path):
            found: Iterable[str] = (path,)
        else:
            found = sorted(_search(path, base, failed), key=lambda p: p.split(os.sep))
            if not found:
                failed(path, "no Dockerfile in this directory")
        for file in found:
            key = file if file == "-" else os.path.abspath(file)
            if key not in seen:
                seen.add(key)
                yield file


def _exclusions(excluded: tuple[str, Iterable[str]] | None) -> list[tuple[str, GitIgnoreSpec]]:
    patterns = list(excluded[1]) if excluded else []
    if not excluded or not patterns:
        return []
    return [(os.path.abspath(excluded[0]), _spec(patterns))]


def _spec(patterns: list[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    good = []
    for pattern in patterns:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            continue  # git ignores a pattern that it cannot read, too
        good.append(pattern)
    return GitIgnoreSpec.from_lines(good)


def _gitignore(directory: str) -> list[tuple[str, GitIgnoreSpec]]:
    try:
        data = _read_regular(os.path.join(directory, ".gitignore"))
    except (OSError, Unusable):
        return []
    return [(os.path.abspath(directory), _spec(decode(data).splitlines()))]


def _ignored(path: str, is_directory: bool, specs: list[tuple[str, GitIgnoreSpec]]) -> bool:
    """Whether the nearest rule that speaks of *path* hides it."""
    if not specs:
        return False
    full = os.path.abspath(path)
    for base, spec in reversed(specs):
        relative = os.path.relpath(full, base).replace(os.sep, "/")
        if relative == "." or relative.startswith("../"):
            continue
        verdict = spec.check_file(relative + "/" * is_directory).include
        if verdict is not None:
            return verdict
    return False


def _above(directory: str) -> list[tuple[str, GitIgnoreSpec]]:
    """What the directories above, up to the root of the repository, have to say of this one."""
    current = os.path.abspath(directory)
    chain = []
    while not os.path.exists(os.path.join(current, ".git")):
        parent = os.path.dirname(current)
        if parent == current:
            return []
        chain.append(parent)
        current = parent
    specs = [spec for parent in reversed(chain) for spec in _gitignore(parent)]
    return [] if _ignored(directory, True, specs) else specs


def _search(
    directory: str,
    excluded: list[tuple[str, GitIgnoreSpec]],
    failed: Callable[[str, str], None],
) -> Iterator[str]:
    todo = [(directory, _above(directory))]
    while todo:
        current, specs = todo.pop()
        specs = specs + _gitignore(current)
        try:
            entries = list(os.scandir(current))
        except OSError as error:
            failed(current, reason(error))
            continue
        for entry in entries:
            path = os.path.normpath(entry.path)
            try:
                is_directory = entry.is_dir(follow_symlinks=False)
                is_file = entry.is_file(follow_symlinks=False) and is_dockerfile_name(entry.name)
            except OSError:
                continue
            if not (is_file or (is_directory and entry.name not in SKIPPED_DIRECTORIES)):
                continue
            if _ignored(path, is_directory, specs) or _ignored(path, is_directory, excluded):
                continue
            if is_directory:
                todo.append((path, specs))
            else:
                yield path


# -- reading and writing -----------------------------------------------------------------------------


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
        return _read_regular(path)
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
        raise Unusable(f"larger than {MAX_BYTES // 1_000_000} MB")
    if not data:
        raise Unusable("the file is empty")
    if b"\0" in data:
        raise Unusable("a binary file (it has NUL bytes)")
    return decode(data)


def _read_regular(path: str) -> bytes:
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    if not stat.S_ISREG(os.stat(path).st_mode):  # to open a device can already do something
        raise Unusable("a directory" if os.path.isdir(path) else "not a regular file")
    descriptor = os.open(path, flags)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unusable("not a regular file")
        return file.read(MAX_BYTES + 1)


def replace(path: str, data: bytes) -> None:
    """Put *data* in the place of the file, at once or not at all, with the mode that it had.

    Raises:
        Unusable: the path is a symbolic link, or it cannot be written.
    """
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            raise Unusable("not written: it is a symbolic link")
        if not stat.S_ISREG(found.st_mode):
            raise Unusable("not written: it is no regular file")
        if not os.access(path, os.W_OK):
            raise Unusable("not written: permission denied")
        _replace(path, data, found)
    except OSError as error:
        raise Unusable(f"not written: {reason(error)}") from None


def _replace(path: str, data: bytes, found: os.stat_result) -> None:
    import tempfile

    directory, name = os.path.split(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".tmp", dir=directory or ".")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        _own(temporary, found)
        os.chmod(temporary, stat.S_IMODE(found.st_mode))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _own(path: str, found: os.stat_result) -> None:
    """Give the file its former owner where we may; it matters when root rewrites a user's file."""
    chown: Any = getattr(os, "chown", None)
    if chown is None:
        return
    new = os.stat(path)
    if (new.st_uid, new.st_gid) != (found.st_uid, found.st_gid):
        with contextlib.suppress(OSError):
            chown(path, found.st_uid, found.st_gid)
