"""Where the files of a build context come from: a directory of this machine, or a mapping."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping

from slimfix.globs import clean
from slimfix.records import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Protocol

    Kind = Literal["file", "dir", "link", "other"]
else:
    Kind, Protocol = str, object


class FileSource(Protocol):
    """Where the files come from. Paths are clean; only the last part of one may be a link.

    No method follows a link, and none raises for a path that is missing or cannot be read.
    """

    def kind(self, path: str) -> Kind | None:
        """What stands at *path* (``""`` is the root), or None."""

    def names(self, directory: str) -> Iterable[str]:
        """The names in a directory, in any order."""

    def target(self, link: str) -> str:
        """The text of a link."""

    def read(self, path: str, limit: int) -> bytes | None:
        """The bytes of a file, or None if they are more than *limit* or cannot be had."""


class Link(NamedTuple):
    """A symbolic link in a context made with :meth:`BuildContext.of`."""

    target: str


class Local:
    """A directory of this machine."""

    def __init__(self, root: str) -> None:
        self._root = root

    def _path(self, path: str) -> str:
        return os.path.join(self._root, path) if path else self._root

    def kind(self, path: str) -> Kind | None:
        try:
            mode = os.lstat(self._path(path)).st_mode
        except (OSError, ValueError):
            return None
        if stat.S_ISREG(mode):
            return "file"
        return "dir" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else "other"

    def names(self, directory: str) -> Iterable[str]:
        try:
            return os.listdir(self._path(directory))
        except (OSError, ValueError):
            return ()

    def target(self, link: str) -> str:
        try:
            return os.readlink(self._path(link))
        except (OSError, ValueError):
            return ""

    def read(self, path: str, limit: int) -> bytes | None:
        # Not through a link, nor waiting at a pipe, even if one was put there a moment ago.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            with open(os.open(self._path(path), flags), "rb") as file:
                # As much as there is: room for the largest file costs more than the reading.
                size = os.fstat(file.fileno()).st_size
                data = file.read(min(size, limit) + 1)
                if size < len(data) <= limit:
                    data += file.read(limit + 1 - len(data))
        except (OSError, ValueError):
            return None
        return data if len(data) <= limit else None


class Memory:
    """Files held in a mapping."""

    def __init__(self, files: Mapping[str, str | bytes | Link]) -> None:
        self._files = {clean(path): held for path, held in files.items() if not path.endswith("/")}
        self._tree: dict[str, set[str]] = {"": set()}
        for path in files:
            at = clean(path)
            while at:
                parent, _, name = at.rpartition("/")
                self._tree.setdefault(parent, set()).add(name)
                at = parent
            if path.endswith("/"):
                self._tree.setdefault(clean(path), set())

    def kind(self, path: str) -> Kind | None:
        if path in self._tree:
            return "dir"
        held = self._files.get(path)
        return None if held is None else "link" if isinstance(held, Link) else "file"

    def names(self, directory: str) -> Iterable[str]:
        return self._tree.get(directory, ())

    def target(self, link: str) -> str:
        held = self._files.get(link)
        return held.target if isinstance(held, Link) else ""

    def read(self, path: str, limit: int) -> bytes | None:
        held = self._files.get(path)
        if held is None or isinstance(held, Link):
            return None
        data = held.encode("utf-8", "surrogateescape") if isinstance(held, str) else held
        return data if len(data) <= limit else None
