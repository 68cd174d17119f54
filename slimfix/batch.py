"""Many files: one after the other, or in several processes, with the results in order."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial

from slimfix import files
from slimfix.dockerfile import ParseError
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.records import NamedTuple
from slimfix.report import Outcome, Problem, shown
from slimfix.rules import Rule
from slimfix.text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from typing import Any

    from slimfix.context import BuildContext
    from slimfix.context.compose import Found

FEW = 30
"""Below this number of files, further processes cost more than they save."""
AHEAD = 4
"""Chunks in the queue for each process."""
CHUNK = 8
"""Files that a process is given at once."""
_WARM = (
    "FROM python:3.12-alpine\nRUN apk add gcc\nRUN pip install x\n",
    "FROM node:20\nRUN apt-get update\nRUN apt-get install -y gcc\nRUN npm install x\n",
)


class Job(NamedTuple):
    """What to do with every file."""

    rules: Sequence[Rule]
    allowed: Safety = Safety.ASSUMED
    target: str | None = None
    all_stages: bool = False
    context: str | None = None
    """The directory of the build context; that of each Dockerfile when None, unknown when empty."""
    options: Mapping[str, Any] = {}

    def work(self, path: str, text: str | None = None, name: str | None = None) -> Outcome:
        """What comes of one file. Raises nothing.

        Args:
            path: where it stands; ``-`` if it has no place.
            text: what it holds, if that is not to be read from the disk.
            name: what it is called, and where it would stand, if that is not *path*.
        """
        called = name or shown(path)
        try:
            source = files.read(path) if text is None else text
            # Looked for when a rule asks for it, as few do.
            context = lru_cache(partial(self.build_context, name or path))
            reader = Reader(self.target, self.all_stages, context, self.options)
            return Outcome(path, rewrite(source, self.rules, reader, self.allowed), called=name)
        except files.Unusable as error:
            return Outcome(path, problem=Problem(called, str(error), error.line), called=name)
        except ParseError as error:
            return Outcome(path, problem=Problem(called, str(error), error.line), called=name)
        except Exception as error:  # a bug of ours must not keep the other files from being done
            return Outcome(path, problem=_internal(called, error), called=name)

    def directory(self, path: str) -> Found:
        """The build context of the Dockerfile at *path* (``-`` if it has no place)."""
        from slimfix.context.compose import Found, context_of

        if self.context is not None or path == "-":
            return Found(self.context or None)
        found = context_of(path)
        return found if found != Found() else Found(os.path.dirname(path) or ".")

    def build_context(self, path: str) -> BuildContext | None:
        """The files that the Dockerfile at *path* can see, None if that is not known."""
        from slimfix.context import BuildContext

        directory, problem = self.directory(path)
        if problem is not None:
            return BuildContext.unknown(problem)
        if directory is None or path == "-":
            return BuildContext.local(directory, None) if directory is not None else None
        home, name = os.path.split(path)
        top = os.path.realpath(directory)
        real = top if home == directory else os.path.realpath(home or ".")
        if real == top or real.startswith(top.rstrip(os.sep) + os.sep):
            inside = os.path.relpath(os.path.join(real, name), top)
            return BuildContext.local(directory, inside.replace(os.sep, "/"))
        try:
            own = decode(files.read_bytes(path + ".dockerignore"))
        except files.Unusable:
            own = None
        return BuildContext.local(directory, None, own)


def _internal(path: str, error: BaseException) -> Problem:
    import traceback

    detail = "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-30))
    return Problem(
        path, f"internal error, please report it: {type(error).__name__} (-v shows it)", detail=detail
    )


Task = tuple[Job, str]
"""What to do, and with which file."""


def run(tasks: Iterable[Task], jobs: int | None = None) -> Iterator[Outcome]:
    """What comes of every file, in the order of *tasks*.

    Args:
        tasks: paths as :func:`slimfix.search.find` gives them, none of them ``-``, each with its job.
        jobs: the number of processes; as many as there are processors when None.
    """
    todo = list(tasks)
    workers = min(jobs or _processors(), 60)
    if workers < 2 or len(todo) < FEW:
        for job, path in todo:
            yield job.work(path)
    else:
        yield from _Crew(todo, workers).run()


def _processors() -> int:
    """How many processors we may use."""
    allowed: Any = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


_jobs: Sequence[Job]
"""What a worker process may have to do."""


def _start(jobs: Sequence[Job]) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    global _jobs
    _jobs = jobs


def _work(tasks: Sequence[tuple[int, str]]) -> list[Outcome]:
    found = [_jobs[number].work(path) for number, path in tasks]
    gc.collect(0)  # now that little is in use; in the middle of a file there is more to go through
    return found


class _Crew:
    """Worker processes, replaced when one dies."""

    def __init__(self, tasks: Sequence[Task], workers: int) -> None:
        numbers: dict[int, int] = {}
        self.jobs: list[Job] = []
        self.tasks: list[tuple[int, str]] = []
        for job, path in tasks:
            if id(job) not in numbers:
                numbers[id(job)] = len(self.jobs)
                self.jobs.append(job)
            self.tasks.append((numbers[id(job)], path))
        self.workers = workers

    def pool(self, workers: int) -> ProcessPoolExecutor:
        from concurrent.futures import ProcessPoolExecutor

        return ProcessPoolExecutor(workers, initializer=_start, initargs=(self.jobs,))

    def run(self) -> Iterator[Outcome]:
        __import__("slimfix.context.compose")
        for text in _WARM:
            self.jobs[0].work("-", text)  # what is imported and loaded by now, forked processes share
        gc.freeze()  # and no collection in them goes through it, or copies its pages
        position = 0
        while position < len(self.tasks):
            pool = self.pool(self.workers)
            try:
                for outcome in self.results(pool, self.tasks[position:]):
                    position += 1
                    yield outcome
            except BaseException:
                _end(pool)
                raise
            pool.shutdown()
            # A worker died: whichever file it was, it is among the next few.
            for task in self.tasks[position : position + self.workers * AHEAD * CHUNK]:
                position += 1
                yield self.alone(task)

    def results(self, pool: ProcessPoolExecutor, tasks: Sequence[tuple[int, str]]) -> Iterator[Outcome]:
        """The results up to the first that is missing because a worker died."""
        from collections import deque
        from concurrent.futures.process import BrokenProcessPool

        chunks = (tasks[start : start + CHUNK] for start in range(0, len(tasks), CHUNK))
        queue: deque[Future[list[Outcome]]] = deque()
        try:
            while True:
                for chunk in chunks:
                    queue.append(pool.submit(_work, chunk))
                    if len(queue) >= self.workers * AHEAD:
                        break
                if not queue:
                    return
                yield from queue.popleft().result()
        except BrokenProcessPool:
            return

    def alone(self, task: tuple[int, str]) -> Outcome:
        """What comes of one file in a process of its own."""
        from concurrent.futures.process import BrokenProcessPool

        pool = self.pool(1)
        try:
            return pool.submit(_work, [task]).result()[0]
        except BrokenProcessPool:
            message = "internal error, please report it: the process that worked on it died"
            return Outcome(task[1], problem=Problem(task[1], message))
        finally:
            _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """Stop a pool without waiting for what it is doing."""
    processes: Mapping[int, Any] = getattr(pool, "_processes", None) or {}
    for process in list(processes.values()):
        process.terminate()
    # Its thread sees that they are gone; left to itself it would complain when Python ends.
    pool.shutdown(cancel_futures=True)
