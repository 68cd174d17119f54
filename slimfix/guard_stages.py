"""What must hold of the stages after every step: each is told the same, or is parted as the fix has said.

A stage that is parted becomes a builder, in which every command stays, and a new last stage, which takes
files of the builder and is told what the image was told before: the same variables (save those that the fix
names as the builder's), directory, user, shell, ports, volumes, labels and start commands.
"""

from __future__ import annotations

from slimfix.dockerfile import Dockerfile, Instruction, Stage, State
from slimfix.dockerfile.words import pairs
from slimfix.fix import Parting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TELLS = frozenset(
    ("CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER")
    + ("SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")
)
"""Instructions that make no file of their own, but set what the image is told."""
_LAST = ("CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER")
"""Those of which the last one counts."""


def stages(before: Dockerfile, after: Dockerfile, parting: Parting | None) -> str | None:
    """The objection to the stages of *after*, if there is one."""
    if parting is None:
        if [(s.name, s.ships) for s in before.stages] != [(s.name, s.ships) for s in after.stages]:
            return "the stages would be others"
        return None if _all_told(before) == _all_told(after) else "the image would be told something else"
    if parting.stage != len(before.stages) - 1 or len(after.stages) != len(before.stages) + 1:
        return "other stages would come to be than the fix has said"
    old, builder, last = before.stages[-1], after.stages[-2], after.stages[-1]
    if not old.ships or not last.ships or last.parent is not None:
        return "the new stage would not be the image"
    for instruction in last.instructions[1:]:
        taken = instruction.name == "COPY" and (instruction.flag("from") or "").lower() == builder.name
        if instruction.onbuild or not (taken or instruction.name in _TELLS or instruction.name == "ARG"):
            return f"the new stage would hold {instruction.name}"
    was, unknown = _image(before, old, parting.unset)
    now, _ = _image(after, last, parting.unset)
    if unknown:
        return f"the value of {unknown} is not known"
    wrong = next((name for name in was if was[name] != now[name]), None)
    return f"the image would be told another {wrong}" if wrong else None


def same_stage(old: Instruction, new: Instruction) -> bool:
    """Whether two instructions stand in the same stage, or both in none."""
    return (old.stage and old.stage.index) == (new.stage and new.stage.index)


def stays(old: Instruction, new: Instruction, parting: Parting | None) -> bool:
    """Whether an instruction stands in the stage in which it stood, or where it may have gone."""
    if same_stage(old, new):
        return True
    if parting is None or old.stage is None or new.stage is None or old.onbuild:
        return False
    told = old.name in _TELLS or old.name == "ARG"
    return told and (old.stage.index, new.stage.index) == (parting.stage, parting.stage + 1)


def told(instruction: Instruction, unset: frozenset[str]) -> tuple[object, ...]:
    """What an instruction that runs nothing can notice of the state: of the arguments, those it names."""
    state = instruction.state
    text = instruction.logical.text
    seen = dict(state.env) | {name: None for name, _ in state.args if "$" in text and name in text}
    return state.user, state.workdir, state.shell, sorted(n for n in seen.items() if n[0] not in unset)


def _all_told(dockerfile: Dockerfile) -> list[tuple[int, str, str]]:
    """Every instruction that tells the image something, with its stage."""
    return [
        (i.stage.index, i.name, " ".join(i.logical.text.split()))
        for i in dockerfile.instructions
        if i.stage is not None and i.name in _TELLS
    ]


def _image(dockerfile: Dockerfile, stage: Stage, unset: frozenset[str]) -> tuple[dict[str, Any], str]:
    """What a stage tells its image, by kind; and the name of a variable that is not known, if any."""
    state: State = dockerfile.end(stage)
    found: dict[str, Any] = {"USER": state.user, "WORKDIR": state.workdir, "SHELL": state.shell}
    found["ENV"] = {name: value for name, value in state.env if name not in unset}
    unknown = next((n for n, value in found["ENV"].items() if value is None and n != "PATH"), "")
    unknown = unknown or next((n for n in ("USER", "WORKDIR") if found[n] is None), "")
    found |= dict.fromkeys(_LAST)
    found |= {"EXPOSE": set(), "VOLUME": set(), "LABEL": {}, "PATH": [], "ONBUILD": []}
    for instruction in stage.instructions:
        text = " ".join(instruction.logical.text.split()).partition(" ")[2]
        if instruction.onbuild:
            found["ONBUILD"].append(text)
        elif instruction.name in _LAST:
            found[instruction.name] = text
        elif instruction.name in ("EXPOSE", "VOLUME"):
            found[instruction.name].update(instruction.exec_form or text.split())
        elif instruction.name == "LABEL":
            found["LABEL"].update(pairs(instruction.args.text, instruction.escape))
        elif instruction.name == "ENV":
            given = pairs(instruction.args.text, instruction.escape)
            found["PATH"] += [value for name, value in given if name == "PATH" and name not in unset]
    return found, unknown
