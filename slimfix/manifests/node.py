"""What the package managers of Node.js have in common: package.json, workspaces, install scripts.

Facts from npm's manual (package.json, scripts, workspaces) and from what npm 10, yarn 1 and 4 and pnpm 9 do.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from slimfix import knowledge
from slimfix.globs import BadPattern, match
from slimfix.manifests import Cannot
from slimfix.manifests.site import Gather, Install, pairs, strings
from slimfix.patterns import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_LOCAL = lazy(r"(file:|link:|portal:|exec:|\.{0,2}/|~/|[A-Za-z]:\\)|.*\.(tgz|tar|tar\.gz)$", re.IGNORECASE)
_REMOTE = lazy(r"(git\+)?(https?|ssh|git)://|git@|github:|gitlab:|bitbucket:|gist:", re.IGNORECASE)


class Project:
    """A package.json, with those of its workspaces, as an install of it reads them."""

    def __init__(self, gather: Gather, directory: str, name: str) -> None:
        """Read *directory*/package.json; *name* is the package manager."""
        self.gather = gather
        self.directory = directory
        self.name = name
        self.root = gather.json(posixpath.join(directory, "package.json"))
        self.packages = {directory: self.root}
        """Each package with its directory: the project, and its workspaces."""
        self.patches = False
        self._local(self.root, directory)

    def lock(self, *names: str) -> str | None:
        """Add the first of these lock files that is there, and return its path."""
        for name in names:
            if self.gather.take(path := posixpath.join(self.directory, name)):
                return path
        self.gather.absent(posixpath.join(self.directory, names[-1]))
        return None

    def add_workspaces(self, patterns: Iterable[str]) -> None:
        """Read the packages that the patterns name. One that is left out by a ``!`` is read all the same."""
        held = None
        for pattern in patterns:
            if pattern.startswith("!"):
                continue
            pattern = posixpath.normpath(pattern)
            if pattern == ".":
                continue
            if pattern.startswith(("..", "/")) or "{" in pattern or "(" in pattern:
                raise Cannot(f"the workspace {pattern} is beyond us")
            if held is None:
                held = self.gather.below(self.directory, "package.json")
            for directory in held:
                below = posixpath.relpath(directory or ".", self.directory or ".")
                if below != "." and _fits(pattern, below) and directory not in self.packages:
                    self._workspace(directory)

    def _workspace(self, directory: str) -> None:
        package = self.gather.json(posixpath.join(directory, "package.json"))
        self.packages[directory] = package
        self._local(package, directory)
        if package.get("bin") or pairs(package.get("directories")).get("bin"):
            raise Cannot(f"the workspace {directory} has commands of its own, which the install links")

    def workspaces(self) -> list[str]:
        """The patterns in package.json."""
        found = self.root.get("workspaces")
        if isinstance(found, dict):
            found = found.get("packages")
        return strings(found)

    def _local(self, package: dict[str, Any], directory: str) -> None:
        """Raise at a dependency that lies in the tree."""
        where = posixpath.join(directory, "package.json")
        for key in DEPENDENCIES:
            for name, version in pairs(package.get(key)).items():
                if not isinstance(version, str):
                    raise Cannot(f"{where}: the version of {name} is no string")
                if version.startswith("patch:") and self.name == "yarn":
                    self.patches = True
                elif _LOCAL.match(version) and not _REMOTE.match(version):
                    raise Cannot(f"{where}: {name} is a local package ({version})")
        for key in ("overrides", "resolutions", "pnpm"):
            for version in _leaves(package.get(key)):
                if version.startswith("patch:") and self.name == "yarn":
                    self.patches = True
                elif version.startswith(("file:", "link:", "portal:", "./", "../")):
                    raise Cannot(f"{where}: {key} names a local package ({version})")
        if package.get("installConfig") or package.get("gypfile"):
            raise Cannot(f"{where} has settings for the install that we do not know")

    # -- scripts -------------------------------------------------------------------------------

    def take_scripts(self, names: Iterable[str] | None = None) -> None:
        """Follow the scripts that installing the project itself runs."""
        table = knowledge.table("manifests")["node"]
        for directory, package in self.packages.items():
            scripts = pairs(package.get("scripts"))
            for name in names or table["lifecycle"]:
                if isinstance(text := scripts.get(name), str):
                    self._script(directory, name, " ".join(text.split()), table)
            if self.gather.there(path := posixpath.join(directory, "binding.gyp")):
                raise Cannot(f"{path} makes the install compile the package")

    def _script(self, directory: str, name: str, text: str, table: dict[str, Any]) -> None:
        for part in [text] if text in table["harmless"] else re.split(r"\s*(?:&&|;)\s*", text):
            if part in table["harmless"] or re.fullmatch(r"echo [\w .,!'\"-]*", part):
                if any(word in part for word in table["hooks"]) and self.gather.there(".git"):
                    self.gather.assume(f"the git hooks that `{part}` sets up are not needed in the image")
            elif re.fullmatch(r"(npx )?patch-package", part):
                self.gather.take_directory(posixpath.join(directory, "patches"))
            elif re.fullmatch(r"(npx )?prisma generate", part):
                self._prisma(directory)
            else:
                raise Cannot(f"the {name} script of {_name(directory)} runs `{part}`")

    def take_dependency_scripts(self, known: Iterable[str] | None) -> None:
        """Follow the install scripts of dependencies; *known*: which have one, None if that is not known."""
        table = knowledge.table("manifests")["node"]
        direct = {n for p in self.packages.values() for k in DEPENDENCIES for n in pairs(p.get(k))}
        having = direct if known is None else set(known)
        for name in sorted(having & set(table["readers"])):
            for path in table["readers"][name]:
                if path[:1] == "?" and not any(path[1:] in package for package in self.packages.values()):
                    continue
                if path == "" or path[0] == "?":
                    raise Cannot(f"the install script of {name} works on the project")
                for directory in self.packages:
                    if path == "prisma":
                        self._prisma(directory)
                    else:
                        self.gather.take(posixpath.join(directory, path))
        rest = sorted(set(known or ()) - set(table["readers"]) - set(table["alone"]["packages"]))
        if known is None:
            self.gather.assume("no install script of a dependency reads files of the project")
        elif rest:
            shown = ", ".join(rest[:3]) + (f" and {len(rest) - 3} more" if len(rest) > 3 else "")
            self.gather.assume(f"the install scripts of {shown} read no files of the project")

    def _prisma(self, directory: str) -> None:
        """``prisma generate`` reads the schema, and .env for its own settings."""
        gather = self.gather
        package = self.packages[directory]
        for name in (
            "prisma.config.ts",
            "prisma.config.js",
            "prisma.config.mjs",
            ".config/prisma.ts",
            "prisma/schema",
        ):
            if gather.there(path := posixpath.join(directory, name)):
                raise Cannot(f"{path} says what prisma reads")
        given = pairs(package.get("prisma")).get("schema")
        names = [given] if isinstance(given, str) else ["schema.prisma", "prisma/schema.prisma"]
        for name in names:
            path = posixpath.normpath(posixpath.join(directory, name))
            if not gather.there(path):
                continue
            if re.search(r"^\s*output\s*=", gather.text(path), re.MULTILINE):
                raise Cannot(f"{path} has prisma write its client into the tree")
            for place in (directory, posixpath.dirname(path)):
                gather.take(posixpath.join(place, ".env"))

    def fill(self, *names: str) -> None:
        """Note the directories that the install fills."""
        for directory in self.packages:
            for name in names:
                self.gather.written(posixpath.join(directory, name))


def ignores_scripts(install: Install) -> bool:
    """Whether a variable turns install scripts off."""
    return install.set("npm_config_ignore_scripts", "NPM_CONFIG_IGNORE_SCRIPTS")


def npmrc(gather: Gather, directory: str) -> dict[str, str]:
    """Add .npmrc if it is there, and return its settings; raises at one that leads to other files."""
    path = posixpath.join(directory, ".npmrc")
    if not gather.there(path):
        return {}
    reaching = knowledge.table("manifests")["npmrc"]["reaching"]
    settings: dict[str, str] = {}
    for line in gather.text(path).splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        name, _, value = line.partition("=")
        settings[name.strip().lower()] = value.strip()
    for name, value in settings.items():
        if name.startswith(("//", "_")) or name.endswith("registry") or "hoist" in name:
            continue
        if re.match(r"\.{0,2}/|~|[\w.-]+/", value) or name in reaching or name.endswith(("-dir", "[]")):
            raise Cannot(f"{path}: {name} may name another file")
    return settings


def _fits(pattern: str, path: str) -> bool:
    """Whether a directory fits a pattern of workspaces, in which ``**`` may stand for any depth."""
    head, deep, tail = pattern.partition("**")
    try:
        if not deep:
            return match(pattern, path)
        if tail.strip("/") not in ("", "*"):
            return True  # reading one too many does no harm
        head = head.strip("/")
        depth = head.count("/") + 1 if head else 0
        return match(head, "/".join(path.split("/")[:depth])) if head else True
    except BadPattern:
        raise Cannot(f"the workspace {pattern} is beyond us") from None


def _leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for v in value.values() for leaf in _leaves(v)]
    if isinstance(value, list):
        return [leaf for v in value for leaf in _leaves(v)]
    return [value] if isinstance(value, str) else []


def _name(directory: str) -> str:
    return posixpath.join(directory, "package.json")
