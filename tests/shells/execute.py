"""One run of a sequence of scripts: what is asked of the root, and what came of it."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .root import ASH_APPLET, IsolationError, Reply, Root, unpack
from .world import World, inventory, plan

DEFAULT_ENV: Mapping[str, str] = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
}
_NULL_INPUT = re.compile(r"<\s*[\"']?/dev/null")
_SHELLS_OWN = ("_=", "SHLVL=", "PWD=", "OLDPWD=")


class Shell(enum.Enum):
    """A shell with its options: the program in the root, its arguments from ``argv[0]`` on, and
    ``{}`` for the script.  The last word of ``ash`` is ``$0``, in place of its odd applet name."""

    BASH = ("bash", "/bin/bash", "-c", "{}")
    BASH_PIPEFAIL = ("bash", "/bin/bash", "-o", "pipefail", "-c", "{}")
    BASH_STRICT = ("bash", "/bin/bash", "-e", "-u", "-o", "pipefail", "-c", "{}")
    DASH = ("dash", "/bin/sh", "-c", "{}")
    ASH = ("busybox", ASH_APPLET, "-c", "{}", "/bin/sh")
    ASH_PIPEFAIL = ("busybox", ASH_APPLET, "-e", "-o", "pipefail", "-c", "{}", "/bin/ash")


SHELLS = (Shell.BASH, Shell.BASH_PIPEFAIL, Shell.DASH, Shell.ASH)
"""The shells in which a change is tried unless the caller says otherwise."""


@dataclass(frozen=True, order=True)
class Event:
    """One call of a program."""

    argv: tuple[str, ...]
    cwd: str
    env: tuple[tuple[str, str], ...]
    """The exported environment, sorted, without the shell's own variables."""
    stdin: str = ""
    """The first 4096 bytes of input, if it came from a pipe, a file or a heredoc."""
    state: str = "umask=022"
    """The umask; ignored signals and limits where they are not those of a fresh RUN."""


@dataclass(frozen=True, order=True)
class Background:
    """A call made by a background job (or in bash by a process substitution)."""

    event: Event
    ended_after: int
    """How many foreground events (of all RUNs) there were when it ended."""
    outlived: bool
    """Whether its RUN's shell ended first: docker kills it there."""


@dataclass(frozen=True)
class Fault:
    """A call that is to fail: the ``occurrence``-th (from 0) with this argument vector."""

    argv: tuple[str, ...]
    occurrence: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a sequence of RUNs did, up to the first one that failed."""

    events: tuple[Event, ...]
    background: tuple[Background, ...]
    failed: bool
    """A RUN's shell exited non-zero: docker stops there."""
    timed_out: bool
    left: bool
    """Background work had to be killed, so its events are a set and not counted."""
    status: int
    """Exit status of the last RUN that was started."""
    started: int
    """How many RUNs were started."""
    stdout: str
    stderr: str
    files: tuple[tuple[str, str, str], ...]
    """Files made or changed: path, mode and size, content (4096 bytes)."""

    @property
    def calls(self) -> tuple[tuple[str, ...], ...]:
        """The argument vectors of the foreground events, for short assertions."""
        return tuple(event.argv for event in self.events)

    def faults(self) -> tuple[Fault, ...]:
        """Every call as a fault, foreground first."""
        seen: dict[tuple[str, ...], int] = {}
        found = []
        for event in [*self.events, *(b.event for b in self.background)]:
            found.append(Fault(event.argv, seen.get(event.argv, 0)))
            seen[event.argv] = found[-1].occurrence + 1
        return tuple(found)


