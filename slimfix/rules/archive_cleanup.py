"""Delete a downloaded archive in the layer that unpacked it.

An archive that is fetched and unpacked in one RUN stays in the layer beside what came out of it. `rm` in
a later RUN would save nothing.

Both calls stand in one `&&` list, which may be that of a branch. Left alone are files that anything later
names, by a pattern or through its directory too, but for an `rm -f`; that are deleted already, that another
stage copies, or that lie on a mount; and the end of a list where `set -e` may watch the last of its commands.

Before:
    RUN curl -fsSLo tool.tgz https://example.org/tool.tgz && tar xzf tool.tgz -C /opt
After:
    RUN curl -fsSLo tool.tgz https://example.org/tool.tgz && tar xzf tool.tgz -C /opt && rm tool.tgz

Fix safety: assumed. Nothing that is not seen in the Dockerfile may read the archive later on.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.rules._archive_later import Later, used_elsewhere
from slimfix.rules._archive_lists import List, Reading
from slimfix.rules._archives import downloaded, joint, may_unpack, unpacked
from slimfix.rules._managers import runs
from slimfix.rules._paths import UNKNOWN, join, variables, within
from slimfix.shell import Opaque, Script
from slimfix.shell.nodes import Simple
from slimfix.text import Edit, Span

CODE = "SF131"
ORDER = 25
WORDS = ("curl", "wget")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every archive that is fetched and unpacked in one `&&` list."""
    for run in dict.fromkeys((*runs(dockerfile, "curl"), *runs(dockerfile, "wget"))):
        script = run.script
        if isinstance(script, Opaque) or not any(map(may_unpack, script.commands)):
            continue
        reading = Reading(script, run.state.workdir or ".")
        for each in reading.lists:
            yield from _unpacked(dockerfile, run, reading, each)


def _unpacked(dockerfile: Dockerfile, run: Instruction, reading: Reading, each: List) -> Iterator[Fix | Skip]:
    """The fixes for the archives that one list fetches and unpacks."""
    script = reading.script
    for i, path, written in _archives(script, each):
        at = script.span(each.items[i])
        if i + 1 == len(each.items) and not each.open:
            yield Skip(f"{written} is not deleted: set -e may watch what unpacks it", at)
            continue
        later = Later((command, where) for command, where in reading.commands if command.span.start >= at.end)
        if later.deletes(path):
            continue
        reason = _on_mount(run, path) or later.uses(path) or used_elsewhere(dockerfile, run, path)
        if reason:
            yield Skip(f"{written} is not deleted: {reason}", at)
            continue
        yield Fix(
            (Edit(Span(at.end, at.end), f"{joint(dockerfile, script, each.items, i)}rm {written}"),),
            f"delete {written} where it is unpacked",
            at,
            Safety.ASSUMED,
            f"nothing reads {written} once it is unpacked",
        )


def _archives(script: Script, each: List) -> Iterator[tuple[int, str, str]]:
    """Each archive with the item that unpacks it last, as a path and as it is written there."""
    fetched: dict[str, int] = {}
    last: dict[str, tuple[int, str]] = {}
    for i, (item, directory) in enumerate(zip(each.items, each.directories)):
        if not isinstance(item, Simple) or not item.words:
            continue
        command = next(c for c in script.commands if c.node is item)
        for file in downloaded(command):
            fetched[join(directory, file)] = i
        for file, written in unpacked(command):
            if join(directory, file) in fetched:
                last[join(directory, file)] = (i, written)
    for path, (i, written) in last.items():
        text = script.text[each.items[fetched[path]].end :]
        changed = any(f"{name}=" in text or f"read {name}" in text for name in variables(path))
        if not changed and not path.startswith(UNKNOWN):
            yield i, path, written


def _on_mount(run: Instruction, path: str) -> str | None:
    """Whether a mount lies where the file is, or may."""
    for _, target, _ in run.mounts:
        if not target or not path.startswith("/") or within(path, run.state.resolve(target) or "/"):
            return "a mount may lie there"
    return None
