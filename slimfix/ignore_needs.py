"""What a Dockerfile needs of its context by name, and what it installs itself."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache

from slimfix.context import BuildContext
from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.rules._copies import whole_directory
from slimfix.rules._copy_run import judge
from slimfix.rules._copy_tree import Tree, tree
from slimfix.rules._installers import installers
from slimfix.shell import Opaque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STARTS = ("CMD", "ENTRYPOINT", "HEALTHCHECK")


@lru_cache(maxsize=64)
def words_of(dockerfile: Dockerfile) -> frozenset[str]:
    """The words of all commands that run when it is built or when the image starts."""
    found: set[str] = set()
    for one in dockerfile.instructions:
        if one.name in _STARTS:
            found |= set(re.findall(r"[\w.-]+", one.args.text))
        if one.name != "RUN":
            continue
        script = one.script
        if isinstance(script, Opaque):
            text = one.logical.text + "".join(dockerfile.source(h.body) for h in one.heredocs)
            found |= set(re.findall(r"[\w.-]+", text))
            continue
        for command in script.commands:
            values = [value for value in command.values if value is not None]
            # `git clone` asks for another repository than the one in the context.
            if values[:2] != ["git", "clone"]:
                found |= {word for value in values for word in re.findall(r"[\w.-]+", value)}
    return frozenset(found)


def names(dockerfile: Dockerfile, place: str, entry: dict[str, Any]) -> bool:
    """Whether an instruction names a path of the context itself."""
    name = posixpath.basename(place)
    pattern = re.compile(rf"(?<![\w.*-]){re.escape(name)}(?![\w.-])")
    for one in dockerfile.instructions:
        # What a COPY takes from another stage is not of the context; what an install fills, PATH may name.
        if one.flag("from") is not None or (one.name == "ENV" and entry.get("filled")):
            continue
        if pattern.search(dockerfile.source(one.span)):
            return True
    return False


def installs(copy: Instruction, entry: dict[str, Any]) -> bool:
    """Whether the stage of a COPY makes by itself what *entry* is about, or gets it from another stage."""
    tools = set(entry["needs"])
    stage = copy.stage
    while stage is not None:
        for one in stage.instructions:
            if one.name == "RUN" and not one.onbuild and installers(one) & tools:
                return True
            if one.flag("from") is not None and re.search(rf"\b{re.escape(entry['name'])}\b", one.args.text):
                return True
        stage = stage.parent
    return False


def filled(dockerfile: Dockerfile, place: str, entry: dict[str, Any]) -> bool:
    """Whether an install is seen to work in the directory that holds *place*."""
    beside = posixpath.join(posixpath.dirname(place), entry.get("beside", ""))
    context = dockerfile.context
    if context is None:
        return False
    view = context.ignoring(f"{context.ignore_file[1]}\n**/{entry['name']}\n")
    return beside in set(_read(dockerfile, view))


def _read(dockerfile: Dockerfile, context: BuildContext) -> Iterator[str]:
    """What installs read."""
    for copy in dockerfile.instructions:
        words = whole_directory(copy)
        if words is None or copy.stage is None:
            continue
        found = tree(copy, *words, context)
        if isinstance(found, Tree):
            for run in copy.stage.instructions:
                if run.name == "RUN" and not run.onbuild and run.index > copy.index:
                    for one in judge(run, found.site(context)).installs:
                        yield from one.reads.files
