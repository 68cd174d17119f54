"""Tools that a program may call too (curl, git, unzip), and whether a file shows that only its build does."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.instruction import Stage
from slimfix.knowledge import debian, table
from slimfix.rules._apt_calls import Install
from slimfix.rules._build_files import anywhere, manifest_names, package_scripts, text_at
from slimfix.rules._build_later import chain, needed
from slimfix.shell import Opaque, Script
from slimfix.shell.call import unwrapped
from slimfix.shell.logical import Logical
from slimfix.text import Span

_DEEP = 5


def tools_of(
    dockerfile: Dockerfile,
    run: Instruction,
    found: list[Install],
    wanted: Collection[str],
    image: debian.Image,
) -> tuple[str, ...]:
    """Those of the packages *wanted* that are such tools, and that nothing but this RUN calls.

    That can be shown only where the base image is known, the build context is in sight, and every program
    that the image starts is one of the context or one that calls no other.
    """
    script, stage = run.script, run.stage
    names = sorted(name for name in wanted if debian.kind(name) == "both")
    if not names or dockerfile.context is None or stage is None or not image.lean:
        return ()
    assert isinstance(script, Script)
    called: dict[str, int] = {}
    for command in script.commands:
        called[posixpath.basename(command.name or "")] = command.span.start
        if any("git+" in argument.raw for argument in command.arguments):
            called["git"] = command.span.start
    called["gpg"] = max(called.get("gpg", -1), called.get("apt-key", -1))
    owned = {}
    for name in names:
        own = debian.own_commands(name)
        start = max(i.command.span.start for i in found if name in [w.name for w in i.wanted])
        if any(called.get(command, -1) > start for command in own):
            owned[name] = own
    if not owned or not starts_known(dockerfile, stage):
        return ()
    return tuple(
        name
        for name, own in owned.items()
        if not (anywhere(dockerfile, own) or needed(dockerfile, run, own) or _library(dockerfile, own))
    )


def starts_known(dockerfile: Dockerfile, stage: Stage) -> bool:
    """Whether all that the image starts is known: files of the build context, or programs of the table."""
    shipped = [s for s in dockerfile.stages if s.ships and stage in chain(s)]
    last: dict[str, Instruction] = {}
    for each in chain(shipped[-1] if shipped else stage):
        for instruction in reversed(each.instructions):
            if instruction.name in ("CMD", "ENTRYPOINT", "HEALTHCHECK") and not instruction.onbuild:
                last.setdefault(instruction.name, instruction)
    if not {"CMD", "ENTRYPOINT"} & set(last):
        return False
    health = last.pop("HEALTHCHECK", None)
    if health is not None and not re.fullmatch(r"\s*NONE\s*", health.args.text, re.IGNORECASE):
        return False
    first, command = last.get("ENTRYPOINT"), last.get("CMD")
    if first is None or first.exec_form is None:
        return all(_instruction(dockerfile, stage, each) for each in (first or command,) if each)
    words = [*first.exec_form, *((command.exec_form or []) if command else [])]
    if command is not None and command.exec_form is None:
        return False
    # An entry script mostly ends in exec "$@", which starts what CMD says
    after = _known(dockerfile, stage, command.exec_form, 0) if command and command.exec_form else True
    return _known(dockerfile, stage, words, 0) and (after or not _hands_on(dockerfile, stage, words))


def _hands_on(dockerfile: Dockerfile, stage: Stage, words: Sequence[str]) -> bool:
    return "$" in (text_at(dockerfile, stage, words[0]) or "")


def _instruction(dockerfile: Dockerfile, stage: Stage, instruction: Instruction) -> bool:
    if instruction.exec_form is not None:
        return _known(dockerfile, stage, instruction.exec_form, 0)
    return _script(dockerfile, stage, instruction.script, 0)


def _script(dockerfile: Dockerfile, stage: Stage, script: Script | Opaque, depth: int) -> bool:
    """Whether each command of a script is known; ``"$@"`` is what CMD says, which is looked at by itself."""
    if isinstance(script, Opaque):
        return False
    for command in script.commands:
        arguments, _ = unwrapped(command)
        if command.arguments and not arguments:
            return False
        words = [a.value if a.value is not None else a.raw for a in arguments]
        if words and words[0] not in ('"$@"', "$@") and not _known(dockerfile, stage, words, depth):
            return False
    return True


def _known(dockerfile: Dockerfile, stage: Stage, words: Sequence[str], depth: int) -> bool:
    """Whether a program that is started is one of the build context, or calls no other by itself."""
    row = table("debian_images")["starts"]
    rest = list(words)
    while rest and (posixpath.basename(rest[0]) in table("debian_images")["interactive"]["wrappers"]):
        rest = _without_options(rest[1:])
    if not rest or depth > _DEEP:
        return not rest
    name = posixpath.basename(rest[0])
    operands = _without_options(rest[1:])
    if name in row["quiet"]:
        return True
    if name in ("sh", "bash", "dash"):
        if "-c" in rest:
            return _text(dockerfile, stage, rest[-1], depth)
        return bool(operands) and _file(dockerfile, stage, operands[0], depth)
    if re.fullmatch("|".join(row["interpreters"]), name):
        if "-m" in rest[:-1]:
            module = rest[rest.index("-m") + 1]
            file = module.replace(".", "/") + ".py"
            return module in row["quiet"] or text_at(dockerfile, stage, file) is not None
        return "-c" in rest or (bool(operands) and text_at(dockerfile, stage, operands[0]) is not None)
    if name in ("npm", "yarn", "pnpm"):
        inside = package_scripts(dockerfile, stage, {"start", *operands})
        return bool(inside) and _text(dockerfile, stage, inside or "", depth)
    return _file(dockerfile, stage, rest[0], depth)


def _without_options(words: Iterable[str]) -> list[str]:
    return [word for word in words if not word.startswith("-")]


def _file(dockerfile: Dockerfile, stage: Stage, path: str, depth: int) -> bool:
    """Whether a file is one of the build context, and, if it is a shell script, starts what is known."""
    text = text_at(dockerfile, stage, path)
    if text is None:
        return False
    shell = re.match(r"#!.*\b(?:ba|da|a)?sh\b", text) or (path.endswith("sh") and not text.startswith("#!"))
    return not shell or _text(dockerfile, stage, text, depth)


def _text(dockerfile: Dockerfile, stage: Stage, text: str, depth: int) -> bool:
    return _script(dockerfile, stage, Script.read(Logical.of(text, [Span(0, len(text))])), depth + 1)


def _library(dockerfile: Dockerfile, tools: Collection[str]) -> bool:
    """Whether a manifest of the build context wants a package that calls one of *tools*."""
    callers = {name for tool in tools for name in table("consumers")["tool-callers"].get(tool, ())}
    return bool(callers) and not callers.isdisjoint(manifest_names(dockerfile))
