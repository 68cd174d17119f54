"""What ``dotnet restore`` reads. Facts from the manuals of NuGet and MSBuild."""

from __future__ import annotations

import posixpath
import re

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.maven import _parse as parse
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install
from slimfix.patterns import lazy

_AROUND = (
    *("Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"),
    *("Directory.Solution.props", "Directory.Build.rsp", "global.json"),
    *("NuGet.Config", "nuget.config", "NuGet.config"),
)
"""Files that count for every project below them."""
_READING = frozenset(
    (
        *("Import", "Exec", "UsingTask", "Target", "RestoreSources", "RestoreAdditionalProjectSources"),
        *(
            "RestorePackagesPath",
            "BaseIntermediateOutputPath",
            "MSBuildProjectExtensionsPath",
            "RestoreConfigFile",
        ),
    )
)
"""Elements that lead to other files, or have the restore write elsewhere."""
_PROJECT = lazy(r".*\.(csproj|fsproj|vbproj)")


def reads(install: Install) -> Reads | None:
    """What a call of dotnet reads; None if it does not restore. Raises Cannot."""
    call = install.call
    if call.verb is None or call.verb.value != "restore":
        return None
    options(call, tool("dotnet"))
    gather = Gather(install.site)
    directory = gather.directory(install)
    names = [operand.value for operand in call.operands]
    if len(names) > 1 or None in names:
        raise Cannot("which project is restored is not known")
    given = posixpath.normpath(posixpath.join(directory, names[0] or "")) if names else directory
    given = "" if given == "." else given
    if given.startswith((".", "/")):
        raise Cannot("the project does not lie in the copied directory")
    if gather.context.is_dir(given or "."):
        names_here = gather.context.iterdir(given or ".")
        here = [p for p in names_here if _PROJECT.fullmatch(p) or p.endswith((".sln", ".slnx"))]
        if len(here) != 1:
            raise Cannot(f"{given or '.'} holds {len(here)} projects and solutions")
        given = here[0]
    _read(gather, given, set())
    return gather.reads()


def _read(gather: Gather, path: str, seen: set[str]) -> None:
    if path in seen:
        return
    seen.add(path)
    if path.endswith(".sln"):
        for name in re.findall(r'^Project\([^)]*\) = "[^"]*", "([^"]+)"', gather.text(path), re.MULTILINE):
            name = name.replace("\\", "/")
            if _PROJECT.fullmatch(name):
                _read(gather, posixpath.normpath(posixpath.join(posixpath.dirname(path), name)), seen)
            elif "." in posixpath.basename(name):
                raise Cannot(f"{path} holds {name}, which is no project that we read")
        _around(gather, posixpath.dirname(path))
        return
    if not _PROJECT.fullmatch(path):
        raise Cannot(f"{path} is no project that we read")
    here = posixpath.dirname(path)
    for name in _elements(gather, path, here):
        _read(gather, name, seen)
    _around(gather, here)
    for name in ("packages.lock.json", "packages.config"):
        gather.take(posixpath.join(here, name))
    gather.written(posixpath.join(here, "obj"))
    for extra in gather.context.glob(f"{path}.*"):
        gather.take(extra)


def _elements(gather: Gather, path: str, here: str) -> list[str]:
    """The projects that a project file refers to; raises at what may lead elsewhere."""
    found = []
    for element in parse(gather.text(path), path).iter():
        if element.tag in _READING:
            raise Cannot(f"{path}: <{element.tag}> may read other files")
        if "Exists(" in element.get("Condition", "") or "$([" in (element.text or ""):
            raise Cannot(f"{path} asks for files")
        if element.tag == "ProjectReference":
            name = element.get("Include", "").replace("\\", "/")
            if not name or any(mark in name for mark in "$*;"):
                raise Cannot(f"{path}: a ProjectReference is not literal")
            place = posixpath.normpath(posixpath.join(here, name))
            if place.startswith(".."):
                raise Cannot(f"{path}: {name} lies out of the build context")
            found.append(place)
    return found


def _around(gather: Gather, directory: str) -> None:
    """Add the files that count for projects in a directory, up to the root of the tree."""
    at = directory
    while True:
        for name in _AROUND:
            path = posixpath.join(at, name)
            if gather.there(path) and name.endswith((".props", ".targets")):
                _elements(gather, path, at)
            if gather.there(path) and name.lower() == "nuget.config":
                if re.search(r'value="(?!https?://)[^"]*[/\\]', gather.text(path)):
                    raise Cannot(f"{path} names a local source")
            gather.take(path)
        if at in ("", gather.site.source):
            return
        at = posixpath.dirname(at)
