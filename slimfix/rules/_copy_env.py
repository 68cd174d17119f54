"""Variables that have an install read files of the tree."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping

from slimfix import knowledge
from slimfix.dockerfile import Instruction
from slimfix.dockerfile.words import expand
from slimfix.globs import match
from slimfix.manifests.site import Site
from slimfix.patterns import lazy

_ENDS = lazy(r"[\s:=,;]+")
_START = ("sitecustomize.py", "usercustomize.py")
"""What Python imports when it starts, from any directory of its path: docs.python.org/3/library/site.html."""


def named(
    run: Instruction,
    site: Site,
    environment: Mapping[str, str | None],
    directory: str | None,
    program: str,
    known: Collection[str],
) -> str | None:
    """Why an install may read a file of the tree that no manifest names; None if no variable has it do so.

    Args:
        run: the RUN with the install.
        site: the tree.
        environment: what is set for the command in the RUN itself, too.
        directory: where it runs, absolute, if that is known.
        program: the name of its program.
        known: the files that it reads anyhow.
    """
    said = [(name, value) for name, value in environment.items() if value is not None]
    for name, value in (*said, *_written(run)):
        for word in _ENDS.split(value):
            path = posixpath.join(directory or "/", word)
            if not word or not (word.startswith("/") or directory):
                continue
            found = _found(name, path, site, program)
            if found is not None and "/" not in word and site.context.kind(found) == "dir":
                continue  # a bare word is more often no path than a directory
            if found is not None and found not in known:
                return f"{name} names {found}, which the install may read"
    return None


def _found(name: str, path: str, site: Site, program: str) -> str | None:
    """The file that a variable names with *path*, if it is one that counts."""
    place = site.locate(path)
    if place is None:
        return None
    inside = {"PATH": (program,), "PYTHONPATH": _START}.get(name)
    if inside is not None:
        files = (posixpath.join(place, file) for file in inside)
        return next((file for file in files if site.context.exists(file)), None)
    if any(match(pattern, name) for pattern in knowledge.table("manifests")["run"]["variables"]):
        return place if place != site.source and site.context.exists(place) else None
    return None


def _written(run: Instruction) -> Iterator[tuple[str, str]]:
    """The pieces of what ENV says up to *run*, with the name: of a value that is known only in part, too."""
    stage = run.stage
    while stage is not None:
        for one in stage.instructions:
            if one.name != "ENV" or one.onbuild or (one.stage is run.stage and one.index > run.index):
                continue
            name = ""
            for part in one.parts:
                text = part.text
                if part is one.parts[0] or "=" in text:
                    name, _, text = text.partition("=")
                for word in text.strip("\"'").split(":"):
                    value = expand(word.strip("\"'"), one.state.variables(), one.escape)
                    if value:
                        yield name, value
        stage = stage.parent
