"""The build suite: every directory of ``tests/builds`` is a Dockerfile with its context and a ``case.toml``.

``case.toml``: ``smoke`` (commands that must end with 0 before and after), ``quick`` (part of the short
run), ``slow`` (more than a minute on a small machine).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import split
from typing import Any, NamedTuple

from slimfix.batch import Job
from slimfix.rules import all_rules
from slimfix.verify.archive import LayerCache
from slimfix.verify.blame import Settled, settle
from slimfix.verify.compare import Bench, Progress, Request, no_progress
from slimfix.verify.engines import Engine, EngineError, Options
from slimfix.verify.workspace import Workspace

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = Path(__file__).resolve().parent.parent / "builds"
NETWORK = "host"
"""The stand-in engine has no other network, and a usual one has this, too."""
TIMEOUT = 900
NOTHING = "nothing to change"
"""What a row says of a case that slimfix leaves as it is."""


class Case(NamedTuple):
    """One directory of the suite."""

    name: str
    smoke: tuple[tuple[str, ...], ...]
    quick: bool
    slow: bool

    @property
    def dockerfile(self) -> Path:
        """The Dockerfile."""
        return CASES / self.name / "Dockerfile"


class Row(NamedTuple):
    """What came of one case."""

    case: Case
    settled: Settled | None
    """None if there was nothing to change, or nothing could be measured."""
    problem: str
    seconds: float


def cases() -> Iterator[Case]:
    """All cases, by name."""
    for path in sorted(CASES.glob("*/case.toml")):
        with open(path, "rb") as file:
            table: dict[str, Any] = tomllib.load(file)
        unknown = table.keys() - {"smoke", "quick", "slow"}
        if unknown or not table.get("smoke"):
            raise ValueError(f"{path}: {unknown or 'no smoke command'}")
        smoke = tuple(tuple(split(command)) for command in table["smoke"])
        yield Case(path.parent.name, smoke, table.get("quick", False), table.get("slow", False))


def run(
    case: Case,
    engine: Engine,
    cache: LayerCache,
    rebuild: bool = True,
    bisect: bool = False,
    progress: Progress = no_progress,
) -> Row:
    """Build a case before and after, and compare."""
    started = time.monotonic()
    path = str(case.dockerfile)
    job = Job(all_rules())
    outcome = job.work(path)
    if outcome.rewrite is None:
        return Row(case, None, str(outcome.problem), 0.0)
    if not outcome.rewrite.changed:
        return Row(case, None, NOTHING, 0.0)
    options = Options(network=NETWORK, timeout=TIMEOUT)
    request = Request(path, str(case.dockerfile.parent), options, case.smoke, rebuild, weigh=False)
    settled: Settled | None = None
    problem = ""
    try:
        with Workspace(engine) as workspace:
            bench = Bench(request, outcome.rewrite.before, workspace, progress, cache)
            settled = settle(bench, job, outcome.rewrite, bisect=bisect)
    except EngineError as error:
        failure = getattr(error, "failure", None)
        problem = " / ".join([str(error), *(failure.tail[-4:] if failure is not None else ())])
    return Row(case, settled, problem, time.monotonic() - started)


def smoke_fails(row: Row) -> Sequence[str]:
    """Smoke commands that do not end with 0 even before: mistakes of the suite."""
    if row.settled is None:
        return ()
    return [
        f"{' '.join(smoke.command)}: {smoke.before[0]}: {smoke.before[1][-300:]}"
        for smoke in row.settled.comparison.smoke
        if smoke.before[0]
    ]
