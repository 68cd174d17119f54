"""What ``yarn install`` reads, of yarn 1 and of yarn 2 to 4 ("berry").

Facts from both manuals and from what yarn 1.22 and 4 do. Of .yarnrc.yml only flat settings that we know are
read; a line with anything else holds the answer back.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from slimfix import knowledge
from slimfix.manifests import Cannot, Reads
from slimfix.manifests.node import Project, ignores_scripts, npmrc
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install


def reads(install: Install) -> Reads | None:
    """What a call of yarn reads; None if it is no install of a project. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb == "add":
        raise Cannot("yarn add changes package.json")
    if verb == "config" and [o.value for o in call.operands[:1]] in (["set"], ["unset"]):
        _check_config(install)
    if verb not in (None, "install") or call.option("--version", "-v", "--help", "-h"):
        return None
    given = options(call, tool("yarn"))
    gather = Gather(install.site)
    directory = gather.directory(install, given.directory)
    gather.alone(directory, "package.json", ".yarnrc", ".yarnrc.yml", ".npmrc")
    project = Project(gather, directory, "yarn")
    lock = project.lock("yarn.lock")
    berry = _berry(gather, project, lock)
    scripts = not (
        given.has("--ignore-scripts") or given.given.get("--mode") == "skip-build" or ignores_scripts(install)
    )
    if berry:
        scripts &= not _berry_settings(gather, project)
        frozen = given.has("--immutable", "--frozen-lockfile")
    else:
        scripts &= not _classic_settings(gather, directory)
        frozen = given.has("--frozen-lockfile", "--pure-lockfile", "--no-lockfile")
    gather.take(posixpath.join(directory, ".yarnclean"))
    project.add_workspaces(project.workspaces())
    if project.patches:
        gather.take_directory(posixpath.join(directory, ".yarn/patches"))
    if scripts:
        project.take_scripts(("preinstall", "install", "postinstall") if berry else None)
        project.take_dependency_scripts(None)
    if (
        lock is not None
        and not frozen
        and not install.set("CI" if berry else "", "YARN_ENABLE_IMMUTABLE_INSTALLS")
    ):
        gather.kept(lock, "yarn install")
    project.fill("node_modules")
    return gather.reads()


def _check_config(install: Install) -> None:
    """Raise if yarn would change the settings of the project."""
    if install.call.option("-H", "--home"):
        return
    gather = Gather(install.site)
    directory = gather.directory(install)
    package = posixpath.join(directory, "package.json")
    lock = posixpath.join(directory, "yarn.lock")
    project = Project(gather, directory, "yarn") if gather.there(package) else None
    if project is not None and _berry(gather, project, lock if gather.there(lock) else None):
        raise Cannot("`yarn config set` writes .yarnrc.yml, which the COPY would lay back")


def _berry(gather: Gather, project: Project, lock: str | None) -> bool:
    """Whether this is a project of yarn 2 or later."""
    named = re.match(r"yarn@(\d+)", str(project.root.get("packageManager", "")))
    if gather.there(posixpath.join(project.directory, ".yarnrc.yml")):
        return True
    if lock is not None:
        return re.search(r"^__metadata:", gather.text(lock), re.MULTILINE) is not None
    return named is not None and int(named[1]) >= 2


def _classic_settings(gather: Gather, directory: str) -> bool:
    """Follow .npmrc and .yarnrc; whether they turn scripts off."""
    off = npmrc(gather, directory).get("ignore-scripts") == "true"
    path = posixpath.join(directory, ".yarnrc")
    if not gather.there(path):
        return off
    for line in gather.text(path).splitlines():
        name, _, value = line.strip().partition(" ")
        name, value = name.strip('"'), value.strip().strip('"')
        if name in ("yarn-path", "yarn-offline-mirror"):
            place = posixpath.normpath(posixpath.join(directory, value))
            if place.startswith(("..", "/")):
                raise Cannot(f"{path}: {name} leads out of the project")
            if name == "yarn-path":
                gather.need(place)
            elif not gather.take_directory(place):
                raise Cannot(f"{path}: {place} is not in the build context")
        elif name in ("ignore-scripts", "--ignore-scripts", "--install.ignore-scripts"):
            off = off or value == "true"
        elif (
            name
            and name[0] != "#"
            and not re.match(
                r"(registry|network-timeout|strict-ssl|lastUpdateCheck|disable-self-update-check|save-prefix|"
                r"workspaces-experimental|ignore-engines|"
                r"(--install\.|--)?(frozen-lockfile|network-timeout|production|ignore-engines|ignore-optional))$",
                name,
            )
        ):
            raise Cannot(f"{path}: {name} is a setting that we do not know")
    return off


def _berry_settings(gather: Gather, project: Project) -> bool:
    """Follow .yarnrc.yml; whether it turns scripts off."""
    path = posixpath.join(project.directory, ".yarnrc.yml")
    settings = dict(_settings(gather.text(path), path)) if gather.there(path) else {}
    if "yarnPath" in settings:
        place = posixpath.normpath(posixpath.join(project.directory, settings["yarnPath"]))
        if place.startswith(("..", "/")):
            raise Cannot(f"{path}: yarnPath leads out of the project")
        gather.need(place)
    if "plugins" in settings and not gather.take_directory(
        posixpath.join(project.directory, ".yarn/plugins")
    ):
        raise Cannot(f"{path} names plugins that are not in the build context")
    gather.take_directory(posixpath.join(project.directory, ".yarn/cache"))
    for name in (".pnp.cjs", ".pnp.js", ".pnp.loader.mjs", ".yarn/unplugged", ".yarn/install-state.gz"):
        if settings.get("nodeLinker") == "node-modules" and name.startswith(".pnp"):
            continue
        gather.written(posixpath.join(project.directory, name))
    return settings.get("enableScripts") == "false"


def _settings(text: str, path: str) -> Iterator[tuple[str, str]]:
    """The settings in the text of a .yarnrc.yml; the value of one with a block is empty."""
    table = knowledge.table("manifests")["yarn"]
    plain, blocks = {*table["plain"], "plugins"}, {*table["blocks"], "plugins"}
    block = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        plugin = re.fullmatch(r"\s+- path: \.yarn/plugins/@yarnpkg/plugin-([\w-]+)\.cjs|\s+spec: \S+", line)
        if block == "plugins" and plugin and plugin[1] != "exec":
            continue
        if line[0] in " \t-" and block in table["blocks"]:
            continue
        flat = re.fullmatch(r"([A-Za-z]+):(?:\s+(\S.*?))?\s*", line)
        block = flat[1] if flat and not flat[2] else ""
        if flat is None or flat[1] not in plain or (block and block not in blocks):
            raise Cannot(f"{path}: `{line.strip()}` is a setting that we do not know")
        yield flat[1], (flat[2] or "").strip("\"'")