def run(
    scripts: Sequence[str],
    shell: Shell,
    world: World | None = None,
    *,
    workdir: str = "/",
    env: Mapping[str, str] | None = None,
    fail_at: int | None = None,
    faults: Sequence[Fault] = (),
    timeout: float = 5.0,
    hold_ms: int = 2000,
) -> Outcome:
    """Run the scripts as docker runs consecutive RUNs, each in a fresh shell, in one root.

    ``world`` says what exists; without it ``inventory`` guesses.  ``env`` is added to
    ``DEFAULT_ENV``.  ``faults`` name the calls that exit 1 (at most 8); ``fail_at`` is the index
    of one in ``Outcome.faults()`` of the run without faults.  ``timeout`` is seconds a RUN.
    """
    wanted = tuple(faults)
    if fail_at is not None:
        whole = run(scripts, shell, world, workdir=workdir, env=env, timeout=timeout, hold_ms=hold_ms)
        wanted += (whole.faults()[fail_at],)
    if world is None:
        world = inventory(scripts, env=env)
    root = _checked_root()
    laid, files = _laid(root, world, workdir)
    reply = root.job(
        shell.value,
        scripts,
        layout=laid,
        files=files,
        workdir=workdir,
        env=[f"{name}={value}" for name, value in {**DEFAULT_ENV, **(env or {})}.items()],
        faults=[(_hash(fault.argv), fault.occurrence) for fault in wanted],
        outputs=world.outputs,
        null_input=any(_NULL_INPUT.search(script) for script in scripts),
        timeout_ms=int(timeout * 1000),
        hold_ms=hold_ms,
    )
    return _outcome(reply, dict(files))


@lru_cache(maxsize=256)
def _laid(root: Root, world: World, workdir: str) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    planned = plan(world, workdir)
    return root.layout(planned.dirs, planned.stubs), planned.files


@lru_cache(maxsize=4096)
def _hash(argv: tuple[str, ...]) -> int:
    value = 14695981039346656037
    for byte in b"".join(arg.encode(errors="surrogateescape") + b"\0" for arg in argv):
        value = ((value ^ byte) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return value


_checked: list[Root] = []


def _checked_root() -> Root:
    """The shared root, once it has shown that each shell calls stubs and sees no host file."""
    root = Root.shared()
    if root not in _checked:
        _checked[:] = [root]
        world = World(commands=frozenset({"rm", "cat", "ls", "sh"}))
        probe = "rm x; cat y; sh z; for f in /* /etc/*; do [ -d $f ] || echo $f; done; (ls)"
        for shell in (Shell.BASH, Shell.DASH, Shell.ASH):
            seen = run([probe], shell, world)
            if (
                seen.calls != (("rm", "x"), ("cat", "y"), ("sh", "z"), ("ls",))
                or "/etc/passwd" in seen.stdout
            ):
                _checked.clear()
                raise IsolationError(f"{shell.name} does not call the stubs: {seen}")
    return root


def _event(fields: Sequence[bytes]) -> Event:
    cwd, state, stdin, count, *rest = [f.decode(errors="surrogateescape") for f in fields]
    env = [v for v in rest[int(count) :] if not v.startswith(_SHELLS_OWN)]
    pairs = sorted((name, value) for name, _, value in (v.partition("=") for v in env))
    return Event(tuple(rest[: int(count)]), cwd, tuple(pairs), stdin, state)


def _outcome(reply: Reply, given: Mapping[str, str]) -> Outcome:
    events: list[Event] = []
    background: list[Background] = []
    left = timed_out = False
    code = 0
    for status, _, _, log in reply.runs:
        how, rest, number = status.split()
        timed_out = how == "timeout"
        left = left or rest == "left"
        code = int(number)
        gone = False
        open_calls: dict[bytes, Event] = {}
        for record in unpack(log):
            kind, *fields = unpack(record)
            if kind == b"exit":
                gone = True
            elif kind == b"end":
                event = open_calls.pop(fields[0])
                background.append(Background(event, len(events), gone))
            elif kind == b"background":
                open_calls[fields[0]] = _event(fields[1:])
            else:
                events.append(_event(fields[1:]))
        background += [Background(event, len(events), True) for event in open_calls.values()]
    ended = sorted(set(background) if left or timed_out else background)
    return Outcome(
        events=tuple(events),
        background=tuple(ended),
        failed=timed_out or code != 0,
        timed_out=timed_out,
        left=left,
        status=code,
        started=len(reply.runs),
        stdout=b"".join(out for _, out, _, _ in reply.runs).decode(errors="replace"),
        stderr=_plain(b"".join(err for _, _, err, _ in reply.runs).decode(errors="replace")),
        files=tuple(
            sorted(
                (path, mode, content.decode(errors="surrogateescape"))
                for path, mode, content in reply.files
                if not (mode.startswith("644 ") and given.get(path) == _text(content))
            )
        ),
    )


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _plain(stderr: str) -> str:
    stderr = re.sub(r"^(/bin/\w+: )(?:-c: )?(?:line )?\d+: +(?:\d+ )?", r"\1", stderr, flags=re.M)
    return re.sub(r": line \d+:", ":", stderr)
