"""What ``mvn dependency:go-offline`` and its like read. Facts from Maven's POM reference."""

from __future__ import annotations

import posixpath
import re

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DEPTH = 200


def reads(install: Install) -> Reads | None:
    """What a call of mvn reads; None if it does not just resolve. Raises Cannot."""
    call = install.call
    table = tool("maven")
    words = [argument.value or "" for argument in (call.verb, *call.operands) if argument is not None]
    if not words or not all(re.fullmatch(table["goals"], word) for word in words):
        return None
    defined = [pair for pair in call.options if (pair[0].value or "").startswith("-D")]
    if any("/" in (pair[0].value or "") for pair in defined):
        raise Cannot("a -D option may name a file")
    call = call._replace(options=tuple(pair for pair in call.options if pair not in defined))
    given = options(call, table)
    gather = Gather(install.site)
    directory = gather.directory(install)
    named = given.given.get("-f", given.given.get("--file", "pom.xml"))
    pom = posixpath.normpath(posixpath.join(directory, named))
    if "/" in install.call.program or named.startswith(("/", "$")):
        raise Cannot("which pom.xml is meant is not known")
    if install.call.head.value not in ("mvn", "/usr/bin/mvn"):
        raise Cannot("the Maven wrapper is a program of the tree")
    gather.alone(directory, ".mvn")
    _read(gather, pom, set())
    settings = given.given.get("-s", given.given.get("--settings"))
    if settings is not None:
        place = gather.site.locate(posixpath.join(install.directory or "/", settings))
        if place is not None:
            gather.need(place)
    gather.take_directory(posixpath.join(directory, ".mvn"))
    return gather.reads()


def _read(gather: Gather, path: str, seen: set[str]) -> None:
    """Read a pom.xml, its parents and its modules."""
    if path in seen:
        return
    seen.add(path)
    if len(seen) > _DEPTH:
        raise Cannot("too many modules")
    project = _parse(gather.text(path), path)
    if any(e.tag in ("systemPath", "bundledExtensions") for e in project.iter()):
        raise Cannot(f"{path} has a dependency on a local file")
    for activation in project.iter("activation"):
        if activation.find("file") is not None:
            raise Cannot(f"{path} has a profile that asks for a file")
    if any("basedir" in (e.text or "") or "file:" in (e.text or "") for e in project.iter("url")):
        raise Cannot(f"{path} has a repository in the project")
    here = posixpath.dirname(path)
    parent = project.find("parent")
    if parent is not None:
        relative = parent.find("relativePath")
        wanted = "../pom.xml" if relative is None else (relative.text or "").strip()
        if wanted:
            place = posixpath.normpath(posixpath.join(here, wanted))
            if place.startswith("..") and here:
                raise Cannot(f"{path}: the parent lies out of the project")
            place = (
                posixpath.join(place, "pom.xml")
                if gather.context.is_dir(place) and not place.startswith("..")
                else place
            )
            if not place.startswith("..") and gather.there(place):
                _read(gather, place, seen)
    for module in project.iter("module"):
        name = (module.text or "").strip()
        if "$" in name:
            raise Cannot(f"{path}: the module {name} is not literal")
        place = posixpath.normpath(posixpath.join(here, name))
        _read(gather, place if place.endswith(".xml") else posixpath.join(place, "pom.xml"), seen)


def _parse(text: str, path: str) -> Element:
    """The root of a POM, its tags without their name space."""
    from xml.etree import ElementTree  # seldom needed, and not free

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Cannot(f"{path} defines entities")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        raise Cannot(f"{path} is malformed") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
