"""What ``slimfix PATH...`` does: arguments that have been read in, exit status out."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Sequence

from slimfix.console import FAILED, err, in_colour, out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from slimfix.batch import Job
    from slimfix.plan import Plan
    from slimfix.report import Outcome, Problem


class Run:
    """One run over some paths."""

    def __init__(
        self,
        paths: Sequence[str],
        *,
        show_diff: bool,
        write: bool,
        verify: bool,
        check: bool,
        style: str,
        jobs: int | None,
        quiet: bool,
        verbose: bool,
        stdin_filename: str | None,
        **flags: Any,
    ) -> None:
        from slimfix.plan import Flags
        from slimfix.report.text import Summary

        self.paths = paths
        self.diff = (show_diff or not write) and style == "text"
        self.write = write
        self.verify = verify
        self.check = check
        self.json = style == "json"
        self.jobs = jobs
        self.quiet = quiet
        self.verbose = verbose
        self.stdin_filename = stdin_filename
        self.flags = Flags.of(**flags)
        self.failed = False
        self.problems: list[Problem] = []
        self.outcomes: list[Outcome] = []
        self.summary = Summary()
        self.colour = in_colour()

    def run(self) -> int:
        """Do it all; the exit status."""
        from slimfix.config import ConfigError
        from slimfix.plan import Plan
        from slimfix.rules import UnknownRule

        context = self.flags.context
        try:
            plan = Plan(self.flags)
        except UnknownRule as error:
            err(f"slimfix: {error}")
            return FAILED
        except ConfigError as error:
            err(f"{error.place}: {error}")
            return FAILED
        if context and not os.path.isdir(context):
            err(f"{context}: the context is not a directory")
            return FAILED
        outcomes = self.results(plan)
        try:
            for outcome in outcomes:
                if self.verify and outcome.changed:
                    from slimfix.verify.gate import passed

                    outcome = passed(outcome, plan.job(outcome.path), self.quiet)
                self.report(self.finish(outcome))
        finally:
            outcomes.close()
        if self.json:
            from slimfix.report.json import document

            out(document(self.outcomes, self.problems).encode())
        elif not self.quiet and self.summary.files:
            err(self.summary.line(self.write, plan.allowed, self.verbose))
        if self.failed:
            return FAILED
        return int(self.check and bool(self.summary.changed))

    def tasks(self, plan: Plan) -> Iterator[tuple[Job, str]]:
        """Every file, with what to do with it."""
        from slimfix import search
        from slimfix.config import ConfigError

        told: set[str] = set()
        for path in search.find(self.paths, plan.hidden, self.complain):
            place = path if path != "-" else self.stdin_filename or ""
            try:
                yield plan.job(place), path
            except ConfigError as error:
                if str(error) not in told:
                    told.add(str(error))
                    self.complain(error.place, error.args[0])

    def results(self, plan: Plan) -> Generator[Outcome, None, None]:
        """What comes of every file, in the order of the paths."""
        from slimfix import batch

        tasks = list(self.tasks(plan))
        at = next((number for number, (_, path) in enumerate(tasks) if path == "-"), len(tasks))
        yield from batch.run(tasks[:at], self.jobs)
        if at < len(tasks):
            yield self.standard_input(tasks[at][0])
            yield from batch.run(tasks[at + 1 :], self.jobs)

    def standard_input(self, job: Job) -> Outcome:
        from slimfix import files
        from slimfix.report import Outcome, Problem, shown

        name = self.stdin_filename
        try:
            if sys.stdin is None:
                raise files.Unusable("standard input is closed")
            text = files.checked(sys.stdin.buffer.read(files.MAX_BYTES + 1))
        except files.Unusable as error:
            return Outcome("-", problem=Problem(name or shown("-"), str(error), error.line), called=name)
        except OSError as error:
            return Outcome("-", problem=Problem(name or shown("-"), files.reason(error)), called=name)
        return job.work("-", text, name)

    def finish(self, outcome: Outcome) -> Outcome:
        """Write the file, if that is wanted."""
        from slimfix import files
        from slimfix.report import Problem
        from slimfix.text import encode

        if not self.write or outcome.rewrite is None:
            return outcome
        data = encode(outcome.rewrite.after)
        if outcome.path == "-":
            out(data)
        elif outcome.changed:
            try:
                files.replace(outcome.path, data, encode(outcome.rewrite.before))
            except files.Unusable as error:
                return outcome._replace(problem=Problem(outcome.path, str(error), error.line))
        return outcome

    def report(self, outcome: Outcome) -> None:
        """Tell what came of a file."""
        self.summary.add(outcome)
        if self.json:
            self.outcomes.append(outcome)
        elif outcome.changed and self.diff and outcome.rewrite is not None:
            from slimfix import diff

            rewrite = outcome.rewrite
            name = outcome.called or ("Dockerfile" if outcome.path == "-" else outcome.path)
            out(diff.diff(rewrite.before, rewrite.after, diff.label(name), self.colour))
        if not self.json and not self.quiet:
            from slimfix.report.text import lines

            for line in lines(outcome, self.verbose):
                err(line)
        if outcome.problem is not None:
            self.failed = True
            err(str(outcome.problem))
            if self.verbose and outcome.problem.detail:
                err(outcome.problem.detail.rstrip())

    def complain(self, path: str, message: str) -> None:
        """Note a path that has nothing to work on."""
        from slimfix.report import Problem

        problem = Problem(path, message)
        self.problems.append(problem)
        self.failed = True
        err(str(problem))
