"""Where two images differ, sorted by what explains it: caches, records, packages, chance; or nothing."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable

from slimfix.verify import packages, paths
from slimfix.verify.archive import Image
from slimfix.verify.findings import Files, Group, Package, Path
from slimfix.verify.tree import Entry, Tree, compare, resolve, what_changed


class Noise:
    """Where two builds of one Dockerfile differ: what happens there says nothing about a rewrite."""

    def __init__(self, one: Tree, other: Tree) -> None:
        self._one = one
        self._delta = compare(one, other)
        self._paths = self._delta.all()

    def covers(self, path: str, before: Entry | None, after: Entry | None) -> bool:
        """Whether this difference is of the kind that comes by itself."""
        if path not in self._paths:
            return False
        if before is None or after is None:
            return True
        return _but_content(before) == _but_content(after)


def explain(before: Image, after: Image, noise: Noise | None = None) -> Files:
    """Sort the differences of two images. *noise*: what differs by itself, if that has been measured."""
    return _Sorter(before, after, noise).files()


class _Sorter:
    def __init__(self, before: Image, after: Image, noise: Noise | None) -> None:
        self.before, self.after, self.noise = before.tree, after.tree, noise
        self.delta = compare(before.tree, after.tree)
        self.then = packages.read(before.texts, before.tree)
        self.now = packages.read(after.texts, after.tree)
        self.groups: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.of_package: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.unexplained: list[Path] = []
        self.unstable: list[str] = []

    def files(self) -> Files:
        explained = [path for path in self.delta.vanished if self.place(path, self.before[path], None)]
        explained += [path for path in self.delta.appeared if self.place(path, None, self.after[path])]
        for path in self.delta.changed:
            self.place(path, self.before[path], self.after[path])
        parents = _parents(explained)
        rest = {one.path for one in self.unexplained if not one.what.startswith("directory ")}
        needed = _parents(rest)
        kept = [
            one
            for one in self.unexplained
            if one.path in rest or one.path in needed or one.path not in parents
        ]
        return Files(
            tuple(sorted(kept)),
            tuple(self.packages()),
            self.group("cache"),
            self.group("record"),
            self.group("bytecode"),
            tuple(self.unstable),
        )

    def group(self, name: str) -> Group:
        """What was counted under a name."""
        return Group(*self.groups[name])

    def place(self, path: str, before: Entry | None, after: Entry | None) -> bool:
        """Count one difference where it belongs; whether something explains it."""
        gain = (before.size if before else 0) - (after.size if after else 0)
        kind = paths.kind(path)
        owner = self.owner(path, before, after) if kind is None else None
        if kind is not None:
            _add(self.groups[kind], gain)
        elif owner is not None:
            _add(self.of_package[owner], gain)
        elif self.noise is not None and self.noise.covers(path, before, after):
            self.unstable.append(path)
        else:
            self.unexplained.append(Path(path, self.what(before, after), gain))
            return False
        return True

    def what(self, before: Entry | None, after: Entry | None) -> str:
        """In words, what happened to a path."""
        if before is not None and after is not None:
            if before.kind == after.kind == "dir":
                return "directory " + what_changed(before, after)
            return what_changed(before, after)
        one = before or after
        word = "vanished" if after is None else "appeared"
        return f"directory {word}" if one is not None and one.kind == "dir" else word

    def owner(self, path: str, before: Entry | None, after: Entry | None) -> str | None:
        """The package that came, went, or has another version, and with it this path."""
        side, tree = (self.then, self.before) if before is not None else (self.now, self.after)
        entry = before or after
        name = side.owners.get(path)
        if name is None and entry is not None and entry.kind == "link":
            target = resolve(tree, path)  # alternatives: links that belong to nobody
            name = side.owners.get(target) if target is not None else None
        name = name or side.named.get(path)
        if name is None or self.then.versions.get(name) == self.now.versions.get(name):
            return None
        return name

    def packages(self) -> list[Package]:
        found = []
        for name in sorted(self.then.versions.keys() | self.now.versions.keys()):
            then, now = self.then.versions.get(name), self.now.versions.get(name)
            if then != now and not name.startswith("."):  # apk: a virtual group, not a package
                found.append(Package(name, then, now, *self.of_package[name]))
        return found


def _but_content(entry: Entry) -> Entry:
    return entry._replace(content="", size=0, elf=None, script="")


def _add(pair: list[int], size: int) -> None:
    pair[0] += 1
    pair[1] += size


def _parents(found: Iterable[str]) -> set[str]:
    parents: set[str] = set()
    for path in found:
        at = posixpath.dirname(path)
        while at and at not in parents:
            parents.add(at)
            at = posixpath.dirname(at)
    return parents
