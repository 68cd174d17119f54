"""Whether a directory is new where a COPY makes it, as far as the Dockerfile and its base image tell."""

from __future__ import annotations

import posixpath

from slimfix.dockerfile import Dockerfile, Instruction, Stage
from slimfix.knowledge import table
from slimfix.rules._paths import within
from slimfix.shell import Opaque
from slimfix.shell.call import unwrapped

ABSENT, EMPTY = "absent", "empty"


def before(dockerfile: Dockerfile, copy: Instruction) -> list[Instruction]:
    """What is built before *copy*, from the bottom of the chain of stages on."""
    found: list[Instruction] = []
    stage: Stage | None = copy.stage
    while stage is not None:
        found = [i for i in stage.instructions if stage is not copy.stage or _precedes(i, copy)] + found
        stage = stage.parent
    return [i for i in found if i.name != "FROM"]


def _precedes(one: Instruction, other: Instruction) -> bool:
    """Whether *one* runs before *other* of the same stage; a trigger runs when the stage is complete."""
    return one.index < other.index or (other.onbuild and not one.onbuild)


def exists(dockerfile: Dockerfile, copy: Instruction, path: str) -> bool:
    """Whether the directory *path* is surely there when *copy* runs."""
    assert copy.stage is not None
    if copy.stage.root.name == "scratch":
        return False
    made = [i.state.workdir for i in (*before(dockerfile, copy), copy) if i.state.workdir]
    return path in table("copy")["standard"] or any(w.startswith("/") and within(w, path) for w in made)


def tree(dockerfile: Dockerfile, copy: Instruction, path: str) -> str:
    """What *path* is when *copy* runs: ``absent``, ``empty``, or why neither is known."""
    assert copy.stage is not None
    if not _new(copy.stage.root.name, path):
        return f"the base image may have files in {path}"
    answer = ABSENT
    for instruction in before(dockerfile, copy):
        if instruction.onbuild and not copy.onbuild:
            return "an ONBUILD trigger stands before it"
        if instruction.name == "RUN" and _writes(instruction, path):
            return f"an earlier RUN may have left files in {path}"
        if instruction.name in ("COPY", "ADD"):
            words = instruction.exec_form or [part.text for part in instruction.parts]
            target = instruction.state.resolve(words[-1]) if words and "$" not in words[-1] else None
            if target is None or within(target, path) or within(path, _absolute(target)):
                return f"an earlier {instruction.name} may have left files in {path}"
        if instruction.name == "VOLUME":
            return "a VOLUME stands before it"
    where = [i.state.workdir for i in (*before(dockerfile, copy), copy)]
    if any(w is None for w in where):
        return "the working directory is not known"
    if any(within(_absolute(w or "/"), path) for w in where):
        below = [w for w in where if w and within(_absolute(w), path) and _absolute(w) != path]
        return f"a WORKDIR lies below {path}" if below else EMPTY
    return answer


def _absolute(path: str) -> str:
    """The images that are known start in ``/``, or where nothing is new."""
    return posixpath.normpath(posixpath.join("/", path))


def _new(image: str, path: str) -> bool:
    """Whether an official image has nothing at *path*."""
    data = table("copy")
    if image not in data["images"]:
        return False
    parts = path.strip("/").split("/")
    if parts[0] and parts[0] not in data["taken"]:
        return True
    if parts[0] in ("opt", "srv"):
        return len(parts) > 1 and not parts[1].startswith(tuple(data["opt"]))
    if parts[:2] == ["usr", "src"]:
        return len(parts) > 2 and parts[2] not in ("linux-headers", "python", "php", "ruby")
    return parts[0] == "home" and len(parts) > 2 and not parts[2].startswith(".")


def _writes(run: Instruction, path: str) -> bool:
    """Whether a RUN names a file in *path*, runs in it, or does what is not understood."""
    text, script = run.logical.text, run.script
    directory = _absolute(run.state.workdir or ".")
    if path in text or within(directory, path) or run.heredocs or isinstance(script, Opaque):
        return True
    for name, value in run.state.environment().items():
        if f"${name}" in text or f"${{{name}" in text:
            if value is None or within(_absolute(value), path) or value.strip("/") in path:
                return True
    for command in script.commands:
        arguments, _ = unwrapped(command)
        if not arguments or arguments[0].value in table("copy")["accounts"]:
            continue
        if arguments[0].value == "cd" and len(arguments) > 1:
            directory = _absolute(posixpath.join(directory, arguments[1].value or "/"))
        for argument in arguments[1:]:
            word = argument.value
            if word and not word.startswith("-") and within(_absolute(posixpath.join(directory, word)), path):
                return True
    return False
