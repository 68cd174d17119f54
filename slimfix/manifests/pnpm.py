"""What ``pnpm install`` and ``pnpm fetch`` read.

Facts from pnpm's manual and from what pnpm 8 to 10 do. Of pnpm-workspace.yaml only lists, and maps of one
level, under keys that we know are read.
"""

from __future__ import annotations

import posixpath
import re

from slimfix import knowledge
from slimfix.manifests import Cannot, Reads
from slimfix.manifests.node import Project, ignores_scripts, npmrc
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install, pairs


def reads(install: Install) -> Reads | None:
    """What a call of pnpm reads; None if it is no install of a project. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb == "add" and not call.option("-g", "--global"):
        raise Cannot("pnpm add changes package.json")
    operands = call.operands
    if verb in ("recursive", "multi", "m") and operands and operands[0].value in ("install", "i"):
        verb, operands = operands[0].value, operands[1:]
    if verb not in ("install", "i", "fetch") or call.option("-g", "--global"):
        return None
    if operands:
        raise Cannot(f"pnpm {verb} {operands[0].raw} changes package.json")
    given = options(call, tool("pnpm"))
    gather = Gather(install.site)
    directory = gather.directory(install, given.directory)
    gather.alone(directory, "package.json", "pnpm-workspace.yaml", ".npmrc")
    if any("[" in a.raw + (b.raw if b is not None else "") for a, b in call.options):
        raise Cannot("the filter of pnpm asks git for changes")
    project = Project(gather, directory, "pnpm")
    settings = npmrc(gather, directory)
    lock = project.lock("pnpm-lock.yaml")
    patterns, patches = _workspace(gather, directory)
    project.add_workspaces(patterns)
    for path in [*patches, *_patches(project)]:
        gather.need(posixpath.normpath(posixpath.join(directory, path)))
    for name in (".pnpmfile.cjs", ".pnpmfile.mjs"):
        if gather.there(path := posixpath.join(directory, name)):
            if re.search(r"\b(require|import|readFile\w*|process|fs|eval|Function)\b", gather.text(path)):
                raise Cannot(f"{path} is a program that may read other files")
    if not (
        given.has("--ignore-scripts") or settings.get("ignore-scripts") == "true" or ignores_scripts(install)
    ):
        project.take_scripts()
        project.take_dependency_scripts(None)
    if (
        lock is not None
        and not given.has("--frozen-lockfile", "--offline")
        and verb != "fetch"
        and not install.set("CI")
    ):
        gather.kept(lock, "pnpm install")
    project.fill("node_modules")
    return gather.reads()


def _patches(project: Project) -> list[str]:
    """The patch files that package.json names."""
    named = pairs(pairs(project.root.get("pnpm")).get("patchedDependencies"))
    return [path for path in named.values() if isinstance(path, str)]


def _workspace(gather: Gather, directory: str) -> tuple[list[str], list[str]]:
    """The packages and the patch files that pnpm-workspace.yaml names."""
    path = posixpath.join(directory, "pnpm-workspace.yaml")
    packages: list[str] = []
    patches: list[str] = []
    if not gather.there(path):
        return packages, patches
    table = knowledge.table("manifests")["pnpm"]
    lists, maps = set(table["lists"]), set(table["maps"])
    key = ""
    for line in gather.text(path).splitlines():
        bare = re.sub(r"(^|\s)#.*", "", line).rstrip()
        if not bare.strip():
            continue
        top = re.fullmatch(r"([A-Za-z]+):\s*(\S.*)?", bare)
        item = re.fullmatch(
            r"\s*-\s+(?:'([^']*)'|\"([^\"\\]*)\"|([^\s'\"&*!|>{}\[\]%@`][^'\"{}\[\]]*|!?[\w./*-]+))", bare
        )
        pair = re.fullmatch(
            r"\s+('[^']+'|\"[^\"\\]+\"|[\w@./>^~-]+):\s*(?:'([^']*)'|\"([^\"\\]*)\"|([^'\"&*!|>{}\[\]]*))",
            bare,
        )
        if top:
            key = top[1]
            known = set(table["plain"]) if top[2] else lists | maps | {"patchedDependencies"}
            if key not in known or (top[2] and top[2][0] in "[{&*!|>"):
                raise Cannot(f"{path}: {key} is a setting that we do not know")
        elif item and key in lists | maps:
            if key == "packages":
                packages.append(next(g for g in item.groups() if g is not None).strip())
        elif pair and key in maps | {"patchedDependencies"}:
            value = next((g for g in pair.groups()[1:] if g is not None), "").strip()
            if key == "patchedDependencies":
                patches.append(value)
            elif value.startswith(("file:", "link:", ".", "/")):
                raise Cannot(f"{path}: {key} names a local package ({value})")
        else:
            raise Cannot(f"{path}: `{bare.strip()}` is beyond us")
    return packages, patches
