"""Where instructions begin and end, as dockerfile-parse finds it.

It knows no heredocs, takes a blank line in a continuation for the end of the instruction, and reads some
continuations unlike BuildKit, so it is shown a *shadow*: the same number of lines, with those it would
misread made harmless.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from slimfix.dockerfile.tiles import Line


def instructions(
    lines: Sequence[Line], masked: Collection[int], head: int, escape: str
) -> list[tuple[int, int]]:
    """First and last line (from 0) of each instruction.

    Args:
        lines: those of the file.
        masked: the lines of heredoc bodies.
        head: how many lines the parser directives take.
        escape: the escape character.
    """
    return list(_ranges("".join(shadow(lines, masked, head, escape))))


def shadow(lines: Sequence[Line], masked: Collection[int], head: int, escape: str) -> list[str]:
    """The lines as dockerfile-parse may see them.

    Heredoc bodies become comments, and so do comments and blank lines within an instruction.
    Of every other line it matters alone whether it goes on, and that is said by BuildKit's rule.
    """
    out: list[str] = []
    going_on = False
    last = -1
    for number, line in enumerate(lines):
        if number < head:
            out.append(f"# escape={escape}\n" if number == 0 else "# syntax=x\n")
        elif number in masked or line.kind == "comment":
            out.append("#\n")
        elif line.kind == "blank":
            out.append("#\n" if going_on else "\n")
        else:
            going_on = line.mark is not None
            out.append(f"x x {escape}\n" if going_on else "x x\n")
            last = number
    if going_on and last >= 0:  # nothing follows any more, so the instruction ends here
        out[last] = out[last][:-2] + "\n"
    return out


@lru_cache(maxsize=64)
def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    """The same of a shadow. Cached: most edits leave the shadow of a file as it was."""
    from dockerfile_parse import DockerfileParser

    parser = DockerfileParser(fileobj=io.BytesIO(text.encode("ascii")))
    return tuple(
        (entry["startline"], entry["endline"])
        for entry in parser.structure
        if entry["instruction"] != "COMMENT"
    )
