"""The command line."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

from slimfix import __version__
from slimfix.cli_group import Group
from slimfix.console import err, in_colour, out

if TYPE_CHECKING:
    from slimfix.batch import Job
    from slimfix.plan import Plan
    from slimfix.report import Outcome, Problem

FAILED = 2
"""Exit status when something could not be done."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


@click.group(cls=Group, default="fix", default_if_no_args=True)
@click.version_option(__version__, prog_name="slimfix", message="%(prog)s %(version)s")
def cli() -> None:
    """Rewrite Dockerfiles so that their images get smaller and their layers cache better."""


@click.command(short_help="Rewrite Dockerfiles; the default.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--diff", "show_diff", is_flag=True, help="Print a unified diff (the default).")
@click.option("--write", is_flag=True, help="Rewrite the files in place; with -, print the new text.")
@click.option("--verify", is_flag=True, help="With --write: build before and after, write what is verified.")
@click.option("--dockerignore", is_flag=True, help="Propose a .dockerignore; leave the Dockerfiles alone.")
@click.option("--check", is_flag=True, help="Exit with 1 if anything would change.")
@click.option("--select", multiple=True, metavar="RULES", help="Run only these rules, separated by commas.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not run these rules.")
@click.option("--safe-only", is_flag=True, help="Make no fix that rests on an assumption.")
@click.option("--unsafe", is_flag=True, help="Make fixes that may change what the image does, too.")
@click.option("--context", metavar="DIR", help="The build context; by default where the Dockerfile is.")
@click.option("--no-context", is_flag=True, help="Look at no file but the Dockerfile.")
@click.option("--target", metavar="STAGE", help="The stage that ships; by default the last.")
@click.option("--all-stages", is_flag=True, help="Take every stage for one that ships.")
@click.option("--config", metavar="FILE", help="Read the settings from this file.")
@click.option("--stdin-filename", metavar="FILE", help="What - is called, and where it would stand.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Use this many processes.")
@click.option("--format", "style", type=click.Choice(("text", "json")), default="text", help="How to report.")
@click.option("-q", "--quiet", is_flag=True, help="Report nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Report what was not done, too, and why.")
def fix(paths: tuple[str, ...], **options: Any) -> None:
    """Rewrite Dockerfiles so that their images get smaller and their layers cache better.

    PATH is a Dockerfile, a directory to search for Dockerfiles, or - for standard input.
    """
    if options["safe_only"] and options["unsafe"]:
        raise click.UsageError("--safe-only and --unsafe exclude each other")
    if options["verify"] and (not options["write"] or "-" in paths):
        raise click.UsageError("--verify needs --write, and files; see also: slimfix verify --help")
    if options["context"] == "":
        raise click.UsageError("--context needs a directory")
    if options.pop("no_context"):
        if options["context"] is not None:
            raise click.UsageError("--context and --no-context exclude each other")
        options["context"] = ""
    if "-" in paths and options["write"] and (options["show_diff"] or options["style"] == "json"):
        raise click.UsageError("with - and --write, standard output is for the new text alone")
    if options.pop("dockerignore"):
        from slimfix.cli_dockerignore import run

        sys.exit(run(paths, **options))
    sys.exit(_Run(paths, **options).run())


@click.command()
def rules() -> None:
    """List the rules."""
    from slimfix.rules import all_rules

    found = sorted(all_rules(), key=lambda rule: rule.code)
    width = max((len(rule.name) for rule in found), default=0)
    for rule in found:
        click.echo(f"{rule.code}  {rule.name:{width}}  {rule.summary}")


@click.command()
@click.argument("rule")
def explain(rule: str) -> None:
    """Print what a rule does, and why."""
    from slimfix.rules import all_rules

    for one in all_rules():
        if rule.lower() in (one.name, one.code.lower()):
            click.echo(f"{one.name} ({one.code})\n\n{one.doc.strip()}")
            return
    _fail(f"unknown rule: {rule}")


for _command in (fix, rules, explain):
    cli.add_command(_command)


def _fail(message: str) -> NoReturn:
    err(f"slimfix: {message}")
    sys.exit(FAILED)


class _Run:
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
            _fail(str(error))
        except ConfigError as error:
            err(f"{error.place}: {error}")
            return FAILED
        if context and not os.path.isdir(context):
            err(f"{context}: the context is not a directory")
            return FAILED
        with contextlib.closing(self.results(plan)) as outcomes:
            for outcome in outcomes:
                if self.verify and outcome.changed:
                    from slimfix.verify.gate import passed

                    outcome = passed(outcome, plan.job(outcome.path), self.quiet)
                self.report(self.finish(outcome))
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


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    status: Any = FAILED
    gc.set_threshold(500_000)  # many small objects, few cycles: a seventh of the time went there
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = cli.main(args=given, prog_name="slimfix", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        status = INTERRUPTED
    except Exception as error:  # a bug of ours, or a full disk: one line, no traceback
        what = f"internal error: {type(error).__name__}"
        err(f"slimfix: {error.strerror.lower() if isinstance(error, OSError) and error.strerror else what}")
        if "-v" in given or "--verbose" in given:
            import traceback

            err(traceback.format_exc().rstrip())
    sys.exit(status)
