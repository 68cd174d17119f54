"""What ``bun install`` reads. Facts from bun's manual."""

from __future__ import annotations

import posixpath

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.node import Project, npmrc
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install, pairs, strings


def reads(install: Install) -> Reads | None:
    """What a call of bun reads; None if it is no install of a project. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb not in ("install", "i", "ci") or call.option("-g", "--global"):
        return None
    if call.operands:
        raise Cannot(f"bun {verb} {call.operands[0].raw} changes package.json")
    given = options(call, tool("bun"))
    gather = Gather(install.site)
    directory = gather.directory(install, given.directory)
    gather.alone(directory, "package.json", "bunfig.toml", ".npmrc")
    project = Project(gather, directory, "bun")
    npmrc(gather, directory)
    lock = project.lock("bun.lockb", "bun.lock")
    settings = posixpath.join(directory, "bunfig.toml")
    if gather.there(settings):
        found = gather.toml(settings)
        if found.get("preload") or pairs(found.get("install")).get("globalDir"):
            raise Cannot(f"{settings} names other files")
    project.add_workspaces(project.workspaces())
    for path in pairs(project.root.get("patchedDependencies")).values():
        gather.need(posixpath.normpath(posixpath.join(directory, str(path))))
    if not given.has("--ignore-scripts"):
        project.take_scripts()
        # bun runs the scripts of those dependencies alone that the project trusts, and of some that it knows.
        project.take_dependency_scripts(strings(project.root.get("trustedDependencies")) or None)
    if lock is not None and not given.has("--frozen-lockfile", "--production") and verb != "ci":
        gather.kept(lock, "bun install")
    project.fill("node_modules")
    return gather.reads()
