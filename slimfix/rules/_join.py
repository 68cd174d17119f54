"""How the scripts of several RUNs become one that does the same, and when they cannot.

There are two ways. ``a && b``: what an earlier script leaves in its shell is confined by a subshell,
and a list that ``&&`` would tear apart is held together by a group. ``set -e; a; b``: where one of
the scripts is written that way, all follow one ``set``, each ending in a command that sets off
``-e`` when it fails, or else in a subshell.
"""

from __future__ import annotations

import re

from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._parts import Part, exact, steady
from slimfix.shell.call import unwrapped
from slimfix.shell.leaks import CONFINED, UNCONFINED, unseen
from slimfix.shell.nodes import AndOr, Node, Pipeline, Sequence, Simple

# Programs that leave a process behind, which dies with its RUN.
_SERVICES = lazy(
    r"service|systemctl|invoke-rc\.d|rc-service|start-stop-daemon|supervisor[dc]\w*|apache2?ctl|pg_ctl\w*"
    r"|mysqld\w*|mysqld_safe|mariadbd\w*|mongod|redis-server|nginx|dockerd|sshd|dbus-daemon|Xvfb|rabbitmq\S*"
    r"|memcached|slapd|nohup|screen|tmux|daemon|adb|gpg-agent|ssh-agent|.*/init\.d/.*"
)
# Files that Docker lays anew for every RUN, and places that are no part of the image.
_EPHEMERAL = lazy(r"/etc/(?:hosts|hostname|resolv\.conf|mtab)\b|/(?:dev/shm|proc|sys|run/secrets)/")
_EXPORTED = ("PATH", "HOME", "HOSTNAME", "PWD", "TERM")


class Piece(NamedTuple):
    """What becomes of one script of a chain."""

    opening: str
    """What is written before its body."""
    closing: str
    """What is written behind it."""
    headless: bool
    """Whether its ``set`` goes, since the one before it still holds."""


def strict(chain: list[Part]) -> bool:
    """Whether the scripts are joined under one ``set -e`` rather than by ``&&``."""
    return any(part.strict for part in chain)


def apart(chain: list[Part], second: Part) -> str | None:
    """Why a script cannot be joined to those of *chain*, which can; None when it can."""
    for part in (chain[-1], second):
        shell = part.instruction.state.shell
        if "e" in shell.options and not (steady(part.body) and not part.head):
            return "the shell is started with -e"
        if shell.options & {"l", "i"} or any("login" in word for word in shell.argv):
            return "a login shell reads its profile anew in every RUN"
        if {"BASH_ENV", "ENV"} & set(part.instruction.state.environment()):
            return "the shell reads a file at its start"
    reason = _unjoinable(chain[-1], second) or _replaced(chain, second)
    if reason is None:
        reason = _unlike([*chain, second]) if strict([*chain, second]) else _unlisted(chain, second)
    return reason


def _unlike(chain: list[Part]) -> str | None:
    """Why scripts cannot follow one ``set -e``."""
    common = next(part.options for part in chain if part.head)
    for part in chain:
        if "e" not in common or not part.options <= common:
            return "their set options differ"
        if reason := part.sensitive(common):
            return reason
        if part is not chain[-1] and not part.strict and not steady(part.body):
            return "set -e would not see it fail"
    return None


def _unlisted(chain: list[Part], second: Part) -> str | None:
    """Why a script cannot follow the others behind ``&&``."""
    first = chain[-1]
    if "e" in first.options and not steady(first.body):
        return "set -e counts for nothing on the left of &&"
    held = _held(chain)
    if second.head and not second.options <= held and second.operator != "&&":
        return "set would reach into it"
    return second.sensitive(held)


def _held(chain: list[Part]) -> frozenset[str]:
    """The options in force after scripts that are joined by ``&&``."""
    return frozenset().union(*(part.options for part in chain))


def pieces(chain: list[Part]) -> list[Piece]:
    """How each script of a chain is written."""
    found = []
    for i, part in enumerate(chain):
        if strict(chain):
            found.append(_strict_piece(chain, i))
            continue
        headless = bool(i and part.head and part.options <= _held(chain[:i]))
        opening, closing = "", ""
        if _left(chain, i) and not _harmless(chain, i):
            opening, closing = _subshell(part)
        elif i and (isinstance(part.body, Sequence) or _rescued(part.body)):
            opening, closing = "{ ", "; }"
        found.append(Piece(opening, closing, headless))
    return found


def _strict_piece(chain: list[Part], i: int) -> Piece:
    part = chain[i]
    opening, closing = "", ""
    last = part.body.items[-1] if isinstance(part.body, Sequence) else part.body
    if i + 1 < len(chain) and (_left(chain, i) or not exact(last)):
        opening, closing = _subshell(part)
    return Piece(opening, closing, bool(i and part.head))


