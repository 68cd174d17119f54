"""The listing of a commit, as a place to search for Dockerfiles and as the build context of each."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from slimfix.bot.errors import BotError
from slimfix.bot.git import Entry
from slimfix.bot.names import bad_path, too_wild
from slimfix.context import Kind
from slimfix.files import MAX_BYTES
from slimfix.search import (
    SKIPPED_DIRECTORIES,
    begins_like_dockerfile,
    ignore_spec,
    is_dockerfile_name,
    matched,
)
from slimfix.text import decode

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILES = ("100644", "100755")
LINK = "120000"
SUBMODULE = "160000"

MAX_RULES = 2_000
"""Lines of a ``.gitignore`` that are heeded."""
MAX_DOCKERFILES = 5_000
"""Dockerfiles of a repository over which it is left alone: nobody would read such a pull request."""

Hidden = Callable[[str], bool]


class Blobs(Protocol):
    """Where the contents are, by the names of the objects."""

    def fetch(self, shas: Iterable[str]) -> None:
        """Have these at hand, if that can be done at once."""

    def blob(self, sha: str, limit: int) -> bytes | None:
        """The bytes, or None if they are more than *limit* or cannot be had."""


class Unread(NamedTuple):
    """A path that was not worked on, and why."""

    path: str
    reason: str


class Tree:
    """Files by path. Nothing of their contents is read before it is asked for."""

    def __init__(self, entries: Iterable[Entry], blobs: Blobs) -> None:
        self.blobs = blobs
        self.entries = {entry.path: entry for entry in entries}
        self.ignoring: dict[str, GitIgnoreSpec | None] = {}
        """What the ``.gitignore`` of each directory says, as far as that was read."""
        self._names: dict[str, set[str]] = {"": set()}
        for path in self.entries:
            at = path
            while at:
                parent, _, name = at.rpartition("/")
                known = parent in self._names
                self._names.setdefault(parent, set()).add(name)
                if known:
                    break
                at = parent

    def names(self, directory: str) -> Iterable[str]:
        """What stands in a directory."""
        return self._names.get(directory, ())

    def is_directory(self, path: str) -> bool:
        """Whether a directory stands there."""
        return path in self._names

    def read(self, path: str, limit: int = MAX_BYTES + 1) -> bytes | None:
        """The bytes of a regular file; None for anything else, or more than *limit*."""
        entry = self.entries.get(path)
        return self.blobs.blob(entry.sha, limit) if entry and entry.mode in FILES else None

    def fetch(self, paths: Iterable[str]) -> None:
        """Have the files among these at hand, with one request."""
        found = (self.entries.get(path) for path in paths)
        self.blobs.fetch(entry.sha for entry in found if entry and entry.mode in FILES)

    def below(self, directory: str) -> Below:
        """The build context in a directory."""
        return Below(self, directory)


class Below:
    """A :class:`slimfix.context.FileSource` of what stands in one directory of a tree."""

    def __init__(self, tree: Tree, directory: str) -> None:
        self._tree = tree
        self._root = directory

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if self._root and path else self._root or path

    def kind(self, path: str) -> Kind | None:
        """What stands at *path*; a submodule is a directory that nothing is known of."""
        at = self._at(path)
        if self._tree.is_directory(at):
            return "dir"
        entry = self._tree.entries.get(at)
        if entry is None:
            return None
        return "file" if entry.mode in FILES else "link" if entry.mode == LINK else "other"

    def names(self, directory: str) -> Iterable[str]:
        """The names in a directory."""
        return self._tree.names(self._at(directory))

    def target(self, link: str) -> str:
        """The text of a link."""
        entry = self._tree.entries.get(self._at(link))
        data = self._tree.blobs.blob(entry.sha, 4096) if entry and entry.mode == LINK else None
        return decode(data) if data else ""

    def read(self, path: str, limit: int) -> bytes | None:
        """The bytes of a file. Its neighbours of a like kind are fetched with it: they are read next."""
        at = self._at(path)
        directory, _, name = at.rpartition("/")
        kind = posixpath.splitext(name)[1]
        near = [other for other in self._tree.names(directory) if posixpath.splitext(other)[1] == kind]
        if len(near) <= 20:
            self._tree.fetch(f"{directory}/{other}" if directory else other for other in near)
        return self._tree.read(at, limit)


def find(tree: Tree, hidden: Hidden) -> tuple[list[str], list[Unread]]:
    """The Dockerfiles of a tree in order, by the rules of :mod:`slimfix.search`, and what was passed over.

    Raises:
        BotError: there are too many.
    """
    sure: list[str] = []
    perhaps: list[str] = []
    unread: list[Unread] = []
    for path, entry in tree.entries.items():
        *above, name = path.split("/")
        taken = is_dockerfile_name(name)
        if taken is False or not SKIPPED_DIRECTORIES.isdisjoint(above):
            continue
        reason = _unfit(entry)
        if reason is not None:
            unread += [Unread(path, reason)] if taken else []
        else:
            (sure if taken else perhaps).append(path)
    if len(sure) + len(perhaps) + len(unread) > MAX_DOCKERFILES:
        raise BotError("too-large", f"more than {MAX_DOCKERFILES} Dockerfiles")
    tree.fetch([*sure, *perhaps, *_ignore_files(tree, [*sure, *perhaps])])
    found = sure + [path for path in perhaps if begins_like_dockerfile(tree.read(path) or b"")]
    shown = [path for path in found if not hidden_by_git(tree, path) and not hidden(path)]
    return sorted(shown, key=lambda path: path.split("/")), sorted(unread)


def _unfit(entry: Entry) -> str | None:
    if entry.mode == LINK:
        return "a symbolic link"
    if entry.mode == SUBMODULE:
        return "a submodule"
    if entry.mode not in FILES:
        return f"of an unusual mode, {entry.mode}"
    return bad_path(entry.path)


def above(path: str) -> Iterator[str]:
    """The directories that a path lies in, the root first."""
    yield ""
    parts = path.split("/")[:-1]
    for number in range(len(parts)):
        yield "/".join(parts[: number + 1])


def joined(directory: str, name: str) -> str:
    """A path of a name in a directory."""
    return f"{directory}/{name}" if directory else name


def _ignore_files(tree: Tree, paths: Iterable[str]) -> set[str]:
    places = {joined(directory, ".gitignore") for path in paths for directory in above(path)}
    return places & tree.entries.keys()


def hidden_by_git(tree: Tree, path: str) -> bool:
    """Whether a ``.gitignore`` hides the file, or a directory that it lies in."""
    specs: list[tuple[str, GitIgnoreSpec]] = []
    for directory in above(path):
        if directory and matched("/" + directory, True, specs):
            return True
        if directory not in tree.ignoring:
            tree.ignoring[directory] = _rules(tree.read(joined(directory, ".gitignore")) or b"")
        found = tree.ignoring[directory]
        if found is not None:
            specs.append(("/" + directory, found))
    return matched("/" + path, False, specs)


def _rules(data: bytes) -> GitIgnoreSpec | None:
    """What a ``.gitignore`` says; None for nothing. What could take hours to match is not heeded."""
    lines = [line for line in decode(data).splitlines()[:MAX_RULES] if not too_wild(line)]
    return ignore_spec(lines) if lines else None
