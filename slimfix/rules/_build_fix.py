"""The edits that put build packages in a group of their own and delete it again, and what they assume."""

from __future__ import annotations

import re
from typing import NamedTuple

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Safety, Saving
from slimfix.knowledge import alpine, entry
from slimfix.layout import line_start
from slimfix.rules._apk_add import Add, adds, deleted, split
from slimfix.rules._build_place import Place, before, behind, joint
from slimfix.text import Edit, Span

PRAGMA = re.compile(
    r"#\s*(?:hadolint|tally|shellcheck|checkov|slimfix:|check=|syntax=|escape=)", re.IGNORECASE
)
_FIRST = ("gcc", "g++", "make", "cmake", "cargo", "rustc", "go", "clang", "git", "perl", "python3")


class Planned(NamedTuple):
    """An `apk add` whose build packages are to go."""

    add: Add
    names: list[str]
    """The build packages."""
    source: Place
    """Where it stands."""
    target: Place
    """The RUN that consumes them."""
    pins: list[str]
    """The run-time packages behind them."""
    unknown: list[str]
    """Those of *names* for which these are not known."""


def edits_of(dockerfile: Dockerfile, plans: list[Planned], scan: str | None) -> list[Edit] | str:
    """The edits for what one RUN consumes, or why they cannot be made."""
    target = plans[0].target
    edits: list[Edit] = []
    moved: list[str] = []
    groups: list[str] = []
    pinned: set[str] = set()
    for plan in plans:
        add, source = plan.add, plan.source
        groups.append(_group_name(dockerfile, add, groups))
        gone = deleted(add.run)[0]
        build = [p.argument for p in add.packages if p.build and not set(p.names) & gone]
        pins = [pin for pin in plan.pins if pin not in pinned]
        pinned |= set(pins)
        written = split(dockerfile, add, build, pins, groups[-1])
        goes = written.goes + (" scanelf" if scan and len(groups) == 1 else "")
        if source.run is target.run:
            between = joint(dockerfile, add.run, source.glue)
            edits.append(Edit(add.command.span, between.join(t for t in (written.stays, goes) if t)))
            continue
        moved.append(goes)
        if written.stays:
            edits.append(Edit(add.command.span, written.stays))
        else:
            removed = _removal(dockerfile, add, source, target)
            if isinstance(removed, str):
                return removed
            edits += removed
    if moved:
        edits = _joined(edits, before(dockerfile, target, moved))
    text = "apk del --no-network " + " ".join(dict.fromkeys(groups))
    if scan:
        text = scan + joint(dockerfile, target.run, target.apart) + text
    return [*edits, behind(dockerfile, target, text)]


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


def kept_before(dockerfile: Dockerfile, add: Add) -> set[str]:
    """Packages that an earlier `apk add` of the stage, or this one, asks for by name and keeps."""
    stage = add.run.stage
    found = {name for p in add.packages if not p.build for name in p.names}
    while stage is not None:
        for run in stage.instructions:
            if run.name != "RUN" or run.index > add.run.index or "apk" not in run.logical.text or run.onbuild:
                continue
            gone = deleted(run)[0]
            for other in adds(run):
                if other.command.span.start >= add.command.span.start:
                    break
                if not other.command.nesting and other.group is None and other.problem is None:
                    found |= {name for p in other.packages if not p.build for name in p.names} - gone
        stage = stage.parent
    return found


def _removal(dockerfile: Dockerfile, add: Add, source: Place, target: Place) -> list[Edit] | str:
    """Take the RUN of the `apk add` out of the file, and the comments right above it to *target*."""
    if len(source.script.commands) > 1:
        return "other commands stand with the apk add that would move"
    text, start, end = dockerfile.text, add.run.span.start, add.run.span.end
    above = _comments_above(text, start)
    script = source.script
    inside = [c for c in add.run.comments if not add.command.span.contains(c)]
    if inside or script.tree.comments:
        return "a comment stands behind the apk add that would move"
    notes = text[above:start].replace("\r\n", "\n")
    if any(PRAGMA.match(line.strip()) for line in notes.split("\n")):
        return "a comment for a tool stands above the apk add that would move"
    blank = re.match(r"[ \t]*\r?\n", text[end:])
    if blank and re.search(r"(?:^|\n)[ \t]*\r?\n$", text[:above]):
        end += blank.end()
    edits = [Edit(Span(above, end), "")]
    if notes:
        at = _comments_above(text, target.run.span.start)
        edits.append(Edit(Span(at, at), notes))
    return edits


def _comments_above(text: str, start: int) -> int:
    """Where the comment lines begin that stand right above *start*, itself if there are none."""
    while start and text[line_start(text, start - 1) : start].lstrip().startswith("#"):
        start = line_start(text, start - 1)
    return start


def assumption(plans: list[Planned], releases: list[alpine.Release], python: bool) -> str:
    """What must hold, in words."""
    names = [name for plan in plans for name in plan.names]
    pins = [pin for plan in plans for pin in plan.pins]
    tools: dict[str, None] = {}
    for name in names:
        own = (alpine.package(name) or {}).get("commands", ())
        tools.update(dict.fromkeys(own[:2] if name not in own else [name]))
        if not own:
            every = set(alpine.commands(name))
            tools.update(dict.fromkeys(tool for tool in _FIRST[:3] if tool in every))
    order = sorted(tools, key=lambda t: (_FIRST.index(t) if t in _FIRST else len(_FIRST), t))
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
    return "nothing at run time " + _or(parts)


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def fix(edits: list[Edit], plans: list[Planned], assumed: str) -> Fix:
    """The finished fix."""
    names = [name for plan in plans for name in plan.names]
    size = alpine.size(names)
    message = "remove the build-only packages in the layer that needs them"
    if any(plan.source.run is not plan.target.run for plan in plans):
        message = "install the build-only packages in the RUN that needs them, and remove them there"
    releases = {(alpine.package(name) or {}).get("size_release") for name in names} - {None}
    source = f"Alpine package index ({', '.join(sorted(map(str, releases)))}), with dependencies"
    saving = Saving(size, source) if size else None
    return Fix(tuple(edits), message, plans[0].add.command.span, Safety.ASSUMED, assumed, saving)
