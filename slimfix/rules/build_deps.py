"""Remove what only the build needed, in the layer that installed it (Alpine).

Compilers, make tools and headers are often most of an image, and a later `apk del` saves nothing, since
they still lie in the layer below. So the build-only packages of an `apk add` go into a virtual group,
which is deleted at the end of the same RUN, behind `pip install`, `npm ci`, `bundle install`, `pecl install`,
`make` or whatever else consumes them. Where a COPY, WORKDIR or ENV that cannot matter stands between the two,
they are installed in the RUN that consumes them.

A library that came in only as a dependency of its -dev package would go with it, so the run-time packages
are named first, from a table made from Alpine's package index. For a -dev package that the table lacks,
scanelf asks the built files. Which packages these are depends on the release; a base image without one
is left alone where they differ.

Left alone: what a later RUN, a stage FROM this one, an ONBUILD trigger, CMD, ENTRYPOINT, HEALTHCHECK or a
script that they call may need; packages from a variable; stages that do not ship.

Before:
    RUN apk add --no-cache gcc musl-dev libffi-dev && pip install cffi
After:
    RUN apk add --no-cache libgcc libffi \\
        && apk add --no-cache --virtual .build-deps gcc musl-dev libffi-dev && pip install cffi \\
        && apk del --no-network .build-deps

Fix safety: assumed. Nothing at run time may call what is removed; each fix says what that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Skip
from slimfix.knowledge import alpine
from slimfix.rules import _build_fix as write
from slimfix.rules._apk_add import Add, adds, chosen_repository, deleted
from slimfix.rules._build_consumers import consumers
from slimfix.rules._build_later import compiles_at_run_time, needed
from slimfix.rules._build_move import destination, follows
from slimfix.rules._build_place import Place, beginning, place
from slimfix.rules._build_scan import places, recipe
from slimfix.rules._managers import runs
from slimfix.shell import Opaque, Script

CODE = "SF201"
ORDER = 50
_PYTHON = re.compile(r"(python|pip|pydoc|idle|2to3)[\d.]*")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `apk add` of build-only packages that stay in the image."""
    for run in runs(dockerfile, "apk"):
        if run.onbuild or isinstance(run.script, Opaque):
            continue
        gone, unknown = deleted(run)
        for add in adds(run):
            names = [name for p in add.packages if p.build and not set(p.names) & gone for name in p.names]
            if names and add.group not in gone:
                reason = "apk del gets its packages from a variable" if unknown else add.problem
                found = reason or _fix(dockerfile, add, list(dict.fromkeys(names)))
                yield Skip(found, add.command.span) if isinstance(found, str) else found


def _fix(dockerfile: Dockerfile, add: Add, names: list[str]) -> Fix | str:
    """The fix, or the reason why there is none."""
    run, stage = add.run, add.run.stage
    assert stage is not None and isinstance(run.script, Script)
    source = place(run, add.command)
    if isinstance(source, str):
        return source
    target = _target(dockerfile, add, source)
    if isinstance(target, str):
        return target
    official = stage.root.name.rpartition("/")[2] == "python"
    tools = {tool for name in names for tool in alpine.commands(name)}
    tools = {tool for tool in tools if not (official and _PYTHON.fullmatch(tool))}
    reason = _deleted_later(run, add, names) or needed(dockerfile, target.run, tools)
    if reason is None and (compiler := compiles_at_run_time(dockerfile, target.run)):
        reason = f"{compiler} calls a compiler at run time"
    pins = _pins(dockerfile, add, names, official)
    if reason or isinstance(pins, str):
        return reason or str(pins)
    scan = None
    unknown = [name for name in names if name not in pins]
    if unknown:
        found = places(target.run, consumers(target.script))
        if isinstance(found, str):
            return f"the run-time packages of {unknown[0]} are not known for this release, and {found}"
        scan = recipe(dockerfile, target, found)
    kept = [pin for name in names for pin in pins.get(name, ())]
    kept = [pin for pin in dict.fromkeys(kept) if pin not in write.pinned_before(dockerfile, add)]
    edits = write.edits_of(dockerfile, add, source, target, kept, scan)
    if isinstance(edits, str):
        return edits
    assumed = write.assumption(dockerfile, add, names, kept, official)
    return write.fix(edits, add, names, assumed, target.run is not run)


def _target(dockerfile: Dockerfile, add: Add, source: Place) -> Place | str:
    """The RUN that consumes the packages: the same, or a later one."""
    if any(c.command.span.start > add.command.span.start for c in consumers(source.script)):
        return source
    found = destination(dockerfile, add.run)
    if found is None:
        return "nothing is seen that uses the build packages"
    if isinstance(found, str):
        return found
    return follows(source, add.command) or beginning(found)


def _deleted_later(run: Instruction, add: Add, names: list[str]) -> str | None:
    assert run.stage is not None
    for later in run.stage.instructions:
        if later.index > run.index and later.name == "RUN" and {add.group, *names} & deleted(later)[0]:
            return "a later RUN deletes the packages, which saves nothing"
    return None


def _pins(dockerfile: Dockerfile, add: Add, names: list[str], official: bool) -> dict[str, tuple[str, ...]] | str:
    """The run-time packages of each build package for which they are known."""
    assert add.run.stage is not None
    base = add.run.stage.root
    if re.search(r"wolfi|chainguard", base.reference):
        return "the base image is not Alpine"
    among = alpine.releases(base.alpine_release, base.name, base.tag)
    if chosen_repository(dockerfile, add):
        among = alpine.any_release()
    found = {name: alpine.pins(name, among) if alpine.build_only(name) else () for name in names}
    own = ("python3", "python2") if official else ()
    return {name: tuple(p for p in pins if p not in own) for name, pins in found.items() if pins is not None}
