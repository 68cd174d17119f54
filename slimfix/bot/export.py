"""The files of a directory of a commit, written to this machine to be built: by an operator's wish alone.

They come from git's objects, not by a checkout: no filter, hook or setting of the repository has a say.
Only plain files and links are written, into a directory that holds nothing else: links last, so that
nothing is ever written through one, and only those that stay inside. A submodule is an empty directory, as
in any clone.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from slimfix.bot.errors import BotError
from slimfix.bot.git import Entry
from slimfix.bot.tree import FILES, LINK, SUBMODULE, Blobs, Tree
from slimfix.files import reason

MAX_FILES = 100_000
MAX_BYTES = 512 << 20
"""Of all files together."""
_LINK = 4096
_LFS = b"version https://git-lfs.github.com/spec/v1\n"


class Unexported(Exception):
    """The directory cannot be written as it is; the message says why."""


class Source(Blobs, Protocol):
    """Where the contents come from."""

    def fetch_all(self, shas: Iterable[str], limit: int) -> None:
        """Have all of these at hand, of *limit* bytes at most. Raises BotError."""


class Exported(NamedTuple):
    """What was written."""

    files: int
    notes: tuple[str, ...]
    """What is not as it would be in a checkout."""


def export(tree: Tree, source: Source, directory: str, target: str) -> Exported:
    """Write what lies in *directory* of a commit to *target*, which must not exist yet.

    Raises:
        Unexported: there is too much, or something that must not be written.
    """
    found = sorted(_below(tree, directory))
    if len(found) > MAX_FILES:
        raise Unexported(f"more than {MAX_FILES} files")
    for path, _ in found:
        _checked(path)
    wanted = [entry.sha for _, entry in found if entry.mode in (*FILES, LINK)]
    try:
        source.fetch_all(wanted, MAX_BYTES)
        return _Writer(source, target).run(found)
    except BotError as error:
        raise Unexported(str(error)) from None
    except OSError as error:
        raise Unexported(f"its files cannot be written: {reason(error)}") from None


def _below(tree: Tree, directory: str) -> Iterator[tuple[str, Entry]]:
    start = f"{directory}/" if directory else ""
    for path, entry in tree.entries.items():
        if path.startswith(start):
            yield path[len(start) :], entry


def _checked(path: str) -> None:
    """Refuse what would be written elsewhere, or be taken for git's own."""
    for part in path.split("/"):
        if part in ("", ".", "..") or "\0" in part or part.lower().rstrip(". ") == ".git":
            raise Unexported(f"a path that is not written: {path!r}")


class _Writer:
    def __init__(self, source: Source, target: str) -> None:
        self.source = source
        self.target = target
        self.left = MAX_BYTES
        self.pointers = 0
        self.astray = 0

    def run(self, found: list[tuple[str, Entry]]) -> Exported:
        os.mkdir(self.target, 0o755)
        os.chmod(self.target, 0o755)
        for path, entry in found:
            if entry.mode in FILES:
                self.file(path, entry)
            elif entry.mode == SUBMODULE:
                self.directory(path)
        for path, entry in found:
            if entry.mode == LINK:
                self.link(path, entry)
        notes = []
        if self.pointers:
            notes.append(f"{self.pointers} files are kept in Git LFS, and their place-holders were built")
        if self.astray:
            notes.append(f"{self.astray} links lead out of the directory, and were left out")
        return Exported(len(found), tuple(notes))

    def place(self, path: str) -> str:
        """Where a path of the commit lies here; its directories are made."""
        self.directory(posixpath.dirname(path))
        return os.path.join(self.target, path)

    def directory(self, path: str) -> None:
        at = self.target
        for part in filter(None, path.split("/")):
            at = os.path.join(at, part)
            if not os.path.isdir(at):
                os.mkdir(at, 0o755)
                os.chmod(at, 0o755)  # whatever the umask

    def file(self, path: str, entry: Entry) -> None:
        data = self.source.blob(entry.sha, self.left)
        if data is None:
            raise Unexported(f"more than {MAX_BYTES >> 20} MiB, or not to be had: {path!r}")
        self.left -= len(data)
        self.pointers += data.startswith(_LFS)
        mode = 0o755 if entry.mode == "100755" else 0o644
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(self.place(path), flags, mode), "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)

    def link(self, path: str, entry: Entry) -> None:
        data = self.source.blob(entry.sha, _LINK)
        if data is None or not stays_inside(path, os.fsdecode(data)):
            self.astray += 1
            return
        os.symlink(data, os.fsencode(self.place(path)))


def stays_inside(path: str, target: str) -> bool:
    """Whether a link at *path* leads to a place in the directory, whatever other such links there are.

    It may go up first, from where it lies, and then down alone: ``..`` behind the name of another link
    would lead up from wherever that one leads.
    """
    if not target or target.startswith("/") or "\0" in target:
        return False
    parts = [part for part in target.split("/") if part not in ("", ".")]
    up = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
    return ".." not in parts[up:] and up <= path.count("/") and ".git" not in map(str.lower, parts)
