"""Work that lasts: each repository is a job in a database, and a killed bot goes on where it was.

The jobs are workflows of dbos, in an SQLite file or in PostgreSQL. A job has two steps: plan, and publish.
A step that was cut short is run again; publishing looks at the forge before it does anything, so twice is
no more than once. While a repository waits or is worked on, no second job for it is taken on, by this
process or another.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

from dbos import DBOS, DBOSClient, DBOSConfig, SetEnqueueOptions

from slimfix.bot import outcome, plan_file, publish, read
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Forge
from slimfix.bot.heed import ANEW
from slimfix.bot.outcome import Outcome
from slimfix.bot.redact import Secrets
from slimfix.bot.settings import Policy
from slimfix.bot.terms import Result, Terms

QUEUE = "repositories"
ATTEMPTS = 3
"""How often a plan is made anew because the base moved meanwhile."""
PATIENCE = 600
"""Seconds that jobs in hand are given at a clean end."""


@dataclass
class Runtime:
    """What the steps need and no database must hold."""

    forge: Forge
    policy: Policy
    terms: Terms
    secrets: Secrets


_runtime: Runtime | None = None


def _now() -> Runtime:
    if _runtime is None:
        raise RuntimeError("no runtime")
    return _runtime


@DBOS.step(name="plan")
def _plan(name: str) -> str:
    """The plan as text, or what kept us from one."""
    now = _now()
    try:
        return plan_file.document([read.remote(now.forge, name, now.policy, now.terms, now.secrets)])
    except BotError as error:
        return outcome.failure(name, error).json()
    except Exception as error:  # a bug of ours ends the work on this repository alone
        return Outcome(name, "internal", now.secrets.hide(f"{type(error).__name__}: {error}")[:300]).json()


@DBOS.step(name="publish")
def _publish(name: str, text: str) -> str:
    """What became of a plan."""
    now = _now()
    try:
        (made,) = plan_file.read(text)
        results = tuple(publish.publish(now.forge, made, now.terms))
        saving = max(0, sum(one.saving for one in made.proposals))
        unread = tuple((one.path, one.reason) for one in made.unread)
        told = (results, made.dockerfiles, saving, unread, made.held)
        return Outcome(made.repository, "", "", *told).json()
    except BotError as error:
        return outcome.failure(name, error).json()
    except Exception as error:  # a bug of ours ends the work on this repository alone
        return Outcome(name, "internal", now.secrets.hide(f"{type(error).__name__}: {error}")[:300]).json()


@DBOS.step(name="tell")
def _tell(name: str, text: str) -> str:
    """A failure, told to the repository where it is one of its settings."""
    now = _now()
    failed = outcome.read(text)
    try:
        return failed._replace(results=(publish.tell(now.forge, name, failed.message, now.terms),)).json()
    except BotError as error:
        problem = f"it could not be told: {error}"
        return failed._replace(results=(Result("", "leave", "", "", (problem,)),)).json()


@DBOS.workflow(name="repository")
def _repository(name: str, given: str) -> str:
    """One repository, from beginning to end; *given* is a plan that was made before."""
    result = ""
    before: tuple[Result, ...] = ()
    for _ in range(ATTEMPTS):
        text = given or _plan(name)
        if not plan_file.is_plan(text):
            return _tell(name, text) if outcome.read(text).kind == "bad-config" else text
        found = outcome.read(_publish(name, text))
        result = found._replace(results=before + found.results).json()
        anew = any(one.action == "heed" and one.why in ANEW for one in found.results)
        if given or not (anew or found.kind == "moved"):
            break
        before += found.results
    return result


def fair(names: Iterable[str]) -> list[str]:
    """The repositories in turn by owner, so that one with many does not keep the others waiting."""
    owners: dict[str, list[str]] = {}
    for name in names:
        owners.setdefault(name.rpartition("/")[0].lower(), []).append(name)
    return [name for turn in zip_longest(*owners.values()) for name in turn if name is not None]


class Jobs:
    """The jobs of a database, carried out by this process."""

    def __init__(self, state: str, runtime: Runtime, workers: int, executor: str = "") -> None:
        """Open the database and go on with what an earlier process left.

        Args:
            state: a file, or the address of a PostgreSQL database.
            runtime: what the steps need.
            workers: repositories at a time.
            executor: the name of this process among those that share a database.

        Raises:
            BotError: another process has the file.
        """
        global _runtime
        _runtime = runtime
        self._lock = None if "://" in state else _locked(state)
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        config: DBOSConfig = {
            "name": "slimfix-bot",
            "system_database_url": database(state),
            "application_version": "1",
            "executor_id": executor or "local",
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": 0.1,
        }
        DBOS(config=config)
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=workers,
            polling_interval_sec=0.1,
        )

    def submit(self, names: Iterable[str], plans: dict[str, str] | None = None) -> list[str]:
        """Take on jobs; their ids. A repository that has one already keeps it."""
        ids = []
        for name in fair(names):
            with SetEnqueueOptions(deduplication_id=name.lower(), duplication_policy="return-existing"):
                ids.append(
                    DBOS.enqueue_workflow(QUEUE, _repository, name, (plans or {}).get(name, "")).workflow_id
                )
        return list(dict.fromkeys(ids))

    def unfinished(self) -> list[str]:
        """The ids of jobs that an earlier process, or another, took on."""
        waiting = ["PENDING", "ENQUEUED", "DELAYED"]
        found = DBOS.list_workflows(name="repository", status=waiting, load_input=False, load_output=False)
        return [one.workflow_id for one in found]

    def outcomes(self, ids: Iterable[str]) -> Iterator[Outcome]:
        """What becomes of jobs, as they end."""
        left = set(ids)
        while left:
            found = list(self.ended(left))
            for job, one in found:
                left.discard(job)
                yield one
            if not found:
                time.sleep(0.1)

    def ended(self, ids: Iterable[str]) -> Iterator[tuple[str, Outcome]]:
        """Those of the jobs that have ended, with what became of them."""
        some = list(ids)[:500]
        for done in DBOS.list_workflows(workflow_ids=some, status=_ENDED) if some else ():
            yield done.workflow_id, _outcome(done)

    def close(self) -> None:
        """Stop, once the jobs in hand have ended: another process may have taken them on, and waits."""
        global _runtime
        DBOS.destroy(workflow_completion_timeout_sec=PATIENCE)
        _runtime = None
        if self._lock is not None:
            self._lock.close()


_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


def _outcome(done: Any) -> Outcome:
    if isinstance(done.output, str):
        return outcome.read(done.output)
    return Outcome(_name(done), "internal", f"the job ended as {done.status}: {done.error}")


def _name(job: Any) -> str:
    """The repository of a job."""
    arguments = (job.input or {}).get("args") or ("?",)
    return str(arguments[0])


def history(state: str) -> list[tuple[float, Outcome | None, str]]:
    """For each repository its last job: when, what became of it (None while it is at work), and its name."""
    if "://" not in state and not os.path.exists(state):
        return []
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
    client = DBOSClient(system_database_url=database(state))
    try:
        found: dict[str, tuple[float, Outcome | None, str]] = {}
        for one in client.list_workflows(name="repository", sort_desc=True):
            name = _name(one)
            ended = one.status in _ENDED
            when = ((one.completed_at if ended else one.created_at) or 0) / 1000
            found.setdefault(name, (when, _outcome(one) if ended else None, name))
        return sorted(found.values(), key=lambda item: item[2])
    finally:
        client.destroy()


def database(state: str) -> str:
    """The address of the database: a name without ``://`` is that of an SQLite file."""
    if "://" in state:
        return state
    path = Path(state).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def _locked(state: str) -> IO[bytes]:
    """A lock on the file, kept until the end of the process, however it ends."""
    import fcntl

    Path(state).absolute().parent.mkdir(parents=True, exist_ok=True)
    file = open(f"{state}.lock", "ab")  # noqa: SIM115  # open for as long as the lock is to last
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise BotError("denied", f"{state}: another bot is at work with this file") from None
    return file
