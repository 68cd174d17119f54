"""Delete a downloaded archive in the layer that unpacked it.

An archive that is fetched and unpacked in one RUN stays in the layer beside what came out of it. `rm` in
a later RUN would save nothing.

Left alone are files that anything later names, by a pattern or through its directory too, that are
deleted already, that another stage copies, or that lie on a mount; and all but the `&&` list that a script
ends in.

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
from slimfix.rules._archive_later import Later, cwd_after, used_elsewhere
from slimfix.rules._archives import downloaded, joint, unpacked
from slimfix.rules._managers import runs
from slimfix.rules._paths import UNKNOWN, join, variables, within
from slimfix.shell import Command, Opaque, Script
from slimfix.shell.nodes import AndOr, Node, Sequence, Simple
from slimfix.text import Edit, Span

CODE = "SF131"
ORDER = 25
WORDS = ("curl", "wget")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every archive that is fetched and unpacked in the `&&` list that a RUN ends in."""
    for run in dict.fromkeys((*runs(dockerfile, "curl"), *runs(dockerfile, "wget"))):
        script = run.script
        if isinstance(script, Opaque):
            continue
        first, items = _list(script.root)
        directory = run.state.workdir or "."
        for node in first:
            directory = cwd_after(node, directory)
        steps = list(_steps(script, items, directory))
        for i, path, written in _archives(script, items, steps):
            at = script.span(items[i])
            later = Later(pair for step in steps[i + 1 :] for pair in step)
            if later.deletes(path):
                continue
            reason = _on_mount(run, path) or later.uses(path) or used_elsewhere(dockerfile, run, path)
            if reason:
                yield Skip(f"{written} is not deleted: {reason}", at)
                continue
            yield Fix(
                (Edit(Span(at.end, at.end), f"{joint(dockerfile, script, items, i)}rm {written}"),),
                f"delete {written} where it is unpacked",
                at,
                Safety.ASSUMED,
                f"nothing reads {written} once it is unpacked",
            )


def _list(root: Node) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The commands of the `&&` list that a script ends in, and what stands before it.

    What is added behind one of them changes nothing in when the script fails; in another place it could,
    under ``set -e``.
    """
    first: tuple[Node, ...] = ()
    if isinstance(root, Sequence) and root.terminators[-1] in ("", "\n"):
        first, root = root.items[:-1], root.items[-1]
    if isinstance(root, AndOr) and "||" not in root.operators:
        return first, root.items
    return (), ()


def _steps(script: Script, items: tuple[Node, ...], directory: str) -> Iterator[list[tuple[Command, str]]]:
    """The commands of each item, with the directory in which the item starts."""
    for item in items:
        span = script.span(item)
        yield [(command, directory) for command in script.commands if span.contains(command.span)]
        directory = cwd_after(item, directory)


def _archives(
    script: Script, items: tuple[Node, ...], steps: list[list[tuple[Command, str]]]
) -> Iterator[tuple[int, str, str]]:
    """Each archive with the item that unpacks it last, as a path and as it is written there."""
    fetched: dict[str, int] = {}
    last: dict[str, tuple[int, str]] = {}
    for i, (item, step) in enumerate(zip(items, steps)):
        if not isinstance(item, Simple) or not item.words:
            continue
        command, directory = next((c, d) for c, d in step if c.node is item)
        for file in downloaded(command):
            fetched[join(directory, file)] = i
        for file, written in unpacked(command):
            if join(directory, file) in fetched:
                last[join(directory, file)] = (i, written)
    for path, (i, written) in last.items():
        text = script.text[items[fetched[path]].end :]
        changed = any(f"{name}=" in text or f"read {name}" in text for name in variables(path))
        if not changed and not path.startswith(UNKNOWN):
            yield i, path, written


def _on_mount(run: Instruction, path: str) -> str | None:
    """Whether a mount lies where the file is, or may."""
    for _, target, _ in run.mounts:
        if not target or not path.startswith("/") or within(path, run.state.resolve(target) or "/"):
            return "a mount may lie there"
    return None
