"""What the bot needs of a forge, in one small protocol; GitHub, GitLab and Gitea differ behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from slimfix.bot.command import Login
from slimfix.bot.commits import Commit


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

    def comments(self, repository: Repository, pull: Pull) -> list[str]:
        """What was said under a pull request."""

    def comment(self, repository: Repository, pull: Pull, text: str) -> None:
        """Say something under a pull request."""

    def decorate(
        self, repository: Repository, pull: Pull, labels: tuple[str, ...], reviewers: tuple[str, ...]
    ) -> list[str]:
        """Add labels and ask for reviews; what could not be done, in words. Raises nothing."""
