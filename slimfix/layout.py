"""How a file writes things, so that what is added looks as its author would have written it."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.shell import Argument, Opaque
from slimfix.shell.insert import Place, operator
from slimfix.text import Edit, Span


class Layout(NamedTuple):
    """The habits of one Dockerfile."""

    escape: str
    indent: str
    """The white space before a continued line of a RUN."""
    leading: bool
    """Whether ``&&`` stands at the beginning of a continued line, rather than at its end."""
    case: str
    """``upper`` or ``lower``: how instructions are written."""
    trailing: bool = True
    """Whether any ``&&`` stands at the end of a line."""

    def keyword(self, name: str) -> str:
        """An instruction's name as this file writes it."""
        return name.lower() if self.case == "lower" else name.upper()

    def joint(self, operator: str = "&&") -> str:
        """What stands between two commands of a RUN, with the line break."""
        if self.leading:
            return f" {self.escape}\n{self.indent}{operator} "
        return f" {operator} {self.escape}\n{self.indent}"


@lru_cache(maxsize=4)
def layout(dockerfile: Dockerfile) -> Layout:
    """The habits that most of the file's own lines show."""
    indents: Counter[str] = Counter()
    leading: Counter[bool] = Counter()
    lower = 0
    for instruction in dockerfile.instructions:
        source = dockerfile.source(instruction.keyword_span)
        lower += 1 if source.islower() else -1
        if instruction.name != "RUN":
            continue
        lines = dockerfile.source(instruction.text_span).replace("\r", "").split("\n")
        for number, line in enumerate(lines):
            bare = line.strip()
            if number and bare and not bare.startswith("#"):
                indents[line[: len(line) - len(line.lstrip())]] += 1
                if bare.startswith("&&"):
                    leading[True] += 1
            if bare.endswith(dockerfile.escape) and bare[:-1].rstrip().endswith("&&"):
                leading[False] += 1
    indent = _commonest(indents)
    return Layout(
        dockerfile.escape,
        "    " if indent is None else indent,
        leading[True] > leading[False],
        "lower" if lower > 0 else "upper",
        leading[False] > 0,
    )


def _commonest(indents: Counter[str]) -> str | None:
    """The most frequent indent; of two, the shallower, since lists of packages are deeper."""
    if not indents:
        return None
    top = max(indents.values())
    return min((i for i, n in indents.items() if n * 2 >= top and i), key=len, default=None)


def insert_after(argument: Argument, word: str) -> Edit:
    """Add a word behind another one, on its line."""
    return Edit(Span(argument.span.end, argument.span.end), " " + word)


WIDTH = 110
"""How long a line with several commands may get before a command gets one of its own."""


def command_at(dockerfile: Dockerfile, instruction: Instruction, place: Place, command: str) -> Edit | None:
    """Put a command where :mod:`slimfix.shell.insert` found a place for it.

    None if any other command would then fail the build where it did not, or the other way round.
    """
    script = instruction.script
    if isinstance(script, Opaque):
        return None
    edits: dict[str, Edit] = {}

    def written(joint: str) -> str:
        edit = _added(dockerfile, instruction, script.span(place.node).end, joint, command)
        edits[joint] = edit
        return edit.text.removesuffix(command).replace(f"{dockerfile.escape}\n", "")

    joint = operator(script, instruction.state.shell.options, place, command, written)
    return None if joint is None else edits[joint]


def _added(
    dockerfile: Dockerfile, instruction: Instruction, offset: int, operator: str, command: str
) -> Edit:
    """Add a command to a RUN, at the end of another one.

    A RUN of one line stays one, if it does not get too long; else the new command gets a line of its own,
    with ``&&`` on the side that this RUN has it, or its neighbours, as deep as the command before it.
    """
    here = Span(offset, offset + len(_blank_end(dockerfile.text[offset:])))
    lines = dockerfile.source(Span(instruction.text_span.start, offset)).replace("\r", "").split("\n")
    if instruction.heredoc_script:
        indent = lines[-1][: len(lines[-1]) - len(lines[-1].lstrip())]
        return Edit(here, f" && {command}" if operator == "&&" else f"\n{indent}{command}")
    inline = f" && {command}" if operator == "&&" else f"; {command}"
    text = dockerfile.source(instruction.text_span)
    width = WIDTH + (len("ONBUILD ") if instruction.onbuild else 0)
    if "\n" not in text and len(text.rstrip()) + len(inline) <= width:
        return Edit(here, inline)
    habits = layout(dockerfile)
    line = dockerfile.source(Span(line_start(dockerfile.text, offset), instruction.text_span.end)).split(
        "\n"
    )[0]
    rest = dockerfile.source(Span(offset, instruction.text_span.end)).split("\n")[0].strip()
    if rest.removesuffix(dockerfile.escape).strip() not in ("", "&&", ";") and len(line + inline) <= WIDTH:
        return Edit(here, inline)
    indents = _command_indents(text, operator, dockerfile.escape)
    leading = habits.leading or not habits.trailing
    own = body_indent(dockerfile, instruction)
    indent = habits.indent if own is None else own
    if indents:
        leading, indent = indents[-1]
    near = _beginnings(lines, dockerfile.escape)
    if near and not lines[-1].lstrip().startswith(";"):  # the end of a branch, less deep than its commands
        sign, white = near[-1]
        if sign is not None and operator == "&&":
            leading, indent = sign, white
        elif not sign:
            indent = white
    if operator == "&&" and leading:
        return Edit(here, f" {dockerfile.escape}\n{indent}&& {command}")
    before = "" if operator == ";" else " "
    return Edit(here, f"{before}{operator} {dockerfile.escape}\n{indent}{command}")


