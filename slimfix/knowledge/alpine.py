"""Alpine packages: which are only needed to build, and what a program needs of them at run time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slimfix.knowledge import entry

BUILD_ONLY = frozenset(("dev", "compiler", "build-tool", "headers", "meta"))
Release = tuple[int, int]


def package(name: str) -> dict[str, Any] | None:
    """The entry of a package, if there is one."""
    return entry("alpine_packages", "package", name)


def build_only(name: str) -> bool:
    """Whether nothing but a build needs the package."""
    found = package(name)
    return found is not None and found["kind"] in BUILD_ONLY


def releases(release: Release | None, image: str, tag: str) -> list[Release]:
    """The Alpine releases that a base image may stand on: the one that it names, else all that can be."""
    if release is not None:
        return [release]
    meta = _meta()
    oldest, last = _release(meta["first"]), _release(meta["last"])
    python, _, system = tag.partition("-")
    floating = entry("alpine_packages", "floating-python") or {}
    if image.rpartition("/")[2] == "python" and system == "alpine" and python in floating:
        oldest = _release(floating[python])
    return [(3, minor) for minor in range(oldest[1], last[1] + 1)]


def pins(name: str, among: list[Release]) -> tuple[str, ...] | None:
    """The run-time packages of a build-only one, if they are known and the same *among* all releases."""
    found = package(name)
    if found is None or found.get("verified") is False or "runtime" not in found:
        return None
    first = _release(_meta()["first"])
    answers = {_at(found, each) if each >= first else None for each in among}
    return answers.pop() if len(answers) == 1 else None


def commands(name: str) -> Iterator[str]:
    """The commands that go with a package."""
    seen, waiting = set(), [name]
    while waiting:
        each = waiting.pop()
        found = package(each)
        if each not in seen and found is not None:
            seen.add(each)
            yield from found.get("commands", ())
            waiting += found.get("brings", ())


def _meta() -> dict[str, Any]:
    found = entry("alpine_packages", "meta")
    assert found is not None
    return found


def _at(package: dict[str, Any], release: Release) -> tuple[str, ...] | None:
    found: list[str] = []
    for key in ("runtime", "along"):
        value = package.get(key, [])
        if value and isinstance(value[0], dict):
            fitting = [row for row in value if _covers(row, release)]
            if not fitting:
                return None
            value = [name for row in fitting for name in row["packages"]]
        found += value
    return tuple(dict.fromkeys(found))


def _covers(row: dict[str, Any], release: Release) -> bool:
    since, until = row.get("since"), row.get("until")
    return (not since or _release(since) <= release) and (not until or release <= _release(until))


def _release(text: str) -> Release:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)
