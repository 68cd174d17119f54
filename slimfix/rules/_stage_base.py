"""The image of a new last stage: of the builder's family, and with a C library no older than its."""

from __future__ import annotations

import re

from slimfix.dockerfile import Base
from slimfix.knowledge import debian
from slimfix.records import NamedTuple

_DEBIAN = r"(?:^|-)(stretch|buster|bullseye|bookworm|trixie|forky)(?:-|$)"


class Chosen(NamedTuple):
    """An image, or why there is none."""

    reference: str = ""
    problem: str | None = None


def bare(base: Base) -> Chosen:
    """A bare Debian or Alpine for what an official image of a compiler makes.

    A tag that names no release moves on with Debian's stable one, so what it builds runs on that.
    """
    if "/" in base.reference.split("@")[0].removeprefix("docker.io/").removeprefix("library/"):
        return Chosen(problem="the builder is no official image")
    tag = base.tag
    if "@" in base.reference and not tag:
        return Chosen(problem="a digest does not tell the builder's system")
    if "alpine" in tag:
        release = base.alpine_release
        return Chosen(f"alpine:{release[0]}.{release[1]}" if release else "alpine:3")
    if re.search(r"windows|nano|servercore|ltsc", tag):
        return Chosen(problem="the builder is a Windows image")
    named = re.search(_DEBIAN, tag)
    if named:
        return Chosen(f"debian:{named[1]}-slim")
    if not re.fullmatch(r"|latest|(?:\d+(?:\.\d+)*)?(?:-?slim)?|(?:\d[\w.]*)", tag) or not debian.releases(
        base.name, tag
    ):
        return Chosen(problem="the release of the builder's system is not known")
    return Chosen("debian:stable-slim")


def runtime(base: Base) -> Chosen:
    """The JRE of the vendor of a JDK: that of Eclipse Temurin, which alone has one for each of its JDKs."""
    name, tag = base.name.rpartition("/")[2], base.tag
    pattern = {
        "eclipse-temurin": r"(?P<java>\d+)(?:-jdk)?(?P<system>-(?:alpine|focal|jammy|noble))?",
        "maven": r"\d+(?:\.\d+)*-eclipse-temurin-(?P<java>\d+)(?P<system>-(?:alpine|focal|jammy|noble))?",
        "gradle": r"(?:\d+(?:\.\d+)*-)?jdk-?(?P<java>\d+)(?P<system>-(?:alpine|focal|jammy|noble))?",
    }[name]
    found = re.fullmatch(pattern, tag)
    if found is None or base.name != name:
        return Chosen(problem="no JRE is known that is built as the JDK of this image")
    return Chosen(f"eclipse-temurin:{found['java']}-jre{found['system'] or ''}")


def slim(base: Base) -> Chosen:
    """The slim variant of a full image of Python."""
    found = re.fullmatch(r"(\d+\.\d+(?:\.\d+)?)(?:-(bullseye|bookworm|trixie))?", base.tag)
    if found is None or base.name != "python":
        return Chosen(problem="the tag names no version of Python, or no full image")
    return Chosen(f"python:{found[1]}-slim" + (f"-{found[2]}" if found[2] else ""))
