"""The edits that put build packages in a group of their own and delete it again, and what they assume."""

from __future__ import annotations

import re

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Safety, Saving
from slimfix.knowledge import alpine, entry, table
from slimfix.rules._apk_add import Add, adds, split
from slimfix.rules._build_place import PRAGMA, Place, before, behind, comments_above, joint
from slimfix.rules._build_plan import Planned
from slimfix.shell import Command
from slimfix.shell.nodes import AndOr
from slimfix.text import Edit, Span


class _Group:
    """A virtual group to be made: the text of its `apk add`, which further packages may join."""

    def __init__(self, plan: Planned, name: str, text: str) -> None:
        self.plan = plan
        self.name = name
        self.text = text

    def takes(self, plan: Planned) -> bool:
        """Whether the packages of *plan* can be installed with these: nothing happens between the two."""
        mine, other = self.plan.add, plan.add
        if mine.group or other.group or _options(mine) != _options(other):
            return False
        moves = self.plan.source.run is not self.plan.target.run
        if moves or plan.source.run is not plan.target.run:
            return moves and plan.source.run is not plan.target.run
        root = plan.source.script.root
        items = root.items if isinstance(root, AndOr) else ()
        if mine.command.node not in items or other.command.node not in items:
            return False
        adding = {each.command.node for each in adds(mine.run)}
        return adding.issuperset(items[items.index(mine.command.node) : items.index(other.command.node)])


def edits_of(dockerfile: Dockerfile, plans: list[Planned], scan: str | None) -> list[Edit] | str:
    """The edits for what one RUN consumes, or why they cannot be made."""
    target = plans[0].target
    groups: list[_Group] = []
    texts: list[tuple[Planned, str, _Group | None]] = []
    pinned: set[str] = set()
    for plan in plans:
        pins = [pin for pin in plan.pins if pin not in pinned]
        pinned |= set(pins)
        build = [p.argument for p in plan.add.packages if p.build and set(p.names) <= set(plan.names)]
        name = _group_name(dockerfile, plan.add, [group.name for group in groups])
        written = split(dockerfile, plan.add, build, pins, name)
        group = None
        if groups and groups[-1].takes(plan):
            groups[-1].text += written.packages
        else:
            group = _Group(plan, name, written.goes)
            groups.append(group)
        texts.append((plan, written.stays, group))
    if scan:
        groups[0].text += " scanelf"
    edits: list[Edit] = []
    empty: list[Planned] = []
    for plan, stays, group in texts:
        here = plan.source.run is target.run
        parts = [stays, group.text if here and group else ""]
        text = joint(dockerfile, plan.add.run, plan.source.glue).join(part for part in parts if part)
        if text:
            edits.append(Edit(plan.add.command.span, text))
        else:
            empty.append(plan)
    moved = [group.text for group in groups if group.plan.source.run is not target.run]
    if moved:
        edits = _joined(edits, before(dockerfile, target, moved))
    removed = _removals(dockerfile, empty)
    if isinstance(removed, str):
        return removed
    text = "apk del --no-network " + " ".join(dict.fromkeys(group.name for group in groups))
    return [*edits, *removed, behind(dockerfile, target, [*([scan] if scan else []), text])]


def _options(add: Add) -> list[str]:
    operands = add.call.operands
    return [argument.raw for argument in add.command.arguments if argument not in operands]


def _joined(edits: list[Edit], first: Edit) -> list[Edit]:
    """*edits* with *first*, which may stand right before one of them."""
    same = next((edit for edit in edits if edit.span.start == first.span.start), None)
    if same is None:
        return [*edits, first]
    return [*(edit for edit in edits if edit is not same), Edit(same.span, first.text + same.text)]


def _group_name(dockerfile: Dockerfile, add: Add, used: list[str]) -> str:
    """The name of the group: the one that there is, else the usual one, numbered where it is taken."""
    if add.group:
        return add.group
    name: str = (entry("alpine_packages", "groups") or {})["preferred"]
    taken = {*re.findall(r"[\w.+-]+", dockerfile.text), *used}
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, 100))) if n not in taken)


def _removals(dockerfile: Dockerfile, plans: list[Planned]) -> list[Edit] | str:
    """Take out the `apk add` of *plans*, of which nothing stays where it is."""
    edits: list[Edit] = []
    for plan in plans:
        source, command = plan.source, plan.add.command
        others = [other for other in plans if other.source.run is source.run]
        if len(others) == len(source.script.commands):
            found = _whole(dockerfile, plan) if others[0] is plan else []
        else:
            found = _item(dockerfile, source, command)
        if isinstance(found, str):
            return found
        edits += found
    return edits


