"""What else may need the build packages, apart from the RUN that installs them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.instruction import Stage
from slimfix.knowledge import debian, table
from slimfix.rules._apt_builds import build
from slimfix.rules._apt_calls import runs_scripts
from slimfix.shell import Opaque, Script
from slimfix.shell.logical import Logical

_TOKEN = re.compile(r"[\w.+-]+")
_SCRIPT = re.compile(
    r"(?:.*\.(?:sh|bash|py|rb|pl|php|js|mjs|cjs|ts|ya?ml|mk|conf|cfg|ini|json|service|cron)|Makefile|Procfile|[^.]+)"
)
_PROGRAMS = ("py", "rb", "pl", "php", "js", "mjs", "cjs", "ts")
_LITERAL = re.compile(r"""["'`]([\w./+-]+)(?=["'`\s])""")
_PATH = re.compile(r"[\w./+-]+")
_HEADERS_NAME = re.compile(r"lib[\w+-]+\.so(?![\w.])")
"""A library by the name that links to it, which only its -dev package has."""
_MANIFEST = re.compile(r".*requirements.*\.(?:txt|in)|pyproject\.toml|Pipfile|setup\.(?:cfg|py)|Gemfile")
_MAX_FILES = 3000


def chain(stage: Stage) -> Iterator[Stage]:
    """A stage and those that it is FROM."""
    found: Stage | None = stage
    while found is not None:
        yield found
        found = found.parent


def following(dockerfile: Dockerfile, run: Instruction) -> Iterator[Instruction]:
    """Every instruction that finds what *run* leaves: those after it, and those of stages FROM its own."""
    assert run.stage is not None
    stages = {run.stage.index}
    for stage in dockerfile.stages:
        if stage.parent is not None and stage.parent.index in stages:
            stages.add(stage.index)
    for instruction in dockerfile.instructions:
        if instruction.stage is not None and instruction.stage.index in stages:
            if instruction.stage is not run.stage or instruction.index > run.index or instruction.onbuild:
                yield instruction


def obstacle(dockerfile: Dockerfile, run: Instruction, tools: Collection[str]) -> str | None:
    """Why the packages that bring *tools* must stay: who may call them later."""
    assert run.stage is not None
    for instruction in following(dockerfile, run):
        if instruction.onbuild:
            return "an ONBUILD trigger may need the build packages"
        if instruction.name == "RUN":
            reason = _later_run(dockerfile, instruction, tools)
            if reason:
                return reason
        elif instruction.name in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            reason = _start(instruction, tools)
            if reason:
                return reason
        if instruction.name in ("CMD", "ENTRYPOINT", "ENV") and any(
            _HEADERS_NAME.search(part.text) for part in instruction.parts
        ):
            return f"{instruction.name} names a library as only its -dev package has it"
    for stage in chain(run.stage):
        for instruction in stage.instructions:
            used = set(tools) & _written(dockerfile, instruction)
            if used:
                return f"a file that {instruction.name} writes names {min(used)}"
    for stage in dockerfile.stages:
        for instruction in stage.instructions:
            origin = instruction.flag("from") if instruction.name == "COPY" else None
            if origin and origin.lower() in (run.stage.name, str(run.stage.index)):
                return "another stage copies files from this one"
    return _nothing_starts(
        dockerfile, run.stage, debian.image(run.stage.root.name, run.stage.root.tag).serves
    )


def _later_run(dockerfile: Dockerfile, later: Instruction, tools: Collection[str]) -> str | None:
    script = later.script
    if isinstance(script, Opaque):
        used = set(tools) & set(_TOKEN.findall(later.args.text))
        return f"a later RUN calls {min(used)}" if used else "a later RUN is not understood"
    for command in script.commands:
        for value in command.values:
            used = set(tools) & _words(value)
            if used:
                return f"a later RUN names {min(used)}"
        found = build(command)
        if found is not None:
            return f"a later RUN calls {found.program}, which may build"
    return "a later RUN calls a script" if _unread(dockerfile, script, tools) else None


def _unread(dockerfile: Dockerfile, script: Script, tools: Collection[str]) -> bool:
    """Whether a script is called that is not in the build context, or names one of the tools."""
    if not runs_scripts(script):
        return False
    if dockerfile.context is None:
        return True
    for command in script.commands:
        for value in command.values[:3]:
            if value and value.endswith((".sh", ".bash")):
                texts = list(texts_named(dockerfile, value.rpartition("/")[2]))
                if not texts or any(names(text, tools, "x.sh") for text in texts):
                    return True
                break
        else:
            if command.name and runs_scripts(script):
                return True
    return False


def _written(dockerfile: Dockerfile, instruction: Instruction) -> set[str]:
    """What may be called by files that an instruction writes: a heredoc's, or what echo puts into one."""
    found: set[str] = set()
    if instruction.name in ("COPY", "ADD"):
        for heredoc in instruction.heredocs:
            found.update(_TOKEN.findall(dockerfile.source(heredoc.body)))
    if instruction.name == "RUN" and isinstance(instruction.script, Script):
        for command in instruction.script.commands:
            if command.name in ("echo", "printf", "cat") and (
                command.node.redirects or {"pipeline", "group", "subshell"} & set(command.nesting)
            ):
                for argument in command.arguments[1:]:
                    found.update(_TOKEN.findall(re.sub(r"\\[nrt]", " ", argument.raw)))
                for redirect in command.node.redirects:
                    found.update(_TOKEN.findall(redirect.heredoc or ""))
    return found


def _words(value: str | None) -> set[str]:
    """What a word of a command may call."""
    if value is None:
        return set()
    if re.search(r"\s", value):
        return set(_TOKEN.findall(value))
    return {value, value.rpartition("/")[2]} if re.match(r"(?:/usr|/bin|/sbin|[^/])", value) else set()


def _start(instruction: Instruction, tools: Collection[str]) -> str | None:
    """Whether what CMD, ENTRYPOINT or HEALTHCHECK start calls a tool, or may build."""
    used = set(tools) & set(_TOKEN.findall(instruction.args.text))
    if used:
        return f"{instruction.name} names {min(used)}"
    script = _started(instruction)
    row = table("debian_images")["starts"]
    for command in script.commands if isinstance(script, Script) else ():
        found = build(command)
        if found is not None and (found.program not in row["programs"] or found.verb in row["builds"]):
            return f"{instruction.name} calls {found.program}, which may build"
    return None


def _started(instruction: Instruction) -> Script | Opaque:
    """What an instruction starts, as a shell would read it."""
    words = instruction.exec_form
    if words is None:
        return instruction.script
    text = words[-1] if "-c" in words[1:-1] else shlex.join(words)
    return Script.read(Logical(text, (0,), (0,)))


def _nothing_starts(dockerfile: Dockerfile, stage: Stage, serves: bool) -> str | None:
    """An image that starts a shell, or nothing, is one to build on or to work in."""
    shipped = [s for s in dockerfile.stages if s.ships and stage in chain(s)]
    row = table("debian_images")["interactive"]
    last: dict[str, str] = {}
    for each in chain(shipped[-1] if shipped else stage):
        for instruction in reversed(each.instructions):
            if instruction.name in ("CMD", "ENTRYPOINT") and not instruction.onbuild:
                last.setdefault(instruction.name, _first(instruction, row["wrappers"]))
    names = [last[key] for key in ("ENTRYPOINT", "CMD") if last.get(key)]
    if not names and serves:
        return None
    if not names:
        return "the image starts no program of its own, so others may build in it"
    if names[0] in row["programs"]:
        return f"the image starts {names[0]}, in which anything may be called"
    return None


def _first(instruction: Instruction, wrappers: Collection[str]) -> str:
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


def texts_named(dockerfile: Dockerfile, name: str) -> Iterator[str]:
    """The texts of the files of that name in the build context."""
    for path in _files(dockerfile):
        if path.rpartition("/")[2] == name:
            assert dockerfile.context is not None
            text = dockerfile.context.read_text(path)
            if text is not None:
                yield text


def names(text: str, tools: Collection[str], file: str = "") -> str | None:
    """The first of *tools* that a file may call, as far as its kind lets us see.

    A shell script is read as one. In a program only what a string literal begins with counts, so that
    Python's ``as`` is no assembler; elsewhere, every word outside a comment.
    """
    kind = file.rpartition(".")[2] if "." in file else ""
    if kind in ("sh", "bash", "") or text.startswith("#!/bin/"):
        script = Script.read(Logical(text, (0,), (0,)))
        if isinstance(script, Script):
            used = {
                word
                for command in script.commands
                if command.node.redirects or command.name not in ("echo", "printf")
                for value in command.values
                for word in _words(value)
            }
            return min(used & set(tools), default=None)
    if kind in _PROGRAMS:
        used = {m.rpartition("/")[2] for m in _LITERAL.findall(text)}
        return min(used & set(tools), default=None)
    for line in text.splitlines():
        if not line.lstrip().startswith(("#", "//", ";")):
            used = set(tools) & set(_TOKEN.findall(line)) - {"as"}
            if used:
                return min(used)
    return None


def in_context(dockerfile: Dockerfile, tools: Collection[str], everywhere: bool) -> str | None:
    """What of the build context names a tool: what the image starts, or any file (*everywhere*)."""
    context = dockerfile.context
    if context is None:
        return None
    started = {
        word.rpartition("/")[2]
        for i in dockerfile.instructions
        if i.name in ("CMD", "ENTRYPOINT", "HEALTHCHECK")
        for word in _PATH.findall(i.args.text)
    }
    files = {path: path.rpartition("/")[2] for path in _files(dockerfile)}
    waiting = [p for p, name in files.items() if name in started or (everywhere and _SCRIPT.fullmatch(name))]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen or files[path].startswith("Dockerfile"):
            continue
        seen.add(path)
        text = context.read_text(path, 1 << 16) or ""
        found = names(text, tools, files[path])
        if found:
            return f"{path} names {found}"
        called = {word.rpartition("/")[2] for word in _PATH.findall(text)}
        waiting += [p for p, name in files.items() if name in called and "." in name]
    return None


def compiling(dockerfile: Dockerfile) -> str | None:
    """A manifest of the build context that wants a package which compiles at run time."""
    rows = table("consumers")["runtime-compilers"]
    known = {name.lower() for registry in ("pypi", "gem") for name in rows[registry]}
    for path in _files(dockerfile):
        if _MANIFEST.fullmatch(path.rpartition("/")[2]):
            assert dockerfile.context is not None
            for line in (dockerfile.context.read_text(path, 1 << 16) or "").splitlines():
                found = {word.lower() for word in _TOKEN.findall(line.partition("#")[0])} & known
                if found:
                    return f"{path} wants {min(found)}, which compiles at run time"
    return None


def _files(dockerfile: Dockerfile) -> Iterator[str]:
    context = dockerfile.context
    waiting = ["."] if context is not None else []
    count = 0
    while waiting and context is not None:
        for path in context.iterdir(waiting.pop()):
            count += 1
            if count > _MAX_FILES:
                return
            kind = context.kind(path)
            if kind == "dir" and path.rpartition("/")[2] not in (".git", "node_modules"):
                waiting.append(path)
            elif kind == "file":
                yield path
