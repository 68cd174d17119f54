"""Carry out one action on the forge, in an order in which it may be cut short anywhere."""

from __future__ import annotations

from typing import Any

from slimfix.bot import body, decide, marker, message, onboarding, orders
from slimfix.bot.errors import BotError, Renamed
from slimfix.bot.forge import Comment, Forge, New, Pull, Repository
from slimfix.bot.plan import Plan, Proposal
from slimfix.bot.terms import Place, Result, Terms


class Acting:
    """What the work on one repository does."""

    def __init__(self, forge: Forge, repository: Repository, plan: Plan, terms: Terms) -> None:
        self.forge = forge
        self.repository = repository
        self.plan = plan
        self.terms = terms
        self.open = {pull.branch: pull for pull in forge.open_pulls(repository)}
        """Our open pull requests, by branch."""
        self.branches = forge.branches(repository)
        """Our branches, and where they stand."""
        self.ignored: dict[str, tuple[str, ...]] = {}
        """The rules that an order turned down, by branch."""
        self.said: list[Comment] = []
        """What was said under the pull request that was looked at last."""

    def made_by_us(self, head: str) -> bool:
        """Whether every commit on a branch is one of ours, as we made it."""
        ahead = self.forge.ahead(self.repository, self.plan.commit, head)
        return bool(ahead) and all(
            f"\n{message.TRAILER}: " in one.message and one.same_person for one in ahead
        )

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

    def obey(self, order: orders.Order, action: orders.Action, proposal: Proposal | None) -> Result:
        """Carry an order out: show that it was read, do it, and note that it was done."""
        pull, comment = action.pull, order.comment
        problems: tuple[str, ...] = ()
        if not self.terms.dry and order.allowed:
            try:
                self.forge.acknowledge(self.repository, pull, comment)
            except BotError as error:
                if error.passing:
                    raise
                problems = (str(error),)
        if isinstance(action, decide.Close):
            result = self.close(action, comment.id)
        elif isinstance(action, decide.Rebuild):
            if proposal is None:
                raise ValueError("nothing to propose")
            result = self.rebuild(proposal, action, comment.id)
        elif isinstance(action, orders.Reply):
            ending = orders.answered(comment)
            if not self.terms.dry and not any(ending in one.text for one in self.said):
                self.forge.comment(self.repository, pull, orders.answer(comment, action.text))
            result = self.heed(pull, "answer", comment.id, {})
        else:
            result = self.heed(pull, action.why, comment.id, {"ignored": action.ignored})
        return result._replace(problems=(*result.problems, *problems))

    def heed(self, pull: Pull, why: str, heard: int, changes: dict[str, tuple[str, ...]]) -> Result:
        """Note that an order was heard."""
        if not self.terms.dry:
            self.note(pull, {"heard": heard, **changes})
        return Result(pull.branch, "heed", why, pull.url)

    def note(self, pull: Pull, changes: dict[str, Any], before: str = "", close: bool = False) -> None:
        """Change the notes of a pull request, put a text before its own, and close it if wanted."""
        notes = marker.find(pull.body)
        if notes is not None:
            text = f"{before}{marker.without(pull.body)}\n\n{marker.text(notes._replace(**changes))}"
            self.forge.edit_pull(self.repository, pull, body=text, close=close)

    def place(self, branch: str) -> Place:
        """What a pull request from a branch takes a place of the hour for."""
        return Place(self.repository.name, branch)

    def create(self, proposal: Proposal, action: decide.Create) -> Result:
        if self.terms.dry:
            return Result(proposal.branch, "create")
        try:
            return self.created(proposal, action)
        except BotError as error:
            if not error.passing:
                self.terms.hour.free(self.place(proposal.branch))
            raise

    def created(self, proposal: Proposal, action: decide.Create) -> Result:
        commit = self.commit(proposal)
        if action.replace is None:
            self.forge.create_branch(self.repository, proposal.branch, commit)
        else:
            self.forge.move_branch(self.repository, proposal.branch, action.replace, commit)
        title = self.title(proposal)
        wishes = self.plan.wishes
        dressed = not (wishes.labels or wishes.assignees or proposal.reviewers or self.automerges(proposal))
        text = self.text(proposal, self.notes(proposal, (commit,), title, dressed))
        new = New(title, text, proposal.branch, self.plan.base, wishes.draft)
        pull = self.forge.open_pull(self.repository, new)
        self.open[proposal.branch] = pull
        self.branches[proposal.branch] = commit
        self.terms.hour.used(self.place(proposal.branch))
        problems = () if dressed else self.dress(proposal, pull)
        return Result(proposal.branch, "create", "", pull.url, problems)

    def rebuild(self, proposal: Proposal, action: decide.Rebuild, heard: int = 0) -> Result:
        pull = action.pull
        if self.terms.dry:
            return Result(proposal.branch, "rebuild", action.why, pull.url)
        old = marker.find(pull.body)
        if pull.automerge and not proposal.safe and old and old.content != proposal.content:
            # Nobody has agreed to this: it must not go in by itself. Where that fails, so does all of it.
            self.forge.automerge(self.repository, pull, False)
        commit = self.commit(proposal)
        # Said before it is done: cut short in between, the branch stands where the notes know it.
        heads = tuple(
            dict.fromkeys((commit, pull.head, *(old.heads if old and action.why != "asked" else ())))
        )
        self.edit(proposal, pull, heads, self.plan.commit, heard)
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

    def edit(self, proposal: Proposal, pull: Pull, heads: tuple[str, ...], onto: str, heard: int = 0) -> None:
        """The texts of an open pull request, with what people did to them kept."""
        old = marker.find(pull.body)
        title = self.title(proposal)
        renamed = old is not None and pull.title != old.title
        notes = self.notes(proposal, heads, title, old.dressed if old else True)
        notes = notes._replace(onto=onto, heard=max(heard, old.heard if old else 0))
        text = message.with_ticks(self.text(proposal, notes), pull.body)
        self.forge.edit_pull(self.repository, pull, None if renamed or title == pull.title else title, text)

    def automerges(self, proposal: Proposal) -> bool:
        """Whether the forge may merge it by itself. A draft is there to be looked at."""
        return self.plan.wishes.automerge and proposal.safe and not self.plan.wishes.draft

    def dress(self, proposal: Proposal, pull: Pull) -> tuple[str, ...]:
        """Labels, people and auto-merge; then the notes say that they were seen to. None may fail it.

        What may go well another time is not noted, and tried at the next look.
        """
        wishes = self.plan.wishes
        problems: list[str] = []
        try:
            problems += self.forge.decorate(self.repository, pull, wishes.labels, proposal.reviewers)
            if wishes.assignees:
                problems += self.forge.assign(self.repository, pull, wishes.assignees)
            if self.automerges(proposal):
                self.forge.automerge(self.repository, pull, True)
        except Renamed:
            raise
        except BotError as error:
            problems.append(str(error))
            if error.passing:
                return tuple(problems)
        self.note(pull, {"dressed": True})
        return tuple(problems)

    def close(self, action: decide.Close, heard: int = 0) -> Result:
        pull = action.pull
        notes = marker.find(pull.body)
        reason = action.reason
        groups = {":" in proposal.key for proposal in self.plan.proposals}
        if reason == "obsolete" and pull.branch == onboarding.BRANCH and self.plan.proposals:
            reason = "unneeded"
        elif reason == "obsolete" and self.plan.held:
            reason = "unproved"
        elif reason == "obsolete" and notes is not None and groups == {":" not in notes.key}:
            reason = "superseded"
        if notes is not None and not self.terms.dry:
            changes = {"closed": reason, "heard": max(heard, notes.heard)}
            self.note(pull, changes, message.closed(reason), close=True)
            if pull.head in notes.heads:
                self.forge.delete_branch(self.repository, pull.branch, pull.head)
            self.branches.pop(pull.branch, None)
            self.open.pop(pull.branch, None)
        return Result(pull.branch, "close", reason or "asked", pull.url)

    # -- parts ---------------------------------------------------------------------------------

    def commit(self, proposal: Proposal) -> str:
        if proposal.kind == "onboarding":
            messages = [onboarding.commit_message(proposal)]
        else:
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
            ignored=self.ignored.get(proposal.branch, ()),
            measured=proposal.measured,
        )

    def title(self, proposal: Proposal) -> str:
        if proposal.kind == "onboarding":
            return onboarding.TITLE
        return message.title(proposal, self.repository.name)

    def text(self, proposal: Proposal, notes: marker.Marker) -> str:
        if proposal.kind == "onboarding":
            return onboarding.body(self.plan, marker.text(notes))
        return body.body(
            proposal,
            self.terms.docs,
            self.plan.version,
            self.forge.body_limit,
            marker.text(notes),
        )