def _item(dockerfile: Dockerfile, source: Place, command: Command) -> list[Edit] | str:
    """Take a command out of its ``&&`` list."""
    root = source.script.root
    if not isinstance(root, AndOr) or "||" in root.operators or command.node not in root.items:
        return "the apk add that would go stands in another list than one of &&"
    at = root.items.index(command.node)
    if at:
        span = Span(source.script.span(root.items[at - 1]).end, command.span.end)
    else:
        span = Span(command.span.start, source.script.span(root.items[1]).start)
    if any(span.contains(c) and not command.span.contains(c) for c in source.run.comments):
        return "a comment stands beside the apk add that would go"
    return [Edit(span, "")]


def _whole(dockerfile: Dockerfile, plan: Planned) -> list[Edit] | str:
    """Take a RUN out of the file, and the comments right above it to where its packages go."""
    add = plan.add
    text, start, end = dockerfile.text, add.run.span.start, add.run.span.end
    above = comments_above(text, start)
    inside = [c for c in add.run.comments if not add.command.span.contains(c)]
    if inside or plan.source.script.tree.comments:
        return "a comment stands behind the apk add that would move"
    notes = text[above:start].replace("\r\n", "\n")
    if any(PRAGMA.match(line.strip()) for line in notes.split("\n")):
        return "a comment for a tool stands above the apk add that would move"
    blank = re.match(r"[ \t]*\r?\n", text[end:])
    if blank and re.search(r"(?:^|\n)[ \t]*\r?\n$", text[:above]):
        end += blank.end()
    edits = [Edit(Span(above, end), "")]
    if notes:
        at = comments_above(text, plan.target.run.span.start)
        edits.append(Edit(Span(at, at), notes))
    return edits


def assumption(who: str, plans: list[Planned], releases: list[alpine.Release], python: bool) -> str:
    """What must hold, in words; *who* begins them."""
    names = [name for plan in plans for name in plan.names]
    pins = [pin for plan in plans for pin in plan.pins]
    first = table("consumers")["well-known"]["names"]
    tools = {tool for plan in plans for tool in plan.tools.intersection(first)}
    for plan in plans:
        for name in plan.names:
            own = (alpine.package(name) or {}).get("commands", ())
            tools.update([name] if name in own else own[:2])
    order = sorted(tools, key=lambda t: (first.index(t) if t in first else len(first), t))
    parts = [f"calls {_or(order)}"] if tools else ["uses " + _or(sorted(names))]
    odd = sorted({lib for name in names for lib in alpine.rare(name, releases)} - set(pins))
    if odd:
        parts.append(f"is linked to {_or(odd)}")
    opened = [pin for pin in pins if alpine.opened_by_name(pin)]
    opened += [f"a library of {name}" for plan in plans for name in plan.unknown]
    if opened:
        parts.append(f"opens {_or(opened)} by name")
    hazard = (entry("alpine_packages", "hazard", "find-library") or {}).get("gone", ())
    if python and set(hazard) & set(names):
        parts.append("looks for a library by ctypes.util.find_library")
    return f"{who} {_or(parts)}"


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def fix(dockerfile: Dockerfile, edits: list[Edit], plans: list[Planned], assumed: str) -> Fix:
    """The finished fix."""
    names = [name for plan in plans for name in plan.names]
    size = alpine.size(names)
    message = f"remove {_some(names)} in the layer that needs them"
    if any(plan.source.run is not plan.target.run for plan in plans):
        message = f"install {_some(names)} in the RUN that needs them, and remove them there"
        message += _price(dockerfile, plans)
    pins = list(dict.fromkeys(pin for plan in plans for pin in plan.pins))
    message += f"; {_some(pins)} stay{'s' * (len(pins) == 1)} for the program" if pins else ""
    releases = {(alpine.package(name) or {}).get("size_release") for name in names} - {None}
    source = f"Alpine package index ({', '.join(sorted(map(str, releases)))}), with dependencies"
    saving = Saving(size, source) if size else None
    replaced = tuple(plan.add.command.span for plan in plans)
    return Fix(tuple(edits), message, replaced[0], Safety.ASSUMED, assumed, saving, replaced)


def _some(names: list[str]) -> str:
    """The packages by name, the first few of many."""
    unique = list(dict.fromkeys(names))
    more = [f"{len(unique) - 6} more"] if len(unique) > 7 else []
    words = (unique[:6] if more else unique) + more
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _price(dockerfile: Dockerfile, plans: list[Planned]) -> str:
    """What it costs that packages come to be installed behind a COPY."""
    past = [
        other
        for other in dockerfile.instructions
        if other.name in ("COPY", "ADD")
        and any(p.source.run.span.start < other.span.start < p.target.run.span.start for p in plans)
    ]
    if not past:
        return ""
    words = [part.text for part in past[-1].parts][:-1]
    what = words[0] if len(words) == 1 and words[0] not in (".", "./") else "what is copied before it"
    return f" (each change of {what} installs them anew)"
