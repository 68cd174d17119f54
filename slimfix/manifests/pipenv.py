"""What ``pipenv install`` and ``pipenv sync`` read. Facts from pipenv's manual and from pipenv 2024."""

from __future__ import annotations

import posixpath

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import options, tool
from slimfix.manifests.pyproject import environment, no_local_tables
from slimfix.manifests.site import Gather, Install


def reads(install: Install) -> Reads | None:
    """What a call of pipenv reads; None if it installs nothing. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb not in ("install", "sync"):
        return None
    if call.operands:
        raise Cannot(f"pipenv {verb} {call.operands[0].raw} changes the Pipfile")
    given = options(call, tool("pipenv"))
    if "PIPENV_PIPFILE" in install.environment:
        raise Cannot("PIPENV_PIPFILE names another file")
    gather = Gather(install.site)
    directory = gather.directory(install)
    gather.alone(directory, "Pipfile")
    path = posixpath.join(directory, "Pipfile")
    pipfile = gather.toml(path)
    no_local_tables(
        path, [value for key, value in pipfile.items() if key not in ("source", "requires", "scripts")]
    )
    lock = posixpath.join(directory, "Pipfile.lock")
    if gather.lock(lock):
        no_local_tables(lock, [v for k, v in gather.json(lock).items() if k != "_meta"])
        if verb == "install" and not given.has("--deploy", "--ignore-pipfile", "--skip-lock"):
            gather.kept(lock, "pipenv install")
    elif verb == "sync":
        gather.need(lock)
    for name in (".env", ".python-version"):
        gather.take(posixpath.join(directory, name))
    if not given.has("--system"):
        environment(gather, install, directory)
    return gather.reads()
