"""Alpine packages: which are only needed to build, and what a program needs of them at run time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from slimfix.knowledge import entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BUILD_ONLY = frozenset(("dev", "compiler", "build-tool", "headers", "meta"))
_CACHED = 4
"""How many releases (two years) an image may lag behind that a machine keeps under a tag that moved on."""
Release = tuple[int, int]


def package(name: str) -> dict[str, Any] | None:
    """The entry of a package, if there is one."""
    return entry("alpine_packages", "package", name)


def build_only(name: str) -> bool:
    """Whether nothing but a build needs the package. One that the table lacks is known by its suffix."""
    found = package(name)
    if found is not None:
        return found["kind"] in BUILD_ONLY
    programs = (entry("alpine_bases", "programs") or {})["names"]
    return name.endswith("-dev") and not name.startswith(tuple(programs))


def releases(release: Release | None, image: str, tag: str) -> list[Release]:
    """The Alpine releases that a base image may stand on: the one that it names, else all that can be."""
    if release is not None:
        return [release]
    meta = _meta()
    oldest, last = _release(meta["first"])[1], _release(meta["last"])[1]
    name = official(image)
    key = tag or "latest" if name == "alpine" else tag.removesuffix("alpine").removesuffix("-")
    if name == "alpine" and key == "edge":
        oldest = last
    elif name == "alpine" or tag.endswith("alpine"):
        gone, built = _floating(name, "was", key), _floating(name, "is", key)
        if gone is not None:
            oldest = last = gone
        elif built is not None:
            oldest = built - _CACHED
    return [(3, minor) for minor in range(oldest, last + 1)]


def official(image: str) -> str:
    """The name of a Docker Official Image, perhaps in a mirror of another registry, or ``""``."""
    registry, slash, _ = image.partition("/")
    name = image.rpartition("/")[2]
    return name if not slash or "." in registry or ":" in registry else ""


def any_release() -> list[Release]:
    """Every release that the table knows."""
    return releases(None, "", "")


def around(found: list[Release]) -> list[Release]:
    """The releases near those *found* as the default of a build argument, and all that are newer."""
    first, last = _release(_meta()["first"]), _release(_meta()["last"])
    return [(3, minor) for minor in range(max(first[1], found[0][1] - _CACHED // 2), last[1] + 1)]


def pins(name: str, among: list[Release]) -> tuple[str, ...] | None:
    """The run-time packages of a build-only one, if they are known and the same *among* all releases.

    Those that every Alpine image has in any case, since apk needs them, are left out.
    """
    found = package(name)
    if found is None or found.get("verified") is False or "runtime" not in found:
        return None
    answers = {_wanted(found, each) for each in among}
    return answers.pop() if len(answers) == 1 else None


def certain_pins(name: str, among: list[Release]) -> tuple[str, ...]:
    """Those run-time packages of a build-only one that it has at every release *among* which it is known."""
    found = package(name)
    if found is None or found.get("verified") is False:
        return ()
    answers = [answer for each in among if (answer := _wanted(found, each)) is not None]
    return tuple(pin for pin in answers[0] if all(pin in other for other in answers)) if answers else ()


def rare(name: str, among: list[Release]) -> set[str]:
    """Further libraries of a package, which few programs link."""
    found = package(name) or {}
    return {lib for each in among for lib in _at(found, each, ("rare",)) or ()}


def opened_by_name(name: str) -> bool:
    """Whether programs open the libraries of a run-time package by their name."""
    return entry("alpine_packages", "opened-by-name", name) is not None


def own(image: str) -> tuple[str, ...]:
    """The packages of Alpine in whose place an official image has a build of its own."""
    return tuple((entry("alpine_bases", "own") or {}).get(official(image), ()))


def commands(name: str, staying: Collection[str] = ()) -> Iterator[str]:
    """The commands that go with a package, when those *staying* do not."""
    for each in _with_all(name, staying):
        yield from (package(each) or {}).get("commands", ())


def size(names: Iterable[str]) -> int:
    """Bytes that go with the packages: the largest closure, and what the others add to it by themselves."""
    known = {name: found for name in names if (found := package(name)) is not None and "size" in found}
    if not known:
        return 0
    largest = max(known, key=lambda name: (known[name]["size_with_depends"], name))
    inside = set(_with_all(largest))
    others = sum(found["size"] for name, found in known.items() if name not in inside)
    return int(known[largest]["size_with_depends"] + others)


def variable(image: str, name: str) -> tuple[str, ...] | None:
    """The packages in a variable that a base image sets, if it is known for that."""
    found = entry("alpine_bases", "variables", name) or {}
    return tuple(found["packages"]) if official(image) == found.get("image") else None


def _with_all(name: str, without: Collection[str] = ()) -> Iterator[str]:
    seen, waiting = set(without), [name]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            yield each
            waiting += (package(each) or {}).get("brings", ())


def _floating(image: str, kind: str, tag: str) -> int | None:
    """The minor number of the release under a tag of an official image that does not name it."""
    rows = entry("alpine_bases", image, kind) or {}
    return next((_release(release)[1] for release, tags in rows.items() if tag in tags), None)


def _meta() -> dict[str, Any]:
    found = entry("alpine_packages", "meta")
    assert found is not None
    return found


def _wanted(package: dict[str, Any], release: Release) -> tuple[str, ...] | None:
    if release < _release(_meta()["first"]):
        return None
    found = _at(package, release, ("runtime", "along"))
    there = _at(entry("alpine_bases", "installed") or {}, release, ("packages",)) or ()
    return None if found is None else tuple(name for name in found if name not in there)


def _at(package: dict[str, Any], release: Release, keys: tuple[str, ...]) -> tuple[str, ...] | None:
    found: list[str] = []
    for key in keys:
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