def _left(chain: list[Part], i: int) -> list[str]:
    """What script *i* leaves in its shell that one of those behind it could notice."""
    texts = [other.text for other in chain[i + 1 :]]
    exported = {*_EXPORTED, *chain[i].instruction.state.environment()}
    left = chain[i].leaks if texts else []
    return [leak.kind for leak in left if leak.kind != "=" or not unseen(leak.name, texts, exported)]


def _subshell(part: Part) -> tuple[str, str]:
    return ("( " if part.text.startswith("(") else "("), ")"  # (( would be arithmetic


def _rescued(node: Node) -> bool:
    return isinstance(node, AndOr) and "||" in node.operators


def _harmless(chain: list[Part], i: int) -> bool:
    """Whether every script from *i* on leaves a directory alone, which the next one leaves at once.

    A script in a subshell would not lead its successor out of the directory, so one that needs a
    subshell ends the row.
    """
    if _left(chain, i) != ["cd"] or not _begins_at_root(chain[i + 1].body):
        return False
    return i + 2 == len(chain) or _harmless(chain, i + 1)


def _begins_at_root(node: Node) -> bool:
    """Whether the first thing a script does is to go to an absolute directory."""
    while isinstance(node, (AndOr, Sequence)):
        node = node.items[0]
    if not isinstance(node, Simple) or node.assignments or node.redirects or len(node.words) != 2:
        return False
    return node.words[0].value == "cd" and (node.words[1].value or "").startswith("/")


def _unjoinable(one: Part, two: Part) -> str | None:
    """Why two scripts can be joined in neither way."""
    for part in (one, two):
        if isinstance(part.body, Sequence) and part.body.terminators[-1]:
            return "it ends in a separator"
        if "\n" in part.script.text.strip():
            return "it holds line breaks"
    if any(end != len(one.script.text.rstrip()) for _, end in one.script.tree.comments):
        return "a shell comment hides part of a command"
    if two.script.tree.comments and isinstance(two.script.root, (Sequence, AndOr)):
        return "it ends in a shell comment"
    if _EPHEMERAL.search(one.text) or _EPHEMERAL.search(two.text):
        return "it uses files that Docker lays anew for every RUN"
    if re.search(r"\$\{\w+:?=", one.text):
        return "an expansion assigns a variable"
    if isinstance(one.body, Pipeline) and one.body.negated:
        if not all(isinstance(command, Simple) for command in one.body.commands):
            return "bash forgets a ! that begins a subshell"
    return _unconfined(one, two)


def _unconfined(one: Part, two: Part) -> str | None:
    """What a command of either does that no subshell would confine."""
    for part in (one, two):
        for command in part.script.commands:
            arguments, wrappers = unwrapped(command)
            if command.arguments and (not arguments or arguments[0].value is None):
                return "a command is known to the running shell alone"
            if "background" in command.nesting:
                return "it leaves a job in the background"
            if any(redirect.operator.startswith("&>") for redirect in command.node.redirects):
                return "&> means a job in the background to a POSIX shell"
            name = (arguments[0].value or "") if arguments else ""
            if command.node is not part.head and ("exec" in wrappers or name in UNCONFINED):
                return f"{name or 'exec'} would reach into it"
            if _SERVICES.fullmatch(name) or (
                name.endswith("d") and "--daemonize" in (a.value for a in arguments)
            ):
                return f"{name} leaves a process behind"
    kept = [leak.kind for leak in one.leaks if leak.kind not in CONFINED and leak.kind != "="]
    return f"{kept[0]} would reach into it" if kept else None


def _replaced(chain: list[Part], second: Part) -> str | None:
    """A program that was called and then installed anew: the shell remembers where the old one was."""
    called: set[str] = set()
    replaced: set[str] = set()
    for part in (*chain, second):
        for command in part.script.commands:
            name = _program(command.values)
            if part is second and name in replaced:
                return f"{name} replaces itself, and the shell would go on with the old one"
            remembered = part is not second and not _APART.intersection(command.nesting)
            if remembered and name not in ("", "install"):  # a verb of every package manager
                called.add(name)
            for argument in () if _asks(command.values) else unwrapped(command)[0][1:]:
                given = re.split(r"[<>=~@!\[]", argument.value or "")[0]
                replaced |= {each for each in called if given in (each, each.rstrip("0123456789."))}
    return None


def _program(values: tuple[str | None, ...]) -> str:
    """The program whose place the shell remembers; what `sudo` starts, it looks up itself."""
    rest = [value or "" for value in values]
    while rest and (rest[0] == "command" or (_asks(values) and rest[0].startswith("-"))):
        rest = rest[1:]
    return rest[0] if rest and "/" not in rest[0] else ""


# A shell of its own remembers for itself alone.
_APART = frozenset(("substitution", "subshell", "pipeline", "background"))


def _asks(values: tuple[str | None, ...]) -> bool:
    """Whether a call only tells where a program lies."""
    return values[:2] in (("command", "-v"), ("command", "-V"))
