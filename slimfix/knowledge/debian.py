"""Debian packages: which are only needed to build, and what a program needs of them at run time.

The facts are from Debian's own package index; ``scripts/make_debian_packages.py`` says how.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable
from functools import cache

from slimfix.knowledge import table
from slimfix.records import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SOURCE = "Debian package index"
BUILD_ONLY = frozenset(("dev", "compiler", "build-tool"))
_OFFICIAL = (
    "python", "node", "ruby", "php", "perl", "golang", "rust", "pypy", "buildpack-deps", "debian",
    "openjdk", "erlang", "elixir", "gcc", "haskell", "nginx", "httpd", "redis", "tomcat",
)  # fmt: skip
_FLOATING = ("bullseye", "bookworm", "trixie", "forky")


class Image(NamedTuple):
    """What a base image holds before anything is installed."""

    lean: bool
    """Whether it holds no build packages save those in *present*."""
    present: frozenset[str]
    links: frozenset[str]
    interpreters: frozenset[str]
    certificates: bool
    """Whether it has ca-certificates."""
    serves: bool
    """Whether it starts a service where the Dockerfile names no program."""


@cache
def _data() -> dict[str, Any]:
    path = os.path.join(os.path.dirname(__file__), "debian_packages.json")
    with open(path, encoding="utf-8") as file:
        content: dict[str, Any] = json.load(file)
    return content


def real(name: str) -> str:
    """The package that apt takes for a name which no package has (zlib1g-dev for libz-dev)."""
    return str(_data()["aliases"].get(name, name))


def package(name: str) -> dict[str, Any] | None:
    """The entry of a package, if there is one, or of one that is made alike in all but its version."""
    packages = _data()["packages"]
    found: dict[str, Any] | None = packages.get(real(name)) or packages.get(_alike(name)[0])
    return found


def _alike(name: str) -> tuple[str, str, str]:
    """The package that one of another archive is like, with its version, and the version of that one."""
    for row in table("debian_images")["alike"].values():
        match = re.fullmatch(row["name"], name)
        if match:
            return row["of"], row["version"], match[1]
    return "", "", ""


def kind(name: str) -> str:
    """``dev``, ``compiler``, ``build-tool``, ``both`` or ``runtime``; of an unknown name by its form."""
    entry = package(name)
    if entry is not None:
        return str(entry["kind"])
    for each in ("runtime", "both", "compiler", "build-tool"):
        if re.fullmatch(_data()["kinds"][each], name):
            return each
    return "dev" if name.endswith("-dev") else "runtime"


def independent(names: Iterable[str], of: Collection[str]) -> bool:
    """Whether it is known that none of *names* needs one of the packages *of*.

    What stands in the table has been looked up; a library that is named as one holds nothing else.
    """
    gone = {real(name) for name in of}
    for name in names:
        entry = package(name)
        if entry is None or entry["kind"] not in ("runtime", "both") or gone & set(entry.get("needs", ())):
            return False
    return True


def image(name: str, tag: str) -> Image:
    """What is known of a base image."""
    name = _official(name)
    for row in table("debian_images")["image"]:
        if name in row["names"] and re.fullmatch(row.get("tag", ".*"), tag):
            present, links, languages = (
                frozenset(row.get(key, ())) for key in ("present", "links", "interpreters")
            )
            languages |= {name} & set(table("debian_images")["interpreter"])
            serves = re.fullmatch(row.get("serves", "(?!)"), tag) is not None
            certificates = row.get("certificates", False)
            return Image(row.get("lean", False), present, links, languages, certificates, serves)
    return Image(False, frozenset(), frozenset(), frozenset(), False, False)


def _official(name: str) -> str:
    """The name of an image of Docker Hub's library, which may be written in full."""
    return name.removeprefix("docker.io/").removeprefix("index.docker.io/").removeprefix("library/")


def releases(name: str, tag: str) -> tuple[str, ...]:
    """The Debian releases that a base image may stand on; none where that is not known."""
    numbers = _data()["releases"]
    name = _official(name)
    named = [release for release in numbers if re.search(rf"(?<![a-z]){release}(?![a-z])", tag)]
    if named:
        return tuple(named)
    if name == "debian":
        match = re.match(r"(\d+)(?![\da-z])", tag)
        if match:
            return tuple(r for r, number in numbers.items() if number == int(match.group(1)))
        return _FLOATING[1:] if re.fullmatch(r"|(?:latest|stable)(?:-slim)?", tag) else ()
    other = re.search(r"sid|experimental|testing|buster|stretch|jessie|wheezy|alpine|ubuntu|jammy|noble", tag)
    return _FLOATING if name in _OFFICIAL and not other else ()


