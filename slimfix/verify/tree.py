"""What is in an image: every path with what it is, and where two images differ."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_HOPS = 40


class Elf(NamedTuple):
    """What the dynamic section of an ELF file asks for."""

    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    """RUNPATH, or RPATH where there is none; ``$ORIGIN`` not replaced."""
    interpreter: str = ""
    machine: str = ""
    soname: str = ""


class Entry(NamedTuple):
    """One path of an image. Times are left out: they differ with every build."""

    kind: str
    """``file``, ``dir``, ``link`` (symbolic), or ``other``."""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    content: str = ""
    """The SHA-256 of a file, the target of a link."""
    extra: tuple[tuple[str, str], ...] = ()
    """Extended attributes, such as file capabilities."""
    elf: Elf | None = None
    script: str = ""
    """The program that the first line of an executable script names."""

    @property
    def same(self) -> tuple[object, ...]:
        """What must be equal for two entries to be called the same."""
        return self.kind, self.mode, self.uid, self.gid, self.size, self.content, self.extra


Tree = Mapping[str, Entry]
"""Paths from the root, without a slash at the start."""


class Delta(NamedTuple):
    """Where two trees differ, each list sorted."""

    vanished: tuple[str, ...]
    appeared: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.vanished or self.appeared or self.changed)

    def without(self, paths: set[str]) -> Delta:
        """The same with some paths left out."""
        return Delta(*(tuple(path for path in part if path not in paths) for part in self))

    def all(self) -> set[str]:
        """Every path in it."""
        return {*self.vanished, *self.appeared, *self.changed}


def compare(before: Tree, after: Tree) -> Delta:
    """Where two trees differ."""
    return Delta(
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(path for path in before.keys() & after.keys() if before[path].same != after[path].same)),
    )


def what_changed(before: Entry, after: Entry) -> str:
    """In words, what differs between two entries at the same path."""
    if before.kind != after.kind:
        return f"{before.kind} became {after.kind}"
    parts = []
    if before.content != after.content or before.size != after.size:
        parts.append("target" if before.kind == "link" else "content")
    if before.mode != after.mode:
        parts.append(f"mode {before.mode:04o} became {after.mode:04o}")
    if (before.uid, before.gid) != (after.uid, after.gid):
        parts.append(f"owner {before.uid}:{before.gid} became {after.uid}:{after.gid}")
    if before.extra != after.extra:
        parts.append("extended attributes")
    return ", ".join(parts)


def resolve(tree: Tree, path: str, hops: int = _HOPS) -> str | None:
    """Where a path ends when its links are followed as in a container; None if it leads nowhere."""
    at = ""
    parts = [part for part in path.split("/") if part]
    while parts:
        part = parts.pop(0)
        if part == ".":
            continue
        if part == "..":
            at = posixpath.dirname(at)
            continue
        step = f"{at}/{part}" if at else part
        entry = tree.get(step)
        if entry is None:
            return None
        if entry.kind == "link":
            hops -= 1
            if hops < 0:
                return None
            if entry.content.startswith("/"):
                at = ""
            parts = [one for one in entry.content.split("/") if one] + parts
            continue
        at = step
    return at


def search(tree: Tree, name: str, directories: tuple[str, ...], cwd: str = "/") -> str | None:
    """The executable that *name* means: a path, or one to look for in *directories*."""
    places = [name] if "/" in name else [posixpath.join(one or cwd, name) for one in directories]
    for place in places:
        found = resolve(tree, posixpath.join(cwd, place))
        if found is not None and tree[found].kind == "file" and tree[found].mode & 0o111:
            return found
    return None


def below(tree: Tree, prefix: str) -> Iterator[str]:
    """The paths under a directory."""
    start = prefix.rstrip("/") + "/"
    return (path for path in tree if path.startswith(start))
