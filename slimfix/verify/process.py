"""Programs run as children: argument lists only, output line by line, a deadline, and a sure end."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple

GRACE = 5.0
"""Seconds that a program has to end by itself before it is killed."""


class TimedOut(Exception):
    """A program was stopped because its time was up."""


class Done(NamedTuple):
    """A program that has ended."""

    code: int
    out: str
    """Standard output; standard error, too, where both were read together."""
    err: str
    seconds: float


def shown(arguments: Sequence[str]) -> str:
    """The arguments as one would type them; for messages, never to be run."""
    return shlex.join(arguments)


def call(arguments: Sequence[str], timeout: float | None = None) -> Done:
    """Run a short program and keep what it prints.

    Raises:
        TimedOut: it took longer than *timeout* seconds.
        OSError: it cannot be started.
    """
    started = time.monotonic()
    with _start(arguments, subprocess.PIPE) as process, _ended(process), _deadline(process, timeout) as late:
        out, err = process.communicate()
        if late.is_set():
            raise TimedOut
        return Done(process.returncode, _text(out), _text(err), time.monotonic() - started)


def follow(
    arguments: Sequence[str],
    line: Callable[[str], None],
    timeout: float | None = None,
    *,
    children: bool = False,
) -> Done:
    """Run a program whose output, of both kinds, is handed on line by line as it comes.

    *children* is for a program that tidies up when what it runs fails, and does not when it is
    stopped itself: its children are stopped first.

    Raises:
        TimedOut: it took longer than *timeout* seconds.
        OSError: it cannot be started.
    """
    started = time.monotonic()
    kept: list[str] = []
    with _start(arguments, subprocess.STDOUT) as process, _ended(process, children):
        with _deadline(process, timeout, children) as late:
            assert process.stdout is not None
            for raw in process.stdout:
                # A progress bar rewrites its line: what it said last is what counts.
                text = _text(raw).rstrip("\r\n").rpartition("\r")[2]
                kept.append(text)
                line(text)
            process.wait()
        if late.is_set():
            raise TimedOut
        return Done(process.returncode, "\n".join(kept), "", time.monotonic() - started)


class Failed(Exception):
    """A program whose output was being read ended badly; the message is what it said."""


@contextlib.contextmanager
def reading(arguments: Sequence[str], timeout: float | None = None) -> Iterator[IO[bytes]]:
    """The standard output of a program, as bytes, while it runs.

    Raises:
        TimedOut: it took longer than *timeout* seconds.
        Failed: it ended badly.
        OSError: it cannot be started.
    """
    with _start(arguments, subprocess.PIPE) as process, _ended(process):
        assert process.stdout is not None
        assert process.stderr is not None
        errors = process.stderr
        said: list[bytes] = []
        listener = threading.Thread(target=lambda: said.append(errors.read()), daemon=True)
        listener.start()
        with _deadline(process, timeout) as late:
            try:
                yield process.stdout
                while process.stdout.read(1 << 20):
                    pass  # what the reader had no need of
                process.wait()
            finally:
                if late.is_set():
                    raise TimedOut
        listener.join(GRACE)
        if process.returncode:
            raise Failed(_text(b"".join(said)).strip() or f"exit status {process.returncode}")


def _start(arguments: Sequence[str], stderr: int) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C is for us, and we end our children in order.
    return subprocess.Popen(
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes], children: bool = False) -> Iterator[None]:
    """Whatever happens, the program does not outlive the block."""
    try:
        yield
    finally:
        if process.poll() is None:
            _stop(process, children)
            process.wait()


@contextlib.contextmanager
def _deadline(
    process: subprocess.Popen[bytes], timeout: float | None, children: bool = False
) -> Iterator[threading.Event]:
    """Stop the program when its time is up; the event says whether that was so."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        _stop(process, children)

    if timeout is None:
        yield late
        return
    timer = threading.Timer(timeout, stop)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _stop(process: subprocess.Popen[bytes], children: bool) -> None:
    """Ask the program to end; kill it when it does not."""
    if children and _stopped_from_below(process):
        return
    _signal(process, signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def _stopped_from_below(process: subprocess.Popen[bytes]) -> bool:
    """Stop what the program runs, now or next; whether it then ended."""
    until = time.monotonic() + GRACE
    seen: set[_Process] = set()
    while time.monotonic() < until:
        running = _processes()
        seen |= _below(process.pid, running)
        for child in running:
            if child.parent == process.pid:
                _end(child.pid, signal.SIGINT)
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            continue
        # A child that was stopped before it was ready for that leaves its own behind.
        known = {(one.pid, one.started) for one in seen}
        for one in _processes():
            if (one.pid, one.started) in known:
                _end(one.pid, signal.SIGKILL)
        return True
    return False


class _Process(NamedTuple):
    """A process; no two have both number and time in common."""

    pid: int
    started: bytes
    parent: int


def _processes() -> list[_Process]:
    """What is running, where the system has ``/proc``."""
    found = []
    with contextlib.suppress(OSError):
        for name in filter(str.isdecimal, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                # pid (name) state ppid ... starttime (the 22nd); the name may hold anything.
                fields = file.read().rpartition(b")")[2].split()
                found.append(_Process(int(name), fields[19], int(fields[1])))
    return found


def _below(parent: int, running: list[_Process]) -> set[_Process]:
    """The children of a process, theirs, and so on."""
    found: set[_Process] = set()
    for one in running:
        if one.parent == parent:
            found |= {one, *_below(one.pid, running)}
    return found


def _end(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
