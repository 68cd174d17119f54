"""From what a RUN installs with dnf to what is removed again, and how; or why nothing is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.knowledge import table
from slimfix.knowledge.managers import manager
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._apt_calls import last
from slimfix.rules._apt_text import joint
from slimfix.rules._build_consumers import consumers
from slimfix.rules._build_files import compiles_at_run_time
from slimfix.rules._build_later import building, chain, needed, nobody, nothing_starts
from slimfix.rules._build_place import Place, listed
from slimfix.shell import Command, Opaque, Script
from slimfix.shell.call import Call, call
from slimfix.text import Edit, Span

PROGRAMS = ("dnf", "dnf-3", "microdnf", "yum", "tdnf", "dnf5")
_INSTALLS = ("install", "in", "localinstall")
_ASKS = ("clean", "makecache", "update", "upgrade", "check-update")
_SPECIAL = (
    *("--installroot", "--releasever", "--downloadonly", "--allowerasing", "-C", "--cacheonly"),
    *("--skip-broken", "--setopt=strict"),
)
_NAME = lazy(r"[A-Za-z0-9][\w.+-]*")


class Work(NamedTuple):
    """What is to be done in a RUN."""

    dockerfile: Dockerfile
    run: Instruction
    place: Place
    first: Command
    """The install."""
    build: tuple[str, ...]

    @property
    def assumption(self) -> str:
        """What no reader of the file can know."""
        named = [c for name in self.build for c in _commands(name)[:1]]
        text = nobody(self.dockerfile, self.run)
        told = list(dict.fromkeys(named))[:4] or list(self.build)
        text += f" calls {' or '.join(told)}" if named else f" compiles against {' or '.join(told)}"
        return text + (", or loads a library by its name without a version" if self._headers else "")

    @property
    def _headers(self) -> list[str]:
        return [name for name in self.build if name not in table("dnf")["build"]]

    def edits(self) -> Iterator[Edit]:
        """The changes."""
        between = joint(self.dockerfile, self.run, self.place.glue)
        rows = table("dnf")["build"]
        kept = list(dict.fromkeys(k for name in self.build for k in rows.get(name, {}).get("keeps", ())))
        commands = []
        if self._headers:
            indent = re.sub(r"^.*\n|&&.*$", "", between, flags=re.DOTALL)
            line = f" {self.dockerfile.escape}\n{indent}    "
            asked = f"dnf repoquery -q --installed --requires --resolve --recursive --qf '%{{name}}'{line}"
            kept = kept or ["glibc"]  # which is always there: without any name dnf mark fails
            kept.append(f"$({asked}{' '.join(self._headers)} | grep -v -e '-devel$')")
        if kept:
            commands.append(f"dnf mark install {' '.join(kept)}")
        commands.append(f"dnf remove -y --setopt=clean_requirements_on_remove=1 {' '.join(self.build)}")
        end = self.place.script.span(self.place.items[last(self.place, PROGRAMS, _CLEAN)]).end
        yield Edit(Span(end, end), "".join(between + command for command in commands))


_CLEAN = (["clean"], ["clean", "all"], ["clean", "packages"], ["clean", "metadata"])


def as_call(command: Command) -> Call | None:
    """A command as a call of dnf, or of one that is like it."""
    return call(command, PROGRAMS, manager("dnf").valued)


def installs(script: Script) -> Iterator[tuple[Command, Call]]:
    """Every install of a script."""
    for command in script.commands:
        found = as_call(command)
        if found is not None and found.verb is not None and found.verb.value in _INSTALLS:
            yield command, found


def read(dockerfile: Dockerfile, run: Instruction, found: list[tuple[Command, Call]]) -> Work | str | None:
    """What is to be done; None where nothing only builds; or why it is left undone."""
    assert run.stage is not None and isinstance(run.script, Script)
    names = [_name(o.value) for _, each in found for o in each.operands]
    build = tuple(dict.fromkeys(name for name in names if name and is_build(name)))
    gone = {o.value for c in run.script.commands if (f := as_call(c)) and _removes(f) for o in f.operands}
    if set(build) <= gone:
        return None
    bringing = [(c, f) for c, f in found if {_name(o.value) for o in f.operands} & set(build)]
    reason = _unfit(run, found, names) or _base(run)
    if reason:
        return reason
    after = bringing[-1][0].span.end
    using = [each.command for each in consumers(run.script)] + building(dockerfile, run)
    if not any(command.span.start >= after for command in using):
        return "no command in this RUN is known to build with them"
    where = listed(run)
    if isinstance(where, str):
        return where
    if any(where.at(command) is None for command, _ in bringing):
        return "the install is part of a larger command"
    tools = {c for name in build for c in _commands(name)} | set(build)
    compiling = compiles_at_run_time(dockerfile, run)
    if compiling:
        return f"{compiling} compiles at run time"
    reason = needed(dockerfile, run, tools) or nothing_starts(dockerfile, run.stage, False)
    return reason or Work(dockerfile, run, where, bringing[0][0], build)


def _removes(found: Call) -> bool:
    return found.verb is not None and found.verb.value in ("remove", "erase", "rm", "autoremove")


def is_build(name: str) -> bool:
    """Whether nothing but a build needs a package."""
    rows = table("dnf")
    return name in rows["build"] or re.fullmatch(rows["headers"]["name"], name) is not None


def _commands(name: str) -> list[str]:
    return list(table("dnf")["build"].get(name, {}).get("commands", ()))


def _name(word: str | None) -> str | None:
    """The name of a package, None for a file, a group, a version or a variable."""
    return word if word is not None and _NAME.fullmatch(word) and not word.endswith(".rpm") else None


def _base(run: Instruction) -> str | None:
    assert run.stage is not None
    root = run.stage.root
    image = f"{root.name}:{root.tag}"
    image = re.sub(r"^(?:[\w-]+\.)+[\w.-]+(?::\d+)?/", "", image)
    known = any(re.fullmatch(pattern, image) for pattern in table("dnf")["images"]["known"])
    return None if known else "it is not known which dnf the base image has"


def _unfit(run: Instruction, found: list[tuple[Command, Call]], names: list[str | None]) -> str | None:
    """What of the RUN, or of those before it, stands against it."""
    assert isinstance(run.script, Script) and run.stage is not None
    if run.state.user is None or run.state.user.split(":")[0] not in ("", "root", "0"):
        return "the packages are not installed by root"
    if run.heredocs or any(mount.target.startswith(("/var/lib", "/usr", "/etc")) for mount in run.mounts):
        return "the RUN holds a heredoc, or mounts what dnf keeps"
    for command in run.script.commands:
        other = as_call(command)
        if "background" in command.nesting or command.name in ("exec", "exit", "trap", "return"):
            return "it may end before its last command"
        if other is None:
            if command.name in ("rpm", "rpmbuild"):
                return "the RUN calls rpm itself"
            continue
        if other.program.rpartition("/")[2] not in ("dnf", "dnf-3"):
            return f"{other.program} does not say which packages came in as dependencies"
        verb = other.verb.value if other.verb is not None else None
        if verb not in (*_INSTALLS, *_ASKS) or other.wrapped or other.unknown or other.option(*_SPECIAL):
            return "the RUN calls dnf for more than to install"
    earlier: set[str | None] = set()
    for stage in chain(run.stage):
        for each in stage.instructions:
            if each.name == "RUN" and (stage is not run.stage or each.index < run.index):
                if isinstance(each.script, Opaque):
                    return "an earlier RUN is not understood"
                calls = [c for command in each.script.commands if (c := as_call(command))]
                earlier |= {_name(o.value) for c in calls for o in c.operands if c.verb is not None}
    for name in (*names, *earlier):
        if name is None:
            return "packages from a variable, a file or a group"
        if name in earlier and is_build(name):
            return f"an earlier RUN has {name}, too"
        if not is_build(name) and not any(re.fullmatch(p, name) for p in table("dnf")["kept"]["names"]):
            return f"it is not known whether {name} needs what would be removed"
    return None
