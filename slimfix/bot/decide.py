"""What is to be done about one pull request: the whole behaviour of the bot, as one function.

Pure: a proposal (or none), what the forge shows now, and what is allowed, in; one action out. Whoever
carries an action out looks at the forge again afterwards; so after a crash nothing has to be remembered.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, Union

from slimfix.bot import message
from slimfix.bot.forge import Pull
from slimfix.bot.marker import Closed, Marker, find
from slimfix.bot.plan import Proposal
from slimfix.bot.settings import Wishes

AGAIN = "slimfix: again"
"""The label on a closed pull request that asks for it once more. So does ``again`` before its title."""

Because = Literal[
    "branch-taken",
    "declined",
    "hour-limit",
    "locked",
    "no-marker",
    "onboarding",
    "nothing-to-fix",
    "open-limit",
    "opted-out",
    "quiet-hours",
    "rebase-never",
    "retargeted",
    "reverted",
    "up-to-date",
    "users-commits",
]


Gate = Literal["open", "ask", "declined"]
"""Whether fixes may be proposed, or the repository is to be asked first, or has declined."""


class Branch(NamedTuple):
    """Where the branch of a proposal stands."""

    head: str
    ours: bool
    """Whether all its commits bear our trailer, unamended: asked where no pull request tells."""


class Seen(NamedTuple):
    """What the forge shows of one branch."""

    pulls: tuple[Pull, ...]
    """All from that branch, the newest first; of an open one its details."""
    branch: Branch | None
    base: str
    """The name of the branch that it goes to."""
    commit: str
    """The last commit of that branch."""
    told_hands_off: bool = False
    """Whether we have said that we leave the branch to its new owner."""


class Allowed(NamedTuple):
    """What may be opened now."""

    others_open: int = 0
    """Pull requests of ours that are open in this repository, without the one in question."""
    quiet: bool = False


class Create(NamedTuple):
    """Open a pull request; *replace* is the commit that its branch stands at from an earlier one."""

    replace: str | None


class Rebuild(NamedTuple):
    """Build the branch anew from its base, and say what the proposal now says."""

    pull: Pull
    why: Literal["asked", "changed", "conflicted", "behind"]


class Reword(NamedTuple):
    """Change the texts alone."""

    pull: Pull


class Dress(NamedTuple):
    """Add labels and ask for reviews, which was not done when it was opened."""

    pull: Pull


class Close(NamedTuple):
    """Close it, with the reason (empty where a maintainer wanted it), and delete the branch if it is ours."""

    pull: Pull
    reason: Closed


class HandsOff(NamedTuple):
    """Say once that the branch is left to whoever pushed to it."""

    pull: Pull


class Leave(NamedTuple):
    """Do nothing."""

    because: Because
    pull: Pull | None = None


Action = Union[Create, Rebuild, Reword, Dress, Close, HandsOff, Leave]


def asked_again(pull: Pull) -> bool:
    """Whether a maintainer wants a closed pull request once more."""
    return AGAIN in pull.labels or re.match(r"(?i)again\b", pull.title) is not None


def refused(pull: Pull) -> Marker | None:
    """The notes of a pull request that maintainers closed, and have not asked for again."""
    marker = find(pull.body)
    if pull.open or pull.merged or marker is None or marker.closed or asked_again(pull):
        return None
    return marker


def ignored(pulls: tuple[Pull, ...]) -> tuple[str, ...]:
    """The rules that an order turned down, as the newest pull request of ours has it."""
    markers = (find(pull.body) for pull in pulls)
    return next((marker.ignored for marker in markers if marker is not None), ())


def declined(pulls: tuple[Pull, ...]) -> frozenset[str]:
    """The rules that maintainers turned down, by closing a pull request with them or by an order.

    Args:
        pulls: all from one branch, the newest first.
    """
    markers = (refused(pull) for pull in pulls)
    return frozenset(ignored(pulls)).union(*(marker.rules for marker in markers if marker is not None))


def gate(pulls: tuple[Pull, ...], ask: bool) -> Gate:
    """Whether fixes may be proposed to a repository that has no settings.

    Args:
        pulls: those of the first pull request, which asks; the newest first.
        ask: whether the operator wants a repository to be asked that has not seen the bot at work.
    """
    if any(pull.merged and find(pull.body) is not None for pull in pulls):
        return "open"
    if declined(pulls):
        return "declined"
    return "ask" if ask else "open"


def gated(action: Action, gate: Gate) -> Action:
    """What is done about fixes, behind that gate."""
    if gate == "declined":
        return Leave("opted-out")
    return Leave("onboarding") if gate == "ask" else action


def decide(proposal: Proposal | None, seen: Seen, wishes: Wishes, allowed: Allowed = Allowed()) -> Action:
    """The one thing to do.

    Args:
        proposal: what there is to propose on the branch in question; None for nothing.
        seen: what the forge shows of that branch.
        wishes: what the repository and the operator want.
        allowed: what may be opened now.
    """
    current = next((pull for pull in seen.pulls if pull.open), None)
    if current is not None:
        return _open(proposal, current, seen, wishes)
    if not wishes.enabled:
        return Leave("opted-out")
    if proposal is None:
        return Leave("nothing-to-fix")
    return _closed(proposal, seen, wishes, allowed)


def _open(proposal: Proposal | None, pull: Pull, seen: Seen, wishes: Wishes) -> Action:
    """There is an open pull request."""
    marker = find(pull.body)
    if marker is None:
        return Leave("no-marker", pull)
    if pull.locked:
        return Leave("locked", pull)
    untouched = pull.head in marker.heads
    if not wishes.enabled:
        return Close(pull, "disabled") if untouched else Leave("users-commits", pull)
    if proposal is None:
        return Close(pull, "obsolete") if untouched else Leave("users-commits", pull)
    if pull.base != seen.base:
        return Leave("retargeted", pull)
    if message.wants_rebase(pull.body):
        return Rebuild(pull, "asked")
    if not untouched:
        return Leave("users-commits", pull) if seen.told_hands_off else HandsOff(pull)
    return _ours(proposal, pull, marker, seen, wishes)


def _ours(proposal: Proposal, pull: Pull, marker: Marker, seen: Seen, wishes: Wishes) -> Action:
    """There is an open pull request that nobody else has touched."""
    if not set(marker.ignored).isdisjoint(proposal.rules):
        return Leave("declined", pull)  # the plan was made before that was said
    if pull.head != marker.heads[0]:
        # That is where the branch is to stand: elsewhere, we were interrupted on the way.
        return Rebuild(pull, "changed")
    if proposal.content != marker.content:
        return Leave("rebase-never", pull) if wishes.rebase == "never" else Rebuild(pull, "changed")
    if wishes.rebase in ("auto", "conflicted") and pull.conflicted:
        return Rebuild(pull, "conflicted")
    if (wishes.rebase in ("auto", "behind") and pull.behind) or (
        wishes.rebase == "behind" and marker.onto != seen.commit
    ):
        return Rebuild(pull, "behind")
    if not marker.dressed:
        return Dress(pull)
    if proposal.fingerprint != marker.fingerprint or (proposal.measured and not marker.measured):
        return Reword(pull)
    return Leave("up-to-date", pull)


def _closed(proposal: Proposal, seen: Seen, wishes: Wishes, allowed: Allowed) -> Action:
    """There is something to propose, and no open pull request."""
    if declined(seen.pulls) & set(proposal.rules):
        return Leave("declined", seen.pulls[0])
    last = seen.pulls[0] if seen.pulls else None
    marker = find(last.body) if last else None
    if last and marker and last.merged and marker.content == proposal.content and not asked_again(last):
        # They merged it, and it is all there again: someone took it back.
        return Leave("reverted", last)
    if seen.branch is not None and not seen.branch.ours and not _left_over(seen):
        return Leave("branch-taken", last)
    if allowed.others_open >= wishes.open_limit:
        return Leave("open-limit")
    if allowed.quiet:
        return Leave("quiet-hours")
    return Create(seen.branch.head if seen.branch else None)


def _left_over(seen: Seen) -> bool:
    """Whether the branch is where we left it, from a pull request that is closed."""
    if seen.branch is None:
        return False
    markers = (find(pull.body) for pull in seen.pulls)
    return any(marker is not None and seen.branch.head in marker.heads for marker in markers)
