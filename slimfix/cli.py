"""The commands and their options, for click to read; no decisions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from slimfix import __version__
from slimfix.cli_group import Group
from slimfix.console import FAILED, INTERRUPTED, err
from slimfix.run import Run


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
    sys.exit(Run(paths, **options).run())


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


def command(arguments: Sequence[str]) -> Any:
    """Carry out a command line; its exit status."""
    try:
        return cli.main(args=list(arguments), prog_name="slimfix", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
