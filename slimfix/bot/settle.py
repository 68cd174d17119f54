"""One branch after the other: look at the forge, decide, do one thing.

Nothing is remembered between two looks but what stands on the forge. So this may be cut short anywhere
and be run again: what was done is seen, and what was not is done.
"""

from __future__ import annotations

from slimfix.bot import body, decide, marker, message
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Exists, Forge, Moved, New, Pull, Repository
from slimfix.bot.http import Interrupted
from slimfix.bot.plan import Plan, Proposal
from slimfix.bot.terms import TRIES, Result, Terms


class Settling:
    """The work on one repository."""

    def __init__(self, forge: Forge, repository: Repository, plan: Plan, terms: Terms) -> None:
        self.forge = forge
        self.repository = repository
        self.plan = plan
        self.terms = terms
        self.open = {pull.branch: pull for pull in forge.open_pulls(repository)}
        self.branches = forge.branches(repository)
        self.were = len(self.open)
        """How many were open at the beginning."""
        self.looked: dict[str, Pull] = {}
        """The open ones after a closer look, by branch."""

    def strays(self) -> list[Pull]:
        """Our open pull requests that the plan says nothing of."""
        planned = {proposal.branch for proposal in self.plan.proposals}
        return [pull for branch, pull in self.open.items() if branch not in planned]

    def still_open(self) -> list[Pull]:
        """Our pull requests that are open now."""
        return [self.looked.get(branch, pull) for branch, pull in self.open.items()]

    def settle(self, branch: str, proposal: Proposal | None) -> Result:
        """Do what is to be done about one branch."""
        for number in range(TRIES):
            try:
                if number:
                    self.terms.pause(2.0**number)
                    self.open = {pull.branch: pull for pull in self.forge.open_pulls(self.repository)}
                    self.branches = self.forge.branches(self.repository)
                seen = self.look(branch, proposal)
                action = decide.decide(proposal, seen, self.plan.wishes, self.allowed(branch))
                return self.perform(branch, proposal, action)
            except (Interrupted, Moved, Exists) as error:  # noqa: PERF203  # each turn may end so
                if number == TRIES - 1 and isinstance(error, Interrupted):
                    raise
        raise BotError("moved", f"{branch} is being changed by someone else")

    def look(self, branch: str, proposal: Proposal | None) -> decide.Seen:
        """What the forge shows of a branch."""
        current = self.open.get(branch)
        if proposal is None and current is not None:
            pulls: list[Pull] = [current]
        else:
            pulls = self.forge.pulls(self.repository, branch)
        pulls = [self.forge.detail(self.repository, pull) if pull.open else pull for pull in pulls]
        opened = next((pull for pull in pulls if pull.open), None)
        told = False
        if opened is not None:
            self.looked[branch] = opened
            notes = marker.find(opened.body)
            if notes is not None and opened.head not in notes.heads:
                told = any(
                    message.HANDS_OFF in one.text for one in self.forge.comments(self.repository, opened)
                )
        head = self.branches.get(branch)
        found = None if head is None else decide.Branch(head, not pulls and self.made_by_us(head))
        return decide.Seen(tuple(pulls), found, self.plan.base, self.plan.commit, told)

    def made_by_us(self, head: str) -> bool:
        """Whether every commit on a branch is one of ours, as we made it."""
        ahead = self.forge.ahead(self.repository, self.plan.commit, head)
        return bool(ahead) and all(
            f"\n{message.TRAILER}: " in one.message and one.same_person for one in ahead
        )

    def allowed(self, branch: str) -> decide.Allowed:
        """What may be opened now."""
        others = sum(
            other != branch and marker.find(pull.body) is not None for other, pull in self.open.items()
        )
        return decide.Allowed(others, self.terms.hour_full(self.repository.owner), self.terms.quiet())

    # -- actions -------------------------------------------------------------------------------

    def perform(self, branch: str, proposal: Proposal | None, action: decide.Action) -> Result:
        """Do it, or in a dry run only say it."""
        if isinstance(action, decide.Leave):
            return Result(branch, "leave", action.because, action.pull.url if action.pull else "")
        if isinstance(action, decide.Close):
            return self.close(action)
        if isinstance(action, decide.HandsOff):
            if not self.terms.dry:
                self.forge.comment(self.repository, action.pull, message.hands_off())
            return Result(branch, "hands-off", "users-commits", action.pull.url)
        if proposal is None:
            raise ValueError("nothing to propose")
        if isinstance(action, decide.Create):
            return self.create(proposal, action)
        if isinstance(action, decide.Rebuild):
            return self.rebuild(proposal, action)
        return self.reword(proposal, action)

    def create(self, proposal: Proposal, action: decide.Create) -> Result:
        if self.terms.dry:
            return Result(proposal.branch, "create")
        commit = self.commit(proposal)
        if action.replace is None:
            self.forge.create_branch(self.repository, proposal.branch, commit)
        else:
            self.forge.move_branch(self.repository, proposal.branch, action.replace, commit)
        title = message.title(proposal, self.repository.name)
        dressed = not self.plan.wishes.labels and not proposal.reviewers
        text = self.text(proposal, self.notes(proposal, (commit,), title, dressed))
        new = New(title, text, proposal.branch, self.plan.base, self.plan.wishes.draft)
        pull = self.forge.open_pull(self.repository, new)
        self.open[proposal.branch] = pull
        self.branches[proposal.branch] = commit
        self.terms.opened(self.repository.owner)
        problems = () if dressed else self.dress(proposal, pull)
        return Result(proposal.branch, "create", "", pull.url, problems)

    def rebuild(self, proposal: Proposal, action: decide.Rebuild) -> Result:
        pull = action.pull
        if self.terms.dry:
            return Result(proposal.branch, "rebuild", action.why, pull.url)
        commit = self.commit(proposal)
        old = marker.find(pull.body)
        # Said before it is done: cut short in between, the branch stands where the notes know it.
        heads = tuple(
            dict.fromkeys((commit, pull.head, *(old.heads if old and action.why != "asked" else ())))
        )
        self.edit(proposal, pull, heads, self.plan.commit)
        if commit != pull.head:
            self.forge.move_branch(self.repository, proposal.branch, pull.head, commit)
        return Result(proposal.branch, "rebuild", action.why, pull.url)

    def reword(self, proposal: Proposal, action: decide.Reword | decide.Dress) -> Result:
        pull = action.pull
        name = "dress" if isinstance(action, decide.Dress) else "reword"
        problems: tuple[str, ...] = ()
        if not self.terms.dry:
            if isinstance(action, decide.Dress):
                problems = self.dress(proposal, pull)
            else:
                old = marker.find(pull.body)
                self.edit(
                    proposal, pull, old.heads if old else (pull.head,), old.onto if old else self.plan.commit
                )
        return Result(proposal.branch, name, "", pull.url, problems)

    def edit(self, proposal: Proposal, pull: Pull, heads: tuple[str, ...], onto: str) -> None:
        """The texts of an open pull request, with what people did to them kept."""
        old = marker.find(pull.body)
        title = message.title(proposal, self.repository.name)
        renamed = old is not None and pull.title != old.title
        notes = self.notes(proposal, heads, title, old.dressed if old else True)._replace(onto=onto)
        text = message.with_ticks(self.text(proposal, notes), pull.body)
        self.forge.edit_pull(self.repository, pull, None if renamed or title == pull.title else title, text)

    def dress(self, proposal: Proposal, pull: Pull) -> tuple[str, ...]:
        """Labels and reviewers; then the notes say that they were seen to."""
        problems = self.forge.decorate(self.repository, pull, self.plan.wishes.labels, proposal.reviewers)
        notes = marker.find(pull.body)
        if notes is not None:
            text = f"{marker.without(pull.body)}\n\n{marker.text(notes._replace(dressed=True))}"
            self.forge.edit_pull(self.repository, pull, body=text)
        return tuple(problems)

    def close(self, action: decide.Close) -> Result:
        pull = action.pull
        notes = marker.find(pull.body)
        reason = action.reason
        groups = {":" in proposal.key for proposal in self.plan.proposals}
        if reason == "obsolete" and notes is not None and groups == {":" not in notes.key}:
            reason = "superseded"
        if notes is not None and not self.terms.dry:
            text = message.closed(marker.without(pull.body), reason)
            text = f"{text}\n\n{marker.text(notes._replace(closed=reason))}"
            self.forge.edit_pull(self.repository, pull, body=text, close=True)
            self.forge.delete_branch(self.repository, pull.branch, pull.head)
            self.branches.pop(pull.branch, None)
            self.open.pop(pull.branch, None)
        return Result(pull.branch, "close", reason, pull.url)

    def sweep(self) -> list[Result]:
        """Delete what an interrupted run left: a branch of ours that no pull request needs any more."""
        planned = {proposal.branch for proposal in self.plan.proposals}
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

    # -- parts ---------------------------------------------------------------------------------

    def commit(self, proposal: Proposal) -> str:
        messages = [message.commit_message(commit, proposal) for commit in proposal.commits]
        return self.forge.commit(self.repository, self.plan.commit, proposal.commits, messages)

    def notes(self, proposal: Proposal, heads: tuple[str, ...], title: str, dressed: bool) -> marker.Marker:
        return marker.Marker(
            proposal.key,
            proposal.fingerprint,
            proposal.content,
            proposal.rules,
            heads,
            title,
            self.plan.commit,
            dressed,
        )

    def text(self, proposal: Proposal, notes: marker.Marker) -> str:
        return body.body(
            proposal,
            self.terms.docs,
            self.plan.version,
            self.forge.body_limit,
            marker.text(notes),
        )
