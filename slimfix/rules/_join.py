"""How two scripts become one that does the same, and when they cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix.dockerfile import Instruction
from slimfix.shell import Opaque, Script
from slimfix.shell.call import unwrap
from slimfix.shell.nodes import AndOr, Compound, Node, Pipeline, Sequence, Simple

# Builtins whose effect stays in the shell. In a subshell the first kind is harmless to what follows.
_CONFINED = frozenset(
    [
        "cd",
        "export",
        "umask",
        "unset",
        "readonly",
        "pushd",
        "popd",
        "declare",
        "typeset",
        "read",
        "ulimit",
        "shift",
    ]
)
_UNCONFINED = frozenset(
    [
        "set",
        "shopt",
        "trap",
        "exec",
        "exit",
        "return",
        "eval",
        ".",
        "source",
        "alias",
        "unalias",
        "wait",
        "local",
        "getopts",
        "let",
        "hash",
        "logout",
        "enable",
        "builtin",
        "bg",
        "fg",
        "jobs",
        "disown",
        "times",
    ]
)
# Programs that leave a process behind, which dies with its RUN.
_SERVICES = re.compile(
    r"service|systemctl|invoke-rc\.d|rc-service|start-stop-daemon|supervisor[dc]\w*|apache2?ctl|pg_ctl\w*"
    r"|mysqld\w*|mysqld_safe|mariadbd\w*|mongod|redis-server|nginx|dockerd|sshd|dbus-daemon|Xvfb|rabbitmq\S*"
    r"|memcached|slapd|nohup|screen|tmux|daemon|adb|gpg-agent|ssh-agent|.*/init\.d/.*"
)
# Files that Docker lays anew for every RUN, and places that are no part of the image.
_EPHEMERAL = re.compile(r"/etc/(?:hosts|hostname|resolv\.conf|mtab)\b|/(?:dev/shm|proc|sys|run/secrets)/")


def apart(first: Instruction, second: Instruction) -> str | None:
    """Why two RUNs that find the same state cannot be joined; None when they can."""
    one, two = first.script, second.script
    if isinstance(one, Opaque):
        return one.reason
    if isinstance(two, Opaque):
        return two.reason
    shell = first.state.shell
    if "e" in shell.options and not (_plain(one.root) and _plain(two.root)):
        return "the shell is started with -e"
    if shell.options & {"l", "i"} or any("login" in word for word in shell.argv):
        return "a login shell reads its profile anew in every RUN"
    if {"BASH_ENV", "ENV"} & set(first.state.environment()):
        return "the shell reads a file at its start"
    return _unjoinable(one, two)


def around(chain: list[Instruction], i: int) -> tuple[str, str]:
    """What is written before and after script *i* of those that become one ``&&`` list.

    A subshell confines what it would leave to the next; a group holds together what ``&&`` would tear
    apart, which of the first script it does not: ``a; b && c`` runs as two RUNs would.
    """
    script = chain[i].script
    assert isinstance(script, Script)
    root = script.root
    if i + 1 < len(chain) and _leaks(root) and not _harmless(chain, i):
        return ("( " if script.text.startswith("(") else "("), ")"  # (( would be arithmetic
    if i == 0:
        return "", ""
    group = isinstance(root, Sequence) or (isinstance(root, AndOr) and "||" in root.operators)
    return ("{ ", "; }") if group else ("", "")


def _harmless(chain: list[Instruction], i: int) -> bool:
    """Whether every script from *i* on leaves a directory alone, which the next one leaves at once.

    A script in a subshell would not lead its successor out of the directory, so one that needs a
    subshell ends the row.
    """
    script, following = chain[i].script, chain[i + 1].script
    assert isinstance(script, Script) and isinstance(following, Script)
    if _leaks(script.root) != ["cd"] or not _begins_at_root(following.root):
        return False
    return i + 2 == len(chain) or _harmless(chain, i + 1)


def _unjoinable(one: Script, two: Script) -> str | None:
    for script in (one, two):
        if isinstance(script.root, Sequence) and script.root.terminators[-1]:
            return "it ends in a separator"
        if "\n" in script.text.strip():
            return "it holds line breaks"
    if any(end != len(one.text.rstrip()) for _, end in one.tree.comments):
        return "a shell comment hides part of a command"
    if two.tree.comments and isinstance(two.root, (Sequence, AndOr)):
        return "it ends in a shell comment"
    if _EPHEMERAL.search(one.text) or _EPHEMERAL.search(two.text):
        return "it uses files that Docker lays anew for every RUN"
    for command in (*one.commands, *two.commands):
        arguments, _ = unwrap(command.arguments)
        if command.arguments and (not arguments or arguments[0].value is None):
            return "a command is known to the running shell alone"
        if "background" in command.nesting:
            return "it leaves a job in the background"
        if any(redirect.operator.startswith("&>") for redirect in command.node.redirects):
            return "&> means a job in the background to a POSIX shell"
    for command in (*one.commands, *two.commands):
        arguments, wrappers = unwrap(command.arguments)
        name = (arguments[0].value or "") if arguments else ""
        if "exec" in wrappers or name in _UNCONFINED:
            return f"{name or 'exec'} would reach into it"
        if _SERVICES.fullmatch(name) or (
            name.endswith("d") and "--daemonize" in (a.value for a in arguments)
        ):
            return f"{name} leaves a process behind"
    if re.search(r"\$\{\w+:?=", one.text):
        return "an expansion assigns a variable"
    leaks = [leak for leak in _leaks(one.root) if leak not in _CONFINED and leak != "="]
    if leaks:
        return f"{leaks[0]} would reach into it"
    return _replaced(one, two)


def _replaced(one: Script, two: Script) -> str | None:
    """A program that was called and then installed anew: the shell remembers where the old one was."""
    called = {name for command in one.commands if (name := _program(command.values))}
    installed = {
        re.split(r"[<>=~@!\[]", value)[0] for command in one.commands for value in command.values[1:] if value
    }
    again = {name for command in two.commands if (name := _program(command.values))}
    for name in sorted(called & again):
        if {name, name.rstrip("0123456789.")} & installed:
            return f"{name} replaces itself, and the shell would go on with the old one"
    return None


def _program(values: tuple[str | None, ...]) -> str:
    rest = [v for v in values if v is not None and not v.startswith("-") and "=" not in v]
    while rest and rest[0] in ("sudo", "env", "command"):
        rest.pop(0)
    return rest[0] if rest and "/" not in rest[0] else ""


def _plain(node: Node) -> bool:
    """Simple commands and pipelines of them, joined by ``&&``: the same with ``-e`` and without."""
    if isinstance(node, AndOr):
        return "||" not in node.operators and all(map(_plain, node.items))
    if isinstance(node, Pipeline):
        return not node.negated and all(isinstance(item, Simple) for item in node.commands)
    return isinstance(node, Simple)


def _begins_at_root(node: Node) -> bool:
    """Whether the first thing a script does is to go to an absolute directory."""
    while isinstance(node, (AndOr, Sequence)):
        node = node.items[0]
    if not isinstance(node, Simple) or node.assignments or node.redirects or len(node.words) != 2:
        return False
    return node.words[0].value == "cd" and (node.words[1].value or "").startswith("/")


def _leaks(node: Node) -> list[str]:
    """What a script leaves in its shell: names of builtins, and ``=`` for an assignment."""
    return list(dict.fromkeys(_leaking(node)))


def _leaking(node: Node) -> Iterator[str]:
    if isinstance(node, Simple):
        if node.assignments and not node.words:
            yield "="
        name = next((w.value for w in node.words if w.value not in ("command", "builtin")), None)
        if name in _CONFINED or name in _UNCONFINED:
            yield name or ""
    elif isinstance(node, (AndOr, Sequence)):
        for item in node.items:
            yield from _leaking(item)
    elif isinstance(node, Pipeline):
        if len(node.commands) == 1:
            yield from _leaking(node.commands[0])
    elif isinstance(node, Compound):
        if node.kind == "function":
            yield "a function"
        elif node.kind == "for":
            yield "="
        if node.kind == "test":
            yield "="  # [[ =~ ]] and (( )) may assign
        if node.kind != "subshell":
            for part in node.parts:
                yield from _leaking(part)
