"""An edit in the build context, so that a rebuild can be timed: made in a copy, never in the place itself."""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import shutil
from collections.abc import Iterator
from fnmatch import fnmatchcase

from slimfix.context import BuildContext
from slimfix.verify import paths
from slimfix.verify.tree import Tree

MAX_FILES = 50_000
"""Contexts with more files are not copied, and no rebuild is timed."""
_TEXT = 1 << 20


class Uncopied(Exception):
    """The context cannot be copied; the message says why."""


def visible(context: BuildContext) -> Iterator[str]:
    """Every path that the builder sees, directories before what is in them."""
    waiting = ["."]
    count = 0
    while waiting:
        for path in context.iterdir(waiting.pop()):
            count += 1
            if count > MAX_FILES:
                raise Uncopied(f"the context has more than {MAX_FILES} files")
            yield path
            if context.kind(path) == "dir":
                waiting.append(path)


def choose(context: BuildContext, tree: Tree) -> str | None:
    """The file of the context that an edit is most likely about; None if there is none to edit.

    One that has come into the image as it is, *tree*, goes before others, and one near the root
    before one further down. Manifests, lock files and the like are left out, and what is no text.
    """
    inside = {entry.content for entry in tree.values() if entry.kind == "file"}
    best: tuple[bool, int, str] | None = None
    for path in visible(context):
        if context.kind(path) != "file" or _seldom(path):
            continue
        data = context.read_bytes(path, _TEXT)
        if not data or b"\0" in data:
            continue
        rank = (hashlib.sha256(data).hexdigest() not in inside, path.count("/"), path)
        best = rank if best is None else min(best, rank)
    return best[2] if best else None


def _seldom(path: str) -> bool:
    name = posixpath.basename(path)
    return any(fnmatchcase(name, pattern) for pattern in paths.seldom_edited())


def copy(directory: str, context: BuildContext, to: str) -> None:
    """Copy what the builder sees, by hard links where that can be done, and the ignore file.

    Raises:
        Uncopied: it is too large, or something in it cannot be read.
    """
    try:
        os.makedirs(to)
        for path in visible(context):
            _copy_one(os.path.join(directory, path), os.path.join(to, path))
        ignore = os.path.join(directory, ".dockerignore")
        if os.path.isfile(ignore) and not os.path.lexists(os.path.join(to, ".dockerignore")):
            _copy_one(ignore, os.path.join(to, ".dockerignore"))
    except OSError as error:
        raise Uncopied(f"the context cannot be copied: {(error.strerror or str(error)).lower()}") from None


def _copy_one(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
    elif os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
        shutil.copymode(source, target)
    else:
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError:
            shutil.copy2(source, target)


def edit(path: str) -> None:
    """Add an empty line to a file of the copy; the file that it was linked to stays as it is."""
    with open(path, "rb") as file:
        data = file.read()
    mode = os.stat(path).st_mode
    os.unlink(path)
    with open(path, "wb") as file:
        file.write(data + b"\n")
    with contextlib.suppress(OSError):
        os.chmod(path, mode & 0o7777)
