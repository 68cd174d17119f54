"""The command line."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click_default_group import DefaultGroup

from slimfix import __version__
from slimfix.console import err, in_colour, out

if TYPE_CHECKING:
    from slimfix.batch import Job
    from slimfix.config import Config
    from slimfix.report import Outcome, Problem
    from slimfix.rules import Rule

FAILED = 2
"""Exit status when something could not be done."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


class _Group(DefaultGroup):  # type: ignore[misc]
    """Shows the options of the default command as its own."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of the command that runs when none is named, and the list of the others."""
        fix.format_usage(ctx, formatter)
        fix.format_help_text(ctx, formatter)
        fix.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(cls=_Group, default="fix", default_if_no_args=True)
@click.version_option(__version__, prog_name="slimfix", message="%(prog)s %(version)s")
def cli() -> None:
    """Rewrite Dockerfiles so that their images get smaller and their layers cache better."""


@click.command(short_help="Rewrite Dockerfiles; the default.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--diff", "show_diff", is_flag=True, help="Print a unified diff (the default).")
@click.option("--write", is_flag=True, help="Rewrite the files in place; with -, print the new text.")
@click.option("--check", is_flag=True, help="Exit with 1 if anything would change.")
@click.option("--select", multiple=True, metavar="RULES", help="Run only these rules, separated by commas.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not run these rules.")
@click.option("--safe-only", is_flag=True, help="Make no fix that rests on an assumption.")
@click.option("--unsafe", is_flag=True, help="Make fixes that may change what the image does, too.")
@click.option("--context", metavar="DIR", help="The build context; by default where the Dockerfile is.")
@click.option("--target", metavar="STAGE", help="The stage that ships; by default the last.")
@click.option("--all-stages", is_flag=True, help="Take every stage for one that ships.")
@click.option("--config", "config_path", metavar="FILE", help="Read the settings from this file.")
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
    if "-" in paths and options["write"] and (options["show_diff"] or options["style"] == "json"):
        raise click.UsageError("with - and --write, standard output is for the new text alone")
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
        check: bool,
        style: str,
        jobs: int | None,
        quiet: bool,
        verbose: bool,
        **settings: Any,
    ) -> None:
        from slimfix.report.text import Summary

        self.paths = paths
        self.diff = (show_diff or not write) and style == "text"
        self.write = write
        self.check = check
        self.json = style == "json"
        self.jobs = jobs
        self.quiet = quiet
        self.verbose = verbose
        self.settings = settings
        self.failed = False
        self.problems: list[Problem] = []
        self.outcomes: list[Outcome] = []
        self.summary = Summary()
        self.colour = in_colour()

    def run(self) -> int:
        """Do it all; the exit status."""
        config, job = self.prepare()
        with contextlib.closing(self.results(config, job)) as outcomes:
            for outcome in outcomes:
                self.report(self.finish(outcome))
        if self.json:
            from slimfix.report.json import document

            out(document(self.outcomes, self.problems).encode())
        elif not self.quiet and self.summary.files:
            err(self.summary.line(self.write, job.allowed, self.verbose))
        if self.failed:
            return FAILED
        return int(self.check and bool(self.summary.changed))

    def prepare(self) -> tuple[Config, Job]:
        """The settings, from the command line and the configuration file. Exits when they are bad."""
        from slimfix import config as configuration
        from slimfix.batch import Job
        from slimfix.fix import Safety

        options = self.settings
        try:
            config = configuration.load(options["config_path"])
        except configuration.ConfigError as error:
            place = f"{error.path}:{error.line}" if error.line else error.path
            err(f"{place}: {error}")
            sys.exit(FAILED)
        context = options["context"]
        if context is not None and not os.path.isdir(context):
            err(f"{context}: the context is not a directory")
            sys.exit(FAILED)
        safe, unsafe = options["safe_only"], options["unsafe"]
        if not safe and not unsafe:
            safe, unsafe = config.safe_only, config.unsafe
        job = Job(
            self.rules(config),
            Safety.SAFE if safe else Safety.UNSAFE if unsafe else Safety.ASSUMED,
            options["target"] if options["target"] is not None else config.target,
            options["all_stages"] or config.all_stages,
            context,
            config.options,
        )
        return config, job

    def rules(self, config: Config) -> tuple[Rule, ...]:
        from slimfix.rules import UnknownRule, select

        wanted: Sequence[str] | None = _names(self.settings["select"]) or config.select
        ignored = _names(self.settings["ignore"]) or config.ignore
        try:
            select(_names(self.settings["select"]), _names(self.settings["ignore"]))
        except UnknownRule as error:
            _fail(str(error))
        try:
            return select(wanted, ignored)
        except UnknownRule as error:
            err(f"{config.path}: {error}")
            sys.exit(FAILED)

    def results(self, config: Config, job: Job) -> Generator[Outcome, None, None]:
        from slimfix import batch, files

        found = list(files.find(self.paths, (config.directory, config.exclude), self.complain))
        at = found.index("-") if "-" in found else len(found)
        yield from batch.run(job, found[:at], self.jobs)
        if at < len(found):
            yield self.standard_input(job)
            yield from batch.run(job, found[at + 1 :], self.jobs)

    def standard_input(self, job: Job) -> Outcome:
        from slimfix import files
        from slimfix.report import Outcome, Problem, shown

        try:
            if sys.stdin is None:
                raise files.Unusable("standard input is closed")
            text = files.checked(sys.stdin.buffer.read(files.MAX_BYTES + 1))
        except files.Unusable as error:
            return Outcome("-", problem=Problem(shown("-"), str(error)))
        except OSError as error:
            return Outcome("-", problem=Problem(shown("-"), files.reason(error)))
        return job.work("-", text)

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
                files.replace(outcome.path, data)
            except files.Unusable as error:
                return outcome._replace(problem=Problem(outcome.path, str(error)))
        return outcome

    def report(self, outcome: Outcome) -> None:
        """Tell what came of a file."""
        self.summary.add(outcome)
        if self.json:
            self.outcomes.append(outcome)
        elif outcome.changed and self.diff and outcome.rewrite is not None:
            from slimfix import diff

            rewrite = outcome.rewrite
            out(diff.diff(rewrite.before, rewrite.after, diff.label(outcome.path), self.colour))
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


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    status: Any = FAILED
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = cli.main(args=given, prog_name="slimfix", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        status = INTERRUPTED
    except Exception as error:
        what = f"internal error: {type(error).__name__}"
        err(f"slimfix: {error.strerror.lower() if isinstance(error, OSError) and error.strerror else what}")
        if "-v" in given or "--verbose" in given:
            import traceback

            err(traceback.format_exc().rstrip())
    sys.exit(status)
