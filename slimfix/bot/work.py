"""What the commands do."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slimfix.bot.arguments import (
    default_state,
    denied,
    place_of,
    policy_of,
    quiet_hours,
    repositories,
    runtime_of,
)
from slimfix.bot.errors import BotError
from slimfix.console import err, out

if TYPE_CHECKING:
    from slimfix.bot.jobs import Jobs, Runtime
    from slimfix.bot.outcome import Outcome
    from slimfix.bot.plan import Plan
    from slimfix.bot.read import Proving
    from slimfix.bot.redact import Secrets

FAILED = 2
"""Exit status when someone should look at what happened."""
INTERRUPTED = 130


def fail(message: str) -> int:
    """Say in one line what is wrong; the exit status."""
    err(f"slimfix: {message}")
    return FAILED


def plan(clone: str | None, branch: str, output: str | None, options: dict[str, Any]) -> int:
    """Plan for repositories on a forge, or one on this machine; the exit status."""
    from slimfix.bot import plan_file, read
    from slimfix.bot.outcome import held_back
    from slimfix.bot.redact import Secrets
    from slimfix.bot.scratch import scratch
    from slimfix.bot.verifying import verifying

    failed = False
    with verifying(options) as proving, scratch():
        if clone is not None:
            where = os.path.join(clone, ".git") if os.path.isdir(os.path.join(clone, ".git")) else clone
            name = next(iter(options["repos"]), f"local/{os.path.basename(os.path.abspath(clone))}")
            secrets = Secrets()
            given = (where, name, branch, policy_of(options), secrets)
            plans = [read.local(*given, proving and proving(secrets))]
        else:
            plans, failed = _remote(options, proving)
    for one in plans:
        found = sum(len(proposal.fixes) for proposal in one.proposals)
        counts = (
            _count(found, "fix"),
            _count(len(one.proposals), "pull request"),
            _count(one.dockerfiles, "Dockerfile"),
        )
        err(f"{one.repository}: {', '.join(counts)}")
        for unread in one.unread:
            err(f"{one.repository}: {unread.path!r} passed over: {unread.reason}")
        for held in one.held:
            err(f"{one.repository}: {held_back(held)}")
    text = plan_file.document(plans).encode()
    if output is None:
        out(text)
    else:
        Path(output).write_bytes(text)
    return FAILED if failed else 0


def _remote(options: dict[str, Any], proving: Callable[[Secrets], Proving] | None) -> tuple[list[Plan], bool]:
    """The plans for repositories on a forge, and whether one of them failed."""
    from slimfix.bot import read
    from slimfix.bot.outcome import failure

    runtime = runtime_of(options)
    terms = runtime.terms._replace(dry=True)  # a plan writes nothing to the forge
    given = (runtime.policy, terms, runtime.secrets, proving and proving(runtime.secrets))
    plans, failed = [], False
    for name in repositories(runtime, options):
        try:
            plans.append(read.remote(runtime.forge, name, *given))
        except BotError as error:  # noqa: PERF203  # each may have its own reason
            told = failure(name, error)
            failed |= told.failed
            err(told.lines()[0])
    return plans, failed


def publish(path: str, options: dict[str, Any]) -> int:
    """Carry out the plans of a file; the exit status."""
    from slimfix.bot import plan_file
    from slimfix.files import reason

    try:
        with open(path, "rb") as file:
            data = file.read(plan_file.MAX_BYTES + 1)
    except OSError as error:
        return fail(f"{path}: {reason(error)}")
    if len(data) > plan_file.MAX_BYTES:
        return fail(f"{path}: too large for a plan")
    plans = {
        one.repository: plan_file.document([one]) for one in plan_file.read(data.decode("utf-8", "replace"))
    }
    return _work_off(runtime_of(options), list(plans), options, plans)


def run(options: dict[str, Any]) -> int:
    """Plan and publish; the exit status."""
    runtime = runtime_of(options)
    return _work_off(runtime, list(repositories(runtime, options)), options)


def _work_off(
    runtime: Runtime, names: list[str], options: dict[str, Any], plans: dict[str, str] | None = None
) -> int:
    failed = False
    done: list[Outcome] = []

    def work(jobs: Jobs) -> None:
        nonlocal failed
        ids = jobs.submit(names, plans)
        wanted = dict.fromkeys([*ids, *jobs.unfinished()])
        for one in jobs.outcomes(wanted):
            done.append(one)
            failed |= one.failed
            _tell(one, options["style"], len(done), len(wanted))

    if not _with_jobs(runtime, options, work):
        left = "" if options["dry_run"] else "; run it again to go on"
        err(f"slimfix: interrupted after {_count(len(done), 'repository')}{left}")
        # Threads at work are not waited for: whatever they are doing may be cut short anywhere.
        os._exit(INTERRUPTED)
    opened = sum(result.action == "create" for one in done for result in one.results)
    would = "would be " if options["dry_run"] else ""
    err(f"{_count(len(done), 'repository')}: {_count(opened, 'pull request')} {would}opened")
    return FAILED if failed else 0


def serve(options: dict[str, Any]) -> int:
    """Wait for webhooks, until the end."""
    from slimfix.bot.serve import Desk, Server

    owners = {owner.lower() for owner in options["owners"]}
    runtime = runtime_of(options)

    def allowed(name: str) -> bool:
        # On GitLab a group has what is in the groups below it, too.
        ours = any(f"{name.lower()}/".startswith(f"{owner}/") for owner in owners)
        return ours and not denied(name, options["deny"])

    # It may be called otherwise, and belong to others, by the time that it is looked at.
    runtime.terms = runtime.terms._replace(denied=lambda name: not allowed(name))

    def work(jobs: Jobs) -> None:
        desk = Desk(jobs, allowed, lambda one: _tell(one, options["style"], 1, 1))
        secret = os.environ.get("SLIMFIX_WEBHOOK_SECRET", "")
        address = (options["host"], options["port"])
        with Server(address, secret, desk, place_of(options).kind) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            err(f"slimfix: listening at {options['host']}:{server.server_address[1]}")
            while True:
                desk.turn()
                time.sleep(0.5)

    _with_jobs(runtime, options, work)
    err("slimfix: stopped; what was being worked on is worked on again at the next start")
    os._exit(0)


def _with_jobs(runtime: Runtime, options: dict[str, Any], work: Callable[[Jobs], None]) -> bool:
    """Do some work with the jobs; False if it was interrupted, by Ctrl-C or a polite end."""
    import signal

    from slimfix.bot.hour import Hour
    from slimfix.bot.jobs import Jobs, database
    from slimfix.bot.scratch import scratch

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, stop) if main else None
    dry = options["dry_run"]
    try:
        with scratch() as place:
            state = os.path.join(place, "dry.sqlite") if dry else options["state"] or default_state()
            hour = Hour(database(state), options["per_hour"], options["per_hour_owner"])
            quiet = quiet_hours(options["quiet_hours"])
            runtime.terms = runtime.terms._replace(dry=dry, hour=hour, quiet=quiet)
            jobs = Jobs(state, runtime, options["workers"], options["executor"])
            work(jobs)
            jobs.close()
            hour.close()
    except KeyboardInterrupt:
        return False
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
    return True


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


def status(state: str | None, style: str) -> int:
    """Print what became of every repository; the exit status."""
    from slimfix.bot import status
    from slimfix.bot.jobs import history

    out(status.render(history(state or default_state()), style).encode("utf-8", "replace"))
    return 0
