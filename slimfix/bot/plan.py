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
from collections.abc import Iterable
from typing import Literal, NamedTuple

from slimfix import __version__, config
from slimfix.bot import names
from slimfix.bot.codeowners import PLACES, Kind, reviewers
from slimfix.bot.commits import Commit, commits_of
from slimfix.bot.errors import BotError
from slimfix.bot.settings import Policy, Settings, Wishes
from slimfix.bot.tree import Tree, Unread, find
from slimfix.context import BuildContext
from slimfix.dockerfile import ParseError
from slimfix.engine import Reader, Rewrite, Step, rewrite
from slimfix.files import Unusable, checked


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
    """First and last line that it is about, in the file as it is now."""


class Change(NamedTuple):
    """One file, before and after."""

    path: str
    mode: str
    sha: str
    """Of the object that was read."""
    before: str
    after: str


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

    @property
    def saving(self) -> int:
        """Bytes that all fixes together are expected to save."""
        return sum(fix.saving for fix in self.fixes)


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


def make(
    repository: str,
    base: str,
    commit: str,
    tree: Tree,
    policy: Policy,
    declined: frozenset[str] = frozenset(),
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
        forge: the kind of forge that it is on; None for none.

    Raises:
        BotError: the settings are broken.
    """
    settings = Settings(tree, policy)
    wishes = settings.wishes()
    if not wishes.enabled:
        return Plan(repository, base, commit, (), (), 0, wishes, configured=True)
    found, unread = find(tree, settings.hidden)
    settings.prefetch({posixpath.dirname(path) for path in found})
    results: dict[str, Rewrite] = {}
    for path in found:
        result = _rewritten(tree, path, settings, declined)
        if isinstance(result, str):
            unread.append(Unread(path, result))
        elif result.changed:
            results[path] = result
    groups: dict[str, list[str]] = {}
    for path in results:
        unit = posixpath.dirname(path) or "." if wishes.group == "directory" else ""
        groups.setdefault(unit, []).append(path)
    proposals = tuple(_proposal(unit, {p: results[p] for p in paths}, tree) for unit, paths in groups.items())
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
    )


def _rewritten(tree: Tree, path: str, settings: Settings, declined: frozenset[str]) -> Rewrite | str:
    """What slimfix makes of a file, or why it makes nothing."""
    data = tree.read(path)
    if data is None:
        return "too large for a Dockerfile"
    found = settings.at(path)
    directory, name = posixpath.split(path)
    context = BuildContext(tree.below(directory), name)
    reader = Reader(found.target, found.all_stages, context, found.options)
    try:
        return rewrite(checked(data), settings.rules(found, declined), reader, settings.allowed(found))
    except (Unusable, ParseError) as error:
        return str(error)
    except BotError:
        raise
    except Exception as error:  # a bug of ours must not keep the other files from being done
        return f"internal error: {type(error).__name__}"


def _proposal(unit: str, results: dict[str, Rewrite], tree: Tree) -> Proposal:
    key = "dockerfiles" + (f":{unit}" if unit else "")
    changes = []
    for path, result in results.items():
        entry = tree.entries[path]
        changes.append(Change(path, entry.mode, entry.sha, result.before, result.after))
    fixes = tuple(_fix(path, step) for path, result in results.items() for step in result.steps)
    modes = {change.path: change.mode for change in changes}
    return Proposal(
        key,
        names.branch("dockerfiles", unit),
        tuple(changes),
        commits_of(results, modes),
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


def _digest(parts: Iterable[str]) -> str:
    text = json.dumps(sorted(parts))  # ASCII, whatever the texts hold
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def written(plan: Plan) -> frozenset[str]:
    """Every path that the plan writes.

    Raises:
        BotError: a commit writes what no Dockerfile of the plan is: nothing is written then.
    """
    paths = set()
    for proposal in (*plan.proposals, *((plan.onboarding,) if plan.onboarding else ())):
        known = {change.path for change in proposal.changes}
        if (proposal is plan.onboarding) != (proposal.kind == "onboarding"):
            raise BotError("bad-plan", f"not of that kind: {proposal.branch!r}")
        if proposal.kind == "onboarding" and known != {config.FILES[0]}:
            raise BotError("bad-plan", "the first pull request has settings alone")
        if not names.ours(proposal.branch):
            raise BotError("bad-plan", f"not a branch of the bot: {proposal.branch!r}")
        for commit in proposal.commits:
            for file in commit.files:
                problem = names.bad_path(file.path)
                if problem or file.path not in known or file.mode not in ("100644", "100755"):
                    raise BotError("bad-plan", f"not a Dockerfile of the plan: {file.path!r}")
                paths.add(file.path)
    return frozenset(paths)


KINDS: tuple[Kind, ...] = ("github", "gitlab", "gitea")


def _owners(tree: Tree, forge: Kind | None) -> tuple[str, Kind]:
    """The file that names the owners of code, and whose rules it follows: told by its place for no forge."""
    for kind in (forge,) if forge else KINDS:
        for path in PLACES[kind]:
            data = tree.read(path)
            if data is not None:
                return data.decode("utf-8", "replace"), kind
    return "", "github"
