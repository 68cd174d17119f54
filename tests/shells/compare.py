"""Do two sequences of RUN scripts do the same, with no fault and with commands failing?"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .execute import SHELLS, Background, Event, Fault, Outcome, Shell, run
from .world import BASE_DIRS, World, inventory, sourced_text

_ASYNC = re.compile(r"(?<![&<>|])&(?![&>])")


@dataclass(frozen=True)
class Difference:
    """One case in which the two sides do not do the same."""

    shell: Shell
    faults: tuple[Fault, ...]
    """The calls that were made to fail; none: the plain run."""
    missing: str | None
    """A directory that was left out, so that ``cd`` or a redirection fails."""
    what: str
    """What differs, in words, with both sides."""

    def __str__(self) -> str:
        parts = [f"`{' '.join(f.argv)}` (call {f.occurrence + 1}) fails" for f in self.faults]
        if self.missing:
            parts.append(f"{self.missing} does not exist")
        return f"{self.shell.name}, {' and '.join(parts) or 'nothing fails'}: {self.what}"


class Differences(list[Difference]):
    """A list that also says how much was tried; ``untried`` cases were cut off by the cap."""

    cases: int = 0
    untried: int = 0

    def __str__(self) -> str:
        tail = f" ({self.cases} cases tried, {self.untried} known ones not)"
        return ("\n".join(map(str, self)) or "no difference") + tail


def differences(
    before: Sequence[str],
    after: Sequence[str],
    shells: Sequence[Shell] = SHELLS,
    *,
    workdir: str = "/",
    env: Mapping[str, str] | None = None,
    world: World | None = None,
    depth: int = 2,
    cap: int = 64,
    limit: int = 10,
    stderr: bool = True,
    timeout: float = 5.0,
) -> Differences:
    """Compare two sequences of scripts; an empty list means that no difference was seen.

    For each shell the plain run comes first, then a run without each directory the scripts name,
    then one run for each call failing, and, up to ``depth`` faults together (8 at most), for each
    call that came up only because of the faults so far (the ``b`` of ``a || b``).  At most
    ``cap`` cases a shell are tried, and the search ends after ``limit`` differences.  Without a
    ``world`` one is guessed from the scripts and completed from what the shells say is missing.
    """
    found = Differences()
    for shell in shells:
        place = world or complete([before, after], shell, workdir=workdir, env=env, timeout=min(timeout, 1.0))
        pair = _Pair(before, after, shell, place, workdir, env, stderr, timeout)
        todo: list[_Case] = [_Case()]
        while todo and len(found) < limit:
            if pair.tried >= cap:
                found.untried += len(todo)
                break
            case = todo.pop(0)
            what, left, right = pair.compare(case)
            found.cases += 1
            if what:
                found.append(Difference(shell, case.faults, case.missing, what))
            todo += _next(case, left, right, place, workdir, depth)
    return found


@dataclass(frozen=True)
class _Case:
    faults: tuple[Fault, ...] = ()
    missing: str | None = None
    known: frozenset[Fault] = frozenset()


def _next(case: _Case, left: Outcome, right: Outcome, world: World, workdir: str, depth: int) -> list[_Case]:
    """The cases that this one opens: nothing below one that has to be ended by the clock."""
    if case.missing or left.timed_out or right.timed_out:
        return []
    cases = []
    if not case.faults:
        spared = BASE_DIRS | {"/", posixpath.normpath(workdir)}
        cases += [_Case(missing=name) for name in sorted(world.dirs - spared)]
    if len(case.faults) < depth:
        calls = dict.fromkeys([*left.faults(), *right.faults()])
        known = case.known | calls.keys()
        cases += [_Case((*case.faults, fault), None, known) for fault in calls if fault not in case.known]
    return cases


@dataclass
class _Pair:
    before: Sequence[str]
    after: Sequence[str]
    shell: Shell
    world: World
    workdir: str
    env: Mapping[str, str] | None
    stderr: bool
    timeout: float
    tried: int = field(default=0)

    def compare(self, case: _Case) -> tuple[str, Outcome, Outcome]:
        self.tried += 1
        world = self.world.without(case.missing) if case.missing else self.world
        left, right = (
            run(
                scripts,
                self.shell,
                world,
                workdir=self.workdir,
                env=self.env,
                faults=case.faults,
                timeout=self.timeout,
            )
            for scripts in (self.before, self.after)
        )
        loose = any(map(_ASYNC.search, [*self.before, *self.after]))
        return _difference(left, right, loose, self.stderr), left, right


def _difference(left: Outcome, right: Outcome, loose: bool, stderr: bool) -> str:
    """The first thing that differs, or nothing."""
    if left.timed_out != right.timed_out:
        return f"{'before' if left.timed_out else 'after'} alone does not end"
    if left.timed_out:  # how far each came is chance
        shortest = min(len(left.events), len(right.events))
        return _events(left.events[:shortest], right.events[:shortest])
    what = _events(left.events, right.events)
    if what:
        return what
    if left.failed != right.failed:
        status = (left if left.failed else right).status
        return f"{'before' if left.failed else 'after'} alone fails (status {status})"
    if left.background != right.background:
        lines = [f"{side}: {_background(o)}" for side, o in (("before", left), ("after", right))]
        return f"background work differs; {'; '.join(lines)}"
    if not left.failed and left.files != right.files:  # docker drops the files of a failed RUN
        return f"files differ; before: {left.files}; after: {right.files}"
    # With background jobs the order in which builtins write is chance.
    if Counter(left.stdout.splitlines()) != Counter(right.stdout.splitlines()) or (
        not loose and left.stdout != right.stdout
    ):
        return f"output differs; before: {left.stdout!r}; after: {right.stdout!r}"
    # Letters are counted, since dash and ash write a trace word by word: those of two stages of a
    # pipeline can mix within a line.
    if stderr and Counter(left.stderr) != Counter(right.stderr):
        return f"messages differ; before: {left.stderr!r}; after: {right.stderr!r}"
    return ""


def _events(left: Sequence[Event], right: Sequence[Event]) -> str:
    for index, (one, other) in enumerate(zip(left, right)):
        if one != other:
            return f"event {index} is {_show(one, other)} before, {_show(other, one)} after"
    if len(left) == len(right):
        return ""
    more, side = (left, "before") if len(left) > len(right) else (right, "after")
    extra = more[min(len(left), len(right))]
    return f"event {min(len(left), len(right))}, `{' '.join(extra.argv)}`, only {side}"


def _show(event: Event, other: Event) -> str:
    """An event in short: its command line, and of the rest what the other one has not."""
    parts = [f"in {event.cwd}"] if event.cwd != other.cwd else []
    parts += [f"with {name}={value}" for name, value in sorted({*event.env} - {*other.env})]
    parts += [f"input {event.stdin!r}"] if event.stdin != other.stdin else []
    parts += [event.state] if event.state != other.state else []
    return " ".join([f"`{' '.join(event.argv)}`", *parts])


def _background(outcome: Outcome) -> str:
    def one(job: Background) -> str:
        fate = "outlives its RUN" if job.outlived else "ends"
        return f"`{' '.join(job.event.argv)}` {fate} after {job.ended_after} events"

    return ", ".join(map(one, outcome.background)) or "none"


_MISSING = re.compile(
    r"^/bin/\w+: (?P<what>.*?)"
    r"(?:: (?P<command>command not found|not found)"
    r"|: (?:No such file or directory|Directory nonexistent|nonexistent directory"
    r"|no such file(?: or directory)?))?$",
    re.M,
)
_CD = re.compile(r"(?:cd: )?(?:can't cd to |cd: )(.+)")
_ROUNDS = 6


def complete(
    sides: Sequence[Sequence[str]],
    shell: Shell,
    *,
    workdir: str = "/",
    env: Mapping[str, str] | None = None,
    timeout: float = 1.0,
) -> World:
    """``inventory`` of all sides, and what the shell itself then reports as missing."""
    world = inventory([script for scripts in sides for script in scripts], env=env)
    for _ in range(_ROUNDS):
        known = world
        for scripts in sides:
            outcome = run(scripts, shell, world, workdir=workdir, env=env, timeout=timeout)
            world |= _reported(outcome.stderr, scripts, world)
        if world == known:
            break
    return world


def _reported(stderr: str, scripts: Sequence[str], world: World) -> World:
    for match in _MISSING.finditer(stderr):
        what = match["what"]
        entered = _CD.fullmatch(what)
        what = re.sub(r"^(?:\.: )?(?:cannot|can't) (?:create|open) ", "", what).strip("'")
        parent = posixpath.dirname(what) or "."
        if entered:
            world = replace(world, dirs=world.dirs | {entered[1]})
        elif " " in what or not what or len(what) > 200:
            continue
        elif match["command"]:
            kind = "paths" if "/" in what else "commands"
            world = replace(world, **{kind: getattr(world, kind) | {what}})
        elif _is_read(what, scripts):
            world = replace(world, files=world.files | {(what, sourced_text(what))})
        elif parent != "." and parent not in world.dirs:
            world = replace(world, dirs=world.dirs | {parent})
        else:
            world = replace(world, paths=world.paths | {what})
    return world


def _is_read(path: str, scripts: Sequence[str]) -> bool:
    name = re.escape(posixpath.basename(path))
    return any(re.search(rf"(?:<|(?:^|[\s;&|(])(?:\.|source)\s)\s*\S*{name}", s) for s in scripts)
