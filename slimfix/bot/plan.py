"""What is to be proposed to one repository, as data: made from a snapshot, and carried out by nobody here.

A plan names the commit that it was made from, and for each pull request its branch, its commits (one for
each rule), the fixes with their assumptions and savings, and two fingerprints: one of the fixes, which
tells whether a maintainer was asked for them before, and one of the texts, which tells whether an open
pull request still says the same.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Literal, NamedTuple

from slimfix import __version__
from slimfix.bot import ignore, names
from slimfix.bot.codeowners import PLACES, Kind, reviewers
from slimfix.bot.commits import Commit, File, commits_of
from slimfix.bot.contexts import Contexts
from slimfix.bot.measured import Held, Ignored, Measured, Proved, Prover
from slimfix.bot.rewriting import rewritten
from slimfix.bot.settings import Policy, Settings, Wishes
from slimfix.bot.tree import Tree, Unread, find
from slimfix.engine import Step
from slimfix.rules import IGNORE_FILE
from slimfix.text import decode


class PlannedFix(NamedTuple):
    """One fix, as it is told to a maintainer."""

    path: str
    rule: str
    code: str
    message: str
    safety: str
    assumption: str | None
    saving: int
    """Bytes; 0 when there is no estimate."""
    source: str
    """Where the estimate comes from."""
    lines: tuple[int, int]
    """First and last line that it is about, in the file as it is now; 0 in an ignore file."""


class Change(NamedTuple):
    """One file, before and after."""

    path: str
    mode: str
    sha: str
    """Of the object that was read."""
    before: str
    after: str
    dockerfiles: tuple[str, ...] = ()
    """Of an ignore file, the Dockerfiles beside it that it is for; empty for a Dockerfile."""
    measured: Measured | None = None
    """Of a Dockerfile, what building both versions has shown."""
    unmeasured: str = ""
    """Why nothing could be measured, where that was wanted."""


class Proposal(NamedTuple):
    """One pull request."""

    key: str
    """The name of its group; the branch is a function of it."""
    branch: str
    changes: tuple[Change, ...]
    commits: tuple[Commit, ...]
    fixes: tuple[PlannedFix, ...]
    fingerprint: str
    content: str
    reviewers: tuple[str, ...] = ()
    """Owners of the code: users, and teams as ``owner/team``."""
    kind: Literal["fixes", "onboarding"] = "fixes"

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that have a part in it, in the order of their first fix.

        What is no fix is told by its kind, as if that were a rule: it can be turned down like one.
        """
        if self.kind != "fixes":
            return (self.kind,)
        return tuple(dict.fromkeys(fix.rule for fix in self.fixes))

    @property
    def safe(self) -> bool:
        """Whether there are fixes, and none rests on an assumption."""
        return bool(self.fixes) and all(fix.safety == "safe" for fix in self.fixes)

    def saving_of(self, change: Change) -> int:
        """Bytes by which an image gets smaller: measured, or else expected."""
        if change.measured is not None:
            return change.measured.saving
        return sum(fix.saving for fix in self.fixes if fix.path == change.path)

    @property
    def saving(self) -> int:
        """Bytes that all changes together save, as far as is known."""
        return sum(map(self.saving_of, self.changes))

    @property
    def measured(self) -> bool:
        """Whether both versions of every Dockerfile in it were built."""
        dockerfiles = [change for change in self.changes if not change.dockerfiles]
        return bool(dockerfiles) and all(change.measured is not None for change in dockerfiles)


class Plan(NamedTuple):
    """Everything for one repository."""

    repository: str
    base: str
    """The branch that the pull requests go to."""
    commit: str
    """The last commit of that branch when the plan was made."""
    proposals: tuple[Proposal, ...]
    unread: tuple[Unread, ...]
    dockerfiles: int
    wishes: Wishes
    version: str = __version__
    """Of slimfix."""
    configured: bool = False
    """Whether the repository has settings of ours at its root."""
    onboarding: Proposal | None = None
    """The first pull request, which asks whether the others are wanted."""
    held: tuple[Held, ...] = ()
    """What is not proposed, since a build spoke against it."""


