"""What a RUN installs with apt, what of it only the build needs, and where a removal would go."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from slimfix.knowledge import debian, table
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._build_place import Place, only_tells
from slimfix.shell import Argument, Command, Script
from slimfix.shell.call import Call, call, unwrapped
from slimfix.shell.nodes import Node, Simple

PROGRAMS = ("apt-get", "apt", "aptitude")
_CLEANING = (["clean"], ["autoclean"], ["autoremove"], ["dist-clean"], ["distclean"])
_NAME = lazy(r"(?P<name>[a-z0-9][a-z0-9+.-]*?[a-z0-9+])(?P<version>[=/]\S+)?")

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


def last(where: Place, programs: Collection[str] = PROGRAMS, verbs: Collection[list[str]] = _CLEANING) -> int:
    """The command of a list behind which a removal goes: what follows only cleans up.

    Args:
        programs: package managers.
        verbs: what they are asked when they clean up.
    """
    i = len(where.items) - 1
    while i > 0 and _cleans(where.items[i], programs, verbs):
        i -= 1
    return i


def _cleans(item: Node, programs: Collection[str], verbs: Collection[list[str]]) -> bool:
    if only_tells(item):
        return True
    if not isinstance(item, Simple) or not item.words or item.redirects:
        return False
    if item.words[0].value in ("rm", "true", ":"):
        return True
    names = [word.value for word in item.words if not (word.value or "-").startswith("-")]
    return names[0] in programs and names[1:] in verbs


def build_only(name: str, image: debian.Image) -> bool:
    """Whether a package is one that only a build needs, and not the base image's own."""
    return debian.kind(name) in debian.BUILD_ONLY and name not in image.present
