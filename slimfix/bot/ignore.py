"""The ignore files that a repository lacks, or that lack a line: see :mod:`slimfix.propose_dockerignore`.

The build context is the directory of a Dockerfile, as the commit has it; the root of a clone holds ``.git``
besides. A Dockerfile below that directory may be built with the same context, which nothing here tells: so
none of those may miss what is kept out either, and where one of them cannot be read, nothing is proposed.

An ignore file that is there keeps every byte: lines are added behind it. Nothing is written through a link.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from slimfix import knowledge, suppress
from slimfix.bot.errors import BotError
from slimfix.bot.names import bad_path
from slimfix.bot.settings import Settings
from slimfix.bot.tree import FILES, Below, Tree, Unread, above, find, hidden_by_git, joined
from slimfix.context import BuildContext, Kind
from slimfix.dockerfile import Dockerfile, ParseError
from slimfix.files import Unusable, checked
from slimfix.fix import Safety
from slimfix.globs import match
from slimfix.propose_dockerignore import Line, bringing, propose
from slimfix.rules import IGNORE_FILE, Rule
from slimfix.search import SKIPPED_DIRECTORIES
from slimfix.text import encode

NAME = ".dockerignore"
_AS_RULE = Rule(IGNORE_FILE, "", 0, lambda dockerfile: iter(()))
_DEPTH = 6
_MOST = 5000
_PACKAGES = 200


class Ignoring(NamedTuple):
    """An ignore file to make, or to add to."""

    path: str
    mode: str
    sha: str
    """Of the object that was read; empty where there is none."""
    before: str
    after: str
    lines: tuple[Line, ...]
    """The new ones."""
    dockerfiles: tuple[str, ...]
    """Those that it is for, which lie beside it."""


class _Checkout(Below):
    """A directory as it is where somebody builds: with what a clone and an install leave there.

    That is the history, in the root, and ``node_modules`` beside a package.json where a ``.gitignore``
    hides it: whoever wrote that has it there.
    """

    def __init__(self, tree: Tree, directory: str) -> None:
        super().__init__(tree, directory)
        self._more: dict[str, Kind] = {} if directory else {".git": "dir", ".git/HEAD": "file"}
        start = f"{directory}/" if directory else ""
        near = [
            path[len(start) :].removesuffix("package.json")
            for path in tree.entries
            if path.startswith(start)
            and posixpath.basename(path) == "package.json"
            and path.count("/") - start.count("/") <= _DEPTH
            and SKIPPED_DIRECTORIES.isdisjoint(path.split("/"))
        ]
        near = sorted(near, key=lambda at: (at.count("/"), at))[:_PACKAGES]
        places = {joined(at, ".gitignore") for path in near for at in above(f"{start}{path}x")}
        tree.fetch(places & tree.entries.keys())
        for at in near:
            if hidden_by_git(tree, f"{start}{at}node_modules/x"):
                self._more |= {f"{at}node_modules": "dir", f"{at}node_modules/x": "file"}
        self._names: dict[str, set[str]] = {}
        for path in self._more:
            self._names.setdefault(posixpath.dirname(path), set()).add(posixpath.basename(path))

    def kind(self, path: str) -> Kind | None:
        return super().kind(path) or self._more.get(path)

    def names(self, directory: str) -> Iterable[str]:
        return {*super().names(directory), *self._names.get(directory, ())}


class Search:
    """Looks for ignore files in the directories of the Dockerfiles that were read."""

    def __init__(
        self,
        tree: Tree,
        settings: Settings,
        declined: frozenset[str] = frozenset(),
        after: Mapping[str, str] | None = None,
    ) -> None:
        """*after*: what becomes of Dockerfiles; what they then need is needed, too."""
        self.tree = tree
        self.settings = settings
        self.declined = declined
        self.after = after or {}
        self.unread: list[Unread] = []
        """Ignore files that are not proposed, and why."""
        self._others: tuple[list[str], list[Unread]] | None = None

    def run(self, dockerfiles: Iterable[str]) -> Iterator[Ignoring]:
        """What to propose. Raises BotError where settings are broken."""
        if IGNORE_FILE in self.declined:
            return
        places: dict[str, list[str]] = {}
        for path in dockerfiles:
            places.setdefault(posixpath.dirname(path), []).append(path)
        for directory, paths in places.items():
            found = self.settings.at(joined(directory, NAME))
            # It is never beyond all doubt who else builds there, and what a program looks at.
            if self.settings.wants_ignore_files(found) and self.settings.allowed(found) > Safety.SAFE:
                try:
                    yield from list(self._in(directory, paths))
                except BotError:
                    raise
                except Exception as error:  # a bug of ours must not keep the rest from being done
                    why = f"not proposed: internal error: {type(error).__name__}"
                    self.unread.append(Unread(joined(directory, NAME), why))

    def _in(self, directory: str, paths: list[str]) -> Iterator[Ignoring]:
        """The ignore files of one context: several where a Dockerfile has its own."""
        plain = self.tree.below(directory)
        if not any(self._brings(path, directory, plain) for path in paths):
            return
        source = _Checkout(self.tree, directory)
        groups: dict[str, dict[str, list[Dockerfile]]] = {}
        for path in paths:
            read = list(self._read(path, directory, source))
            if any(isinstance(one, str) for one in read):
                return  # why is told where it is to be rewritten
            texts = [one for one in read if isinstance(one, Dockerfile)]
            if texts[0].context_problem or texts[0].context is None:
                return
            if any(suppress.suppressed(one, _AS_RULE) for one in texts):
                return
            groups.setdefault(texts[0].context.ignore_file[0], {})[path] = texts
        for name, group in groups.items():
            found = self._proposed(directory, source, name, group)
            if found is not None:
                yield found

    def _proposed(
        self, directory: str, source: Below, name: str, group: dict[str, list[Dockerfile]]
    ) -> Ignoring | None:
        own = [dockerfile for texts in group.values() for dockerfile in texts]
        if not directory:
            self._fetch_project_files()
        first = propose(*own)
        if first is None or not any(line.sure for line in first.lines):
            return None  # comments alone are not worth anybody's time
        path = joined(directory, name)
        others = list(self._below(directory, source, set(group)))
        problem = self._problem(path, first.before) or next((o for o in others if isinstance(o, str)), None)
        if problem is not None:
            self.unread.append(Unread(path, f"not proposed: {problem}"))
            return None
        found = propose(*own, *(one for one in others if isinstance(one, Dockerfile)))
        if found is None or not any(line.sure for line in found.lines):
            return None
        if self.settings.hidden(path) or hidden_by_git(self.tree, path):
            return None
        entry = self.tree.entries.get(path)
        mode, sha = (entry.mode, entry.sha) if entry else ("100644", "")
        return Ignoring(path, mode, sha, found.before, found.after, found.lines, tuple(group))

    def _brings(self, path: str, directory: str, source: Below) -> bool:
        """Whether a Dockerfile copies a whole directory: most that copy none are soon done with."""
        for one in self._read(path, directory, source):
            if isinstance(one, Dockerfile) and one.context is not None:
                if any(True for _ in bringing(one, one.context)):
                    return True
        return False

    def _problem(self, path: str, before: str) -> str | None:
        """Why an ignore file cannot be written."""
        entry = self.tree.entries.get(path)
        if bad_path(path):
            return bad_path(path)
        if self.tree.is_directory(path):
            return "a directory has its name"
        if entry is not None and entry.mode not in FILES:
            return "it is no regular file"
        held = self.tree.read(path) if entry is not None else b""
        return None if held == encode(before) else "it is not what counts as the ignore file"

    def _below(self, directory: str, source: Below, own: set[str]) -> Iterator[Dockerfile | str]:
        """What else may be built with a context: what lies below it, be it excluded or not."""
        if self._others is None:
            self._others = find(self.tree, lambda path: False)
        start = f"{directory}/" if directory else ""
        for unread in self._others[1]:
            if unread.path.startswith(start):
                yield f"{unread.path}: {unread.reason}"
        for path in self._others[0]:
            if path.startswith(start) and path not in own:
                yield from self._read(path, directory, source)

    def _read(self, path: str, directory: str, source: Below) -> Iterator[Dockerfile | str]:
        """A Dockerfile as it is and as it will be, in a context; or why it cannot be read."""
        data = self.tree.read(path)
        inside = path[len(directory) :].lstrip("/")
        try:
            now = checked(data or b"")
            for text in dict.fromkeys((now, self.after.get(path, now))):
                yield Dockerfile(text, context=BuildContext(source, inside))
        except (Unusable, ParseError) as error:
            yield f"{path}: {error}"

    def _fetch_project_files(self) -> None:
        """Have at hand, with one request, what tells whether a build asks git for something."""
        names = knowledge.table("dockerignore")["project_files"]
        near = [(posixpath.basename(path), path) for path in self.tree.entries if path.count("/") <= _DEPTH]
        found = [path for own, path in near if any(match(name, own) for name in names)]
        self.tree.fetch(found[:_MOST])
