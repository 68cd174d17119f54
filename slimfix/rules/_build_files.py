"""What the files of the build context call, as far as they can be read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.instruction import Stage
from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.rules._build_consumers import called_script, calls_any, consumers, may_build, names_in
from slimfix.shell import Opaque, Script
from slimfix.shell.logical import Logical
from slimfix.text import Span

_SHELL = lazy(r"#!.*\b(?:ba|a|da|k|z)?sh\b")
_SHELL_NAME = lazy(r".*\.(?:sh|bash|ash|ksh)|[^.]+")
_PROGRAM = lazy(
    r".*\.(?:py|rb|pl|php|[cm]?jsx?|tsx?|go|rs|[ch]|cc|cpp|cxx|hpp|java|kt|scala|cs|exs?|erl|lua|hs|ml|swift)"
)
_LISTED = lazy(r".*\.(?:ya?ml|mk|conf|cfg|ini|json|service|cron)|Makefile|Procfile")
_LITERAL = lazy(r"[\"'`]([\w.+/-]+)")
_PATH = lazy(r"[\w./+-]+")
_MANIFEST = lazy(
    r".*requirements.*\.(?:txt|in)|pyproject\.toml|Pipfile|setup\.(?:cfg|py)|Gemfile|package\.json"
)
_MAX_FILES = 3000
_LARGEST = 1 << 16


def package_scripts(dockerfile: Dockerfile, stage: Stage | None, names: Collection[str] | None) -> str | None:
    """The commands of the scripts in package.json, of those *names* or of all; None if there is none."""
    text = text_at(dockerfile, stage, "package.json")
    if not text:
        return None
    import json

    try:
        scripts = json.loads(text)["scripts"]
        return " ; ".join(text for name, text in scripts.items() if names is None or name in names)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def composer_scripts(dockerfile: Dockerfile, stage: Stage | None) -> str | None:
    """The commands of the scripts in composer.json; None if it is not in sight."""
    text = text_at(dockerfile, stage, "composer.json")
    if not text:
        return None
    import json

    try:
        scripts = json.loads(text).get("scripts", {})
        return json.dumps(scripts).replace('"', " ; ")
    except (ValueError, AttributeError):
        return None


def called(
    dockerfile: Dockerfile,
    by: Instruction,
    file: str,
    tools: Collection[str],
    strict: bool,
    seen: set[str] | None = None,
) -> str | None:
    """What of *tools*, or what else that builds, a file of the build context calls, and what that calls.

    Args:
        file: where it lies in the image, or its name.
        strict: a script that cannot be read counts as one that builds.
    """
    name = posixpath.basename(file)
    seen = set() if seen is None else seen
    if name in seen:
        return None
    seen.add(name)
    text = None if file == "-" else text_at(dockerfile, by.stage, file)
    texts = [text] if text is not None else list(_named(dockerfile, name))
    if not texts:
        return "a script that may build" if strict else None
    for each in texts:
        found = _calls(each, name, tools, strict)
        if found:
            return f"{name}, which {found}"
        for inner, surely in _further(dockerfile, each, name):
            deeper = called(dockerfile, by, inner, tools, strict and surely, seen)
            if deeper:
                return f"{name}, which calls {deeper}"
    return None


def anywhere(dockerfile: Dockerfile, tools: Collection[str]) -> str | None:
    """A file of the build context that names one of *tools*, be it started or not."""
    context = dockerfile.context
    for path in _files(dockerfile):
        name = posixpath.basename(path)
        readable = _SHELL_NAME.fullmatch(name) or _PROGRAM.fullmatch(name) or _LISTED.fullmatch(name)
        if context is None or name.startswith("Dockerfile") or not readable:
            continue
        used = _words(context.read_text(path, _LARGEST) or "", name, tools)
        if used:
            return f"{path} names {used}"
    return None


def compiles_at_run_time(dockerfile: Dockerfile, run: Instruction) -> str | None:
    """A package that is installed and calls a compiler when the program runs."""
    script = run.script
    if isinstance(script, Opaque):
        return None
    known = table("consumers")["runtime-compilers"]
    wanted = {name.lower() for name in (*known["pypi"], *known["gem"])}
    said = [word for found in consumers(script) for word in found.command.values[1:] if word]
    for word in list(said):
        if "." in word or "/" in word:
            said += _listed(text_at(dockerfile, run.stage, word) or "")
    names = {_bare(word) for word in said} | manifest_names(dockerfile)
    return str(min(wanted & names)) if wanted & names else None


def manifest_names(dockerfile: Dockerfile) -> set[str]:
    """The words of all manifests of the build context, in lower case: packages are among them."""
    said: list[str] = []
    for path in _files(dockerfile):
        if _MANIFEST.fullmatch(posixpath.basename(path)) and dockerfile.context is not None:
            said += _listed(dockerfile.context.read_text(path, _LARGEST) or "")
    return {_bare(word) for word in said}


def _bare(word: str) -> str:
    return re.split(r"[<>=~!;\[ @]", word)[0].lower().replace("_", "-")


def _listed(text: str) -> list[str]:
    """The words of a manifest outside its comments."""
    lines = [line.partition("#")[0] for line in text.splitlines()]
    return [word for line in lines for word in re.findall(r"[A-Za-z][\w.-]*", line)]


def _calls(text: str, name: str, tools: Collection[str], strict: bool) -> str | None:
    """What of *tools*, or what else that builds, a file calls; with its verb."""
    if not _is_shell(text, name):
        used = _words(text, name, tools)
        return f"names {used}" if used else None
    script = _read(text)
    used = calls_any(script, text, tools)
    if isinstance(script, Opaque):
        used = used or may_build(text)
    elif used is None:
        certain = [found for found in consumers(script) if found.certain or strict]
        used = next((str(found.command.values[0]) for found in certain), None)
    return f"calls {used}" if used else None


def _words(text: str, name: str, tools: Collection[str]) -> str | None:
    """The first of *tools* that a file may call.

    In a program only what a string literal begins with counts, so that Python's ``as`` is no assembler;
    in a file of settings, every word outside a comment.
    """
    if _is_shell(text, name):
        return calls_any(_read(text), text, tools)
    wanted = set(tools)
    if _PROGRAM.fullmatch(name) or text.startswith("#!"):
        return min(wanted & {m.rpartition("/")[2] for m in _LITERAL.findall(text)}, default=None)
    wanted -= set(table("consumers")["common-words"]["names"])
    for line in text.splitlines():
        if not line.lstrip().startswith(("#", "//", ";")):
            used = wanted & names_in(line)
            if used:
                return min(used)
    return None


def _is_shell(text: str, name: str) -> bool:
    if text.startswith("#!"):
        return _SHELL.match(text) is not None
    return _SHELL_NAME.fullmatch(name) is not None and not _LISTED.fullmatch(name)


def _read(text: str) -> Script | Opaque:
    return Script.read(Logical.of(text, [Span(0, len(text))]))


def _further(dockerfile: Dockerfile, text: str, name: str) -> Iterator[tuple[str, bool]]:
    """Other files that a file calls or names, and whether it surely calls them."""
    script = _read(text) if _is_shell(text, name) else None
    if isinstance(script, Script):
        for command in script.commands:
            file = called_script(command)
            if file is not None:
                yield file, True
    here = {posixpath.basename(path) for path in _files(dockerfile)}
    for word in dict.fromkeys(_PATH.findall(text)):
        base = posixpath.basename(word)
        if "." in base and base in here:
            yield base, False


def text_at(dockerfile: Dockerfile, stage: Stage | None, path: str) -> str | None:
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


def _named(dockerfile: Dockerfile, name: str) -> Iterator[str]:
    """The texts of the files of that name in the build context."""
    for path in _files(dockerfile):
        if posixpath.basename(path) == name and dockerfile.context is not None:
            text = dockerfile.context.read_text(path, _LARGEST)
            if text is not None:
                yield text


@lru_cache(maxsize=8)
def _files(dockerfile: Dockerfile) -> tuple[str, ...]:
    """The first files of the build context, save those that belong to git and npm."""
    context = dockerfile.context
    waiting = ["."] if context is not None else []
    found: list[str] = []
    count = 0
    while waiting and context is not None and count < _MAX_FILES:
        for path in context.iterdir(waiting.pop()):
            count += 1
            kind = context.kind(path)
            if kind == "dir" and posixpath.basename(path) not in (".git", "node_modules"):
                waiting.append(path)
            elif kind == "file":
                found.append(path)
    return tuple(found)
