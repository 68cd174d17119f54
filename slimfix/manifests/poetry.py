"""What ``poetry install`` reads. Facts from poetry's manual and from what poetry 1.8 and 2 do."""

from __future__ import annotations

import posixpath

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import options, tool
from slimfix.manifests.pyproject import environment, no_local_sources, no_local_tables, project
from slimfix.manifests.site import Gather, Install, pairs


def reads(install: Install) -> Reads | None:
    """What a call of poetry reads; None if it installs nothing. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb not in ("install", "sync"):
        return None
    given = options(call, tool("poetry"))
    gather = Gather(install.site)
    directory = gather.directory(install, given.directory)
    gather.alone(directory, "pyproject.toml")
    path = posixpath.join(directory, "pyproject.toml")
    table = pairs(pairs(project(gather, directory).get("tool")).get("poetry"))
    groups = [pairs(group).get("dependencies") for group in pairs(table.get("group")).values()]
    no_local_tables(path, [table.get("dependencies"), table.get("dev-dependencies"), *groups])
    if table.get("requires-plugins"):
        raise Cannot(f"{path} wants plugins of poetry")
    lock = posixpath.join(directory, "poetry.lock")
    if gather.lock(lock):
        no_local_sources(lock, gather.text(lock))
    gather.take(posixpath.join(directory, "poetry.toml"))
    environment(gather, install, directory)
    if given.has("--no-root") or table.get("package-mode") is False:
        return gather.reads()
    return gather.reads(("--no-root",))