def add_flags(dockerfile: Dockerfile, instruction: Instruction, flags: list[str]) -> Edit:
    """Add builder flags to a RUN, behind those that it has.

    They share the line with what follows, if that does not get too long; else each gets one of its own,
    indented as the RUN is.
    """
    if instruction.flags:
        last = instruction.flags[-1]
        offset = instruction.logical.span(last.start, last.end).end
    else:
        offset = instruction.keyword_span.end
    text = dockerfile.source(instruction.text_span)
    first = text.split("\n")[0].rstrip()
    inline = "".join(f" {flag}" for flag in flags)
    if len(flags) == 1 and len(first) + len(inline) <= WIDTH:
        return Edit(Span(offset, offset), inline)
    indent = body_indent(dockerfile, instruction) or layout(dockerfile).indent
    joint = f" {dockerfile.escape}\n{indent}"
    gap = dockerfile.text[offset:]
    rest = Span(offset, offset + len(gap) - len(gap.lstrip(" \t")))
    if not instruction.flags:
        new = f" {joint.join([flags[0], *flags[1:]]).lstrip()}{joint}"
        return Edit(rest, new) if dockerfile.source(rest) else Edit(Span(offset, offset), new)
    return Edit(Span(offset, offset), "".join(joint + flag for flag in flags))


def _command_indents(text: str, operator: str, escape: str) -> list[tuple[bool, str]]:
    """Of each continued line that begins a command: whether the operator leads it, and its indent."""
    found = _beginnings(text.replace("\r", "").split("\n"), escape, _JOINTS)
    return [(bool(leads), indent) for leads, indent in found if operator != ";" or not leads]


_JOINTS = lazy(r"(?:&&|;)$")
_BEFORE = lazy(r"(?:&&|[;{(]|\|\||(?:^|[\s;])(?:then|else|do)|^\(?[^\s()]+\))$")
"""What ends a line that a command follows: a joint, the head of a branch, the pattern of a case."""


def _beginnings(
    lines: list[str], escape: str, joints: re.Pattern[str] = _BEFORE
) -> list[tuple[bool | None, str]]:
    """Of each continued line that begins a command: its indent, and whether ``&&`` leads it or the list.

    None stands for a command that no ``&&`` joins to the one before it.
    """
    found: list[tuple[bool | None, str]] = []
    end = None
    for number, line in enumerate(lines):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        indent = line[: len(line) - len(line.lstrip())]
        if number and bare.startswith("&&"):
            found.append((True, indent))
        elif number and end:
            found.append((False if end[0] == "&&" else None, indent))
        body = bare.removesuffix(escape).rstrip()
        end = joints.search(body) if bare.endswith(escape) else None
    return found


def _blank_end(rest: str) -> str:
    """The blanks at the beginning of *rest*, if they end its line."""
    line = rest.split("\n")[0]
    return "" if line.strip() else line.rstrip("\r")


def line_start(text: str, offset: int) -> int:
    """The offset of the beginning of the line that holds *offset*."""
    return text.rfind("\n", 0, offset) + 1


_CLOSERS = ("", "fi", "done", "esac")


def body_indent(dockerfile: Dockerfile, instruction: Instruction) -> str | None:
    """The indent of the first continued line that begins a command; None when none does.

    A list of packages is indented deeper than the commands, and no guide to them.
    """
    begin = instruction.text_span.start
    before = ""
    for number, line in enumerate(dockerfile.source(instruction.text_span).split("\n")):
        bare = line.strip()
        holds = begin <= instruction.args.offset(0) <= begin + len(line)  # behind the flags
        begin += len(line) + 1
        if number and (not bare or bare.startswith("#")):
            continue
        joined = before.rstrip(dockerfile.escape + " \t").endswith(("&&", "||", ";", "{", "("))
        if bare.split(maxsplit=1)[0].rstrip(";)}") in _CLOSERS:
            joined = False
        if number and (holds or joined or bare.startswith(("&&", "||"))):
            return line[: len(line) - len(line.lstrip())]
        before = bare
    return None


def list_indent(dockerfile: Dockerfile, instruction: Instruction) -> str | None:
    """The smallest indent of the continued lines of an instruction; None when it has only one line."""
    lines = dockerfile.source(instruction.text_span).split("\n")[1:]
    indents = (line[: len(line) - len(line.lstrip())] for line in lines if line.strip())
    return min(indents, key=len, default=None)
