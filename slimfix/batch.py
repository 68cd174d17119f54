"""Many files: one after the other, or in several processes, with the results in order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from slimfix import files
from slimfix.context import BuildContext
from slimfix.dockerfile import ParseError
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.report import Outcome, Problem, shown
from slimfix.rules import Rule
from slimfix.text import decode

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

FEW = 30
"""Below this number of files, further processes cost more than they save."""
AHEAD = 4
"""Files in the queue for each process."""


class Job(NamedTuple):
    """What to do with every file."""

    rules: Sequence[Rule]
    allowed: Safety = Safety.ASSUMED
    target: str | None = None
    all_stages: bool = False
    context: str | None = None
    """The directory of the build context; that of each Dockerfile when None."""
    options: Mapping[str, Any] = {}

    def work(self, path: str, text: str | None = None) -> Outcome:
        """What comes of one file; *text* is given for one that is not on the disk. Raises nothing."""
        try:
            source = files.read(path) if text is None else text
            reader = Reader(self.target, self.all_stages, self._context(path), self.options)
            return Outcome(path, rewrite(source, self.rules, reader, self.allowed))
        except files.Unusable as error:
            return Outcome(path, problem=Problem(shown(path), str(error)))
        except ParseError as error:
            return Outcome(path, problem=Problem(shown(path), str(error), error.line))
        except Exception as error:
            return Outcome(path, problem=_internal(path, error))

    def _context(self, path: str) -> BuildContext | None:
        if path == "-":
            return BuildContext.local(self.context, None) if self.context is not None else None
        home, name = os.path.split(path)
        home = home or "."
        if self.context is None or os.path.realpath(home) == os.path.realpath(self.context):
            return BuildContext.local(home, name)
        try:
            own = decode(files.read_bytes(path + ".dockerignore"))
        except files.Unusable:
            own = None
        return BuildContext.local(self.context, None, own)


def _internal(path: str, error: BaseException) -> Problem:
    import traceback

    detail = "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-30))
    return Problem(shown(path), f"internal error: {type(error).__name__} (-v shows it)", detail=detail)


def run(job: Job, paths: Iterable[str], jobs: int | None = None) -> Iterator[Outcome]:
    """What comes of every file, in the order of *paths*.

    Args:
        job: what to do.
        paths: as :func:`slimfix.files.find` gives them, none of them ``-``.
        jobs: the number of processes; as many as there are processors when None.
    """
    todo = list(paths)
    workers = min(jobs or _processors(), 60)
    if workers < 2 or len(todo) < FEW:
        yield from map(job.work, todo)
    else:
        yield from _Crew(job, workers).run(todo)


def _processors() -> int:
    """How many processors we may use."""
    allowed: Any = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


_job: Job
"""What a worker process is to do."""


def _start(job: Job) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    global _job
    _job = job


def _work(path: str) -> Outcome:
    return _job.work(path)


class _Crew:
    """Worker processes, replaced when one dies."""

    def __init__(self, job: Job, workers: int) -> None:
        self.job = job
        self.workers = workers

    def pool(self, workers: int) -> ProcessPoolExecutor:
        from concurrent.futures import ProcessPoolExecutor

        return ProcessPoolExecutor(workers, initializer=_start, initargs=(self.job,))

    def run(self, paths: Sequence[str]) -> Iterator[Outcome]:
        position = 0
        while position < len(paths):
            pool = self.pool(self.workers)
            try:
                for outcome in self.results(pool, paths[position:]):
                    position += 1
                    yield outcome
            except BaseException:
                _end(pool)
                raise
            pool.shutdown()
            # A worker died: whichever file it was, it is among the next few.
            for path in paths[position : position + self.workers * AHEAD]:
                position += 1
                yield self.alone(path)

    def results(self, pool: ProcessPoolExecutor, paths: Sequence[str]) -> Iterator[Outcome]:
        """The results up to the first that is missing because a worker died."""
        from collections import deque
        from concurrent.futures.process import BrokenProcessPool

        rest = iter(paths)
        queue: deque[Future[Outcome]] = deque()
        try:
            while True:
                for path in rest:
                    queue.append(pool.submit(_work, path))
                    if len(queue) >= self.workers * AHEAD:
                        break
                if not queue:
                    return
                outcome = queue.popleft().result()
                yield outcome
        except BrokenProcessPool:
            return

    def alone(self, path: str) -> Outcome:
        """What comes of one file in a process of its own."""
        from concurrent.futures.process import BrokenProcessPool

        pool = self.pool(1)
        try:
            return pool.submit(_work, path).result()
        except BrokenProcessPool:
            message = "internal error: the process that worked on it died"
            return Outcome(path, problem=Problem(shown(path), message))
        finally:
            _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """Stop a pool without waiting for what it is doing."""
    processes: Mapping[int, Any] = getattr(pool, "_processes", None) or {}
    running = list(processes.values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in running:
        process.terminate()
