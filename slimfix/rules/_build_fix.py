"""The edits that put build packages in a group of their own and delete it again, and what they assume."""

from __future__ import annotations

import re
from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Safety, Saving
from slimfix.knowledge import alpine, entry
from slimfix.layout import line_start
from slimfix.rules._apk_add import Add, adds, deleted, split
from slimfix.rules._build_place import Place, added, joint
from slimfix.rules._managers import calls, manager
from slimfix.text import Edit, Span

PRAGMA = re.compile(r"#\s*(?:hadolint|tally|shellcheck|checkov|slimfix:|check=|syntax=|escape=)", re.IGNORECASE)
_FIRST = ("gcc", "g++", "make", "cmake", "cargo", "rustc", "go", "clang", "git", "perl", "python3")


def group_name(dockerfile: Dockerfile, add: Add) -> str:
    """The name of the group: the one that there is, else the usual one, numbered where it is taken."""
    if add.group:
        return add.group
    name: str = (entry("alpine_packages", "groups") or {})["preferred"]
    taken = set(re.findall(r"[\w.+-]+", dockerfile.text))
    numbers = range(2, 100)
    return next(n for n in (name, *(f"{name}-{i}" for i in numbers)) if n not in taken)


def pinned_before(dockerfile: Dockerfile, add: Add) -> set[str]:
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
                if not other.command.nesting and other.group not in gone and other.problem is None:
                    found |= {name for p in other.packages if not p.build for name in p.names} - gone
        stage = stage.parent
    return found


def edits_of(
    dockerfile: Dockerfile, add: Add, source: Place, target: Place, pins: list[str], scan: str | None
) -> list[Edit] | str:
    """The edits, or why they cannot be made."""
    group = group_name(dockerfile, add)
    build = [p.argument for p in add.packages if _goes(p.build, p.names, add)]
    written = split(dockerfile, add, build, pins, group)
    goes = written.goes
    if scan:
        goes += " scanelf"
    here = source.run is target.run
    edits: list[Edit] = []
    if here:
        between = joint(dockerfile, add.run, source.glue)
        edits.append(Edit(add.command.span, between.join(t for t in (written.stays, goes) if t)))
    else:
        start = target.script.span(target.script.root).start
        edits.append(Edit(Span(start, start), goes + joint(dockerfile, target.run, "&&")))
        if written.stays:
            edits.append(Edit(add.command.span, written.stays))
        else:
            removed = _removal(dockerfile, add, source, target)
            if isinstance(removed, str):
                return removed
            edits += removed
    last = add.command.node.end if here else 0
    joined = _existing(target, group)
    if joined is not None:
        edits.append(joined)
    else:
        text = f"apk del --no-network {group}"
        if scan:
            text = scan + joint(dockerfile, target.run, target.apart) + text
        edits.append(added(dockerfile, target, last, text))
    return edits


def _goes(build: bool, names: tuple[str, ...], add: Add) -> bool:
    return build and not set(names) & deleted(add.run)[0]


def _existing(target: Place, group: str) -> Edit | None:
    """A further group in an `apk del` of ours that is there already, behind everything that builds."""
    last = target.script.commands[-1]
    for command, call in calls(target.run, manager("apk")):
        whole = call.verb is not None and call.verb.value == "del" and call.option("--no-network")
        if whole and command is last and command.node in target.items and group.startswith(".build-deps-"):
            at = command.span.end
            return Edit(Span(at, at), f" {group}")
    return None


def _removal(dockerfile: Dockerfile, add: Add, source: Place, target: Place) -> list[Edit] | str:
    """Take the RUN of the `apk add` out of the file, and the comments right above it to *target*."""
    if len(source.script.commands) > 1:
        return "other commands stand with the apk add that would move"
    text, start, end = dockerfile.text, add.run.span.start, add.run.span.end
    above = start
    while above and text[line_start(text, above - 1) : above].lstrip().startswith("#"):
        above = line_start(text, above - 1)
    notes = text[above:start].replace("\r\n", "\n")
    if any(PRAGMA.match(line.strip()) for line in notes.split("\n")):
        return "a comment for a tool stands above the apk add that would move"
    blank = re.match(r"[ \t]*\r?\n", text[end:])
    if blank and re.search(r"(?:^|\n)[ \t]*\r?\n$", text[:above]):
        end += blank.end()
    edits = [Edit(Span(above, end), "")]
    if notes:
        at = target.run.span.start
        edits.append(Edit(Span(at, at), notes))
    return edits


def assumption(dockerfile: Dockerfile, add: Add, names: list[str], pins: list[str], python: bool) -> str:
    """What must hold, in words."""
    brought: dict[str, None] = {}
    for name in names:
        own = (alpine.package(name) or {}).get("commands", ())
        brought.update(dict.fromkeys(own[:2] if name not in own else [name]))
        if not own:
            every = set(alpine.commands(name))
            brought.update(dict.fromkeys(tool for tool in _FIRST[:3] if tool in every))
    tools = sorted(brought, key=lambda t: (_FIRST.index(t) if t in _FIRST else len(_FIRST), t))
    parts = [f"calls {_listed(tools, 8)}"] if tools else ["uses " + _listed(sorted(names), 8)]
    assert add.run.stage is not None
    among = alpine.releases(
        add.run.stage.root.alpine_release, add.run.stage.root.name, add.run.stage.root.tag
    )
    odd = sorted({lib for name in names for lib in alpine.rare(name, among)} - set(pins))
    if odd:
        parts.append(f"is linked to {_listed(odd, 8)}")
    opened = [pin for pin in pins if alpine.opened_by_name(pin)]
    unknown = [name for name in names if alpine.package(name) is None]
    if opened or unknown:
        parts.append(f"opens {_listed([*opened, *(f'a library of {u}' for u in unknown)], 8)} by name")
    hazard = (entry("alpine_packages", "hazard", "find-library") or {}).get("gone", ())
    if python and set(hazard) & set(names):
        parts.append("looks for a library by ctypes.util.find_library")
    return "nothing at run time " + _or(parts)


def _listed(words: list[str], most: int) -> str:
    return _or([*words[:most], f"{len(words) - most} more"] if len(words) > most else words)


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def fix(edits: list[Edit], add: Add, names: list[str], assumed: str, moved: bool) -> Fix:
    """The finished fix."""
    size = alpine.size(names)
    message = "remove the build-only packages in the layer that needs them"
    if moved:
        message = "install the build-only packages in the RUN that needs them, and remove them there"
    releases = {(alpine.package(name) or {}).get("size_release") for name in names} - {None}
    source = f"Alpine package index ({', '.join(sorted(map(str, releases)))}, with dependencies)"
    saving = Saving(size, source) if size else None
    return Fix(tuple(edits), message, add.command.span, Safety.ASSUMED, assumed, saving)

