"""Files that a command downloads, and archives that it unpacks, as the words of the call tell."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import cache

from slimfix.dockerfile import Dockerfile
from slimfix.knowledge import table
from slimfix.layout import layout, line_start
from slimfix.records import NamedTuple
from slimfix.rules._paths import text
from slimfix.shell import Argument, Command, Script
from slimfix.shell.nodes import Node
from slimfix.text import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Given(NamedTuple):
    """The words of a call: options with their values, and operands."""

    options: list[tuple[str, str | None]]
    operands: list[Argument]

    def values(self, names: list[str]) -> list[str | None]:
        return [value for name, value in self.options if name in names]


def _read(arguments: tuple[Argument, ...], valued: str, pairs: str = "", bundled: bool = False) -> _Given:
    """Tell the options of a call apart.

    Args:
        arguments: the words behind the program's name.
        valued: the letters of the options that take a value.
        pairs: letters that make an option with the next one.
        bundled: whether the first word is a cluster of letters without a hyphen (``tar xzf``).
    """
    options: list[tuple[str, str | None]] = []
    operands: list[Argument] = []
    rest = list(arguments)
    plain = False
    while rest:
        word = rest.pop(0)
        value = word.value
        if value is None or plain or not (value.startswith("-") or bundled) or value == "-":
            operands.append(word)
        elif value == "--":
            plain = True
        elif value.startswith("--"):
            name, equals, after = value.partition("=")
            options.append((name, after if equals else _next(name, rest)))
        else:
            _letters(value if bundled else value[1:], valued, pairs, bundled, rest, options)
        bundled = False
    return _Given(options, operands)


_LONG = ("--output", "--output-dir", "--output-document", "--directory-prefix", "--file", "--directory")


def _next(name: str, rest: list[Argument]) -> str | None:
    """The value of a long option, of those that we ask for."""
    return text(rest.pop(0)) if name in _LONG and rest else None


def _letters(
    letters: str,
    valued: str,
    pairs: str,
    bundled: bool,
    rest: list[Argument],
    options: list[tuple[str, str | None]],
) -> None:
    i = 0
    while i < len(letters):
        letter = letters[i]
        i += 1
        if letter in pairs:
            i += 1
        elif letter not in valued:
            options.append(("-" + letter, None))
        elif bundled:
            options.append(("-" + letter, text(rest.pop(0)) if rest else None))
        else:
            after = letters[i:]
            options.append(("-" + letter, after or (text(rest.pop(0)) if rest else None)))
            return


def downloaded(command: Command) -> list[str]:
    """The files that a call of curl or wget writes, as it names them; empty if that is not certain."""
    name = command.name
    if name not in ("curl", "wget"):
        return []
    data = table("archives")[name]
    given = _read(command.arguments[1:], data["valued_letters"], data.get("pairs", ""))
    if any(option in data["uncertain"] for option, _ in given.options):
        return []
    files = given.values(data["output"])
    addresses = [address for word in given.operands if "://" in (address := text(word) or "")]
    remote = len(given.values(data["remote"]))
    if remote and not files and remote == len(addresses) == len(given.operands):
        files = [_last(address) for address in addresses]
    elif not remote and not files and data["stdout"]:
        targets = [
            r.target for r in command.node.redirects if r.operator in (">", ">|") and r.fd in (None, 1)
        ]
        files = [text(Argument(t.value, t.raw, command.span, t.glob)) for t in targets if t is not None]
    elif not remote and not files and len(addresses) == len(given.operands) == 1:
        files = [_last(addresses[0])]
    elif remote:
        return []
    directories = given.values(data["directory"])
    if directories and (name == "curl" or not given.values(data["output"])):
        if directories[-1] is None:
            return []
        files = [file and posixpath.join(directories[-1], file) for file in files]
    good = [file for file in files if file and file != "-" and not file.startswith("/dev/")]
    return good if len(good) == len(files) else []


def _last(address: str) -> str | None:
    """The file name at the end of an address, if it is one."""
    path = address.partition("://")[2]
    name = path.rpartition("/")[2] if "/" in path else ""
    if not re.search(r"[\w.]", re.sub(r"\$\{?\w+\}?", "", name)) or re.search(
        r"[?&%#{}\[\]]", re.sub(r"\$\{\w+\}", "", name)
    ):
        return None
    return name


def may_unpack(command: Command) -> bool:
    """Whether a call is one of a program that unpacks or installs archives."""
    return (command.name or "").rpartition("/")[2] in _unpackers()


@cache
def _unpackers() -> frozenset[str]:
    data = table("archives")
    kinds = (data["tar"], *data["unpack"].values())
    return frozenset(program for kind in kinds for program in kind["programs"])


def unpacked(command: Command) -> Iterator[tuple[str, str]]:
    """The archives that a call unpacks or installs: each as a path, and as it is written there."""
    if not may_unpack(command):
        return
    name = (command.name or "").rpartition("/")[2]
    data = table("archives")
    if name in data["tar"]["programs"]:
        yield from _tar(command, data["tar"])
        return
    kind: dict[str, Any] | None
    kind = next((kind for kind in data["unpack"].values() if name in kind["programs"]), None)
    if kind is None:
        return
    given = _read(command.arguments[1:], kind["valued_letters"])
    options = {option for option, _ in given.options}
    operands = given.operands
    if "options" in kind and not options.intersection(kind["options"]):
        return
    if any(option[1:] in kind.get("unless", "") for option in options):
        return
    if "verbs" in kind:
        if not operands or operands[0].value not in kind["verbs"]:
            return
        operands = operands[1:]
    for word in operands[:1] if kind.get("first") else operands:
        path = text(word)
        if path is not None and ("/" in path or not name.startswith("apt")):
            yield path, word.raw


def _tar(command: Command, data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    arguments = command.arguments[1:]
    bundled = bool(arguments) and re.fullmatch(r"[a-zA-Z]+", arguments[0].value or "") is not None
    given = _read(arguments, data["valued_letters"], bundled=bundled)
    files = given.values(data["file"])
    if not given.values(data["extract"]) or len(files) != 1 or files[0] is None:
        return
    yield files[0], next((word.raw for word in arguments if text(word) == files[0]), files[0])


def joint(dockerfile: Dockerfile, script: Script, items: tuple[Node, ...], i: int) -> str:
    """The `&&` behind item *i* for a command that is added there, as its neighbours are joined."""
    spans = [script.span(item) for item in items]
    near = max(i, 1)  # the joint behind the item, or before it if it is the last
    gap = Span(spans[near - 1].end, spans[near].start)
    if i + 1 < len(items):
        gap = Span(spans[i].end, spans[i + 1].start)
    between = dockerfile.source(gap)
    if "\n" not in between:
        return " && "
    start = line_start(dockerfile.text, spans[i].start)
    line = dockerfile.source(Span(start, spans[i].start))
    if start < script.span(script.root).start:  # the line of the RUN itself
        line = between[between.rindex("\n") + 1 :]
    indent = line[: len(line) - len(line.lstrip())]
    leading = between.rstrip().endswith("&&")
    return layout(dockerfile)._replace(indent=indent, leading=leading).joint()
