"""What ``uv sync`` and ``uv pip install`` read. Facts from uv's manual and from what uv 0.5 to 0.9 do."""

from __future__ import annotations

import posixpath
import re

from slimfix.globs import match
from slimfix.manifests import Cannot, Reads, Unknown, pip
from slimfix.manifests.options import options, tool
from slimfix.manifests.pyproject import environment, project
from slimfix.manifests.site import Gather, Install, pairs, strings, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def reads(install: Install) -> Reads | None:
    """What a call of uv reads; None if it installs nothing. Raises Cannot."""
    verb = install.call.verb.value if install.call.verb is not None else None
    if verb == "pip":
        return _pip(install)
    return _sync(install) if verb == "sync" else None


def _sync(install: Install) -> Reads:
    given = options(install.call, tool("uv"))
    gather = Gather(install.site)
    directory = gather.directory(install, given.directory)
    gather.alone(directory, "pyproject.toml", "uv.toml", ".python-version")
    path = posixpath.join(directory, "pyproject.toml")
    found = project(gather, directory)
    table = pairs(pairs(found.get("tool")).get("uv"))
    lock = posixpath.join(directory, "uv.lock")
    frozen = given.has("--frozen") or install.set("UV_FROZEN")
    members = _workspace(gather, directory, table)
    for name, source in pairs(table.get("sources")).items():
        for one in source if isinstance(source, list) else [source]:
            if pairs(one).get("path"):
                raise Cannot(f"{path}: {name} is a local package")
    indexes = [index.get("url") for index in tables(table.get("index"))]
    if any("://" not in str(url) for url in (*strings(table.get("find-links")), *indexes)):
        raise Cannot(f"{path} has an index in the project")
    if not frozen and strings(pairs(found.get("project")).get("dynamic")):
        raise Cannot(
            f"{path} has values that only building the project shows; --frozen would not ask for them"
        )
    if gather.lock(lock):
        _locked(lock, gather.text(lock), members)
        if not frozen and not given.has("--locked") and not install.set("UV_LOCKED"):
            gather.kept(lock, "uv sync")
    elif frozen or given.has("--locked"):
        gather.need(lock)
    for name in (".python-version", ".python-versions", "uv.toml"):
        gather.take(posixpath.join(directory, name))
    environment(gather, install, directory, "UV_PROJECT_ENVIRONMENT")
    if given.has("--no-install-workspace") or (given.has("--no-install-project") and not members):
        return gather.reads()
    package = table.get("package", "build-system" in found)
    if members:
        return gather.reads(("--no-install-workspace",))
    return gather.reads(("--no-install-project",)) if package else gather.reads()


def _workspace(gather: Gather, directory: str, table: dict[str, Any]) -> list[str]:
    """The directories of the members of a workspace, whose pyproject.toml are added."""
    patterns = strings(pairs(table.get("workspace")).get("members"))
    if not patterns:
        return []
    members = []
    for held in gather.below(directory, "pyproject.toml"):
        below = posixpath.relpath(held or ".", directory or ".")
        if below != "." and any(match(posixpath.normpath(pattern), below) for pattern in patterns):
            members.append(below)
            project(gather, held)
    return members


def _locked(where: str, text: str, members: list[str]) -> None:
    """Raise at a package of uv.lock that lies in the tree, the project and its workspace aside."""
    for kind, path in re.findall(r'\b(editable|directory|path|virtual) = "([^"]*)"', text):
        if path != "." and not (kind in ("editable", "virtual") and posixpath.normpath(path) in members):
            raise Cannot(f"{where} names a local package ({path})")


def _pip(install: Install) -> Reads | None:
    """``uv pip install`` takes pip's options, and some of its own."""
    table = tool("uv")
    words = list(install.words)
    if words[:1] != ["pip"] or words[1:2] not in (["install"], ["sync"]):
        return None
    kept: list[str | None] = ["-r"] if words[1] == "sync" else []
    rest = words[2:]
    while rest:
        word = rest.pop(0)
        name, equals, _ = (word or "").partition("=")
        if name in table["pip_flags"]:
            continue
        if name in table["pip_values"]:
            rest = rest if equals else rest[1:]
            continue
        kept.append(word)
    gather = Gather(install.site)
    directory = gather.directory(install)
    gather.alone(directory, "pyproject.toml", "uv.toml")
    found = pip.reads(kept, install.directory, install.site.locate, install.site.context, install.environment)
    if isinstance(found, Unknown):
        raise Cannot(found.reason)
    if not found.files:
        return found
    for name in ("pyproject.toml", "uv.toml", ".python-version"):
        gather.take(posixpath.join(directory, name))
    if "--system" not in words and not install.set("UV_SYSTEM_PYTHON", "VIRTUAL_ENV"):
        environment(gather, install, directory)
    return Reads((*found.files, *gather.files), gather.reads().assumptions)
