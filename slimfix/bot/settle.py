"""One branch after the other: look at the forge, decide, do one thing.

Nothing is remembered between two looks but what stands on the forge. So this may be cut short anywhere
and be run again: what was done is seen, and what was not is done.
"""

from __future__ import annotations

from itertools import chain

from slimfix.bot import decide, heed, marker, message, onboarding, orders
from slimfix.bot.act import Acting
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Exists, Forge, Moved, Pull, Repository
from slimfix.bot.http import Interrupted
from slimfix.bot.orders import Order
from slimfix.bot.plan import Plan, Proposal
from slimfix.bot.terms import TRIES, Result, Terms

ORDERS = 20
"""Orders that are carried out under one pull request in one run."""


class Settling(Acting):
    """The work on one repository."""

    def __init__(self, forge: Forge, repository: Repository, plan: Plan, terms: Terms) -> None:
        super().__init__(forge, repository, plan, terms)
        self.were = len(self.open)
        """How many were open at the beginning."""
        self.looked: dict[str, Pull] = {}
        """The open ones after a closer look, by branch."""
        self._gate: decide.Gate | None = None

    def planned(self) -> set[str]:
        """The branches that the plan is about."""
        first = {self.plan.onboarding.branch} if self.plan.onboarding else set()
        return first | {proposal.branch for proposal in self.plan.proposals}

    def strays(self) -> list[Pull]:
        """Our open pull requests that the plan says nothing of."""
        planned = self.planned()
        return [pull for branch, pull in self.open.items() if branch not in planned]

    def still_open(self) -> list[Pull]:
        """Our pull requests that are open now."""
        return [self.looked.get(branch, pull) for branch, pull in self.open.items()]

    def settle(self, branch: str, proposal: Proposal | None) -> list[Result]:
        """Do what is to be done about one branch: what people want of us first, one after the other."""
        results: list[Result] = []
        failed = 0
        while True:
            try:
                if failed:
                    self.terms.pause(2.0**failed)
                    self.open = {pull.branch: pull for pull in self.forge.open_pulls(self.repository)}
                    self.branches = self.forge.branches(self.repository)
                seen, order = self.look(branch, proposal)
                result, over = self.turn(branch, proposal, seen, order)
            except (Interrupted, Moved, Exists) as error:
                failed += 1
                if failed < TRIES:
                    continue
                if isinstance(error, Interrupted):
                    raise
                raise BotError("moved", f"{branch} is being changed by someone else") from None
            if not results or order is not None or result.why != "up-to-date":
                results.append(result)
            if over or len(results) > ORDERS:
                return results

    def turn(
        self, branch: str, proposal: Proposal | None, seen: decide.Seen, order: Order | None
    ) -> tuple[Result, bool]:
        """Do one thing; whether nothing more is to be done in this run."""
        if order is not None:
            pull = next(pull for pull in seen.pulls if pull.open)
            wanted = orders.decide(order, pull, proposal, self.plan.base, self.plan.wishes)
            # Rules that are not wanted any more are a matter of a new plan.
            over = self.terms.dry or isinstance(wanted, decide.Close) or order.verb in heed.ANEW
            return self.obey(order, wanted, proposal), over
        action = decide.decide(proposal, seen, self.plan.wishes, self.allowed(branch))
        opening = isinstance(action, decide.Create)
        if self.plan.onboarding:  # it may be what takes the place
            opening = opening or action == decide.Leave("open-limit")
        if opening and proposal and proposal.kind == "fixes":
            action = decide.gated(action, self.gate())
        if isinstance(action, decide.Create) and not self.terms.hour.take(self.place(branch)):
            action = decide.Leave("hour-limit")
        return self.perform(branch, proposal, action), True

    def look(self, branch: str, proposal: Proposal | None) -> tuple[decide.Seen, Order | None]:
        """What the forge shows of a branch, and the first thing that people want of us there."""
        current = self.open.get(branch)
        if proposal is None and current is not None:
            pulls: list[Pull] = [current]
        else:
            pulls = self.forge.pulls(self.repository, branch)
        pulls = [self.forge.detail(self.repository, pull) if pull.open else pull for pull in pulls]
        opened = next((pull for pull in pulls if pull.open), None)
        notes = marker.find(opened.body) if opened else None
        self.ignored[branch] = decide.ignored(tuple(pulls))
        told, order = False, None
        if opened is not None:
            self.looked[branch] = opened
        if opened is not None and notes is not None and opened.comments != 0 and not opened.locked:
            self.said = self.forge.comments(self.repository, opened)
            told = any(message.HANDS_OFF in one.text for one in self.said)
            order = heed.pending(self.forge, self.repository, self.said, notes.heard)
        head = self.branches.get(branch)
        found = None if head is None else decide.Branch(head, not pulls and self.made_by_us(head))
        return decide.Seen(tuple(pulls), found, self.plan.base, self.plan.commit, told), order

    def allowed(self, branch: str) -> decide.Allowed:
        """What may be opened now."""
        others = sum(
            other != branch and marker.find(pull.body) is not None for other, pull in self.open.items()
        )
        return decide.Allowed(others, self.terms.quiet())

    def gate(self) -> decide.Gate:
        """Whether fixes may be proposed, or the repository is to be asked first."""
        if self._gate is None:
            if self.plan.configured:
                self._gate = "open"
                return self._gate
            pulls = heed.revived(
                self.forge,
                self.repository,
                self.forge.pulls(self.repository, onboarding.BRANCH),
                self.terms.dry,
            )
            self._gate = decide.gate(pulls, self.plan.onboarding is not None)
            if self._gate == "ask" and self.known():
                self._gate = "open"
        return self._gate

    def known(self) -> bool:
        """Whether the repository has seen the bot at work: it has one of its fixes open, or merged one."""
        opened = (pull for branch, pull in self.open.items() if branch != onboarding.BRANCH)
        merged = (
            pull
            for proposal in self.plan.proposals
            for pull in self.forge.pulls(self.repository, proposal.branch)
            if pull.merged
        )
        return any(marker.find(pull.body) is not None for pull in chain(opened, merged))

    def sweep(self) -> list[Result]:
        """Delete what an interrupted run left: a branch of ours that no pull request needs any more."""
        planned = self.planned()
        results = []
        for branch, head in self.branches.items():
            if branch in planned or branch in self.open:
                continue
            pulls = self.forge.pulls(self.repository, branch)
            notes = marker.find(pulls[0].body) if pulls else None
            done = notes is not None and notes.closed and head in notes.heads
            if done or (not pulls and self.made_by_us(head)):
                if not self.terms.dry:
                    self.forge.delete_branch(self.repository, branch, head)
                results.append(Result(branch, "delete-branch"))
        return results
