"""What else needs build packages: later instructions, stages FROM this one, the start command, scripts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.instruction import Stage
from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.rules._build_consumers import (
    Consumer,
    builders,
    called_script,
    calls_any,
    consumer,
    may_build,
    names_in,
    texts,
)
from slimfix.rules._build_files import called, composer_scripts, package_scripts
from slimfix.shell import Command, Opaque, Script

START = ("CMD", "ENTRYPOINT", "HEALTHCHECK")
_SYSTEM = lazy(r"/(?:usr(?!/local|/src)|lib|lib64|bin|sbin|etc)?(?:/.*)?")
_LINK_NAME = lazy(r"lib[\w+-]+\.so(?![\w.])")
"""A library by the name that links to it, which only its -dev package has."""
_RUNS = lazy(
    r".*/s?bin/[^/]+|.*\.(?:sh|bash|ash|conf|service|cron|ya?ml|ini|mk)|(?:.*/)?(?:Makefile|crontab)"
)
"""Files that something will run, by where they lie or what they are."""


def needed(dockerfile: Dockerfile, run: Instruction, tools: Collection[str]) -> str | None:
    """What needs *tools* (or whatever else builds) after *run*, or when the image runs."""
    assert run.stage is not None
    for stage in family(run.stage):
        for instruction in stage.instructions:
            reason = _needs(dockerfile, instruction, tools, instruction.index > run.index)
            if reason:
                return reason if stage.index <= run.stage.index else f"in a stage FROM this one, {reason}"
    return _written(dockerfile, run.stage, tools) or _copied(dockerfile, run.stage)


def building(dockerfile: Dockerfile, run: Instruction) -> list[Command]:
    """The commands of a RUN that compile, or may, and the scripts of the build context that hold such."""
    script = run.script
    if isinstance(script, Opaque):
        return []
    found = [each.command for each in builders(script)]
    for command in script.commands:
        file = called_script(command)
        if file is not None and command not in found and called(dockerfile, run, file, (), False):
            found.append(command)
    return found


def nobody(dockerfile: Dockerfile, run: Instruction) -> str:
    """Who must not call what goes, as an assumption begins: nothing at run time, and no script of a project
    that is not in sight and that a later RUN may run."""
    assert run.stage is not None
    found: list[str] = []
    for stage in _with_descendants(run.stage):
        for later in stage.instructions:
            if later.name == "RUN" and later.index > run.index and isinstance(later.script, Script):
                each = [consumer(command) for command in later.script.commands]
                found += [e.name for e in each if e and _own_calls(e)]
        if composer_scripts(dockerfile, stage) is not None:
            found.clear()
    scripts = f", and no script that {found[0]} runs," if found else ""
    return f"nothing at run time{scripts}"


def family(stage: Stage) -> list[Stage]:
    """A stage with those that it is FROM, and those that are FROM it."""
    return [*_ancestors(stage), *_with_descendants(stage)]


def chain(stage: Stage) -> Iterator[Stage]:
    """A stage and those that it is FROM, upwards."""
    yield stage
    yield from reversed(_ancestors(stage))


def nothing_starts(dockerfile: Dockerfile, stage: Stage, serves: bool) -> str | None:
    """Why an image counts as one to build on or to work in: it starts a shell, or nothing.

    Args:
        serves: whether its base image starts a service by itself.
    """
    shipped = [s for s in dockerfile.stages if s.ships and stage in chain(s)]
    row = table("debian_images")["interactive"]
    last: dict[str, str] = {}
    for each in chain(shipped[-1] if shipped else stage):
        for instruction in reversed(each.instructions):
            if instruction.name in ("CMD", "ENTRYPOINT") and not instruction.onbuild:
                last.setdefault(instruction.name, _started(instruction, row["wrappers"]))
    names = [last[key] for key in ("ENTRYPOINT", "CMD") if last.get(key)]
    if not names:
        return None if serves else "the image starts no program of its own, so others may build in it"
    if names[0] in row["programs"]:
        return f"the image starts {names[0]}, in which anything may be called"
    return None


def _ancestors(stage: Stage) -> list[Stage]:
    return [*_ancestors(stage.parent), stage.parent] if stage.parent else []


def _with_descendants(stage: Stage) -> Iterator[Stage]:
    yield stage
    for child in stage.used_by:
        yield from _with_descendants(child)


def _needs(
    dockerfile: Dockerfile, instruction: Instruction, tools: Collection[str], later: bool
) -> str | None:
    if instruction.onbuild:
        return "an ONBUILD trigger may need the build packages"
    reason = None
    if instruction.name == "RUN" and later:
        used = calls(dockerfile, instruction, tools)
        reason = f"a later RUN calls {used}" if used else None
    elif instruction.name in START:
        reason = _start(dockerfile, instruction, tools)
    elif instruction.name in ("COPY", "ADD") and any(
        set(tools) & names_in(dockerfile.source(h.body)) for h in instruction.heredocs
    ):
        reason = f"a file that {instruction.name} writes names a build package"
    if instruction.name in ("CMD", "ENTRYPOINT", "ENV") and any(
        _LINK_NAME.search(part.text) for part in instruction.parts
    ):
        return reason or f"{instruction.name} names a library as only its -dev package has it"
    return reason


def calls(dockerfile: Dockerfile, run: Instruction, tools: Collection[str], after: int = 0) -> str | None:
    """What in a RUN, from the place *after* of the file on, may need *tools* or whatever else builds."""
    script, text = run.script, run.logical.text
    if isinstance(script, Opaque):
        text += "".join(dockerfile.source(h.body) for h in run.heredocs)
        used = min(set(tools) & names_in(text), default=None) or may_build(text)
        if used is None and re.search(r"\.sh\b|\./", text):
            used = "a script"
        return used
    used = calls_any(script, text, tools, after)
    for command in script.commands:
        if command.span.start >= after:
            used = used or _command(dockerfile, run, command, tools)
    return used


def _command(
    dockerfile: Dockerfile, run: Instruction, command: Command, tools: Collection[str]
) -> str | None:
    found = consumer(command)
    if found is not None and not _harmless(dockerfile, run, found, tools):
        return f"{found.command.values[0]}, which may build"
    for inner in texts(command):
        name = may_build(inner)
        if name:
            return f"{name}, which may build"
    file = called_script(command)
    return called(dockerfile, run, file, tools, True) if file is not None else None


def _harmless(dockerfile: Dockerfile, run: Instruction, found: Consumer, tools: Collection[str]) -> bool:
    """Whether a command calls none of *tools* itself, and neither do the scripts of the project in sight."""
    text: str | None
    own = _own_calls(found)
    if own:
        text = composer_scripts(dockerfile, run.stage) or ""
        if own & set(tools):
            return False
    elif found.certain or found.name not in ("npm", "yarn", "pnpm"):
        return False
    else:
        text = package_scripts(dockerfile, run.stage, None)
    return text is not None and not set(tools) & names_in(text) and may_build(text) is None


def _own_calls(found: Consumer) -> set[str]:
    return set(table("consumers")[found.name].get("calls", ()))


def _start(dockerfile: Dockerfile, instruction: Instruction, tools: Collection[str]) -> str | None:
    """What CMD, ENTRYPOINT or HEALTHCHECK names."""
    text = instruction.args.text
    if instruction.name == "HEALTHCHECK":
        text = re.sub(r"^\s*CMD\b", "", text)
    words = re.findall(r"[^\s\"'\[\],;&|()]+", text)
    names = {word.rpartition("/")[2] for word in words}
    first = {words[0].rpartition("/")[2]} if words else set()
    common = set(table("consumers")["common-words"]["names"])
    used = min(set(tools) & (names - common | first), default=None) or may_build(text)
    if used:
        return f"{instruction.name} calls {used}"
    if first & {"npm", "yarn", "pnpm"}:
        inside = package_scripts(dockerfile, instruction.stage, {"start", *words})
        used = min(set(tools) & names_in(inside or ""), default=None) or may_build(inside or "")
        if used:
            return f"{instruction.name} calls a script of package.json, which calls {used}"
    for file in (w for w in words if "/" in w or "." in w or w in first):
        inside = called(dockerfile, instruction, file, tools, False)
        if inside:
            return f"{instruction.name} calls {inside}"
    return None


def _started(instruction: Instruction, wrappers: Collection[str]) -> str:
    """The program that CMD or ENTRYPOINT starts; a shell only where it gets nothing to run."""
    words = instruction.exec_form
    if words is None:
        words = instruction.args.text.split()
    words = [w.rpartition("/")[2] for w in words]
    while words and (words[0] in wrappers or words[0].startswith("-")):
        words = words[1:]
    if (
        len(words) > 1
        and any(not w.startswith("-") or w == "-c" for w in words[1:])
        and words[0] in ("sh", "bash", "dash", "ash", "zsh")
    ):
        return words[-1] if words[1] != "-c" else "-c"
    return words[0] if words else ""


def _written(dockerfile: Dockerfile, stage: Stage, tools: Collection[str]) -> str | None:
    """Whether a RUN writes a file that something will run, and that names one of *tools*."""
    started = {
        word.rpartition("/")[2]
        for each in family(stage)
        for instruction in each.instructions
        if instruction.name in START
        for word in re.findall(r"[\w./+-]+", instruction.args.text)
    }
    for each in family(stage):
        for run in each.instructions:
            if run.name != "RUN" or not isinstance(run.script, Script):
                continue
            told: dict[str, str] = {}
            for command in run.script.commands:
                target, text = _writes(command)
                if target is not None:
                    told[target] = told.get(target, "") + "\n" + text
            for target, text in told.items():
                runs = target == "" or _RUNS.fullmatch(target) or target.rpartition("/")[2] in started
                used = set(tools) & names_in(text)
                if used and (runs or "#!" in text):
                    return f"a file that RUN writes names {min(used)}"
    return None


def _writes(command: Command) -> tuple[str | None, str]:
    """The file that echo, printf or cat writes, ``""`` where it is not known, and the words that they put
    there; None for any other command."""
    redirects = command.node.redirects
    if command.name not in ("echo", "printf", "cat"):
        return None, ""
    text = " ".join(re.sub(r"\\[nrt]", " ", argument.raw) for argument in command.arguments[1:])
    text += " ".join(redirect.heredoc or "" for redirect in redirects)
    for redirect in redirects:
        if redirect.operator.startswith(">") and redirect.target is not None:
            return redirect.target.value or "", text
    piped = {"pipeline", "group", "subshell"} & set(command.nesting)
    return ("" if piped else None), text


def _copied(dockerfile: Dockerfile, stage: Stage) -> str | None:
    """Whether another stage takes files of the system from this one, or from one that is FROM it."""
    names = {name for each in _with_descendants(stage) for name in (str(each.index), each.name)} - {""}
    for instruction in dockerfile.instructions:
        if instruction.name == "COPY" and (instruction.flag("from") or "").lower() in names:
            words = instruction.exec_form or [part.text for part in instruction.parts]
            if any(_SYSTEM.fullmatch("/" + word.lstrip("/")) or "$" in word for word in words[:-1]):
                return "another stage copies files of the system from this one"
        if instruction.name == "RUN" and any(mount.source in names for mount in instruction.mounts):
            return "another stage mounts files from this one"
    return None
