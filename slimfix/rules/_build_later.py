"""What else needs build packages: later instructions, stages FROM this one, the start command, scripts."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.instruction import Stage
from slimfix.knowledge import table
from slimfix.rules._build_consumers import (
    Consumer,
    called_script,
    calls_any,
    consumer,
    consumers,
    may_build,
    names_in,
    texts,
)
from slimfix.shell import Opaque, Script
from slimfix.shell.logical import Logical
from slimfix.text import Span

START = ("CMD", "ENTRYPOINT", "HEALTHCHECK")
_SYSTEM = re.compile(r"/(?:usr(?!/local|/src)|lib|lib64|bin|sbin|etc)?(?:/.*)?")


def needed(dockerfile: Dockerfile, run: Instruction, tools: Collection[str]) -> str | None:
    """What needs *tools* (or whatever else builds) after *run*, or when the image runs."""
    assert run.stage is not None
    family = [*_ancestors(run.stage), *_with_descendants(run.stage)]
    for stage in family:
        for instruction in stage.instructions:
            later = instruction.index > run.index
            if instruction.onbuild:
                return "an ONBUILD trigger may need the build packages"
            reason = None
            if instruction.name == "RUN" and later:
                reason = _run(dockerfile, instruction, tools)
            elif instruction.name in START:
                reason = _start(dockerfile, instruction, tools)
            elif instruction.name in ("COPY", "ADD") and any(
                set(tools) & names_in(dockerfile.source(h.body)) for h in instruction.heredocs
            ):
                reason = f"a file that {instruction.name} writes names a build package"
            if reason:
                return reason if stage.index <= run.stage.index else f"in a stage FROM this one, {reason}"
    return _copied(dockerfile, run.stage)


def compiles_at_run_time(dockerfile: Dockerfile, run: Instruction) -> str | None:
    """A package that is installed and calls a compiler when the program runs."""
    script = run.script
    if isinstance(script, Opaque):
        return None
    known = table("consumers")["runtime-compilers"]
    wanted = {name.lower() for name in (*known["pypi"], *known["gem"])}
    for found in consumers(script):
        words = list(found.command.values[1:])
        said = [w for w in words if w]
        for word in said:
            if "." in word or "/" in word:
                said_in = _text(dockerfile, run.stage, word) or ""
                said += re.findall(r"^[ \t]*[\"']?([A-Za-z][\w.-]*)", said_in, re.MULTILINE)[:2000]
        if found.name in ("poetry", "pipenv", "pdm", "uv", "bundle") or "." in words:
            for file in ("pyproject.toml", "Pipfile", "Gemfile", "setup.cfg"):
                said += re.findall(r"[A-Za-z][\w.-]*", _text(dockerfile, run.stage, file) or "")
        names = {re.split(r"[<>=~!;\[ @]", word)[0].lower().replace("_", "-") for word in said}
        if wanted & names:
            return str(min(wanted & names))
    return None


def _ancestors(stage: Stage) -> list[Stage]:
    return [*_ancestors(stage.parent), stage.parent] if stage.parent else []


def _with_descendants(stage: Stage) -> Iterator[Stage]:
    yield stage
    for child in stage.used_by:
        yield from _with_descendants(child)


def _run(dockerfile: Dockerfile, run: Instruction, tools: Collection[str]) -> str | None:
    script, text = run.script, run.logical.text
    if isinstance(script, Opaque):
        text += "".join(dockerfile.source(h.body) for h in run.heredocs)
        used = min(set(tools) & names_in(text), default=None) or may_build(text)
        if used is None and re.search(r"\.sh\b|\./", text):
            used = "a script"
        return f"a later RUN calls {used}" if used else None
    used = calls_any(script, text, tools)
    for command in script.commands:
        found = consumer(command)
        if found is not None and not _harmless_scripts(dockerfile, run, found, tools):
            used = used or f"{found.command.values[0]}, which may build"
        for inner in texts(command):
            name = may_build(inner)
            used = used or (f"{name}, which may build" if name else None)
        file = called_script(command)
        if file is not None and not used:
            used = _script(dockerfile, run, file, tools, True)
    return f"a later RUN calls {used}" if used else None


def _harmless_scripts(
    dockerfile: Dockerfile, run: Instruction, found: Consumer, tools: Collection[str]
) -> bool:
    """Whether `npm run` and the like can only call scripts of package.json that need no tool."""
    if found.certain or found.name not in ("npm", "yarn", "pnpm"):
        return False
    text = _package_scripts(dockerfile, run.stage, None)
    return text is not None and not set(tools) & names_in(text) and may_build(text) is None


def _package_scripts(
    dockerfile: Dockerfile, stage: Stage | None, names: Collection[str] | None
) -> str | None:
    """The commands of the scripts in package.json, of those *names* or of all; None if there is none."""
    try:
        scripts = json.loads(_text(dockerfile, stage, "package.json") or "")["scripts"]
        return " ; ".join(text for name, text in scripts.items() if names is None or name in names)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


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
        inside = _package_scripts(dockerfile, instruction.stage, {"start", *words})
        used = min(set(tools) & names_in(inside or ""), default=None) or may_build(inside or "")
        if used:
            return f"{instruction.name} calls a script of package.json, which calls {used}"
    files = [w for w in words if "/" in w or "." in w or w in first]
    for file in files:
        inside = _script(dockerfile, instruction, file, tools, False)
        if inside:
            return f"{instruction.name} calls {inside}"
    return None


def _script(
    dockerfile: Dockerfile, by: Instruction, file: str, tools: Collection[str], strict: bool
) -> str | None:
    """What of *tools*, or what else that builds, a script of the build context calls.

    Args:
        strict: a script that cannot be read counts as one that builds.
    """
    text = None if file == "-" else _text(dockerfile, by.stage, file)
    if text is None:
        return "a script that may build" if strict else None
    name = posixpath.basename(file)
    if not re.match(r"#!.*\b(?:ba|a|da|k|z)?sh\b", text) and not file.endswith("sh"):
        quoted = {word.rpartition("/")[2] for word in re.findall(r"[\"']([\w.+/-]+)", text)}
        used = min(set(tools) & quoted, default=None)
        return f"{name}, which names {used}" if used else None
    script = Script.read(Logical.of(text, [Span(0, len(text))]))
    used = calls_any(script, text, tools)
    if used:
        return f"{name}, which calls {used}"
    if isinstance(script, Opaque):
        used = may_build(text)
    else:
        certain = [found for found in consumers(script) if found.certain or strict]
        used = next((str(found.command.values[0]) for found in certain), None)
    return f"{name}, which calls {used}" if used else None


def _text(dockerfile: Dockerfile, stage: Stage | None, path: str) -> str | None:
    """The text of the file of the build context that lies at *path* in the image, if it can be found."""
    context = dockerfile.context
    while context is not None and stage is not None:
        for copy in stage.instructions:
            if copy.name not in ("COPY", "ADD") or copy.flag("from") is not None or copy.heredocs:
                continue
            words = copy.exec_form or [part.text for part in copy.parts]
            target = copy.state.resolve(words[-1]) or ""
            for source in words[:-1]:
                for candidate in _candidates(source, target, path):
                    text = context.read_text(candidate)
                    if text is not None:
                        return text
        stage = stage.parent
    return None


def _candidates(source: str, target: str, path: str) -> Iterator[str]:
    name = posixpath.basename(path)
    source = source.removeprefix("./").strip("/") or "."
    if posixpath.basename(source) == name:
        yield source
    if path.startswith("/") and path.startswith(target.rstrip("/") + "/"):
        yield posixpath.join(source, posixpath.relpath(path, target))
    elif not path.startswith("/"):
        yield posixpath.normpath(posixpath.join(source, path))
    yield posixpath.join(source, name)


def _copied(dockerfile: Dockerfile, stage: Stage) -> str | None:
    """Whether another stage copies files of the system from this one."""
    names = {str(stage.index), stage.name} - {""}
    for instruction in dockerfile.instructions:
        if instruction.name == "COPY" and (instruction.flag("from") or "").lower() in names:
            words = instruction.exec_form or [part.text for part in instruction.parts]
            if any(_SYSTEM.fullmatch(word) or "$" in word for word in words[:-1]):
                return "another stage copies files of the system from this one"
    return None
