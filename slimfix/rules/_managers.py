"""What the rules for package managers share: finding calls, and reasons to leave a cache alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slimfix import knowledge
from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.shell import Command, Opaque
from slimfix.shell.call import Call, call


def manager(name: str) -> dict[str, Any]:
    """The table of a package manager."""
    found: dict[str, Any] = knowledge.table("managers")[name]
    return found


def runs(dockerfile: Dockerfile, word: str) -> Iterator[Instruction]:
    """The RUN instructions that ship and whose text holds *word* (a quick look before parsing)."""
    for instruction in dockerfile.instructions:
        if instruction.name != "RUN" or instruction.stage is None or not instruction.stage.ships:
            continue
        text = instruction.logical.text
        if word in text or any(word in dockerfile.source(h.body) for h in instruction.heredocs):
            yield instruction


def calls(instruction: Instruction, table: dict[str, Any]) -> Iterator[tuple[Command, Call]]:
    """Every call of a package manager in an instruction."""
    script = instruction.script
    if isinstance(script, Opaque):
        return
    for command in script.commands:
        found = call(command, table["programs"], table["valued"], table.get("module", ""))
        if found is not None:
            yield command, found


def cache_mounted(instruction: Instruction, table: dict[str, Any]) -> bool:
    """Whether a cache mount lies on a directory in which this manager keeps its cache."""
    for mount in instruction.flag_values("mount"):
        fields = dict(field.partition("=")[::2] for field in mount.split(","))
        if fields.get("type") != "cache":
            continue
        target = fields.get("target") or fields.get("dst") or fields.get("destination") or ""
        for path in table["cache"]:
            tail = path.removeprefix("~/")
            if target.rstrip("/").endswith(tail) or (
                path[0] == "/" and path.startswith(target.rstrip("/") + "/")
            ):
                return True
            if path.startswith("~/") and target.rstrip("/").endswith(tail.split("/")[0]):
                return True
    return False
