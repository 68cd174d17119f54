"""A tree of the build context as it lies in the image, and a command that runs there."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Mapping

from slimfix.context import BuildContext
from slimfix.globs import clean
from slimfix.manifests import Cannot, Reads
from slimfix.records import NamedTuple
from slimfix.shell.call import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LIMIT = 16 << 20
_WALK = 2000
"""Directories that one look for manifests goes through."""


class Site(NamedTuple):
    """The directory *source* of the context (``""``: all of it), copied to the directory *root*."""

    context: BuildContext
    source: str
    root: str

    def locate(self, path: str) -> str | None:
        """The path in the context that lies at *path* (absolute) in the image; None outside the tree."""
        path = posixpath.normpath("/" + path.lstrip("/"))
        if path == self.root:
            return self.source
        top = self.root.rstrip("/") + "/"
        return posixpath.join(self.source, path[len(top) :]) if path.startswith(top) else None


class Install(NamedTuple):
    """A command that installs, and what it finds."""

    call: Call
    words: tuple[str | None, ...]
    """What stands behind the program, its verb included; None for what is not literal."""
    directory: str | None
    """Where it runs, absolute; None if that is not known."""
    environment: Mapping[str, str | None]
    """The variables that are set there as far as known; None for a value that is not literal."""
    site: Site
    image: str = ""
    """The base image of the stage, as ``golang:1.22``."""

    def set(self, *names: str) -> bool:
        """Whether one of these variables is set to something that is not a plain no."""
        values = [self.environment[n] for n in names if n in self.environment]
        return any(v is None or v.lower() not in ("", "0", "false", "no") for v in values)


class Gather:
    """Collects what one command reads. Each method raises :class:`Cannot` when that cannot be told."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.context = site.context
        self.files: list[str] = []
        self.assumptions: list[str] = []
        self._absent: list[str] = []
        if site.context.problem is not None:
            raise Cannot(site.context.problem)

    def reads(self, early: tuple[str, ...] = (), later: str | None = None) -> Reads:
        """The answer."""
        assumptions = list(self.assumptions)
        if self._absent:
            assumptions.append(f"the build context holds no {' and no '.join(self._absent)}")
        return Reads(tuple(self.files), tuple(assumptions), early, later)

    def directory(self, install: Install, given: str | None = None) -> str:
        """The directory of the context in which the command works; *given*: one that an option names."""
        where = given or ""
        if "$" in where or where.startswith("~"):
            raise Cannot(f"where {where} lies is not known")
        if install.directory is None and not where.startswith("/"):
            raise Cannot("the directory in which the install runs is not known")
        found = self.site.locate(posixpath.join(install.directory or "/", where))
        if found is None:
            raise Cannot("the install does not run in the copied directory")
        return clean(found) if found else ""

    def assume(self, what: str) -> None:
        """Note an assumption."""
        if what not in self.assumptions:
            self.assumptions.append(what)

    def there(self, path: str) -> bool:
        """Whether the builder finds anything at *path*."""
        return self.context.exists(path)

    def need(self, path: str) -> str:
        """Add a file without which the command fails; the path is returned."""
        path = clean(path)
        kind = self.context.kind(path)
        if kind is None and self.context.ignored(path):
            raise Cannot(f"{path} is excluded by .dockerignore")
        if kind is None:
            raise Cannot(f"{path} is not in the build context")
        parts = path.split("/")
        if any(self.context.kind("/".join(parts[: i + 1])) == "link" for i in range(len(parts))):
            raise Cannot(f"{path} is reached through a symbolic link")
        if kind != "file":
            raise Cannot(f"{path} is not a file")
        if path not in self.files:
            self.files.append(path)
        return path

    def take(self, path: str) -> bool:
        """Add a file if it is there."""
        there = self.there(path)
        if there:
            self.need(path)
        return there

    def take_directory(self, path: str) -> bool:
        """Add all that is in a directory, if it is there."""
        path = clean(path)
        if not self.there(path):
            return False
        parts = path.split("/")
        if any(self.context.kind("/".join(parts[: i + 1])) != "dir" for i in range(len(parts))):
            raise Cannot(f"{path} is not a plain directory")
        if path + "/" not in self.files:
            self.files.append(path + "/")
        return True

    def text(self, path: str) -> str:
        """The text of a file, which is added."""
        found = self.context.read_text(self.need(path), _LIMIT)
        if found is None:
            raise Cannot(f"{clean(path)} cannot be read")
        return found

    def json(self, path: str) -> dict[str, Any]:
        """The object in a JSON file, which is added."""
        import json

        return self._object(path, json.loads)

    def toml(self, path: str) -> dict[str, Any]:
        """The table in a TOML file, which is added."""
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
        return self._object(path, tomllib.loads)

    def _object(self, path: str, load: Any) -> dict[str, Any]:
        try:
            found = load(self.text(path))
        except (ValueError, RecursionError):
            raise Cannot(f"{clean(path)} is malformed") from None
        if not isinstance(found, dict):
            raise Cannot(f"{clean(path)} is malformed")
        return found

    def written(self, path: str, name: str | None = None) -> None:
        """Note a directory that the install fills: what the context had there would be laid over it."""
        path = clean(path)
        if self.there(path):
            raise Cannot(f"{path} is in the build context and would be laid over the installed one")
        self.absent(path, name)

    def absent(self, path: str, name: str | None = None) -> None:
        """Note a path that is not there, but would count if another checkout had it."""
        name = name or posixpath.basename(path)
        if not self.context.ignored(path) and name not in self._absent:
            self._absent.append(name)

    def lock(self, path: str) -> bool:
        """Add a lock file if it is there."""
        if self.take(path):
            return True
        self.absent(path)
        return False

    def kept(self, path: str, command: str) -> None:
        """Note a file of the context that the command may write anew, but need not."""
        if self.there(path):
            self.assume(f"{command} leaves {posixpath.basename(path)} as it is")

    def alone(self, directory: str, *names: str) -> None:
        """Raise if a directory above, within the tree, holds one of these files."""
        at = directory
        while at != self.site.source and at:
            at = posixpath.dirname(at)
            for name in names:
                if self.there(posixpath.join(at, name)):
                    raise Cannot(f"{posixpath.join(at, name)} lies above the directory of the install")

    def below(self, directory: str, name: str) -> list[str]:
        """The directories below *directory* (itself too) that hold a file of that name."""
        found, waiting, seen = [], [directory], 0
        while waiting:
            at = waiting.pop()
            seen += 1
            if seen > _WALK:
                raise Cannot("the build context is too large to look through")
            for path in self.context.iterdir(at or "."):
                kind = self.context.kind(path)
                if posixpath.basename(path) == name:
                    found.append(at)
                elif kind == "link" and self.context.is_dir(path):
                    raise Cannot(f"{path} is a symbolic link to a directory")
                elif kind == "dir" and posixpath.basename(path) not in ("node_modules", ".git"):
                    waiting.append(path)
        return sorted(found)


def pairs(value: object) -> dict[str, Any]:
    """*value* if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: object) -> list[dict[str, Any]]:
    """The mappings of a list; none of anything else."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def strings(value: object) -> list[str]:
    """The strings of a list; none of anything else."""
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
