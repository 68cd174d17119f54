"""Carry a plan out: see whether it may be, and settle one pull request after the other."""

from __future__ import annotations

from slimfix.bot import complain, decide, heed
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Forge, Repository
from slimfix.bot.plan import Plan
from slimfix.bot.settle import Settling
from slimfix.bot.terms import Result, Terms
from slimfix.bot.written import written

OPT_OUT = "no-slimfix"
"""A topic of a repository that keeps the bot out."""


def fit(repository: Repository, terms: Terms) -> Repository:
    """The repository, if there is nothing against working on it. Raises BotError."""
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


def publish(forge: Forge, plan: Plan, terms: Terms = Terms()) -> list[Result]:
    """Bring the forge to what the plan says.

    Raises:
        BotError: nothing can be done in this repository now; what was done until then is whole.
    """
    written(plan)
    repository = fit(forge.repository(plan.repository), terms)
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
    return complain.broken(forge, fit(forge.repository(name), terms), problem, terms)
