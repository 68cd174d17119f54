"""What is to be done with one `apk add`: which packages go, where they are used, what must stay."""

from __future__ import annotations

import re

from slimfix.dockerfile import Dockerfile
from slimfix.dockerfile.state import Base
from slimfix.knowledge import alpine
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._apk_add import Add, adds, chosen_repository, deleted
from slimfix.rules._build_consumers import consumers
from slimfix.rules._build_files import compiles_at_run_time
from slimfix.rules._build_later import building, needed
from slimfix.rules._build_move import destination, follows
from slimfix.rules._build_place import Place, beginning, place

_APK = lazy(r"/(?:usr/)?(?:s?bin|lib|etc)/apk\b|/(?:usr/)?s?bin/\*|/(?:lib|etc)/\*?$")


class Planned(NamedTuple):
    """An `apk add` whose build packages are to go."""

    add: Add
    names: list[str]
    """The build packages."""
    source: Place
    """Where it stands."""
    target: Place
    """The RUN that consumes them."""
    wanted: dict[str, tuple[str, ...]]
    """The run-time packages behind each of them."""
    unknown: list[str]
    """Those of *names* for which these are not known."""
    tools: frozenset[str]
    """The commands that go with *names*."""

    @property
    def pins(self) -> list[str]:
        """The run-time packages behind all of *names*."""
        return list(dict.fromkeys(pin for name in self.names for pin in self.wanted[name]))

    def without_unknown(self) -> Planned:
        """The same with those packages left where they are."""
        sure = [name for name in self.names if name not in self.unknown]
        return self._replace(names=sure, unknown=[])


def plan(dockerfile: Dockerfile, add: Add, names: list[str]) -> Planned | str:
    """What is to be done with one `apk add`, or the reason why nothing is."""
    stage = add.run.stage
    assert stage is not None
    source = place(add.run, add.command)
    target = source if isinstance(source, str) else _target(dockerfile, add, source)
    if isinstance(source, str) or isinstance(target, str):
        return str(target)
    among = releases(dockerfile, add)
    found = {name: alpine.pins(name, among) if alpine.build_only(name) else () for name in names}
    staying = {*_kept_before(dockerfile, add), *alpine.own(stage.root.name)}
    wanted = {
        name: tuple(pin for pin in each or alpine.certain_pins(name, among) if pin not in staying)
        for name, each in found.items()
    }
    pinned = staying.union(*wanted.values())
    tools = {tool for name in names for tool in alpine.commands(name, pinned - {name})}
    reason = _on_purpose(add, names) or needed(dockerfile, target.run, tools)
    if any(_unpacks(command.values) for command in target.script.commands):
        reason = "apk itself is removed"
    if reason is None and (compiler := compiles_at_run_time(dockerfile, target.run)):
        reason = f"{compiler} calls a compiler at run time"
    if re.search(r"wolfi|chainguard", stage.root.reference):
        reason = "the base image is not Alpine"
    if reason:
        return reason
    unknown = [name for name, each in found.items() if each is None]
    return Planned(add, names, source, target, wanted, unknown, frozenset(tools))


def _kept_before(dockerfile: Dockerfile, add: Add) -> set[str]:
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


def _unpacks(values: tuple[str | None, ...]) -> bool:
    """Whether a command takes apk or its data out of the image."""
    return "apk-tools" in values or any(value and _APK.match(value) for value in values[1:])


def official(add: Add) -> bool:
    """Whether the image has a Python of its own under /usr/local."""
    assert add.run.stage is not None
    return alpine.official(add.run.stage.root.name) == "python"


def releases(dockerfile: Dockerfile, add: Add) -> list[alpine.Release]:
    """The Alpine releases on which the image may stand, from what its FROM says."""
    stage = add.run.stage
    assert stage is not None
    base = stage.root
    if chosen_repository(dockerfile, add):
        return alpine.any_release()
    found = alpine.releases(base.alpine_release, base.name, base.tag)
    while stage.parent is not None:
        stage = stage.parent
    written = stage.instructions[0].parts[0].text
    if "@" in written and base.alpine_release is None:
        return alpine.any_release()  # the digest may be that of an older image
    fixed = Base(re.sub(r"\$\{[^}]*\}|\$\w+", "", written)).alpine_release
    return alpine.around(found) if "$" in written and fixed is None else found


def _target(dockerfile: Dockerfile, add: Add, source: Place) -> Place | str:
    """The RUN that consumes the packages: the same, or a later one."""
    using = [each.command for each in consumers(source.script)] + building(dockerfile, add.run)
    if any(command.span.start > add.command.span.start for command in using):
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
