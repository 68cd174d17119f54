"""Which commands seem to install from the manifests of a tree that was copied, at a first look.

What they read is found out by ``_copy_run``; most Dockerfiles do not get so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from slimfix import knowledge
from slimfix.dockerfile import Instruction
from slimfix.shell import Command, Opaque
from slimfix.shell.call import Call, call, is_one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def tools() -> Mapping[str, dict[str, Any]]:
    """The tables of the tools that install."""
    found: Mapping[str, dict[str, Any]] = knowledge.table("manifests")["tools"]
    return found


def called(command: Command, table: dict[str, Any]) -> Call | None:
    """*command* as a call of a tool."""
    return call(command, table["programs"], lambda: _valued(table), table.get("module", ""))


def _valued(table: dict[str, Any]) -> tuple[str, ...]:
    from slimfix.manifests.options import valued

    return valued(table)


def installing(run: Instruction) -> bool:
    """Whether a RUN seems to install from manifests, at a first look."""
    return bool(installers(run))


def installers(run: Instruction) -> frozenset[str]:
    """The tools with which a RUN seems to install from manifests."""
    script = run.script
    if isinstance(script, Opaque):
        return frozenset()
    likely = [command for command in script.commands if is_one_of(command, _programs())]
    return frozenset(name for name, table in tools().items() if any(_installs(c, table) for c in likely))


@cache
def _programs() -> tuple[str, ...]:
    """The names of all the tools, and of what may run them as a module."""
    return (*(name for table in tools().values() for name in table["programs"]), r"(?:python|pypy)[0-9.]*")


def _installs(command: Command, table: dict[str, Any]) -> bool:
    found = called(command, table)
    if found is None or found.option("-g", "--global"):
        return False
    words = [found.verb.value if found.verb is not None else "", *(o.value for o in found.operands)]
    for verb in [v.split(" ") for v in table["verbs"]]:
        bare = words[: len(verb)] == verb and (len(words) == len(verb) or table.get("operands", False))
        if bare and table.get("text", "") in " ".join(a.raw for a in command.arguments):
            return True
    for verb in [v.split(" ") for v in table.get("requirements", ())]:
        if words[: len(verb)] == verb and (
            found.option("-r", "--requirement", "-e", "--editable")
            or any((w or "").startswith((".", "/")) or (w or "").endswith(".txt") for w in words[len(verb) :])
        ):
            return True
    return False
