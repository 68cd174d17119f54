"""How the removal of build packages is written, as the author of the RUN would have done it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.layout import layout
from slimfix.rules._apt_calls import Install
from slimfix.shell import Argument
from slimfix.text import Edit, Span


def joint(dockerfile: Dockerfile, run: Instruction, operator: str) -> str:
    """What stands between two commands of this RUN, with the line break."""
    escape = re.escape(dockerfile.escape)
    lines = dockerfile.source(run.text_span).replace("\r", "").split("\n")
    if operator == "&&":
        for line in lines[1:]:
            match = re.match(r"([ \t]*)&&([ \t]+)\S", line)
            if match:
                return f" {dockerfile.escape}\n{match[1]}&&{match[2]}"
    sign = re.compile(rf"{re.escape(operator)}[ \t]*{escape}[ \t]*$")
    for i, line in enumerate(lines):
        if sign.search(line) and not line.lstrip().startswith("#"):
            after = [
                rest
                for rest in lines[i + 1 :]
                if rest.strip(f" \t{dockerfile.escape}") and rest.lstrip()[0] != "#"
            ]
            if after:
                indent = after[0][: len(after[0]) - len(after[0].lstrip())]
                space = "" if operator == ";" else " "
                return f"{space}{operator} {dockerfile.escape}\n{indent}"
    look = layout(dockerfile)
    if operator == ";":
        return f"; {dockerfile.escape}\n{look.indent}"
    return (look._replace(leading=True) if len(lines) == 1 else look).joint()


def additions(dockerfile: Dockerfile, install: Install, names: Sequence[str], build: set[str]) -> list[Edit]:
    """The edits that put *names* among the packages of an install, each where it belongs.

    A sorted list stays sorted; elsewhere they come before the first build package.
    """
    operands = [(w.name, w.argument.span) for w in install.wanted]
    listed = [name for name, _ in operands]
    texts: dict[int, list[str]] = {}
    first = next(i for i, name in enumerate(listed) if name in build)
    for name in sorted(names):
        at = first
        if len(listed) > 2 and listed == sorted(listed):
            at = next((i for i, other in enumerate(listed) if other > name), len(listed))
        texts.setdefault(at, []).append(name)
    edits = []
    for at, added in texts.items():
        gap = _gap(dockerfile, install)
        if at == len(operands):
            here = operands[-1][1].end
            edits.append(Edit(Span(here, here), "".join(gap + name for name in added)))
        else:
            here = operands[at][1].start
            edits.append(Edit(Span(here, here), "".join(name + gap for name in added)))
    return edits


def relisted(dockerfile: Dockerfile, install: Install, names: Sequence[str], goes: set[str]) -> Edit | str:
    """The edit that takes packages (*goes*) out of an install and puts *names* in; or why it cannot be."""
    verb = install.call.verb
    assert verb is not None
    arguments = [a for a in install.command.arguments if a.span.start >= verb.span.start]
    operands = {w.argument.span.start: w.name for w in install.wanted}
    rows: list[tuple[str, str, str]] = []
    place = None
    for before, argument in zip(arguments, arguments[1:]):
        gap = dockerfile.source(Span(before.span.end, argument.span.start)).replace("\r", "")
        name = operands.get(argument.span.start, "")
        if name in goes:
            if "#" in gap:
                return "a comment stands in the list"
            place = len(rows) if place is None else place
        else:
            gap = gap if rows or before is verb else _first_gap(dockerfile, verb, arguments[1])
            rows.append((gap, name, argument.raw))
    listed = [w.name for w in install.wanted]
    ordered = len(listed) > 2 and listed == sorted(listed)
    gap = _gap(dockerfile, install)
    for name in sorted(names, reverse=not ordered):
        at = place or 0
        if ordered:
            at = next((i for i, (_, other, _) in enumerate(rows) if other > name), len(rows))
        first = _first_gap(dockerfile, verb, arguments[1]) if at == 0 else gap
        if at == 0 and rows:
            rows[0] = (gap, *rows[0][1:])
        rows.insert(at, (first, name, name))
    text = "".join(gap + raw for gap, _, raw in rows)
    return Edit(Span(verb.span.end, arguments[-1].span.end), text)


def _first_gap(dockerfile: Dockerfile, verb: Argument, first: Argument) -> str:
    """What stands between the verb and the first word behind it."""
    return dockerfile.source(Span(verb.span.end, first.span.start)).replace("\r", "")


def _gap(dockerfile: Dockerfile, install: Install) -> str:
    """What stands between two packages: a blank, or the line break of a list with one on each line."""
    spans = [w.argument.span for w in install.wanted]
    gaps = [dockerfile.source(Span(a.end, b.start)).replace("\r", "") for a, b in zip(spans, spans[1:])]
    broken = [gap for gap in gaps if gap.count("\n") == 1]
    return broken[0] if broken and len(broken) * 2 > len(gaps) else " "


def listing(dockerfile: Dockerfile, install: Install, head: str, names: Sequence[str]) -> str:
    """A command on packages, one on each line where the install has them so and there are many."""
    gap = _gap(dockerfile, install)
    if len(names) < 5 or "\n" not in gap:
        gap = " "
    return head + "".join(gap + name for name in names)
