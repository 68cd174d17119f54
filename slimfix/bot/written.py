"""What a plan may write: Dockerfiles that were read, and ignore files beside them. Nothing else, ever.

A plan may come from a file that anybody has edited, so this looks at the plan alone.
"""

from __future__ import annotations

import posixpath

from slimfix import config
from slimfix.bot import names
from slimfix.bot.commits import Commit
from slimfix.bot.errors import BotError
from slimfix.bot.plan import Change, Plan, Proposal
from slimfix.bot.tree import FILES, joined
from slimfix.rules import IGNORE_FILE
from slimfix.search import is_dockerfile_name


def written(plan: Plan) -> frozenset[str]:
    """Every path that the plan writes.

    Raises:
        BotError: it would write what it must not: nothing is written then.
    """
    paths: set[str] = set()
    for proposal in (*plan.proposals, *((plan.onboarding,) if plan.onboarding else ())):
        if (proposal is plan.onboarding) != (proposal.kind == "onboarding"):
            raise BotError("bad-plan", f"not of that kind: {proposal.branch!r}")
        if not names.ours(proposal.branch):
            raise BotError("bad-plan", f"not a branch of the bot: {proposal.branch!r}")
        if proposal.kind == "onboarding":
            if {change.path for change in proposal.changes} != {config.FILES[0]}:
                raise BotError("bad-plan", "the first pull request has settings alone")
        else:
            for change in proposal.changes:
                if not (_adds_to_ignore_file(change) if change.dockerfiles else _is_dockerfile(change.path)):
                    raise BotError("bad-plan", f"not a Dockerfile of the plan: {change.path!r}")
        paths |= _files(proposal)
    return frozenset(paths)


def _files(proposal: Proposal) -> set[str]:
    """The paths that the commits write. Raises BotError for one that is no change of the proposal."""
    known = {change.path: change for change in proposal.changes}
    paths = set()
    for commit in proposal.commits:
        for file in commit.files:
            change = known.get(file.path)
            if change is None or names.bad_path(file.path) or file.mode not in FILES:
                raise BotError("bad-plan", f"not a Dockerfile of the plan: {file.path!r}")
            if change.dockerfiles and not _is_whole(commit, change):
                raise BotError("bad-plan", f"not the ignore file of the plan: {file.path!r}")
            paths.add(file.path)
    return paths


def _is_whole(commit: Commit, change: Change) -> bool:
    """Whether a commit writes an ignore file as its change says."""
    return commit.rule == IGNORE_FILE and all(
        (file.text, file.mode) == (change.after, change.mode)
        for file in commit.files
        if file.path == change.path
    )


def _is_dockerfile(path: str) -> bool:
    return is_dockerfile_name(posixpath.basename(path)) is not False


def _adds_to_ignore_file(change: Change) -> bool:
    """Whether a change makes the ignore file of Dockerfiles beside it, or adds lines to it."""
    for path in change.dockerfiles:
        beside = joined(posixpath.dirname(path), ".dockerignore")
        own = f"{path}.dockerignore" if change.sha else beside  # one of its own is never made
        if not _is_dockerfile(path) or change.path not in (beside, own):
            return False
    new = change.after[len(change.before) :].splitlines()
    return change.after.startswith(change.before) and not any(line.startswith("!") for line in new)