def make(
    repository: str,
    base: str,
    commit: str,
    tree: Tree,
    policy: Policy,
    declined: frozenset[str] = frozenset(),
    prover: Prover | None = None,
    forge: Kind | None = None,
) -> Plan:
    """The plan for a snapshot of a repository.

    Args:
        repository: its name.
        base: the branch that was read.
        commit: its last commit.
        tree: the listing of that commit.
        policy: what the operator allows.
        declined: rules that the maintainers turned down before.
        prover: builds each Dockerfile before and after, where the operator wants that.
        forge: the kind of forge that it is on; None for none.

    Raises:
        BotError: the settings are broken, or the engine is out of order.
    """
    settings = Settings(tree, policy)
    wishes = settings.wishes()
    if not wishes.enabled:
        return Plan(repository, base, commit, (), (), 0, wishes, configured=True)
    found, unread = find(tree, settings.hidden)
    settings.prefetch({posixpath.dirname(path) for path in found})
    contexts = Contexts(tree, found)
    results: dict[str, Proved] = {}
    texts: dict[str, str] = {}
    held: list[Held] = []
    for path in found:
        result = rewritten(tree, path, contexts, settings, declined, prover)
        if isinstance(result, str):
            unread.append(Unread(path, result))
            continue
        held += result.held
        if result.rewrite is not None and result.rewrite.changed:
            results[path] = result
            texts[path] = result.rewrite.after
    search = ignore.Search(tree, settings, declined, texts)
    ignoring: list[tuple[ignore.Ignoring, str]] = []
    for one in search.run(filter(contexts.beside, found)):
        seen = Ignored()
        if prover is not None:
            now = {
                path: texts[path] if path in texts else decode(tree.read(path) or b"")
                for path in one.dockerfiles
            }
            seen = prover.prove_ignoring(one.path, one.before, one.after, now)
        held += seen.held
        if not seen.held:
            ignoring.append((one, seen.unmeasured))
    unread += search.unread
    groups: dict[str, tuple[dict[str, Proved], list[tuple[ignore.Ignoring, str]]]] = {}

    def group(path: str) -> tuple[dict[str, Proved], list[tuple[ignore.Ignoring, str]]]:
        unit = posixpath.dirname(path) or "." if wishes.group == "directory" else ""
        return groups.setdefault(unit, ({}, []))

    for path, result in results.items():
        group(path)[0][path] = result
    for one, unmeasured in ignoring:
        group(one.path)[1].append((one, unmeasured))
    proposals = tuple(_proposal(unit, *parts, tree) for unit, parts in groups.items())
    if proposals and wishes.reviewers == "codeowners":
        owners, kind = _owners(tree, forge)
        proposals = tuple(
            one._replace(reviewers=reviewers(owners, [change.path for change in one.changes], kind))
            for one in proposals
        )
    return Plan(
        repository,
        base,
        commit,
        proposals,
        tuple(sorted(unread)),
        len(found),
        wishes,
        configured=settings.configured,
        held=tuple(held),
    )


def _proposal(
    unit: str, proved: dict[str, Proved], ignoring: list[tuple[ignore.Ignoring, str]], tree: Tree
) -> Proposal:
    key = "dockerfiles" + (f":{unit}" if unit else "")
    changes = []
    results = {path: one.rewrite for path, one in proved.items() if one.rewrite is not None}
    for path, result in results.items():
        entry, shown = tree.entries[path], proved[path]
        change = Change(path, entry.mode, entry.sha, result.before, result.after)
        changes.append(change._replace(measured=shown.measured, unmeasured=shown.unmeasured))
    modes = {change.path: change.mode for change in changes}
    commits = commits_of(results, modes)
    fixes = tuple(_fix(path, step) for path, result in results.items() for step in result.steps)
    if ignoring:
        changes += [Change(*one[:5], one.dockerfiles, unmeasured=unmeasured) for one, unmeasured in ignoring]
        files = tuple(File(one.path, one.mode, one.after) for one, _ in ignoring)
        commits += (Commit(IGNORE_FILE, 0, files),)
        fixes += tuple(fix for one, _ in ignoring for fix in _ignored(one))
    return Proposal(
        key,
        names.branch("dockerfiles", unit),
        tuple(changes),
        commits,
        fixes,
        _digest(f"{fix.rule}\0{fix.path}\0{fix.message}" for fix in fixes),
        _digest(f"{change.path}\0{change.mode}\0{change.before}\0{change.after}" for change in changes),
    )


def _fix(path: str, step: Step) -> PlannedFix:
    fix = step.fix
    size, source = (fix.saving.bytes, fix.saving.source) if fix.saving else (0, "")
    return PlannedFix(
        path,
        step.rule.name,
        step.rule.code,
        fix.message,
        str(fix.safety),
        fix.assumption,
        size,
        source,
        step.before,
    )


def _ignored(one: ignore.Ignoring) -> Iterator[PlannedFix]:
    """What an ignore file keeps out, a fix for each reason."""
    for (sure, why), group in groupby(one.lines, key=lambda line: (line.sure, line.why)):
        patterns = ", ".join(f"`{line.pattern}`" for line in group)
        message, safety, assumption = f"keep {patterns} out of the build context: {why}", "assumed", None
        if sure:
            assumption = f"no program in the image, and no other build from this directory, reads {patterns}"
        else:
            message, safety = f"name {patterns} in a comment, for you to decide: {why}", "safe"
        yield PlannedFix(one.path, IGNORE_FILE, "", message, safety, assumption, 0, "", (0, 0))


def _digest(parts: Iterable[str]) -> str:
    text = json.dumps(sorted(parts))  # ASCII, whatever the texts hold
    return hashlib.sha256(text.encode()).hexdigest()[:16]


KINDS: tuple[Kind, ...] = ("github", "gitlab", "gitea")


def _owners(tree: Tree, forge: Kind | None) -> tuple[str, Kind]:
    """The file that names the owners of code, and whose rules it follows: told by its place for no forge."""
    for kind in (forge,) if forge else KINDS:
        for path in PLACES[kind]:
            data = tree.read(path)
            if data is not None:
                return data.decode("utf-8", "replace"), kind
    return "", "github"
