"""What the bot needs of a forge, in one small protocol; GitHub, GitLab and Gitea differ behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

from slimfix.bot.codeowners import Kind
from slimfix.bot.command import Login
from slimfix.bot.commits import Commit

Merge = Literal["merge", "rebase", "squash"]


class Repository(NamedTuple):
    """A repository as the forge describes it."""

    name: str
    """Its name now: it may have been renamed."""
    default: str
    """The branch that pull requests go to."""
    clone_url: str
    id: str = ""
    archived: bool = False
    disabled: bool = False
    fork: bool = False
    empty: bool = False
    can_push: bool | None = None
    """None where the forge does not say."""
    topics: tuple[str, ...] = ()
    has_issues: bool = True
    """Whether issues can be opened."""
    open_issues: int | None = None
    """Open issues and pull requests, together; None where the forge does not say."""
    merges: tuple[Merge, ...] = ("merge",)
    """How a pull request may be merged."""

    @property
    def owner(self) -> str:
        """The account or group that it belongs to."""
        return self.name.rpartition("/")[0]


class Pull(NamedTuple):
    """A pull request as the forge shows it."""

    number: int
    url: str
    open: bool
    merged: bool
    locked: bool
    title: str
    """Without what marks a draft, where that is a part of it."""
    body: str
    branch: str
    head: str
    """The commit that its branch stands at."""
    base: str
    labels: tuple[str, ...] = ()
    conflicted: bool | None = None
    """None while the forge is still finding out, or has not been asked."""
    behind: bool = False
    """The forge wants it to be up to date with its base before it is merged, and it is not."""
    draft: bool = False
    id: str = ""
    """Where the forge has one beside the number."""
    comments: int | None = None
    """How many there are; None where only asking for them tells."""
    automerge: bool = False
    """Whether it is merged as soon as the forge's own conditions hold; known after a closer look."""


class Comment(NamedTuple):
    """Something said under a pull request."""

    id: int
    """Larger than that of every earlier one in the repository."""
    author: str
    """The name of the account, as :meth:`Forge.me` and :meth:`Forge.may_write` know it; may be empty."""
    text: str


class Issue(NamedTuple):
    """An issue that we opened."""

    number: int
    url: str
    open: bool
    title: str
    body: str


class Ahead(NamedTuple):
    """A commit on a branch that its base does not have."""

    sha: str
    message: str
    same_person: bool
    """Whether author and committer, and their times, are one: an amended commit has two times."""


class New(NamedTuple):
    """What a new pull request says."""

    title: str
    body: str
    branch: str
    base: str
    draft: bool = False


class Moved(Exception):
    """A branch is not where it was a moment ago: someone else was at work. Nothing was changed."""


class Exists(Exception):
    """What was to be made is there already."""


class Forge(Protocol):
    """A forge. Every method raises BotError where the forge does not let us, or cannot be reached."""

    kind: Kind
    body_limit: int

    def login(self, repository: Repository) -> Login | None:
        """Who git is to the forge, for this repository alone; None for nobody."""

    def repository(self, name: str) -> Repository:
        """What there is to know about a repository."""

    def repositories(self, owner: str) -> Iterator[str]:
        """The names of all repositories of an account or group."""

    def pulls(self, repository: Repository, branch: str) -> list[Pull]:
        """Every pull request from that branch of the repository itself, the newest first."""

    def open_pulls(self, repository: Repository) -> list[Pull]:
        """The open ones from branches of the bot in the repository itself."""

    def detail(self, repository: Repository, pull: Pull) -> Pull:
        """The pull request again, with what only a closer look tells: conflicts, and whether it is behind."""

    def branch(self, repository: Repository, name: str) -> str | None:
        """The commit that a branch stands at; None if there is no such branch."""

    def branches(self, repository: Repository) -> dict[str, str]:
        """The branches of the bot, by name, with the commits that they stand at."""

    def ahead(self, repository: Repository, base: str, head: str) -> list[Ahead]:
        """The commits that *head* has and *base* has not."""

    def commit(
        self, repository: Repository, base: str, commits: tuple[Commit, ...], messages: list[str]
    ) -> str:
        """Store commits on top of *base*, on no branch yet; the name of the last."""

    def create_branch(self, repository: Repository, name: str, commit: str) -> None:
        """Make a branch. Raises Exists."""

    def move_branch(self, repository: Repository, name: str, old: str, new: str) -> None:
        """Move a branch, if it still stands at *old*. Raises Moved."""

    def delete_branch(self, repository: Repository, name: str, old: str) -> None:
        """Delete a branch, if it still stands at *old*. Raises Moved."""

    def open_pull(self, repository: Repository, new: New) -> Pull:
        """Open a pull request. Raises Exists if the branch has an open one."""

    def edit_pull(
        self,
        repository: Repository,
        pull: Pull,
        title: str | None = None,
        body: str | None = None,
        close: bool = False,
    ) -> None:
        """Change the texts of a pull request, and close it if wanted, all at once."""

    def comments(self, repository: Repository, pull: Pull) -> list[Comment]:
        """What was said under a pull request by people and by us, the oldest first; no notes of the forge."""

    def comment(self, repository: Repository, pull: Pull, text: str) -> None:
        """Say something under a pull request."""

    def decorate(
        self, repository: Repository, pull: Pull, labels: tuple[str, ...], reviewers: tuple[str, ...]
    ) -> list[str]:
        """Add labels and ask for reviews; what could not be done, in words.

        Raises BotError where it may be done another time.
        """

    def edit_comment(self, repository: Repository, pull: Pull, comment: Comment, text: str) -> None:
        """Say something else in a comment of our own."""

    def acknowledge(self, repository: Repository, pull: Pull, comment: Comment) -> None:
        """Show that a comment was read, by a thumb up of ours (a reaction, an award); twice is once."""

    def assign(self, repository: Repository, pull: Pull, users: tuple[str, ...]) -> list[str]:
        """Assign people; what could not be done, in words.

        Raises BotError where it may be done another time.
        """

    def automerge(self, repository: Repository, pull: Pull, on: bool) -> None:
        """Have the forge merge it once its own conditions hold (checks, reviews), or no longer have it so.

        Turning on holds for the commit ``pull.head`` alone, where the forge can be told so. Raises
        BotError where it cannot be turned on, as where nothing would be waited for: it is never merged by
        us. Turning off what is off does nothing.
        """

    def me(self, repository: Repository) -> str:
        """The account that what we write there is by; asked for once."""

    def may_write(self, repository: Repository, user: str) -> bool:
        """Whether someone may push to the repository (on GitLab: a developer or more)."""

    def issues(self, repository: Repository) -> list[Issue]:
        """The issues (no pull requests) that :meth:`me` opened, open and closed, the newest first."""

    def open_issue(self, repository: Repository, title: str, body: str) -> Issue:
        """Open an issue."""

    def edit_issue(self, repository: Repository, issue: Issue, title: str, body: str, open: bool) -> None:
        """Change the texts of an issue, and whether it is open, all at once."""
