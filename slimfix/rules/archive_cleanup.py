"""Delete a downloaded archive in the layer that unpacked it.

An archive that is fetched and unpacked in one RUN stays in the layer beside what came out of it. `rm` in
a later RUN would save nothing.

Left alone are files that anything later names, by a pattern or through its directory too, that are
deleted already, that another stage copies, or that lie on a mount; and scripts other than one `&&` list.

Before:
    RUN curl -fsSLo tool.tar.gz https://example.org/tool.tar.gz && tar xzf tool.tar.gz -C /opt
After:
    RUN curl -fsSLo tool.tar.gz https://example.org/tool.tar.gz && tar xzf tool.tar.gz -C /opt && rm tool.tar.gz

Fix safety: assumed. Nothing that is not seen in the Dockerfile may read the archive later on.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.layout import body_indent, layout
from slimfix.rules._archives import downloaded, unpacked
from slimfix.rules._later import UNKNOWN, Later, cwd_after, used_elsewhere
from slimfix.rules._managers import runs
from slimfix.rules._paths import join, variables, within
from slimfix.shell import Command, Opaque, Script
from slimfix.shell.nodes import AndOr, Node, Sequence, Simple
from slimfix.text import Edit, Span

CODE = "SF131"
ORDER = 25


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every archive that is fetched and unpacked in one `&&` list."""
    for run in dict.fromkeys((*runs(dockerfile, "curl"), *runs(dockerfile, "wget"))):
        script = run.script
        if isinstance(script, Opaque) or (items := _list(script.root)) is None:
            continue
        steps = list(_steps(script, items, run.state.workdir or "."))
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
                (Edit(Span(at.end, at.end), f"{_joint(dockerfile, run)}rm {written}"),),
                f"delete {written} where it is unpacked",
                at,
                Safety.ASSUMED,
                f"nothing reads {written} once it is unpacked",
            )


def _list(root: Node) -> tuple[Node, ...] | None:
    """The commands of a script that is one `&&` list and no more."""
    if isinstance(root, Sequence) and len(root.items) == 1 and root.terminators[0] in ("", "\n"):
        root = root.items[0]
    if isinstance(root, AndOr) and "||" not in root.operators:
        return root.items
    return None


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
    for mount in run.flag_values("mount"):
        fields = dict(field.partition("=")[::2] for field in mount.split(","))
        target = fields.get("target") or fields.get("dst") or fields.get("destination") or ""
        if not target or not path.startswith("/") or within(path, run.state.resolve(target) or "/"):
            return "a mount may lie there"
    return None


def _joint(dockerfile: Dockerfile, run: Instruction) -> str:
    """The `&&` before a command that is added to *run*, in its style."""
    lines = dockerfile.source(run.text_span).replace("\r", "").split("\n")
    if len(lines) == 1:
        return " && "
    habits = layout(dockerfile)
    leads = sum(line.lstrip().startswith("&&") for line in lines)
    trails = sum(line.rstrip(f" \t{dockerfile.escape}").endswith("&&") for line in lines)
    indent = body_indent(dockerfile, run)
    leading = leads > trails if leads != trails else habits.leading
    return habits._replace(indent=habits.indent if indent is None else indent, leading=leading).joint()
