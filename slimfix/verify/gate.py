"""``--write --verify``: a rewrite passes as it is, as what was verified of it, or not at all."""

from __future__ import annotations

from slimfix.batch import Job
from slimfix.report import Outcome, Problem
from slimfix.verify import engines
from slimfix.verify.blame import Settled, blamed_of, remake_of, settle
from slimfix.verify.cli import TIMEOUT, terminable
from slimfix.verify.compare import Bench, CannotBuild, Request
from slimfix.verify.engines import EngineError, Options
from slimfix.verify.progress import Progress
from slimfix.verify.workspace import Workspace


def passed(outcome: Outcome, job: Job, quiet: bool = False) -> Outcome:
    """What may be written of an outcome: built on the engine that answers, without a smoke command.

    Args:
        outcome: of a file on the disk, with something to change in it.
        job: what made it.
        quiet: whether to show no progress.
    """
    rewrite = outcome.rewrite
    assert rewrite is not None
    directory, problem = job.directory(outcome.path)
    if directory is None:
        text = f"not written: not verified: {problem or 'the build context is not known'}"
        return outcome._replace(problem=Problem(outcome.path, text))
    request = Request(
        outcome.path, directory, Options(target=job.target, timeout=TIMEOUT), rebuild=False, weigh=False
    )
    progress = Progress(quiet)
    try:
        with terminable(), Workspace(engines.find()) as workspace:
            try:
                bench = Bench(request, rewrite.before, workspace, progress)
                remake = remake_of(job, outcome.path, rewrite.before)
                settled = settle(bench, remake, rewrite, worst=0)
            finally:
                progress.done()
    except EngineError as error:
        text = f"not written: not verified: {error}"
        if isinstance(error, CannotBuild):
            text += "; slimfix verify shows its output, and takes options for the builder"
        return outcome._replace(problem=Problem(outcome.path, text))
    best = settled.best
    if best is None:
        return outcome._replace(problem=Problem(outcome.path, _why(settled)))
    return outcome._replace(rewrite=best)


def _why(settled: Settled) -> str:
    text = f"not written: {settled.verdict.name}"
    if settled.verdict.reasons:
        text += f": {settled.verdict.reasons[0]}"
    if settled.blamed:
        text += f" (to blame: {blamed_of(settled)})"
    return text
