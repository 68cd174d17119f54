"""The build suite: every directory of ``tests/builds`` is a Dockerfile with its context and a ``case.toml``.

``case.toml``: ``smoke`` (commands that must end with 0 before and after), ``quick`` (part of the short
run), ``slow`` (more than a minute on a small machine), ``stock`` (packages of Alpine that the case needs and
a small repository may lack, when its compiler is not the usual one: there they are empty).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import split
from typing import Any, NamedTuple

from slimfix.batch import Job
from slimfix.dockerfile import Dockerfile
from slimfix.rules import all_rules
from slimfix.text import decode
from slimfix.verify.archive import LayerCache
from slimfix.verify.blame import Settled, remake_of, settle
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
STOCK = """\
FROM {image}
RUN for name in {names}; do \\
        apk search --no-cache --quiet --exact $name | grep -q . || apk add --no-cache --virtual $name musl; \\
    done
"""
NOTHING = "nothing to change"
"""What a row says of a case that slimfix leaves as it is."""


class Case(NamedTuple):
    """One directory of the suite."""

    name: str
    smoke: tuple[tuple[str, ...], ...]
    quick: bool
    slow: bool
    stock: tuple[str, ...]

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
        unknown = table.keys() - {"smoke", "quick", "slow", "stock"}
        if unknown or not table.get("smoke"):
            raise ValueError(f"{path}: {unknown or 'no smoke command'}")
        smoke = tuple(tuple(split(command)) for command in table["smoke"])
        marks = table.get("quick", False), table.get("slow", False)
        yield Case(path.parent.name, smoke, *marks, tuple(table.get("stock", ())))


class Stocked(Bench):
    """Builds on bases whose package repository has all that a case needs."""

    bases: Mapping[str, str] = {}
    """The prepared form of a base image."""

    def _write(self, what: str, text: str) -> str:
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines):
            words = line.split()
            if words[:1] == ["FROM"] and words[1] in self.bases:
                lines[number] = line.replace(words[1], self.bases[words[1]], 1)
        return super()._write(what, "".join(lines))


def stocked(case: Case, workspace: Workspace) -> dict[str, str]:
    """The bases of a case by name, each with the packages that the repository lacks as empty ones.

    Raises:
        EngineError: one of them cannot be made.
    """
    if not case.stock:
        return {}
    found = {}
    for base in bases(case):
        tag = workspace.tag("base")
        dockerfile = workspace.path("base.Dockerfile")
        Path(dockerfile).write_text(STOCK.format(image=base, names=" ".join(case.stock)))
        options = Options(network=NETWORK, timeout=TIMEOUT)
        built = workspace.build(dockerfile, workspace.directory, tag, options, True, lambda line: None)
        if not built.ok:
            raise EngineError(f"{base} cannot be prepared: {built.output[-500:]}")
        found[base] = tag
    return found


def bases(case: Case) -> list[str]:
    """The images that a case starts from."""
    stages = Dockerfile(decode(case.dockerfile.read_bytes())).stages
    return list(dict.fromkeys(stage.base.reference for stage in stages if stage.parent is None))


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
            bench = Stocked(request, outcome.rewrite.before, workspace, progress, cache)
            bench.bases = stocked(case, workspace)
            remake = remake_of(job, path, outcome.rewrite.before)
            settled = settle(bench, remake, outcome.rewrite, bisect=bisect)
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
