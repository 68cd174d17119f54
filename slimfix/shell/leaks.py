"""What a script leaves in its shell for whatever runs after it there.

Everything here errs on the side of a leak: a builtin in a branch counts as if it ran.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.shell.nodes import AndOr, Compound, Node, Pipeline, Sequence, Simple, Word

CONFINED = frozenset(
    (
        *("cd", "pushd", "popd", "export", "readonly", "declare", "typeset", "unset", "umask", "ulimit"),
        *("read", "shift"),
    )
)
"""Builtins whose effect ends with a subshell."""
UNCONFINED = frozenset(
    (
        *("set", "shopt", "trap", "exec", "exit", "return", "eval", ".", "source", "alias", "unalias"),
        *("wait", "local", "getopts", "let", "hash", "logout", "enable", "builtin", "bg", "fg", "jobs"),
        *("disown", "times"),
    )
)
"""Builtins that do more than a subshell would confine, or that end the shell."""

_ASSIGNMENT = lazy(r"(\w+)(?:\[[^\]]*\])?\+?=")
_LIKELY_EXPORTED = lazy(r"(?:\w+_proxy|npm_config_\w+)\Z", re.IGNORECASE)
_EXPANSION = lazy(r"\$(?:(\w+)|\{(\w+)([^}]*)|([^\w({$?'\"\s\\)]))")
_OPTIONS = {"errexit": "e", "xtrace": "x", "nounset": "u", "pipefail": "pipefail"}


class Leak(NamedTuple):
    """One thing that stays behind."""

    kind: str
    """The builtin's name, ``=`` for an assignment, or ``a function``."""
    name: str = ""
    """The variable of an assignment; ``""`` if there may be several."""


def leaks(node: Node) -> list[Leak]:
    """What *node* leaves in the shell that runs it, each thing once."""
    return list(dict.fromkeys(_leaks(node)))


def _leaks(node: Node) -> Iterator[Leak]:
    if isinstance(node, Simple):
        if node.assignments and not node.words:
            yield from (Leak("=", variable(word)) for word in node.assignments)
        name = command_name(node)
        if name in CONFINED or name in UNCONFINED:
            yield Leak(name or "")
    elif isinstance(node, (AndOr, Sequence)):
        for item in node.items:
            yield from _leaks(item)
    elif isinstance(node, Pipeline):
        if len(node.commands) == 1:
            yield from _leaks(node.commands[0])
    elif node.kind != "subshell":
        yield from _compound(node)


def _compound(node: Compound) -> Iterator[Leak]:
    if node.kind == "function":
        yield Leak("a function")
    elif node.kind == "for":
        yield Leak("=", node.words[0].value or "" if node.words else "")
    elif node.kind == "test":
        yield Leak("=")  # [[ =~ ]] and (( )) may assign
    for part in node.parts:
        yield from _leaks(part)


def command_name(node: Simple) -> str | None:
    """The name of a command, behind ``command`` and ``builtin``."""
    return next((w.value for w in node.words if w.value not in ("command", "builtin")), None)


def variable(word: Word) -> str:
    """The name that an assignment gives a value to."""
    match = _ASSIGNMENT.match(word.raw)
    return match.group(1) if match else ""


def unseen(name: str, texts: Collection[str], exported: Collection[str]) -> bool:
    """Whether no command of *texts* can notice that the shell gave the variable *name* a value.

    It can where it expands the name, and where the name is in the environment, for then the value
    is exported. What the base image exports is not known; by a convention as old as POSIX (8.1)
    such names have no lower-case letter, those for proxies and npm aside.
    """
    if not name or name in exported or not any(c.islower() for c in name) or _LIKELY_EXPORTED.match(name):
        return False
    return not any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)


def may_be_unset(text: str, given: Collection[str]) -> bool:
    """Whether *text* may expand a variable that has no value, at which ``set -u`` ends the shell.

    *given* are the names that have one; so has PATH.
    """
    for plain, braced, modifier, special in _EXPANSION.findall(text):
        known = (plain or braced) in (*given, "PATH") or modifier.startswith(("-", ":-", "+", ":+"))
        if special or not known:
            return True
    return False


def options_of(command: Simple) -> frozenset[str] | None:
    """The options that a ``set`` turns on: of ``e``, ``x``, ``u`` and ``pipefail``.

    None when the command is something else, or does something else besides.
    """
    values = [word.value for word in command.words]
    if values[:1] != ["set"] or len(values) < 2 or command.assignments or command.redirects:
        return None
    found: set[str] = set()
    i = 1
    while i < len(values):
        value = values[i] or ""
        i += 1
        if not re.fullmatch(r"-[exu]*o?", value) or len(value) < 2:
            return None
        found.update(value[1:].removesuffix("o"))
        if value.endswith("o"):
            option = _OPTIONS.get(values[i] or "") if i < len(values) else None
            if option is None:
                return None
            found.add(option)
            i += 1
    return frozenset(found)
