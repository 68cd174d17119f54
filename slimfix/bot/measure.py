"""Build the Dockerfiles of a commit before and after, and propose only what a build has nothing against.

This runs what strangers wrote, on the engine that the operator chose for that: nothing but the operator's
option leads here, and no setting of a repository does. The builder's client gets none of our tokens, and
the files lie in a directory of their own, which goes with the process (see :mod:`.scratch`).
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import NamedTuple

from slimfix.bot import export
from slimfix.bot.measured import Held, Ignored, Measured, Proved, Remake, Row
from slimfix.bot.measured import Verdict as Kind
from slimfix.bot.redact import Secrets
from slimfix.bot.tree import Tree
from slimfix.dockerignore import DockerIgnore
from slimfix.engine import Rewrite
from slimfix.fix import Safety
from slimfix.report import printable
from slimfix.rules import IGNORE_FILE
from slimfix.text import encode
from slimfix.verify.blame import settle
from slimfix.verify.compare import Bench, CannotBuild, Request
from slimfix.verify.engines import Engine, EngineError, Options
from slimfix.verify.findings import Comparison
from slimfix.verify.report import explained, figures
from slimfix.verify.verdict import BROKEN, CHANGED, VERIFIED, Verdict, judge
from slimfix.verify.workspace import Workspace

SLACK = 1_000_000
"""Bytes by which an image may get larger: less than that comes and goes with any build."""
_CACHE_RULES = ("manifest-first",)
"""Rules that are for the rebuild, which is timed where one of them is at work."""


class Building(NamedTuple):
    """How the operator wants it built."""

    engine: Engine
    options: Options = Options()


class Builder:
    """Builds what lies in one commit; a context manager."""

    def __init__(
        self,
        building: Building,
        tree: Tree,
        source: export.Source,
        secrets: Secrets,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        """*tell*: told what is being done, a line at a time."""
        self._building = building
        self._tree = tree
        self._source = source
        self._secrets = secrets
        self._tell = tell
        self._place = tempfile.mkdtemp(prefix="slimfix-export-")
        self._exported: dict[str, tuple[str, tuple[str, ...]]] = {}

    def __enter__(self) -> Builder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._place, ignore_errors=True)

    def prove(
        self, path: str, directory: str, rewrite: Rewrite, remake: Remake, target: str | None
    ) -> Proved:
        """See :class:`slimfix.bot.measured.Prover`."""
        if directory and not path.startswith(f"{directory}/"):
            return Proved(rewrite, unmeasured="it lies outside of its build context")
        inside = path[len(directory) :].lstrip("/").split("/")
        try:
            place, notes = self._export(directory)
        except export.Unexported as error:
            return Proved(rewrite, unmeasured=self._said(str(error)))
        rules = {step.rule.name for step in rewrite.steps}
        options = self._building.options._replace(target=target)
        request = Request(os.path.join(place, *inside), place, options, rebuild=bool(rules & {*_CACHE_RULES}))
        with without_secrets(self._secrets):
            return self._proved(path, request, rewrite, remake, notes)

    def prove_ignoring(self, path: str, before: str, after: str, dockerfiles: Mapping[str, str]) -> Ignored:
        """See :class:`slimfix.bot.measured.Prover`. After that, the directory is good for nothing else."""
        directory, _, name = path.rpartition("/")
        start = f"{directory}/" if directory else ""
        old, new = DockerIgnore.parse(before), DockerIgnore.parse(after)
        inside = [one[len(start) :] for one in self._tree.entries if one.startswith(start)]
        if not any(new.excludes(one) and not old.excludes(one) for one in inside):
            return Ignored("what it keeps out is in no commit")
        try:
            place, _ = self._export(directory)
            with without_secrets(self._secrets), Workspace(self._building.engine) as workspace:
                file = os.path.join(place, name)
                for dockerfile, text in dockerfiles.items():
                    _put(file, after)
                    failed = self._failed(workspace, place, dockerfile, text)
                    if failed is None:
                        continue
                    _put(file, before)
                    if self._failed(workspace, place, dockerfile, text) is not None:
                        return Ignored("without it, the build fails here, too")
                    why = f"the build of {dockerfile} fails at step {failed}"
                    return Ignored(held=(Held(path, (IGNORE_FILE,), "broken", self._said(why)),))
        except export.Unexported as error:
            return Ignored(self._said(str(error)))
        except EngineError as error:
            return Ignored(held=(Held(path, (IGNORE_FILE,), "not-verified", self._said(str(error))),))
        return Ignored()

    def _failed(self, workspace: Workspace, place: str, dockerfile: str, text: str) -> str | None:
        """The step at which a build fails; None where it succeeds."""
        self._tell(f"{dockerfile!r}: build with its ignore file")
        file = workspace.path("Dockerfile")
        _put(file, text)
        own = os.path.join(place, f"{posixpath.basename(dockerfile)}.dockerignore")
        if os.path.isfile(own):
            shutil.copyfile(own, f"{file}.dockerignore")
        tag = workspace.tag("ignoring")
        built = workspace.build(file, place, tag, self._building.options, False, lambda line: None)
        return None if built.ok else built.step

    def _proved(
        self, path: str, request: Request, rewrite: Rewrite, remake: Remake, notes: tuple[str, ...]
    ) -> Proved:
        phases: set[str] = set()

        def progress(phase: str, line: str) -> None:
            if phase not in phases:
                phases.add(phase)
                self._tell(f"{path!r}: {phase}")

        built = False
        try:
            with Workspace(self._building.engine) as workspace:
                bench = Bench(request, rewrite.before, workspace, progress)
                bench.before()
                built = True
                settled = settle(bench, remake, rewrite, worst=0, judge=acceptable)
        except CannotBuild as error:
            step = error.failure.step
            return Proved(
                rewrite, unmeasured=self._said(f"as it is, it does not build here: step {step} fails")
            )
        except EngineError as error:
            if built:
                rules = tuple(dict.fromkeys(step.rule.name for step in rewrite.steps))
                return Proved(None, held=(Held(path, rules, "not-verified", self._said(str(error))),))
            return Proved(rewrite, unmeasured=self._said(str(error)))
        held = [
            Held(path, (one.rule,), _kind(settled.verdict), self._said(next(iter(one.reasons), "")))
            for one in settled.blamed
        ]
        best = settled.best
        found = settled.comparison if best is settled.rewrite else settled.rest_comparison
        if best is None or found is None or found.after is None:
            rules = tuple(dict.fromkeys(step.rule.name for step in rewrite.steps))
            why = self._said(next(iter(settled.verdict.reasons), ""))
            return Proved(None, held=(Held(path, rules, _kind(settled.verdict), why),))
        before, after = found.before.image.size, found.after.image.size
        if after > before + max(SLACK, before // 100):
            rules = tuple(dict.fromkeys(step.rule.name for step in best.steps))
            why = f"the image gets larger, from {before} to {after} bytes"
            return Proved(None, held=(*held, Held(path, rules, "larger", why)))
        return Proved(best, self._measured(found, before, after, notes), held=tuple(held))

    def _measured(self, found: Comparison, before: int, after: int, notes: tuple[str, ...]) -> Measured:
        engine = self._building.engine
        remarks = ["the image config is the same", *explained(found)]
        if any(one.name.startswith("rebuild") for one in figures(found)):
            remarks.append(f"the edit before the rebuild was in {found.touched}")
        remarks += [*found.notes, *notes]
        return Measured(
            self._said(f"{engine.kind} {engine.version}"),
            before,
            after,
            tuple(Row(one.name, one.before, one.after, one.change) for one in figures(found)),
            tuple(map(self._said, remarks)),
        )

    def _export(self, directory: str) -> tuple[str, tuple[str, ...]]:
        """Where the files of a directory are, once they are needed, and notes about them."""
        if directory not in self._exported:
            place = os.path.join(self._place, str(len(self._exported)))
            self._tell(f"{directory or '.'!r}: writing the build context")
            try:
                self._exported[directory] = (
                    place,
                    export.export(self._tree, self._source, directory, place).notes,
                )
            except export.Unexported:
                shutil.rmtree(place, ignore_errors=True)
                raise
        return self._exported[directory]

    def _said(self, text: str) -> str:
        """A text of the builder or the repository, as one line without secrets."""
        return self._secrets.hide(printable(" ".join(text.split())))[:300]


def acceptable(found: Comparison, rewrite: Rewrite) -> Verdict:
    """The verdict, where packages that are gone are no surprise: a fix says so, and asks whether that holds.

    Nobody knows a command here that would show that nothing misses them, so a maintainer is asked.
    """
    verdict = judge(found)
    if verdict.name != CHANGED or found.config or found.smoke or found.files.paths:
        return verdict
    asks = any(step.fix.safety > Safety.SAFE and step.fix.assumption for step in rewrite.steps)
    gone = all(one.after is None for one in found.files.packages)
    return Verdict(VERIFIED, verdict.reasons) if asks and gone else verdict


def _put(path: str, text: str) -> None:
    """Make a file anew, whatever stands in its place."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o644), "wb") as file:
        file.write(encode(text))


def _kind(verdict: Verdict) -> Kind:
    return "broken" if verdict.name == BROKEN else "changed"


@contextlib.contextmanager
def without_secrets(secrets: Secrets) -> Iterator[None]:
    """Children started in the block do not find our tokens in their environment."""
    hidden = {name: value for name, value in os.environ.items() if _is_secret(name, value, secrets)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def _is_secret(name: str, value: str, secrets: Secrets) -> bool:
    if name.startswith("DOCKER_"):  # where the engine is
        return False
    ours = name.startswith("SLIMFIX_") and name.endswith(("TOKEN", "KEY", "SECRET"))
    return ours or secrets.hide(value) != value