def pins(name: str, among: Collection[str]) -> tuple[str, ...] | None:
    """The run-time packages of a build-only one, if they are known and the same *among* all releases."""
    entry = package(name)
    if entry is None or "pins" not in entry:
        return () if entry is not None and entry["kind"] in ("build-tool", "compiler", "both") else None
    answers = entry["pins"]
    if isinstance(answers, list):
        # Settled by hand, or the same in every release that there is a table of
        return tuple(answers) if among or entry["kind"] == "compiler" else None
    found = {tuple(answers[r]) if answers.get(r) is not None else None for r in among}
    like, old, new = _alike(name)
    if like and (not among or None in found):
        answers = _data()["packages"][like]["pins"]
        return tuple(pin.replace(old, new) for each in answers.values() for pin in each)
    return found.pop() if len(found) == 1 else None


def settled(build: str, name: str, tag: str) -> bool:
    """Whether it is known what stands for a build package at run time, in the release of this image."""
    image = f"{_official(name)}:{tag}"
    for row in table("debian_images")["settled"]:
        if not any(re.fullmatch(pattern, build) for pattern in row["packages"]):
            continue
        known = row["tables"] and bool(releases(name, tag))
        known = known or any(re.search(pattern, image) for pattern in row["images"])
        if not known or any(re.search(pattern, image) for pattern in row["not"]):
            return False
    return True


def extensions(pins: Collection[str]) -> tuple[str, ...]:
    """The extensions of the interpreters among *pins* that recommended packages bring."""
    rows = table("debian_images")["extensions"].items()
    return tuple(m.expand(also) for pin in pins for name, also in rows if (m := re.fullmatch(name, pin)))


def certificates(name: str, recommends: bool, among: Collection[str]) -> bool:
    """Whether ca-certificates may come along with a package, on which a program may rely unawares."""
    needed, wished = (package(name) or {}).get("certificates", ((), ()))
    return not set(wished if recommends else needed).isdisjoint(among or _FLOATING)


def compiles(name: str, recommends: bool, among: Collection[str]) -> bool:
    """Whether gcc may come along with a package, and with it what compiled code links unasked."""
    entry = package(name)
    if entry is None:
        return kind(name) == "compiler"
    needed, wished = entry.get("compiler", ((), ()))
    if _alike(name)[0]:
        return bool(wished if recommends else needed)
    return not set(wished if recommends else needed).isdisjoint(among or _FLOATING)


def moved(name: str, among: Collection[str]) -> tuple[str, ...]:
    """The build packages that a transitional package stands for.

    apt marks them as wanted when such a package is installed, so they do not go with it.
    """
    entry = package(name)
    rows = entry.get("moved", {}) if entry is not None else {}
    found = {tuple(rows.get(release, ())) for release in among}
    return found.pop() if len(found) == 1 else ()


def commands(names: Iterable[str]) -> frozenset[str]:
    """The commands that come with packages and with what they need."""
    return frozenset(c for _, _, held in _parts(names) for c in held.split())


def size(names: Iterable[str], without: Collection[str] = ()) -> int:
    """Bytes that packages, and what they need beyond a bare Debian, take up: an estimate.

    Libraries are told only of tools: those behind a -dev package stay.
    """
    names = list(names)
    entries = [entry for name in names if (entry := package(name)) and entry["kind"] != "dev"]
    rest = max((int(entry.get("rest", 0)) for entry in entries), default=0)
    return 1024 * (rest + sum(kib for name, kib, _ in _parts(names) if name not in without))


def _parts(names: Iterable[str]) -> set[tuple[str, int, str]]:
    """Name, KiB and commands of the packages, and of those they need that are worth telling."""
    rows = _data()["parts"]
    numbers = {i for name in names if (entry := package(name)) for i in entry.get("with", ())}
    named = {real(name) for name in names}
    own = {tuple(row) for row in rows if row[0] in named}
    return own | {tuple(rows[i]) for i in numbers}


def brings_tools(name: str) -> bool:
    """Whether a -dev package needs compilers or make tools itself, as those of PHP and Apache do."""
    if _alike(name)[0]:
        return False
    entry = package(name)
    if entry is None:
        return re.match(r"php|apache|r-(?:base|cran)|ruby", name) is not None
    rows = _data()["parts"]
    return any(kind(rows[i][0]) in ("compiler", "build-tool") for i in entry.get("with", ()))


def own_commands(name: str) -> frozenset[str]:
    """The commands of a package and of what bears its name (``gpg`` for ``gnupg``)."""
    held = {n: c for n, _, c in _parts([name])}
    entry = package(name) or {}
    mine = " ".join(c for n, c in held.items() if n == name or kind(n) == entry.get("kind"))
    return frozenset((*mine.split(), name))
