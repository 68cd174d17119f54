"""What ``npm ci`` and ``npm install`` read.

Facts from npm's manual and from what npm 6 and 10 do: the lock file of version 2 and 3 says which packages
have install scripts; ``npm install`` may write it anew.
"""

from __future__ import annotations

import posixpath
import re

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.node import Project, ignores_scripts, npmrc
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install, pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLEAN = frozenset(("ci", "clean-install", "ic", "install-clean", "isntall-clean"))
INSTALL = frozenset(("install", "i", "in", "ins", "inst", "insta", "instal", "isnt", "isntall", "add"))
_LOCKS = ("npm-shrinkwrap.json", "package-lock.json")


def reads(install: Install) -> Reads | None:
    """What a call of npm reads; None if it is no install of a project. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb not in CLEAN | INSTALL or outside(install):
        return None
    if call.operands:
        raise Cannot(f"npm {verb} {call.operands[0].raw} changes package.json")
    given = options(call, tool("npm"))
    gather = Gather(install.site)
    directory = gather.directory(install, given.directory)
    gather.alone(directory, "package.json", ".npmrc")
    project = Project(gather, directory, "npm")
    settings = npmrc(gather, directory)
    lock = project.lock(*_LOCKS)
    if verb in CLEAN and lock is None:
        gather.need(posixpath.join(directory, "package-lock.json"))
    locked = gather.json(lock) if lock is not None else {}
    project.add_workspaces(project.workspaces())
    _check_lock(project, locked)
    if not (
        given.has("--ignore-scripts") or settings.get("ignore-scripts") == "true" or ignores_scripts(install)
    ):
        project.take_scripts()
        project.take_dependency_scripts(_with_scripts(locked))
    keeps = (
        given.has("--no-package-lock", "--no-save", "--no-shrinkwrap")
        or settings.get("package-lock") == "false"
    )
    if verb in INSTALL and lock is not None and not keeps:
        if _fits(locked, install.image):
            gather.kept(lock, "npm install")
        else:
            name = posixpath.basename(lock)
            gather.assume(f"nothing asks for the {name} that npm install writes anew, in another version")
    project.fill("node_modules")
    return gather.reads()


def outside(install: Install) -> bool:
    """Whether a call of npm installs for the whole system, and not the project."""
    call = install.call
    return call.option("-g", "--global") or call.option_value("--location") == "global"


def _fits(locked: dict[str, Any], image: str) -> bool:
    """Whether the npm of an image writes lock files of the version that this one has.

    Node.js 15 brought npm 7, which makes version 1 a later one; npm 6 does the contrary.
    """
    release = re.search(r"(?:^|/)node:(\d+)", image)
    old = release is not None and int(release[1]) < 15
    return (locked.get("lockfileVersion") in (2, 3)) is not old


def _check_lock(project: Project, locked: dict[str, Any]) -> None:
    """Raise at a package that the lock file takes from the tree, workspaces aside."""
    held = set(project.packages)
    for path, entry in pairs(locked.get("packages")).items():
        inside = "node_modules/" in path or not path
        if not inside and posixpath.normpath(posixpath.join(project.directory, path)) not in held:
            raise Cannot(f"the lock file names a local package ({path})")
        if str(pairs(entry).get("resolved", "")).startswith("file:"):
            raise Cannot(f"the lock file names a local archive ({entry['resolved']})")
    for name, entry in pairs(locked.get("dependencies")).items():
        if str(pairs(entry).get("version", "")).startswith(("file:", "link:")) and "packages" not in locked:
            raise Cannot(f"the lock file names a local package ({name})")


def _with_scripts(locked: dict[str, Any]) -> list[str] | None:
    """The packages with an install script, None if the lock file does not tell."""
    if "packages" not in locked:
        return None
    return [
        path.rpartition("node_modules/")[2]
        for path, entry in pairs(locked["packages"]).items()
        if "node_modules/" in path and pairs(entry).get("hasInstallScript")
    ]
