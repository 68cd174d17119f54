"""The commands ``slimfix bot ...``: arguments in, exit code out."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slimfix.bot.errors import BotError
from slimfix.console import err, out

if TYPE_CHECKING:
    from slimfix.bot.jobs import Runtime
    from slimfix.bot.outcome import Outcome
    from slimfix.bot.settings import Policy

FAILED = 2
INTERRUPTED = 130


@click.group(short_help="Propose fixes as pull requests.")
def bot() -> None:
    """Plan the fixes of repositories, and propose them as pull requests."""


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_policy = _options(
    click.option(
        "--select", multiple=True, metavar="RULES", help="Run only these rules, separated by commas."
    ),
    click.option("--ignore", multiple=True, metavar="RULES", help="Do not run these rules."),
    click.option("--safe-only", is_flag=True, help="Make no fix that rests on an assumption."),
    click.option(
        "--group",
        type=click.Choice(("repository", "directory")),
        default="repository",
        help="One pull request for each repository, or for each directory with Dockerfiles.",
    ),
    click.option(
        "--rebase",
        type=click.Choice(("auto", "conflicted", "behind", "never")),
        default="auto",
        help="When to build a branch anew.",
    ),
    click.option("--label", "labels", multiple=True, metavar="NAME", help="Put this label on pull requests."),
    click.option("--draft", is_flag=True, help="Open pull requests as drafts."),
    click.option("--open-limit", type=click.IntRange(1), default=1, help="Open at a time in one repository."),
)
_targets = _options(
    click.option("--repo", "repos", multiple=True, metavar="OWNER/NAME", help="This repository."),
    click.option("--owner", "owners", multiple=True, metavar="OWNER", help="All repositories of an account."),
    click.option(
        "--list", "lists", multiple=True, metavar="FILE", help="The repositories in a file, one a line."
    ),
    click.option(
        "--deny", multiple=True, metavar="PATTERN", help="Leave these alone: owner/name, with * and ?."
    ),
)
_connection = _options(
    click.option("--api-url", default="", metavar="URL", help="The API, if it is not that of github.com."),
    click.option("--forks", is_flag=True, help="Work on forks, too."),
    click.option("--docs-url", default="", metavar="URL", help="Where there is a page for each rule."),
    click.option(
        "--pace",
        type=click.Choice(("github", "none")),
        default="github",
        help="Keep to GitHub's limits; none is for a server of your own.",
    ),
)
_work = _options(
    click.option(
        "--state", metavar="FILE|URL", help="Where the jobs are kept: an SQLite file, or postgresql://..."
    ),
    click.option("--workers", type=click.IntRange(1, 32), default=4, help="Repositories at a time."),
    click.option(
        "--executor", default="", metavar="NAME", help="This process among those that share a database."
    ),
    click.option(
        "--per-hour", type=click.IntRange(0), default=80, help="Open at most so many an hour; 0: any."
    ),
    click.option("--per-hour-owner", type=click.IntRange(0), default=20, help="The same for one owner."),
    click.option("--quiet-hours", metavar="HH-HH", help="Open none between these hours (UTC)."),
    click.option("--dry-run", is_flag=True, help="Write nothing to the forge; say what would be done."),
)
_style = click.option(
    "--format", "style", type=click.Choice(("text", "json")), default="text", help="How to report."
)


@bot.command(name="plan")
@_targets
@click.option("--clone", metavar="DIR", help="Plan for a repository on this machine.")
@click.option("--branch", default="", metavar="NAME", help="With --clone: its branch, instead of HEAD.")
@click.option("-o", "--output", metavar="FILE", help="Write the plan to this file.")
@_policy
@_connection
def plan_command(clone: str | None, branch: str, output: str | None, **options: Any) -> None:
    """Read repositories and write down what would be proposed to each."""
    sys.exit(_caught(_plan, clone, branch, output, options))


@bot.command(name="publish")
@click.argument("plan", metavar="PLAN")
@_connection
@_work
@_style
def publish_command(plan: str, **options: Any) -> None:
    """Carry out a plan that was written by "slimfix bot plan"."""
    sys.exit(_caught(_publish, plan, options))


@bot.command(name="run")
@_targets
@_policy
@_connection
@_work
@_style
def run_command(**options: Any) -> None:
    """Plan and publish, and go on with what an earlier run had to leave."""
    sys.exit(_caught(_run, options))


@bot.command(name="status")
@click.option("--state", metavar="FILE|URL", help="Where the jobs are kept.")
@click.option(
    "--format", "style", type=click.Choice(("text", "json", "html")), default="text", help="How to report."
)
def status_command(state: str | None, style: str) -> None:
    """Show what became of every repository."""
    sys.exit(_caught(_status, state or _default_state(), style))


def _caught(work: Callable[..., int], *arguments: Any) -> int:
    try:
        return work(*arguments)
    except BotError as error:
        return _fail(str(error))
    except ImportError as error:
        return _fail(f"{error.name} is not installed: pip install 'slimfix[bot]'")


def _fail(message: str) -> int:
    err(f"slimfix: {message}")
    return FAILED


def _plan(clone: str | None, branch: str, output: str | None, options: dict[str, Any]) -> int:
    from slimfix.bot import plan_file, read
    from slimfix.bot.redact import Secrets

    plans = []
    failed = False
    if clone is not None:
        where = os.path.join(clone, ".git") if os.path.isdir(os.path.join(clone, ".git")) else clone
        name = next(iter(options["repos"]), f"local/{os.path.basename(os.path.abspath(clone))}")
        plans.append(read.local(where, name, branch, _policy_of(options), Secrets()))
    else:
        runtime = _runtime(options)
        for name in _names(runtime, options):
            try:
                plans.append(
                    read.remote(
                        runtime.forge, name, runtime.policy, runtime.terms, runtime.secrets, runtime.token
                    )
                )
            except BotError as error:  # noqa: PERF203  # each may have its own reason
                from slimfix.bot.outcome import failure

                told = failure(name, error)
                failed |= told.failed
                err(told.lines()[0])
    for one in plans:
        found = sum(len(proposal.fixes) for proposal in one.proposals)
        told = (
            _count(found, "fix"),
            _count(len(one.proposals), "pull request"),
            _count(one.dockerfiles, "Dockerfile"),
        )
        err(f"{one.repository}: {', '.join(told)}")
        for unread in one.unread:
            err(f"{one.repository}: {unread.path!r} passed over: {unread.reason}")
    text = plan_file.document(plans).encode()
    if output is None:
        out(text)
    else:
        Path(output).write_bytes(text)
    return FAILED if failed else 0


def _publish(plan: str, options: dict[str, Any]) -> int:
    from slimfix.bot import plan_file
    from slimfix.files import reason

    try:
        with open(plan, "rb") as file:
            data = file.read(plan_file.MAX_BYTES + 1)
    except OSError as error:
        return _fail(f"{plan}: {reason(error)}")
    if len(data) > plan_file.MAX_BYTES:
        return _fail(f"{plan}: too large for a plan")
    plans = {
        one.repository: plan_file.document([one]) for one in plan_file.read(data.decode("utf-8", "replace"))
    }
    return _work_off(_runtime(options), list(plans), options, plans)


def _run(options: dict[str, Any]) -> int:
    runtime = _runtime(options)
    return _work_off(runtime, list(_names(runtime, options)), options)


def _work_off(
    runtime: Runtime, names: list[str], options: dict[str, Any], plans: dict[str, str] | None = None
) -> int:
    from slimfix.bot.jobs import Hour, Jobs

    hour = Hour(options["per_hour"], options["per_hour_owner"])
    runtime.terms = runtime.terms._replace(
        dry=options["dry_run"], hour_full=hour.full, opened=hour.note, quiet=_quiet(options["quiet_hours"])
    )
    scratch = tempfile.mkdtemp(prefix="slimfix-bot-")
    tempfile.tempdir = scratch  # every clone lies here, so that none is left behind
    state = (
        os.path.join(scratch, "dry.sqlite") if options["dry_run"] else options["state"] or _default_state()
    )
    failed = False
    done: list[Outcome] = []
    try:
        jobs = Jobs(state, runtime, options["workers"], hour, options["executor"])
        ids = jobs.submit(names, plans)
        total = len(set(ids) | set(jobs.unfinished()))
        for one in jobs.outcomes(dict.fromkeys([*ids, *jobs.unfinished()])):
            done.append(one)
            failed |= one.failed
            _tell(one, options["style"], len(done), total)
        jobs.close()
    except KeyboardInterrupt:
        left = "; run it again to go on" if not options["dry_run"] else ""
        err(f"slimfix: interrupted after {len(done)} repositories{left}")
        shutil.rmtree(scratch, ignore_errors=True)
        # Threads at work are not waited for: whatever they are doing may be cut short anywhere.
        os._exit(INTERRUPTED)
    finally:
        tempfile.tempdir = None
        shutil.rmtree(scratch, ignore_errors=True)
    opened = sum(result.action == "create" for one in done for result in one.results)
    would = "would be " if options["dry_run"] else ""
    err(f"{_count(len(done), 'repository')}: {_count(opened, 'pull request')} {would}opened")
    return FAILED if failed else 0


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return (
        f"{number} {noun[:-1]}ies"
        if noun.endswith("y")
        else f"{number} {noun}{'es' if noun.endswith('x') else 's'}"
    )


def _tell(one: Outcome, style: str, number: int, total: int) -> None:
    if style == "json":
        out(one.json().encode() + b"\n")
        return
    count = f"[{number}/{total}] " if total > 1 else ""
    for line in one.lines():
        out(f"{count}{line}\n".encode("utf-8", "replace"))


def _status(state: str, style: str) -> int:
    from slimfix.bot import status
    from slimfix.bot.jobs import history

    out(status.render(history(state), style).encode("utf-8", "replace"))
    return 0


# -- what the options mean -------------------------------------------------------------------------


def _runtime(options: dict[str, Any]) -> Runtime:
    from slimfix.bot import auth, pace
    from slimfix.bot.forge.github import GitHub
    from slimfix.bot.jobs import Runtime
    from slimfix.bot.publish import Terms
    from slimfix.bot.redact import Secrets

    secrets = Secrets()
    token = auth.from_environment("github", secrets)
    limits = pace.GITHUB if options["pace"] == "github" else pace.UNLIMITED
    forge = GitHub(options["api_url"], token, pace.Pace(pace.SystemClock(), limits), secrets)
    terms = Terms(options["docs_url"], options["forks"])
    return Runtime(forge, _policy_of(options), terms, secrets, token.value())


def _policy_of(options: dict[str, Any]) -> Policy:
    from slimfix.bot.settings import Policy
    from slimfix.rules import UnknownRule, select

    def listed(key: str) -> tuple[str, ...]:
        return tuple(
            name.strip() for value in options.get(key, ()) for name in value.split(",") if name.strip()
        )

    chosen = listed("select") or None
    try:
        select(chosen, listed("ignore"))
    except UnknownRule as error:
        raise BotError("bad-config", str(error)) from None
    return Policy(
        chosen,
        listed("ignore"),
        options.get("safe_only", False),
        options.get("group", "repository"),
        options.get("rebase", "auto"),
        tuple(options.get("labels", ())),
        options.get("draft", False),
        options.get("open_limit", 1),
    )


def _names(runtime: Runtime, options: dict[str, Any]) -> Iterator[str]:
    """The repositories that are meant, each once, without those that are denied."""
    from fnmatch import fnmatchcase

    from slimfix.bot import names

    found = list(options["repos"])
    for file in options["lists"]:
        try:
            lines = Path(file).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BotError("bad-name", f"{file}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
        found += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for owner in options["owners"]:
        found += runtime.forge.repositories(owner)
    if not found and not options["owners"]:
        raise click.UsageError("name a repository: --repo, --owner or --list")
    for name in dict.fromkeys(found):
        names.repository(name)
        if any(fnmatchcase(name.lower(), pattern.lower()) for pattern in options["deny"]):
            err(f"{name}: skipped (denied)")
        else:
            yield name


def _quiet(hours: str | None) -> Callable[[], bool]:
    if hours is None:
        return lambda: False
    first, _, last = hours.partition("-")
    if not (first.isdigit() and last.isdigit() and int(first) < 24 and int(last) <= 24):
        raise click.UsageError("--quiet-hours: two hours such as 22-7")
    start, end = int(first), int(last)

    def quiet() -> bool:
        now = time.gmtime().tm_hour
        return start <= now < end if start <= end else now >= start or now < end

    return quiet


def _default_state() -> str:
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(home, "slimfix", "bot.sqlite")
