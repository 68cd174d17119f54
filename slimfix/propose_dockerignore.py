"""A ``.dockerignore`` for what a COPY of the whole context should not bring into an image.

Only what is there is named. A line that the build or the program might want otherwise is written as a
comment, for the author to decide. What the author has written stays as it is and comes first; new lines
are added behind it. Nothing is proposed that one of its exceptions (``!``) keeps, or that the Dockerfile
names.

Pure: a Dockerfile with its context in, a text out. The facts are in ``knowledge/dockerignore.toml``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from slimfix import knowledge
from slimfix.context import BuildContext
from slimfix.dockerfile import Dockerfile
from slimfix.dockerignore import DockerIgnore
from slimfix.globs import clean, match
from slimfix.shell import Opaque

_WALK = 5000
_DEPTH = 6


class Line(NamedTuple):
    """A line of the proposal."""

    pattern: str
    found: str
    """The first path that it is about."""
    sure: bool
    """Whether it counts at once; one that is not sure is written as a comment."""
    why: str


class Proposal(NamedTuple):
    """A new text of an ignore file."""

    path: str
    """Where it stands in the context, or is to stand."""
    before: str
    """What it holds now, ``""`` if it is not there."""
    after: str
    lines: tuple[Line, ...]


def propose(dockerfile: Dockerfile) -> Proposal | None:
    """What to ignore in the context of a Dockerfile; None if there is nothing, or no context is known."""
    context = dockerfile.context
    if context is None or context.problem is not None:
        return None
    sources = list(_directories(dockerfile, context))
    if not sources:
        return None
    path, before = context.ignore_file
    rules = DockerIgnore.parse(before)
    kept = DockerIgnore(tuple(p[1:] for p in rules.patterns if p.startswith("!")))
    words = _words(dockerfile)
    found: dict[str, tuple[bool, int, Line]] = {}
    for place in _walk(context, sources):
        for number, entry in enumerate(knowledge.table("dockerignore")["entry"]):
            pattern = entry["pattern"].replace("{path}", place)
            if pattern in found or not _applies(entry, place, context, words):
                continue
            if not kept.excludes(place) and not _named(dockerfile, place):
                sure = entry["sure"] and not words & set(entry.get("doubt", ()))
                found[pattern] = not sure, number, Line(pattern, place, sure, entry["why"])
    lines = [line for *_, line in sorted(found.values())]
    new = [line for line in lines if line.sure or f"# {line.pattern}" not in before.splitlines()]
    if not new:
        return None
    return Proposal(path, before, _written(before, new), tuple(new))


def _written(before: str, lines: list[Line]) -> str:
    """The old text, and the new lines in groups with one reason, each with its line end."""
    newline = "\r\n" if "\r\n" in before else "\n"
    text = before if not before or before.endswith("\n") else before + newline
    why = ""
    for line in lines:
        if line.why != why:
            text += (newline if text else "") + f"# {line.why}{newline}"
            why = line.why
        text += ("" if line.sure else "# ") + line.pattern + newline
    return text


def _directories(dockerfile: Dockerfile, context: BuildContext) -> Iterator[str]:
    """The directories of the context that are copied as a whole."""
    for copy in dockerfile.instructions:
        if copy.name not in ("COPY", "ADD") or copy.flag("from") is not None or copy.heredocs:
            continue
        sources = copy.exec_form or [part.text for part in copy.parts]
        for source in sources[:-1]:
            if "$" not in source and "://" not in source and context.is_dir(source):
                yield clean(source)


def _walk(context: BuildContext, sources: list[str]) -> Iterator[str]:
    """What lies in the directories, none of it twice, the shallow first."""
    waiting = sorted(set(sources))
    seen: set[str] = set()
    while waiting and len(seen) < _WALK:
        at = waiting.pop(0)
        for path in context.iterdir(at or "."):
            if path in seen:
                continue
            seen.add(path)
            yield path
            name = posixpath.basename(path)
            deep = path.count("/") >= _DEPTH
            if not deep and name not in ("node_modules", ".git") and context.kind(path) == "dir":
                waiting.append(path)


def _applies(entry: dict[str, Any], place: str, context: BuildContext, words: set[str]) -> bool:
    if not match(entry["name"], posixpath.basename(place)):
        return False
    if "holds" in entry and not context.exists(f"{place}/{entry['holds']}"):
        return False
    if words & set(entry.get("unless", ())) or ("needs" in entry and not words & set(entry["needs"])):
        return False
    return entry["name"] != ".git" or not _asks_git(context)


def _asks_git(context: BuildContext) -> bool:
    """Whether a project file says that the version comes from git."""
    table = knowledge.table("dockerignore")
    for name in table["project_files"]:
        text = context.read_text(name) or ""
        if any(word in text for word in table["project_words"]):
            return True
    return False


def _words(dockerfile: Dockerfile) -> set[str]:
    """The names of all programs that RUNs call; of a RUN that is not understood, all its words."""
    found: set[str] = set()
    for run in dockerfile.instructions:
        if run.name != "RUN":
            continue
        script = run.script
        if isinstance(script, Opaque):
            text = run.logical.text + "".join(dockerfile.source(h.body) for h in run.heredocs)
            found |= set(re.findall(r"[\w.-]+", text))
            continue
        for command in script.commands:
            values = [value for value in command.values if value is not None]
            # `git clone` asks for another repository than the one in the context.
            if values[:2] != ["git", "clone"]:
                found |= {word for value in values for word in re.findall(r"[\w.-]+", value)}
    return found


def _named(dockerfile: Dockerfile, place: str) -> bool:
    """Whether an instruction names the path itself."""
    name = posixpath.basename(place)
    return re.search(rf"(?<![\w.*-]){re.escape(name)}(?![\w.-])", dockerfile.text) is not None
