"""Carry a plan out: see whether it may be, and settle one pull request after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from slimfix.bot import complain, decide, heed
from slimfix.bot.errors import BotError, Renamed
from slimfix.bot.forge import Forge, Repository
from slimfix.bot.plan import Plan
from slimfix.bot.settle import Settling
from slimfix.bot.terms import Result, Terms
from slimfix.bot.written import written

_Answer = TypeVar("_Answer")
_TURNS = 3
"""How often the work on a repository is begun anew because it was given another name meanwhile."""

OPT_OUT = "no-slimfix"
"""A topic of a repository that keeps the bot out."""


def fit(repository: Repository, terms: Terms) -> Repository:
    """The repository, if there is nothing against working on it. Raises BotError."""
    if terms.denied(repository.name):
        raise BotError("denied", f"the operator leaves {repository.name} alone")
    if repository.archived:
        raise BotError("archived", "the repository is archived")
    if repository.disabled:
        raise BotError("disabled", "the repository is disabled")
    if repository.empty:
        raise BotError("empty", "the repository has no commit")
    if repository.fork and not terms.forks:
        raise BotError("fork", "the repository is a fork")
    if repository.can_push is False:
        raise BotError("no-permission", "we may not push to the repository")
    if OPT_OUT in repository.topics:
        raise BotError("opted-out", f"the repository has the topic {OPT_OUT}")
    return repository


def declined(forge: Forge, repository: Repository, branches: list[str], terms: Terms) -> frozenset[str]:
    """The rules that the maintainers turned down on these branches. Raises BotError."""
    found = (
        heed.revived(forge, repository, forge.pulls(repository, branch), terms.dry) for branch in branches
    )
    return frozenset().union(*map(decide.declined, found))


def by_name(forge: Forge, name: str, terms: Terms, work: Callable[[Repository], _Answer]) -> _Answer:
    """Do some work on a repository, begun anew if it is given another name meanwhile. Raises BotError.

    Args:
        forge: where it is.
        name: of the repository, now or earlier.
        terms: of the run.
        work: what is done with it as the forge describes it; it may be cut short anywhere.
    """
    for _ in range(_TURNS - 1):
        try:
            return work(fit(forge.repository(name), terms))
        except Renamed:  # noqa: PERF203  # each turn may end so; the next finds the new name
            continue
    return work(fit(forge.repository(name), terms))


def publish(forge: Forge, plan: Plan, terms: Terms = Terms()) -> list[Result]:
    """Bring the forge to what the plan says.

    Raises:
        BotError: nothing can be done in this repository now; what was done until then is whole.
    """
    written(plan)
    return by_name(forge, plan.repository, terms, lambda repository: _publish(forge, repository, plan, terms))


def _publish(forge: Forge, repository: Repository, plan: Plan, terms: Terms) -> list[Result]:
    head = forge.branch(repository, plan.base)
    if head is None:
        raise BotError("empty", f"there is no branch {plan.base}")
    if head != plan.commit:
        raise BotError("moved", f"{plan.base} has moved since the plan was made")
    run = Settling(forge, repository, plan, terms)
    results = [result for pull in run.strays() for result in run.settle(pull.branch, None)]
    if plan.onboarding and run.gate() != "open":
        results += run.settle(plan.onboarding.branch, plan.onboarding)
    for proposal in plan.proposals:
        results += run.settle(proposal.branch, proposal)
    results += run.sweep()
    over = complain.mended(forge, repository, run.still_open(), run.were, terms)
    return [*results, over] if over else results


def tell(forge: Forge, name: str, problem: str, terms: Terms = Terms()) -> Result:
    """Tell a repository that its settings are broken, if it was not told before. Raises BotError."""
    return by_name(forge, name, terms, lambda found: complain.broken(forge, found, problem, terms))
