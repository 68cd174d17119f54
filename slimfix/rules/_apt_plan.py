"""From what a RUN installs with apt to what is removed again, and how; or why nothing is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.knowledge import debian, table
from slimfix.records import NamedTuple
from slimfix.rules._apt_calls import Install, build_only, last, removed, runs_scripts
from slimfix.rules._apt_fit import Earlier, before, unfit
from slimfix.rules._apt_text import additions, joint, listing
from slimfix.rules._apt_tools import tools_of
from slimfix.rules._build_consumers import consumers
from slimfix.rules._build_files import compiles_at_run_time
from slimfix.rules._build_later import building, needed, nobody, nothing_starts
from slimfix.rules._build_place import Place, listed
from slimfix.shell import Script
from slimfix.text import Edit, Span

_WORTH = 2_000_000
"""Bytes that tools alone must take up, to be worth the lines that remove them."""
LIBRARIES = "apt-cache depends --recurse --installed --important"
"""What apt says that packages need."""
FILTER = "sed '/^[ <]/d;/-dev$/d' | xargs -r apt-mark manual > /dev/null"

_STRICT = " -o APT::AutoRemove::RecommendsImportant=false"
"""Else python3-pip, which recommends python3-dev, keeps it."""

NO_BUILD = "no command in this RUN is known to build with them"


class Work(NamedTuple):
    """What is to be done in a RUN."""

    dockerfile: Dockerfile
    run: Instruction
    place: Place
    install: Install
    """The first that brings a build package."""
    build: tuple[str, ...]
    tools: tuple[str, ...]
    pins: dict[int, tuple[str, ...]]
    """Run-time packages to name, by the start of the install that brings what they stand behind."""
    marked: tuple[str, ...]
    """Run-time packages to mark as wanted after the install."""
    asked: tuple[str, ...]
    """-dev packages whose run-time side is asked of apt."""
    form: str
    """``purge``, ``auto`` or ``saved``."""
    installs: tuple[Install, ...]
    recommended: bool
    """Whether a package that goes for apt's part may be there since another only recommends it."""

    @property
    def gone(self) -> tuple[str, ...]:
        """The packages that are removed by name."""
        among = debian.releases(self.run.stage.root.name, self.run.stage.root.tag) if self.run.stage else ()
        names = [
            n for name in (*self.build, *self.tools) for n in (debian.real(name), *debian.moved(name, among))
        ]
        kept = {w.name for i in self.installs for w in i.wanted} - {*self.build, *self.tools}
        return tuple(dict.fromkeys(n for n in names if n not in kept))

    @property
    def kept(self) -> set[str]:
        """The packages that stay."""
        named = {w.name for i in self.installs for w in i.wanted} - {*self.build, *self.tools}
        return named.union(self.marked, *self.pins.values())

    @property
    def size(self) -> int:
        """Bytes that go: an estimate."""
        return debian.size(self.gone, self.kept)

    @property
    def assumption(self) -> str:
        """What no reader of the file can know."""
        brought = debian.commands(self.gone) | {*self.tools, *self.build}
        named = [name for name in table("debian_images")["told"]["commands"] if name in brought][:4]
        text = nobody(self.dockerfile, self.run)
        text += f" calls {' or '.join(named)}" if named else f" compiles against {' or '.join(self.build)}"
        if any(debian.kind(name) == "dev" for name in self.build):
            text += ", or loads a library by its name without a version"
        if self.tools:
            text += f", or loads a library that came with {' or '.join(self.tools)}"
        return text

    def _asking(self, between: str) -> str:
        """The command that marks as wanted what the -dev packages need, on two lines where it is long."""
        first = f"{LIBRARIES} {' '.join(self.asked)}"
        if len(first) < 60:
            return f"{first} | {FILTER}"
        indent = re.sub(r"^.*\n|&&.*$", "", between, flags=re.DOTALL)
        return f"{first} {self.dockerfile.escape}\n{indent}    | {FILTER}"

    def edits(self) -> Iterator[Edit]:
        """The changes."""
        between = joint(self.dockerfile, self.run, self.place.glue)
        for install in self.installs:
            names = self.pins.get(install.command.span.start, ())
            if names:
                yield from additions(self.dockerfile, install, names, {*self.build, *self.tools})
        commands = []
        variable = "installed" if "installed" not in self.place.script.text else "installed_before"
        if self.form == "saved":
            start = self.install.command.span.start
            yield Edit(
                Span(start, start), f"{variable}=\"$(dpkg-query -W -f '${{binary:Package}} ')\"{between}"
            )
        if self.asked:
            commands.append(self._asking(between))
        if self.marked:
            commands.append(f"apt-mark manual {' '.join(self.marked)} > /dev/null")
        if self.form == "purge":
            commands.append(
                listing(self.dockerfile, self.install, "apt-get purge -y --auto-remove", self.gone)
            )
        else:
            commands.append(
                listing(self.dockerfile, self.install, "apt-mark auto", self.gone) + " > /dev/null"
            )
            if self.form == "saved":
                commands.append(f"apt-mark manual ${variable} > /dev/null")
            commands.append(f"apt-get autoremove -y --purge{'' if self.recommended else _STRICT}")
        end = self.place.script.span(self.place.items[last(self.place)]).end
        yield Edit(Span(end, end), "".join(between + command for command in commands))


