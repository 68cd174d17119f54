"""The command ``slimfix verify``."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from slimfix.console import err, out

if TYPE_CHECKING:
    from slimfix.batch import Job
    from slimfix.engine import Rewrite
    from slimfix.verify.compare import Request
    from slimfix.verify.engines import Engine
    from slimfix.verify.report import Report

FAILED = 2
"""Exit status for a broken rewrite, and when it could not be found out."""
TIMEOUT = 1800
"""Seconds that a build may take where nothing else is said."""


@click.command(short_help="Build before and after, and compare the images.")
@click.argument("path", default="Dockerfile", metavar="[DOCKERFILE]")
@click.option("--against", metavar="FILE", help="Compare with this Dockerfile instead.")
@click.option("--context", metavar="DIR", help="The build context; by default where the Dockerfile is.")
@click.option("--target", metavar="STAGE", help="The stage that ships; by default the last.")
@click.option("--build-arg", "build_args", multiple=True, metavar="NAME=VALUE", help="Set a build argument.")
@click.option("--network", metavar="MODE", help="The network of builds and smoke commands, such as host.")
@click.option("--platform", metavar="PLATFORM", help="Build for this platform.")
@click.option("--build-option", "extra", multiple=True, metavar="OPTION", help="Give the builder this, too.")
@click.option(
    "--engine",
    "engine_name",
    type=click.Choice(("auto", "docker", "buildx", "podman", "buildah")),
    default="auto",
    help="Build with this; auto takes the first that answers.",
)
@click.option("--smoke", multiple=True, metavar="COMMAND", help="Run this in both images; no shell reads it.")
@click.option(
    "--timeout", type=click.FloatRange(1), default=TIMEOUT, metavar="SECONDS", help="For each build."
)
@click.option("--touch", metavar="FILE", help="The file of the context to edit before the timed rebuild.")
@click.option("--no-rebuild", is_flag=True, help="Time no rebuild.")
@click.option("--no-bisect", is_flag=True, help="Do not look for the fix to blame.")
@click.option("--write", is_flag=True, help="Write to the Dockerfile what was verified, and nothing else.")
@click.option("--keep", is_flag=True, help="Keep the images.")
@click.option("--select", multiple=True, metavar="RULES", help="Run only these rules, separated by commas.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not run these rules.")
@click.option("--safe-only", is_flag=True, help="Make no fix that rests on an assumption.")
@click.option("--unsafe", is_flag=True, help="Make fixes that may change what the image does, too.")
@click.option("--config", metavar="FILE", help="Read the settings from this file.")
@click.option(
    "--format",
    "style",
    type=click.Choice(("text", "json", "markdown", "html")),
    default="text",
    help="How to report.",
)
@click.option("--report", "reports", multiple=True, metavar="FILE", help="Also to .txt, .json, .md or .html.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.option("-v", "--verbose", is_flag=True, help="Show all that the builder prints.")
def verify(path: str, **options: Any) -> None:
    """Build a Dockerfile as it is and as slimfix would write it, and compare the images.

    Exit status: 0 verified, 1 smaller but changed, 2 broken, or it could not be found out.
    """
    if options["safe_only"] and options["unsafe"]:
        raise click.UsageError("--safe-only and --unsafe exclude each other")
    if options["write"] and options["against"] is not None:
        raise click.UsageError("--write and --against exclude each other")
    for file in options["reports"]:
        if _form(file) is None:
            raise click.UsageError(f"--report {file}: the name must end in .txt, .json, .md or .html")
    for value in options["build_args"]:
        if value.startswith(("=", "-")):
            raise click.UsageError(f"--build-arg {value}: no name")
    sys.exit(_verify(path, options))


def _verify(path: str, options: dict[str, Any]) -> int:
    from slimfix.verify.engines import EngineError

    try:
        return _run(path, options)
    except EngineError as error:
        err(f"{path}: {error}")
        failure = getattr(error, "failure", None)
        for line in failure.tail if failure is not None else ():
            err(f"  | {line}")
    except KeyboardInterrupt:
        err(f"{path}: interrupted; what had been made on the engine was removed")
    return FAILED


def _run(path: str, options: dict[str, Any]) -> int:
    from slimfix import files

    prepared = _prepare(path, options)
    if isinstance(prepared, str):
        err(prepared)
        return FAILED
    job, rewrite, request = prepared
    if not rewrite.changed:
        why = "the files are equal" if options["against"] else "nothing to change"
        err(f"{path}: nothing to verify: {why}")
        return 0
    report = _report(path, job, rewrite, request, options)
    from slimfix.verify.report import render

    out(render(report, options["style"]).encode("utf-8", "surrogateescape"))
    try:
        for file in options["reports"]:
            with open(file, "wb") as target:
                target.write(render(report, _form(file) or "text").encode("utf-8", "surrogateescape"))
    except OSError as error:
        err(f"{file}: {files.reason(error)}")
        return FAILED
    return _write(path, report) if options["write"] else report.settled.verdict.status


def _write(path: str, report: Report) -> int:
    """Write what was verified, if anything was; the exit status."""
    from slimfix import files
    from slimfix.text import encode

    settled = report.settled
    best = settled.best
    if best is None:
        err(f"{path}: not written: {settled.verdict.name}")
        return settled.verdict.status
    try:
        files.replace(path, encode(best.after), encode(best.before))
    except files.Unusable as error:
        err(f"{path}: {error}")
        return FAILED
    left = len(settled.blamed)
    err(f"{path}: written" + (f", without what is to blame ({left})" if left else ""))
    return 0


def _report(path: str, job: Job, rewrite: Rewrite, request: Request, options: dict[str, Any]) -> Report:
    from slimfix.verify import engines
    from slimfix.verify.blame import remake_of, settle
    from slimfix.verify.compare import Bench
    from slimfix.verify.progress import Progress
    from slimfix.verify.report import Report
    from slimfix.verify.workspace import Workspace

    progress = Progress(options["quiet"], options["verbose"])
    bisect = not options["no_bisect"] and options["against"] is None
    with terminable():
        engine: Engine = engines.find(options["engine_name"])
        with Workspace(engine, options["keep"]) as workspace:
            try:
                bench = Bench(request, rewrite.before, workspace, progress)
                worst = 0 if options["write"] else 1
                remake = remake_of(job, path, rewrite.before)
                settled = settle(bench, remake, rewrite, worst, bisect)
            finally:
                progress.done()
            if options["keep"]:
                err(f"kept: {' '.join(workspace.tags)}")
    return Report(path, f"{engine.kind} {engine.version}", settled, options["against"])


def _prepare(path: str, options: dict[str, Any]) -> tuple[Job, Rewrite, Request] | str:
    """What to build; or, as text, why nothing can be built."""
    from slimfix import files
    from slimfix.config import ConfigError
    from slimfix.engine import Rewrite
    from slimfix.plan import Flags, Plan
    from slimfix.rules import UnknownRule
    from slimfix.verify.compare import Request
    from slimfix.verify.engines import Options

    context = options["context"]
    if context is not None and not os.path.isdir(context):
        return f"{context}: the context is not a directory"
    try:
        smoke = tuple(tuple(shlex.split(command)) for command in options["smoke"])
    except ValueError as error:
        return f"--smoke: {str(error).lower()}"
    if not all(smoke):
        return "--smoke: no command"
    flags = Flags(
        _names(options["select"]),
        _names(options["ignore"]),
        options["safe_only"],
        options["unsafe"],
        options["target"],
        False,
        context,
        options["config"],
    )
    try:
        job = Plan(flags).job(path)
    except UnknownRule as error:
        return f"slimfix: {error}"
    except ConfigError as error:
        return f"{error.place}: {error}"
    directory, problem = job.directory(path)
    if directory is None:
        return f"{path}: {problem or 'the build context is not known'}"
    outcome = job.work(path)
    if outcome.rewrite is None:
        return str(outcome.problem)
    rewrite = outcome.rewrite
    against = options["against"]
    if against is not None:
        try:
            rewrite = Rewrite(rewrite.before, files.read(against), (), ())
        except files.Unusable as error:
            return f"{against}: {error}"
    given = Options(
        options["build_args"],
        job.target,
        options["network"],
        options["platform"],
        options["extra"],
        options["timeout"],
    )
    request = Request(path, directory, given, smoke, not options["no_rebuild"], options["touch"])
    return job, rewrite, request


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """A polite end (SIGTERM) is taken like Ctrl-C, so that what was made is removed."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _form(file: str) -> str | None:
    from slimfix.verify.report import FORMATS

    extension = os.path.splitext(file)[1].lower()
    return next((form for form, suffix in FORMATS.items() if suffix == extension), None)


def _names(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())
