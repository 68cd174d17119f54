"""A command that asks what was built which packages it needs, for those that the table does not know."""

from __future__ import annotations

import re

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.instruction import Stage
from slimfix.knowledge import alpine, table
from slimfix.patterns import lazy
from slimfix.rules._build_consumers import Consumer, called_script
from slimfix.rules._build_place import Place, joint
from slimfix.shell import Opaque

_MOVED = lazy(r"venv|bundle config|(?:pip|npm|yarn) config|--install-option")
_ELSEWHERE = frozenset(
    (
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_USER",
        "PYTHONUSERBASE",
        "VIRTUAL_ENV",
        "BUNDLE_PATH",
        "GEM_HOME",
        "NPM_CONFIG_PREFIX",
    )
)


def places(run: Instruction, found: list[Consumer]) -> list[str] | str:
    """The directories in which what is built comes to lie, or why that is not known."""
    assert run.stage is not None
    unknown = "where the built files come to lie is not known"
    environment = run.state.environment()
    script = run.script
    if isinstance(script, Opaque) or any(called_script(command) for command in script.commands):
        return unknown
    stage: Stage | None = run.stage
    while stage is not None:
        if any(_MOVED.search(each.logical.text) for each in stage.instructions):
            return unknown
        stage = stage.parent
    if re.search(r"\b(?:cd|pushd)\b", run.logical.text) or _ELSEWHERE & set(environment):
        return unknown
    base = alpine.official(run.stage.root.name)
    result: list[str] = []
    for each in found:
        entry = table("consumers")[each.name]
        options = tuple(entry.get("elsewhere", ()))
        words = [word or "" for word in each.command.values]
        if any(w.split("=")[0] in options for w in words):
            return unknown
        directories = entry.get("places")
        if entry.get("official", base) != base:
            directories = entry.get("otherwise")
        if not directories:
            return unknown
        for directory in directories:
            if directory == ".":
                directory = run.state.workdir or "."
                if not directory.startswith("/") or directory == "/":
                    return unknown
            result.append(directory)
    kept = dict.fromkeys(result)
    return [d for d in kept if not any(d != other and d.startswith(other + "/") for other in kept)]


def recipe(dockerfile: Dockerfile, where: Place, directories: list[str]) -> str:
    """The command: scanelf lists the libraries, and the packages that provide them are asked for by name.

    A library that lies in the directories themselves needs no package, and neither does one that no
    package provides.
    """
    line = joint(dockerfile, where.run, "&&").partition("\n")[2]
    inner = line[: len(line) - len(line.lstrip())] + "    "
    mark = dockerfile.escape
    found = " ".join(directories)
    own = f'[ -n "$(find {found} -name "$lib")" ]'
    lines = (
        f"scanelf --needed --nobanner --recursive --format '%n#p' {found}",
        "| tr ',' '\\n' | sort -u",
        f'| while read -r lib; do {own} || apk info -e "so:$lib" || true; done',
        "| sort -u | xargs -r apk add --no-network",
    )
    return f" {mark}\n{inner}".join(lines)
