"""What is known of Debian's and Ubuntu's packages, by release."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import cache

from slimfix.knowledge import table

_FILE = os.path.join(os.path.dirname(__file__), "apt_recommends.txt")


def releases(image: str, tag: str) -> tuple[tuple[str, ...], bool] | None:
    """The releases that an official image may stand on, and whether its tag names the one.

    None for an image that is not known to have its distribution's own package sources alone, or that
    stands on a release of which nothing is known.
    """
    data = table("apt")
    of = next((name for name, images in data["images"].items() if image in images), None)
    if of is None:
        return None
    names = set(tag.split("-"))
    number = tag if image == of else ""
    older = data["older"].values()
    if any(names.intersection(each["names"]) for each in older):
        return None
    if any(_begins(number, old) for old in data["older"][of]["numbers"]):
        return None
    for name, (whose, which) in data["releases"].items():  # buildpack-deps has tags of both
        if name in names or (whose == of and _begins(number, which)):
            return (name,), True
    return tuple(name for name, (whose, _) in data["releases"].items() if whose == of), False


def _begins(tag: str, number: str) -> bool:
    """Whether a tag begins with a number, and not with a longer one."""
    return tag.startswith(number) and not (number[-1].isdigit() and tag[len(number) :][:1].isdigit())


def brings_nothing(names: Collection[str], among: Collection[str]) -> bool:
    """Whether installing *names* brings no package that is only recommended, in each release *among*."""
    wanted = set(names)
    return all(_covered(wanted, release) for release in among)


def listed() -> Collection[str]:
    """Every package of which something is known."""
    return {entry.partition("/")[0] for _, entries in _lines() for entry in entries.split()}


def _covered(names: set[str], release: str) -> bool:
    for name in names:
        rows = [missing for where, missing in _rows(name) if release in where]
        if not any(names.issuperset(missing) for missing in rows):
            return False
    return True


def _rows(name: str) -> list[tuple[frozenset[str], tuple[str, ...]]]:
    """The releases in which a package is listed, with what it would bring there by recommendation."""
    found = []
    for where, entries in _lines():
        at = entries.find(f" {name}")
        while at >= 0:
            end = at + 1 + len(name)
            if entries[end] in " /":
                missing = entries[end : entries.index(" ", end)].split("/")[1:]
                found.append((where, tuple(missing)))
            at = entries.find(f" {name}", end)
    return found


@cache
def _lines() -> list[tuple[frozenset[str], str]]:
    """Each line of the file: the releases for which it holds, and its entries between blanks."""
    found = []
    with open(_FILE, encoding="ascii") as file:
        for line in file:
            if not line.startswith("#"):
                heads, _, rest = line.partition(": ")
                found.append((frozenset(heads.split()), f" {rest.strip()} "))
    return found
