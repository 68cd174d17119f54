"""How a file writes things, so that what is added looks as its author would have written it."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.shell import Argument
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

    def keyword(self, name: str) -> str:
        """An instruction's name as this file writes it."""
        return name.lower() if self.case == "lower" else name.upper()

    def joint(self, operator: str = "&&") -> str:
        """What stands between two commands of a RUN, with the line break."""
        if self.leading:
            return f" {self.escape}\n{self.indent}{operator} "
        return f" {operator} {self.escape}\n{self.indent}"


def layout(dockerfile: Dockerfile) -> Layout:
    """The habits that most of the file's own lines show."""
    indents: Counter[str] = Counter()
    leading: Counter[bool] = Counter()
    lower = 0
    mark = re.escape(dockerfile.escape)
    trailing = re.compile(rf"&&[ \t]*{mark}[ \t]*$")
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
            if trailing.search(line):
                leading[False] += 1
    indent = _commonest(indents)
    return Layout(
        dockerfile.escape,
        "    " if indent is None else indent,
        leading[True] > leading[False],
        "lower" if lower > 0 else "upper",
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


def line_start(text: str, offset: int) -> int:
    """The offset of the beginning of the line that holds *offset*."""
    return text.rfind("\n", 0, offset) + 1


def body_indent(dockerfile: Dockerfile, instruction: Instruction) -> str | None:
    """The indent of the first continued line of an instruction, None when it has only one line."""
    lines = dockerfile.source(instruction.text_span).replace("\r", "").split("\n")
    for line in lines[1:]:
        if line.strip() and not line.strip().startswith("#"):
            return line[: len(line) - len(line.lstrip())]
    return None
