"""A repository on a forge to a plan: cloned without its files, planned, and the clone thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from slimfix.bot import names, onboarding, plan, publish
from slimfix.bot.forge import Forge, Repository
from slimfix.bot.git import Clone
from slimfix.bot.measured import Prover
from slimfix.bot.redact import Secrets
from slimfix.bot.settings import Policy
from slimfix.bot.terms import Terms
from slimfix.bot.tree import Tree

Proving = Callable[[str, Tree, Clone], AbstractContextManager[Prover]]
"""Who builds what is in a clone of a repository with this name, while the block lasts."""


def remote(
    forge: Forge,
    name: str,
    policy: Policy,
    terms: Terms,
    secrets: Secrets,
    proving: Proving | None = None,
) -> plan.Plan:
    """The plan for a repository on a forge, without what its maintainers turned down. Raises BotError.

    *proving* builds every Dockerfile that would be changed, where the operator wants that.
    """
    return publish.by_name(
        forge, name, terms, lambda found: _remote(forge, found, policy, terms, secrets, proving)
    )


def _remote(
    forge: Forge,
    repository: Repository,
    policy: Policy,
    terms: Terms,
    secrets: Secrets,
    proving: Proving | None,
) -> plan.Plan:
    with tempfile.TemporaryDirectory(prefix="slimfix-") as directory:
        place = str(Path(directory, "clone.git"))
        login = forge.login(repository)
        clone = Clone.of(repository.clone_url, repository.default, place, secrets, login)
        try:
            tree = Tree(clone.entries(), clone)
            about = (repository.name, repository.default, clone.commit, tree, policy)
            made = plan.make(*about, forge=forge.kind)
            turned_down = publish.declined(forge, repository, [one.branch for one in made.proposals], terms)
            if proving is not None and made.proposals:
                with proving(repository.name, tree, clone) as prover:
                    made = plan.make(*about, turned_down, prover, forge.kind)
            elif not turned_down.isdisjoint(rule for one in made.proposals for rule in one.rules):
                made = plan.make(*about, turned_down, None, forge.kind)
            return onboarding.added(made) if policy.onboarding else made
        finally:
            clone.close()


def local(
    directory: str, name: str, base: str, policy: Policy, secrets: Secrets, proving: Proving | None = None
) -> plan.Plan:
    """The plan for the last commit of a branch in a repository on this machine. Raises BotError."""
    clone = Clone(directory, secrets, None, f"refs/heads/{base}" if base else "HEAD")
    try:
        tree = Tree(clone.entries(), clone)
        there = (names.repository(name), base or "HEAD", clone.commit, tree, policy)
        if proving is None:
            made = plan.make(*there)
        else:
            with proving(name, tree, clone) as prover:
                made = plan.make(*there, frozenset(), prover)
        return onboarding.added(made) if policy.onboarding else made
    finally:
        clone.close()