def read(dockerfile: Dockerfile, run: Instruction, found: list[Install]) -> Work | str | None:
    """What is to be done; None where nothing only builds; or why it is left undone."""
    stage = run.stage
    assert stage is not None and isinstance(run.script, Script)
    image = debian.image(stage.root.name, stage.root.tag)
    earlier = before(run)
    wanted = [w.name for i in found for w in i.wanted if w.name and w.name not in earlier.names]
    build = tuple(dict.fromkeys(n for n in wanted if build_only(n, image)))
    tools = tools_of(dockerfile, run, found, set(wanted) - set(image.present), image)
    unknown = any(not w.name and w.argument.value is None for i in found for w in i.wanted)
    if {debian.real(name) for name in build} <= removed(run.script):
        build = ()
    bringing = [i for i in found if any(w.name in build or w.name in tools for w in i.wanted)]
    after = (bringing or found)[-1].command.span.end
    if not build and not tools:
        return "packages from a variable" if unknown and _used(dockerfile, run, after) else None
    if unknown:
        return "packages from a variable"
    if build and not _used(dockerfile, run, after):
        if not tools:
            return NO_BUILD
        build = ()
        bringing = [i for i in found if any(w.name in tools for w in i.wanted)]
    reason = unfit(run, found, {*build, *tools})
    unsettled = [n for n in build if not debian.settled(n, stage.root.name, stage.root.tag)]
    if not reason and unsettled:
        reason = f"what {unsettled[0]} leaves for run time in this release is not known"
    if reason:
        return reason
    where = listed(run)
    if isinstance(where, str):
        return where
    if any(where.at(i.command) is None for i in bringing):
        return "the install is part of a larger command"
    if where.script.span(where.items[last(where)]).end <= bringing[-1].command.span.end:
        return "nothing follows the install"
    compiling = compiles_at_run_time(dockerfile, run) if build else None
    if compiling:
        return f"{compiling} compiles at run time"
    reason = needed(dockerfile, run, _brought((*build, *tools), wanted, image)) or nothing_starts(
        dockerfile, stage, image.serves
    )
    if reason:
        return reason
    result = _pinned(
        Work(dockerfile, run, where, bringing[0], build, tools, {}, (), (), "", tuple(found), True),
        earlier,
        image,
    )
    if isinstance(result, str):
        return result
    if not build and (result.form == "saved" or result.size < _WORTH):
        return None
    return result


def _used(dockerfile: Dockerfile, run: Instruction, after: int) -> bool:
    """Whether anything in a RUN, from the place *after* of the file on, needs what only builds."""
    assert isinstance(run.script, Script)
    if any(each.command.span.start >= after for each in consumers(run.script)):
        return True
    return any(command.span.start >= after for command in building(dockerfile, run))


def _pinned(work: Work, earlier: Earlier, image: debian.Image) -> Work | str:
    """The same with its run-time side, and the form of the removal."""
    assert work.run.stage is not None
    among = debian.releases(work.run.stage.root.name, work.run.stage.root.tag)
    stays = set(image.links)
    if "/usr/bin/" not in work.dockerfile.text:
        languages = table("debian_images")["interpreter"]
        stays.update(n for language in image.interpreters for n in languages[language]["headers"])
    have = {w.name for i in work.installs for w in i.wanted}
    pins: dict[int, tuple[str, ...]] = {}
    marked: list[str] = []
    headers = [n for n in work.build if n not in stays and debian.kind(n) == "dev"]
    asked = [n for n in headers if debian.pins(n, among) is None]
    names_asked = tuple(dict.fromkeys(map(debian.real, asked)))
    for install in work.installs:
        names: list[str] = []
        versioned = any(w.pinned for w in install.wanted)
        for each in install.wanted:
            goes = each.name in work.build or each.name in work.tools
            if goes and not image.certificates and debian.certificates(each.name, install.recommends, among):
                names.append("ca-certificates")
            if each.name in work.build and debian.compiles(each.name, install.recommends, among):
                names += debian.pins("gcc", among) or ()
            if each.name in work.build and each.name not in stays and each.name not in asked:
                needed = debian.pins(each.name, among) or ()
                names += (*needed, *(debian.extensions(needed) if install.recommends else ()))
        names = [n for n in dict.fromkeys(names) if n not in have and n not in earlier.names]
        have.update(names)
        if versioned:
            marked += names
        elif names:
            pins[install.command.span.start] = tuple(names)
    others = have - {*work.build, *work.tools} | earlier.names
    lean = image.lean and not image.present and earlier.plain
    gone = work._replace(pins=pins).gone
    if (
        lean
        and not runs_scripts(work.place.script)
        and debian.independent(others - set().union(*pins.values(), marked), gone)
    ):
        form = "purge"
    else:
        form = "auto" if lean else "saved"
    if any(map(debian.brings_tools, names_asked)):
        return "apt would count the tools that a -dev package needs as run-time packages"
    recommended = any(i.recommends for i in work.installs) or (form == "auto" and bool(earlier.names))
    return work._replace(
        pins=pins, marked=tuple(marked), asked=names_asked, form=form, recommended=recommended
    )


def _brought(names: tuple[str, ...], wanted: list[str], image: debian.Image) -> frozenset[str]:
    """The commands that would go, without interpreters that something else brings."""
    found = debian.commands(names) | {n for n in names if not n.endswith("-dev")}
    for language, row in table("debian_images")["interpreter"].items():
        stays = any(n.startswith(language) for n in wanted if n not in names)
        if stays or language in image.interpreters or set(row["headers"]) & set(names):
            found -= {c for c in found if re.fullmatch("|".join(row["commands"]), c)}
    return frozenset(found)
