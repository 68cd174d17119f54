"""What ``pdm install`` and ``pdm sync`` read. Facts from pdm's manual and from what pdm 2 does."""

from __future__ import annotations

import posixpath

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import options, tool
from slimfix.manifests.pip import check_requirement
from slimfix.manifests.pyproject import environment, no_local_sources, project
from slimfix.manifests.site import Gather, Install, pairs, strings


def reads(install: Install) -> Reads | None:
    """What a call of pdm reads; None if it installs nothing. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb not in ("install", "sync"):
        return None
    given = options(call, tool("pdm"))
    gather = Gather(install.site)
    directory = gather.directory(install, given.directory)
    gather.alone(directory, "pyproject.toml", "pdm.toml")
    found = project(gather, directory)
    table = pairs(pairs(found.get("tool")).get("pdm"))
    if "PROJECT_ROOT" in gather.text(posixpath.join(directory, "pyproject.toml")):
        raise Cannot("pyproject.toml leads to files of the project")
    if table.get("plugins"):
        raise Cannot("pyproject.toml wants plugins of pdm")
    for group in pairs(table.get("dev-dependencies")).values():
        for requirement in strings(group):
            check_requirement(requirement)
    lock = posixpath.join(directory, "pdm.lock")
    if gather.lock(lock):
        no_local_sources(lock, gather.text(lock))
        if verb == "install" and not given.has("--frozen-lockfile", "--no-lock", "--check"):
            gather.kept(lock, "pdm install")
    gather.take(posixpath.join(directory, "pdm.toml"))
    environment(gather, install, directory)
    gather.written(posixpath.join(directory, ".pdm-python"))
    if given.has("--no-self") or table.get("distribution") is False or "build-system" not in found:
        return gather.reads()
    return gather.reads(("--no-self",))
