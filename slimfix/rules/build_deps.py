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

from slimfix.dockerfile import Dockerfile
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
from slimfix.shell import Opaque

CODE = "SF201"
ORDER = 50
_APK = re.compile(r"/(?:usr/)?(?:s?bin|lib|etc)/apk\b|/(?:usr/)?s?bin/\*|/(?:lib|etc)/\*?$")
_PYTHON = re.compile(r"(python|pip|pydoc|idle|2to3)[\d.]*")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `apk add` of build-only packages that stay in the image, together for each RUN that consumes."""
    together: dict[int, list[write.Planned]] = {}
    for run in runs(dockerfile, "apk"):
        if run.onbuild or isinstance(run.script, Opaque):
            continue
        gone, unknown = deleted(run)
        for add in adds(run):
            names = [name for p in add.packages if p.build and not set(p.names) & gone for name in p.names]
            if names and add.group not in gone:
                reason = "apk del gets its packages from a variable" if unknown else add.problem
                found = reason or _plan(dockerfile, add, list(dict.fromkeys(names)))
                if isinstance(found, str):
                    yield Skip(found, add.command.span)
                else:
                    together.setdefault(found.target.run.index, []).append(found)
    for plans in together.values():
        made = _fix(dockerfile, plans)
        yield Skip(made, plans[0].add.command.span) if isinstance(made, str) else made


def _plan(dockerfile: Dockerfile, add: Add, names: list[str]) -> write.Planned | str:
    """What is to be done with one `apk add`, or the reason why nothing is."""
    stage = add.run.stage
    assert stage is not None
    source = place(add.run, add.command)
    target = source if isinstance(source, str) else _target(dockerfile, add, source)
    if isinstance(source, str) or isinstance(target, str):
        return str(target)
    tools = {tool for name in names for tool in alpine.commands(name)}
    if _official(add):
        tools = {tool for tool in tools if not _PYTHON.fullmatch(tool)}
    reason = _on_purpose(add, names) or needed(dockerfile, target.run, tools)
    if any(_unpacks(command.values) for command in target.script.commands):
        reason = "apk itself is removed"
    if reason is None and (compiler := compiles_at_run_time(dockerfile, target.run)):
        reason = f"{compiler} calls a compiler at run time"
    if re.search(r"wolfi|chainguard", stage.root.reference):
        reason = "the base image is not Alpine"
    if reason:
        return reason
    among = _releases(dockerfile, add)
    found = {name: alpine.pins(name, among) if alpine.build_only(name) else () for name in names}
    own = {*write.kept_before(dockerfile, add), *(("python3", "python2") if _official(add) else ())}
    pins = [pin for each in found.values() for pin in each or () if pin not in own]
    unknown = [name for name, each in found.items() if each is None]
    return write.Planned(add, names, source, target, list(dict.fromkeys(pins)), unknown)


def _fix(dockerfile: Dockerfile, plans: list[write.Planned]) -> Fix | str:
    """The fix for what one RUN consumes, or the reason why there is none."""
    target, scan = plans[0].target, None
    unknown = [name for plan in plans for name in plan.unknown]
    if unknown:
        found = places(target.run, consumers(target.script))
        if isinstance(found, str):
            return f"the run-time packages of {unknown[0]} are not known for this release, and {found}"
        scan = recipe(dockerfile, target, found)
    edits = write.edits_of(dockerfile, plans, scan)
    if isinstance(edits, str):
        return edits
    add = plans[0].add
    return write.fix(edits, plans, write.assumption(plans, _releases(dockerfile, add), _official(add)))


def _unpacks(values: tuple[str | None, ...]) -> bool:
    """Whether a command takes apk or its data out of the image."""
    return "apk-tools" in values or any(value and _APK.match(value) for value in values[1:])


def _official(add: Add) -> bool:
    """Whether the image has a Python of its own under /usr/local."""
    assert add.run.stage is not None
    return alpine.official(add.run.stage.root.name) == "python"


def _releases(dockerfile: Dockerfile, add: Add) -> list[alpine.Release]:
    assert add.run.stage is not None
    base = add.run.stage.root
    if chosen_repository(dockerfile, add):
        return alpine.any_release()
    return alpine.releases(base.alpine_release, base.name, base.tag)


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


def _on_purpose(add: Add, names: list[str]) -> str | None:
    """Whether the author has deleted these, or others, so that what stays was meant to stay."""
    assert add.run.stage is not None
    for run in add.run.stage.instructions:
        if run.name != "RUN" or run.onbuild or "apk" not in run.logical.text:
            continue
        gone = deleted(run)[0]
        if run.index > add.run.index and {add.group, *names} & gone:
            return "a later RUN deletes the packages, which saves nothing"
        groups = [other for other in adds(run) if other.group in gone]
        if any(map(alpine.build_only, gone)) or any(p.build for other in groups for p in other.packages):
            return "other build packages are deleted, so these seem to stay on purpose"
    return None
