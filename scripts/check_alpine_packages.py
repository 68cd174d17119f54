#!/usr/bin/env python3
"""Check slimfix/knowledge/alpine_packages.toml against the package lists of a real Alpine.

    check_alpine_packages.py 3.22 APKINDEX ...
    check_alpine_packages.py 3.23 /lib/apk/db/installed --partial
    check_alpine_packages.py 3.23 /path/to/repository/x86_64 --partial

A source is an index (the text, or the APKINDEX.tar.gz of apk-tools 2), the database of what is
installed, or a directory of .apk files, of which only the names are read. Give main and community
together: a name that none of the sources holds is an error, unless --partial says that they are
only a part of the release.

Checked, for every package of the table that the sources hold:
- each run-time name is a package, or a name that one provides;
- each library that the -dev package depends on (a package of the same origin that provides a so:)
  is pinned, or listed as rare, or comes in with what is pinned;
- each command that the package provides is in the table.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).resolve().parent.parent / "slimfix" / "knowledge" / "alpine_packages.toml"
BUILD_KINDS = ("dev", "compiler", "build-tool", "headers", "meta")


@dataclass
class Package:
    name: str
    origin: str = ""
    depends: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()


@dataclass
class Release:
    packages: dict[str, Package] = field(default_factory=dict)
    providers: dict[str, set[str]] = field(default_factory=dict)
    records: bool = False  # whether dependencies are known, not names alone

    def add(self, package: Package) -> None:
        self.packages[package.name] = package
        for name in (package.name, *package.provides):
            self.providers.setdefault(bare(name), set()).add(package.name)

    def resolve(self, dependency: str) -> set[str]:
        if dependency.startswith("!"):
            return set()
        name = bare(dependency)
        return {name} if name in self.packages else self.providers.get(name, set())

    def closure(self, names: list[str]) -> set[str]:
        seen: set[str] = set()
        todo = [found for name in names for found in self.resolve(name)]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                for dependency in self.packages[name].depends:
                    todo += self.resolve(dependency)
        return seen

    def libraries(self, package: Package) -> set[str]:
        """The libraries behind a -dev package: what abuild found at the far end of its links."""
        found = {name for dep in package.depends for name in self.resolve(dep)}
        return {
            name
            for name in found
            if self.packages[name].origin == package.origin
            and not name.endswith("-dev")
            and any(item.startswith("so:") for item in self.packages[name].provides)
        }


def bare(name: str) -> str:
    """A dependency or a provided name without its version."""
    return re.split(r"[=<>~]", name, maxsplit=1)[0]


def release_key(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


def members(data: bytes) -> bytes:
    """The streams of an APKINDEX.tar.gz (signature, then index) as one."""
    plain = b""
    while data:
        stream = zlib.decompressobj(31)
        plain += stream.decompress(data) + stream.flush()
        data = stream.unused_data
    return plain


def index_text(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        with tarfile.open(fileobj=io.BytesIO(members(data)), ignore_zeros=True) as archive:
            inner = archive.extractfile("APKINDEX")
            assert inner is not None
            data = inner.read()
    elif data.startswith(b"ADB"):
        raise SystemExit(f"{path}: an index of apk-tools 3; give the directory of packages")
    return data.decode("utf-8", "replace")


def parse_index(text: str) -> Iterator[Package]:
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line[1:2] == ":" and line[0] in "PoDp"]
        fields = {line[0]: line[2:] for line in lines}
        if "P" in fields:
            yield Package(
                fields["P"],
                fields.get("o", fields["P"]),
                tuple(fields.get("D", "").split()),
                tuple(fields.get("p", "").split()),
            )


def read(sources: list[Path]) -> Release:
    release = Release()
    for source in sources:
        if source.is_dir():
            for path in source.rglob("*.apk"):
                if match := re.fullmatch(r"(.+)-\d[^-]*-r\d+\.apk", path.name):
                    release.add(Package(match[1]))
        else:
            release.records = True
            for package in parse_index(index_text(source)):
                release.add(package)
    return release


def at(value: Any, release: str) -> list[str] | None:
    """The list that holds at a release; None where none is said to."""
    if value is None:
        return None
    if all(isinstance(item, str) for item in value):
        return list(value)
    key = release_key(release)
    for item in value:
        if release_key(item.get("since", "0")) <= key <= release_key(item.get("until", "999")):
            return list(item["packages"])
    return None


def check(table: dict[str, Any], name: str, version: str, release: Release, partial: bool) -> Iterator[str]:
    entry = table[name]
    package = release.packages.get(name)
    pinned = at(entry.get("runtime"), version)
    if pinned is None or package is None:
        return
    lists = [pinned, at(entry.get("along"), version) or [], at(entry.get("rare"), version) or []]
    for wanted in (item for names in lists for item in names):
        if not release.resolve(wanted) and not partial:
            yield f"{name}: {wanted} is not in this release"
    if not release.records:
        return
    if entry["kind"] == "dev":
        kept = release.closure(pinned) | {"musl"}  # musl is the C library of every image
        for wanted in lists[2]:
            kept |= release.resolve(wanted)
        for library in sorted(release.libraries(package) - kept):
            yield f"{name}: {library} is neither pinned nor rare"
    commands = {bare(item)[4:] for item in package.provides if item.startswith("cmd:")}
    versioned = {command for command in commands if re.search(r"\d\.\d|-\d|alpine-linux", command)}
    if not name.startswith("llvm"):
        for command in sorted(commands - versioned - set(entry.get("commands", []))):
            yield f"{name}: the command {command} is missing"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("release", help="the Alpine release, as 3.22")
    parser.add_argument("source", nargs="+", type=Path)
    parser.add_argument("--partial", action="store_true", help="the sources hold only a part of the release")
    parser.add_argument("--table", type=Path, default=TABLE)
    arguments = parser.parse_args()
    table = tomllib.loads(arguments.table.read_text(encoding="utf-8"))["package"]
    release = read(arguments.source)
    build = [name for name in table if table[name]["kind"] in BUILD_KINDS]
    seen = [name for name in build if name in release.packages]
    errors = [
        error for name in seen for error in check(table, name, arguments.release, release, arguments.partial)
    ]
    for error in errors:
        print(error)
    print(
        f"{arguments.release}: {len(release.packages)} packages read, "
        f"{len(seen)} of {len(build)} build packages of the table are among them, "
        f"{len(errors)} errors"
    )
    return 1 if errors or not release.packages else 0


if __name__ == "__main__":
    sys.exit(main())
