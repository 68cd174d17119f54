"""COPY instructions: what they copy, which of them bring what a RUN changes, where to, and as what."""

from __future__ import annotations

import posixpath

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.knowledge import table
from slimfix.rules._paths import within


def copies_before(dockerfile: Dockerfile, run: Instruction, targets: tuple[str, ...]) -> list[Instruction]:
    """The COPYs directly before *run* that brought what it changes, and nothing else."""
    assert run.stage is not None
    found: list[Instruction] = []
    for instruction in reversed([i for i in run.stage.instructions if i.index < run.index]):
        if instruction.name in table("copy")["harmless"]:
            continue
        if instruction.onbuild != run.onbuild:
            break
        place = place_of(instruction)
        if place is None or instruction.exec_form is not None or instruction.heredocs:
            break
        if any(within(place, target) or as_file(instruction, place) == target for target in targets):
            found.insert(0, instruction)
        elif any(within(target, place) for target in targets):
            break
    return found


def place_of(copy: Instruction) -> str | None:
    """Where a COPY copies to, as an absolute path."""
    if copy.name != "COPY" or len(copy.parts) < 2 or "$" in copy.parts[-1].text:
        return None
    place = copy.state.resolve(copy.parts[-1].text)
    return place if place is not None and place.startswith("/") else None


def as_file(copy: Instruction, place: str) -> str | None:
    """What the one source of a COPY becomes if it is a file and *place* a directory."""
    name = posixpath.basename(copy.parts[0].text)
    plain = len(copy.parts) == 2 and not any(c in name for c in "*?[$\\")
    return posixpath.join(place, name) if plain and name not in ("", ".", "..") else None


def is_file(dockerfile: Dockerfile, copy: Instruction) -> bool:
    """Whether the one source of a COPY surely is a file."""
    context, source = dockerfile.context, copy.parts[0].text
    if context is None or len(copy.parts) != 2 or copy.flag("from") is not None:
        return False
    return not any(c in source for c in "*?[$\\") and context.kind(source) == "file"


def whole_directory(copy: Instruction) -> tuple[str, str] | None:
    """Source and destination of a COPY of one thing that may be a directory, else None."""
    if copy.name not in ("COPY", "ADD") or copy.onbuild or copy.stage is None:
        return None
    if copy.flag("from") is not None or copy.heredocs:
        return None
    words = words_of(copy)
    if len(words) != 2 or "://" in words[0] or words[0].startswith("git@"):
        return None
    return words[0], words[1]


def words_of(copy: Instruction) -> list[str]:
    """The sources and the destination of a COPY or ADD, in JSON form too."""
    return copy.exec_form or [part.text for part in copy.parts]
