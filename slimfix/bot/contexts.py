"""The build context of each Dockerfile of a commit: its own directory, or one that a compose file names."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from slimfix.bot.tree import Tree, above, joined
from slimfix.context import BuildContext
from slimfix.context.compose import LIMIT, context_of, decoded, is_compose_name
from slimfix.text import decode

_TOP = os.path.abspath(os.sep + "repository")
"""Where the root of the commit is said to stand, so that a path that leads out of it can be seen to."""


class Place(NamedTuple):
    """A build context in a commit."""

    directory: str
    """``""`` for the root; without meaning where there is a problem."""
    problem: str | None = None
    """Why it cannot be told, a clause without a full stop."""


class Contexts:
    """Those of one commit."""

    def __init__(self, tree: Tree, dockerfiles: Iterable[str]) -> None:
        """Have the compose files at hand that can name a context for the Dockerfiles at these paths."""
        self._tree = tree
        self._files = _Listing(tree)
        self._found: dict[str, Place] = {}
        directories = {directory for path in dockerfiles for directory in above(path)}
        tree.fetch(
            joined(directory, name)
            for directory in directories
            for name in tree.names(directory)
            if is_compose_name(name)
        )

    def place(self, path: str) -> Place:
        """The directory that the Dockerfile at *path* is built with."""
        if path not in self._found:
            found = context_of(_absolute(path), self._files)
            directory = posixpath.dirname(path) if found.directory is None else _relative(found.directory)
            self._found[path] = Place(directory, found.problem)
        return self._found[path]

    def beside(self, path: str) -> bool:
        """Whether a Dockerfile is built with its own directory."""
        return self.place(path) == Place(posixpath.dirname(path))

    def of(self, path: str) -> BuildContext:
        """The files that the Dockerfile at *path* can see."""
        directory, problem = self.place(path)
        if problem is not None:
            return BuildContext.unknown(problem)
        source = self._tree.below(directory)
        if not directory or path.startswith(f"{directory}/"):
            return BuildContext(source, path[len(directory) :].lstrip("/"))
        own = self._tree.read(f"{path}.dockerignore")
        return BuildContext(source, None, None if own is None else decode(own))


class _Listing:
    """The :class:`slimfix.context.compose.Files` of a commit. No link is followed."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.text = cache(self._text)

    def names(self, directory: str) -> Iterable[str]:
        return self._tree.names(_relative(directory))

    def _text(self, place: str) -> str | None:
        return decoded(self._tree.read(_relative(place), LIMIT))

    def real(self, path: str) -> str:
        return os.path.normpath(path)

    def is_directory(self, path: str) -> bool:
        return self._tree.is_directory(_relative(path))

    def is_root(self, directory: str) -> bool:
        return directory == _TOP

    def below(self, directory: str, path: str) -> str:
        return os.path.join(directory, path)


def _absolute(path: str) -> str:
    return os.path.join(_TOP, *path.split("/"))


def _relative(place: str) -> str:
    found = os.path.relpath(place, _TOP).replace(os.sep, "/")
    return "" if found == "." else found
