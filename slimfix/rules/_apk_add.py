"""Reading `apk add`, and writing it as two: what stays, and what goes again."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.instruction import Stage
from slimfix.dockerfile.words import expand
from slimfix.knowledge import alpine, table
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._managers import calls, manager
from slimfix.shell import Argument, Command
from slimfix.shell.call import Call
from slimfix.text import Span

_NAME = lazy(r"([A-Za-z0-9_][\w.+-]*?)(?:[<>=~].*|@.*)?")
_VARIABLE = lazy(r"\$(?:\{(\w+)\}|(\w+))")
_GROUP = ("-t", "--virtual")
_OTHER_ROOT = ("-p", "--root", "--initdb", "--arch", "--keys-dir", "--repositories-file")


class Package(NamedTuple):
    """A word of the list."""

    names: tuple[str, ...]
    """The packages that it names; none where that is not known. Several for a variable."""
    argument: Argument
    beside: bool = False
    """Whether the compiler beside it needs it, and nothing else can."""

    @property
    def build(self) -> bool:
        """Whether only a build needs it."""
        if self.beside:
            return True
        if self.argument.value is None:
            return bool(self.names)  # such as PHPIZE_DEPS
        return bool(self.names) and alpine.build_only(self.names[0])


class Add(NamedTuple):
    """One `apk add`."""

    run: Instruction
    command: Command
    call: Call
    packages: tuple[Package, ...]
    problem: str | None
    """Why it is not understood."""

    @property
    def group(self) -> str | None:
        """The virtual group that it makes, if any."""
        return self.call.option_value(*_GROUP)


def adds(run: Instruction) -> Iterator[Add]:
    """Every `apk add` of a RUN."""
    for command, call in calls(run, manager("apk")):
        if call.verb is not None and call.verb.value == "add":
            packages = _for_node_gyp(run, [_package(run, argument) for argument in call.operands])
            yield Add(run, command, call, packages, _problem(run, command, call, packages))


def deleted(run: Instruction) -> tuple[set[str], bool]:
    """The names that `apk del` of a RUN gives, and whether there are some that cannot be known."""
    names: set[str] = set()
    unknown = False
    for _, call in calls(run, manager("apk")):
        if call.verb is not None and call.verb.value == "del":
            names |= {argument.value for argument in call.operands if argument.value is not None}
            unknown |= any(argument.value is None for argument in call.operands)
    return names, unknown


def _package(run: Instruction, argument: Argument) -> Package:
    if argument.value is None:
        match = _VARIABLE.fullmatch(argument.raw)
        assert run.stage is not None
        names = alpine.variable(run.stage.root.name, match[1] or match[2]) if match else None
        return Package(names or (), argument)
    found = _NAME.fullmatch(argument.value)
    return Package((found[1],) if found and not argument.glob else (), argument)


def _for_node_gyp(run: Instruction, packages: list[Package]) -> tuple[Package, ...]:
    """The packages; Python counts as one for the build in a list of node-gyp's tools on the node image."""
    assert run.stage is not None
    known = table("consumers")["node-gyp-tools"]
    names = {name for package in packages for name in package.names}
    if (
        alpine.official(run.stage.root.name) == "node"
        and names & {"make", "build-base", "alpine-sdk"}
        and names & set(known["compilers"])
    ):
        tools = set(known["packages"])
        packages = [p._replace(beside=bool(p.names) and set(p.names) <= tools) for p in packages]
    return tuple(packages)


def _problem(run: Instruction, command: Command, call: Call, packages: tuple[Package, ...]) -> str | None:
    if call.wrapped or command.node.redirects or command.node.assignments:
        return "apk add has a wrapper, a redirection or an assignment"
    if call.option(*_OTHER_ROOT):
        return "apk add works on another root"
    if any(a.value is None for pair in call.options for a in pair if a is not None):
        return "an option of apk add comes from a variable"
    for package in packages:
        if package.argument.value is None and not package.names:
            value = expand(package.argument.raw, run.state.environment(), run.escape)
            if value is None or value.lstrip().startswith("-"):
                return "packages come from a variable"
            if any(alpine.build_only(word) for word in value.split()):
                return "packages come from a variable"
        if package.build and "@" in package.argument.raw:
            return "a build package comes from a tagged repository"
    return None


def chosen_repository(dockerfile: Dockerfile, add: Add) -> bool:
    """Whether the packages may come from other repositories than those of the base image."""
    if add.call.option("-X", "--repository"):
        return True
    stage: Stage | None = add.run.stage
    while stage is not None:
        for i in stage.instructions:
            if i.index <= add.run.index and "/etc/apk" in dockerfile.source(i.span):
                return True
        stage = stage.parent
    return False


class Written(NamedTuple):
    """An `apk add` as two. Either may be empty."""

    stays: str
    goes: str
    packages: str
    """The packages of `goes` alone, for a list that has a beginning."""


def split(
    dockerfile: Dockerfile, add: Add, build: Collection[Argument], pins: list[str], group: str
) -> Written:
    """The text of *add* for what stays with *pins*, and of another for *build* with *group*.

    Each word keeps the white space, line breaks and comments before it.
    """
    listed = [p.argument for p in add.packages]
    virtual = [a for option, value in add.call.options if _is_group(option) for a in (option, value) if a]
    stay = [a for a in listed if a not in build]
    gaps = _gaps(dockerfile, add)
    stays = goes = ""
    if stay or pins:
        stays = _write(gaps, add, [a for a in add.command.arguments if a not in virtual and a not in build])
        stays += _more(gaps, listed, pins)
    words = [a for a in add.command.arguments if a not in stay]
    bare = {a for a in words if a not in listed and a not in virtual} if stays else set()
    goes = _write(gaps, add, words, bare, "" if virtual else group)
    return Written(stays, goes, _write(gaps, add, list(build)))


def _is_group(option: Argument) -> bool:
    value = option.value or ""
    return value in _GROUP or value.startswith(("--virtual=", "-t"))


def _gaps(dockerfile: Dockerfile, add: Add) -> dict[Argument, str]:
    """What stands before each word but the first."""
    words = add.command.arguments
    return {
        word: dockerfile.source(Span(before.span.end, word.span.start)).replace("\r\n", "\n")
        for before, word in zip(words, words[1:])
    }


def _uncommented(gap: str) -> str:
    """A gap without the comments and blank lines in it."""
    if "\n" not in gap:
        return gap
    lines = gap.split("\n")
    return f"{lines[0]}\n{lines[-1]}"


def _write(
    gaps: dict[Argument, str],
    add: Add,
    words: list[Argument],
    bare: Collection[Argument] = (),
    group: str = "",
) -> str:
    """*words* with their gaps; *group* is named before the first package; *bare* words lose comments."""
    text, waiting = "", ""
    listed = {p.argument for p in add.packages}
    for word in add.command.arguments:
        gap = gaps.get(word, "")
        if word not in words:
            if "\n" in gap:
                waiting = _uncommented(gap)
            continue
        if waiting and "\n" not in gap:
            gap = waiting
        waiting = ""
        if word in bare:
            gap = _uncommented(gap)
        if group and word in listed:
            text += f" --virtual {group}"
            group = ""
        text += gap + word.raw
    return text


def _more(gaps: dict[Argument, str], listed: list[Argument], pins: list[str]) -> str:
    """Further packages, written as the others are: one a line, or on one line."""
    breaks = [_uncommented(gaps[a]) for a in listed if "\n" in gaps[a]]
    gap = breaks[-1] if len(breaks) * 2 > len(listed) else " "
    return "".join(gap + pin for pin in pins)
