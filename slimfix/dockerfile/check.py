"""What BuildKit refuses although its lines can be read: after ``instructions/parse.go``."""

from __future__ import annotations

from slimfix.dockerfile import words
from slimfix.dockerfile.instruction import Instruction
from slimfix.dockerfile.tiles import ParseError
from slimfix.patterns import lazy
from slimfix.text import Lines

_NAMES = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)
_STAGE_NAME = lazy(r"[a-z][a-z0-9-_.]*")
_NEEDS_ARGUMENT = _NAMES - {"CMD", "ENTRYPOINT", "RUN"}


def check(instruction: Instruction, lines: Lines) -> None:
    """Raise a ParseError, with its line, for an instruction that stops a build before it starts.

    An instruction with a name of its own (a frontend named by ``# syntax`` may know it) passes.
    """
    problem = _problem(instruction)
    if problem:
        raise ParseError(problem, lines.at(instruction.text_span.start)[0])


def _problem(instruction: Instruction) -> str | None:
    name = instruction.name
    text = instruction.args.text
    if name not in _NAMES:
        return None
    if not text and not instruction.flags and name in _NEEDS_ARGUMENT:
        return f"{name} requires at least one argument"
    if instruction.onbuild and name in ("ONBUILD", "FROM", "MAINTAINER"):
        return f"{name} isn't allowed as an ONBUILD trigger"
    try:
        if name in ("ENV", "LABEL"):
            words.pairs(text, instruction.escape)
        elif name in ("RUN", "CMD", "ENTRYPOINT", "SHELL", "ADD", "COPY", "VOLUME"):
            strings = instruction.exec_form
            if name == "SHELL" and not strings:
                return "SHELL requires the arguments to be in JSON form"
            if name in ("ADD", "COPY") and len(instruction.parts if strings is None else strings) < 2:
                return f"{name} requires at least two arguments"
    except ValueError as error:
        return f"{name}: {error}"
    if name == "FROM":
        return _from_problem(instruction)
    return None


def _from_problem(instruction: Instruction) -> str | None:
    parts = instruction.parts
    if len(parts) not in (1, 3) or (len(parts) == 3 and parts[1].text.lower() != "as"):
        return "FROM requires either one or three arguments"
    if len(parts) == 3 and not _STAGE_NAME.fullmatch(parts[2].text.lower()):
        return f"invalid name for build stage: {parts[2].text!r}"
    return None
