"""What a RUN installs with apt, what of it only the build needs, and where a removal would go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from slimfix.dockerfile import Instruction
from slimfix.knowledge import debian, table
from slimfix.rules._build_place import only_tells
from slimfix.shell import Argument, Command, Opaque, Script
from slimfix.shell.call import Call, call, unwrapped
from slimfix.shell.nodes import AndOr, Node, Sequence, Simple

PROGRAMS = ("apt-get", "apt", "aptitude")
_NAME = re.compile(r"(?P<name>[a-z0-9][a-z0-9+.-]*?[a-z0-9+])(?P<version>[=/]\S+)?")

_REMOVES = ("purge", "remove", "autoremove", "auto-remove", "autopurge", "auto", "markauto")
_BIN = ("/bin", "/usr/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/sbin")


class Wanted(NamedTuple):
    """An operand of ``apt-get install``."""

    name: str
    """Without version and release; ``""`` for a file, a task, a removal or another architecture."""
    argument: Argument
    pinned: bool


class Install(NamedTuple):
    """A call of ``apt-get install``."""

    command: Command
    call: Call
    wanted: tuple[Wanted, ...]

    @property
    def recommends(self) -> bool:
        """Whether recommended packages come along, as far as the command says."""
        return not self.call.option("--no-install-recommends") and not any(
            "Install-Recommends=" in (value.value or "" if value else option.value or "")
            for option, value in self.call.options
        )


def apt(command: Command) -> Call | None:
    """*command* as a call of apt."""
    return call(command, PROGRAMS, table("debian_images")["apt"]["valued"])


def installs(script: Script) -> Iterator[Install]:
    """Every ``apt-get install`` of a script."""
    for command in script.commands:
        found = apt(command)
        if found is not None and found.verb is not None and found.verb.value == "install":
            yield Install(command, found, tuple(map(_wanted, found.operands)))


def _wanted(operand: Argument) -> Wanted:
    match = _NAME.fullmatch(operand.value or "")
    if match is None:
        return Wanted("", operand, False)
    return Wanted(match["name"], operand, match["version"] is not None)


def removed(script: Script) -> set[str]:
    """The packages that a script itself removes again, or gives up to ``autoremove``."""
    names: set[str] = set()
    for command in script.commands:
        found = apt(command) or call(command, ("apt-mark",), ())
        if found is not None and found.verb is not None and found.verb.value in _REMOVES:
            names.update(operand.value or "" for operand in found.operands)
    return names


def verbs(script: Script) -> set[str]:
    """What a script asks of apt."""
    return {found.verb.value or "" for c in script.commands if (found := apt(c)) and found.verb}


def runs_scripts(script: Script) -> bool:
    """Whether a script calls others, which may install or remove anything."""
    shells = table("debian_images")["scripts"]["programs"]
    for command in script.commands:
        words, _ = unwrapped(command)
        if command.arguments and (not words or words[0].value is None):
            return True
        directory, _, name = (words[0].value or "").rpartition("/") if words else ("", "", "")
        if name in shells or (directory and directory not in _BIN) or name.endswith((".sh", ".bash")):
            return True
    return False


class Place(NamedTuple):
    """The commands of a RUN, one after the other, and how they are joined."""

    script: Script
    items: tuple[Node, ...]
    operator: str
    """``&&``, or ``;`` where ``set -e`` holds."""

    def at(self, command: Command) -> int | None:
        """Which of the items a command is."""
        return next((i for i, item in enumerate(self.items) if item is command.node), None)

    def last(self) -> int:
        """The item behind which a removal goes: what follows only cleans up."""
        i = len(self.items) - 1
        while i > 0 and self._cleans(self.items[i]):
            i -= 1
        return i

    def _cleans(self, item: Node) -> bool:
        if only_tells(item):
            return True
        if not isinstance(item, Simple) or not item.words or item.redirects:
            return False
        if item.words[0].value in ("rm", "true", ":"):
            return True
        names = [word.value for word in item.words if not (word.value or "-").startswith("-")]
        return names[0] in PROGRAMS and names[1:] in (
            ["clean"],
            ["autoclean"],
            ["autoremove"],
            ["dist-clean"],
            ["distclean"],
        )


def place(run: Instruction) -> Place | str:
    """The commands of a RUN, or why nothing can be added among them."""
    script = run.script
    if isinstance(script, Opaque):
        return script.reason
    root = script.root
    if isinstance(root, Sequence) and len(root.items) == 1 and root.terminators[0] in ("", "\n"):
        root = root.items[0]
    if isinstance(root, AndOr) and "||" not in root.operators:
        return Place(script, root.items, "&&")
    if isinstance(root, Sequence) and _checked(root) and set(root.terminators[:-1]) == {";"}:
        return Place(script, root.items, ";") if root.terminators[-1] == "" else "it ends in a separator"
    if isinstance(root, Simple):
        return Place(script, (root,), "&&")
    return "the commands are not joined by && alone"


def _checked(root: Sequence) -> bool:
    """Whether ``set -e`` comes first, and nothing takes it back."""
    first, *rest = root.items
    if isinstance(first, AndOr):
        return False

    def words(node: Node) -> list[str]:
        return [w.value or "$" for w in node.words] if isinstance(node, Simple) else []

    start = words(first)
    if start[:1] != ["set"] or not any(re.fullmatch(r"-[a-z]*e[a-z]*", word) for word in start[1:2]):
        return False
    return not any(words(item)[:1] == ["set"] for item in rest)


def build_only(name: str, image: debian.Image) -> bool:
    """Whether a package is one that only a build needs, and not the base image's own."""
    return debian.kind(name) in debian.BUILD_ONLY and name not in image.present
