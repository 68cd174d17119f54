"""Commits for a forge that is written to with git: made on this machine, and pushed.

Gitea has no API for trees and commits, and the API of GitLab can force a branch but not compare it first.
A push with a lease moves a branch only from where it was seen: git compares when it connects, and the
server once more when it swaps. The mode of a file is kept, several commits arrive at once, and until then
nothing of them is on the forge.

Nothing is checked out here either: trees are read into an index and written from it.
"""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

from slimfix.bot import command, names
from slimfix.bot.command import Login
from slimfix.bot.commits import Commit
from slimfix.bot.errors import BotError, Renamed
from slimfix.bot.forge import Exists, Moved, Repository
from slimfix.bot.http import Interrupted
from slimfix.bot.pace import Pace
from slimfix.bot.redact import Secrets
from slimfix.text import encode

MAX_FETCH = 512 << 20
"""Bytes that the trees of one commit may take."""
_RACE = ("stale info", "cannot lock ref", "failed to update ref", "reference already exists", "incorrect old")
_PROTECTED = ("protected", "hook declined", "not allowed to", "prohibited", "denied by rule")


class Person(NamedTuple):
    """Whom a commit names as its author and committer."""

    name: str
    email: str


class Workshop:
    """Where commits are made, until they are pushed."""

    def __init__(self, secrets: Secrets, pace: Pace) -> None:
        self._secrets = secrets
        self._pace = pace
        self._local = command.environment(None)
        self._made: dict[str, tempfile.TemporaryDirectory[str]] = {}
        self._lock = threading.Lock()

    def commit(
        self,
        repository: Repository,
        login: Login | None,
        base: str,
        commits: tuple[Commit, ...],
        messages: list[str],
        person: Person,
    ) -> str:
        """Make commits on top of *base*; the name of the last. They replace what was made here before."""
        self._drop(repository)
        directory = tempfile.TemporaryDirectory(prefix="slimfix-push-")
        try:
            last = self._build(directory.name, repository, login, base, commits, messages, person)
        except BaseException:
            directory.cleanup()
            raise
        with self._lock:
            self._made[repository.name] = directory
        return last

    def _build(
        self,
        directory: str,
        repository: Repository,
        login: Login | None,
        base: str,
        commits: tuple[Commit, ...],
        messages: list[str],
        person: Person,
    ) -> str:
        network = command.environment(repository.clone_url, login)
        git = self._init(directory)
        command.run([*git, "remote", "add", "--", "origin", repository.clone_url], self._local, self._secrets)
        options = ["--quiet", "--depth=1", "--filter=blob:none", "--no-tags", "--no-write-fetch-head"]
        fetch = [*git, "fetch", *options, "--recurse-submodules=no", "--", "origin", names.sha(base)]
        command.run(fetch, network, self._secrets, MAX_FETCH)
        when = f"{int(self._pace.clock.now())} +0000"
        who = {"NAME": _clean(person.name), "EMAIL": _clean(person.email), "DATE": when}
        env = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        env |= {**self._local, "GIT_INDEX_FILE": str(Path(directory, "slimfix-index"))}

        def run(*arguments: str, given: bytes = b"") -> str:
            return command.run([*git, *arguments], env, self._secrets, given=given).decode().strip()

        run("read-tree", names.sha(base))
        parent = base
        for commit, message in zip(commits, messages):
            lines = []
            for file in commit.files:
                blob = run("hash-object", "-w", "--stdin", given=encode(file.text))
                lines.append(f"{file.mode} {blob}\t{file.path}\0")
            run("update-index", "-z", "--index-info", given="".join(lines).encode())
            # The files of the others were never fetched, and need not be.
            tree = run("write-tree", "--missing-ok")
            parent = names.sha(run("commit-tree", tree, "-p", parent, "-F", "-", given=message.encode()))
        return parent

    def _init(self, directory: str) -> list[str]:
        git = [f"--git-dir={directory}"]
        command.run([*git, "init", "--quiet", "--bare"], self._local, self._secrets)
        return git

    def push(
        self, repository: Repository, login: Login | None, branch: str, old: str | None, new: str | None
    ) -> None:
        """Move a branch from one commit to another that was made here; None is for no branch.

        Raises:
            Moved: it does not stand at *old*, or there is none.
            Exists: there was to be none yet.
            Interrupted: nobody knows whether it was moved.
        Renamed: the repository is elsewhere.
            BotError: the forge does not let us.
        """
        if not names.ours(branch):
            raise BotError("bad-name", f"not a branch of the bot: {branch!r}")
        ref = f"refs/heads/{branch}"
        url = repository.clone_url
        lease = f"--force-with-lease={ref}:{names.sha(old) if old else ''}"
        spec = f"{names.sha(new) if new else ''}:{ref}"
        env = command.environment(url, login)
        with self._lock:
            made = self._made.pop(repository.name, None) if new else None
        directory = made or tempfile.TemporaryDirectory(prefix="slimfix-push-")
        try:
            git = [f"--git-dir={directory.name}"] if made else self._init(directory.name)
            with self._pace.write(creates=False, notifies=False):
                done = command.call([*git, "push", "--porcelain", "--no-verify", lease, "--", url, spec], env)
        finally:
            directory.cleanup()
        if done.returncode:
            told = self._secrets.hide((done.stdout + done.stderr).decode("utf-8", "replace"))
            raise _reason(told, branch, old is None)

    def _drop(self, repository: Repository) -> None:
        with self._lock:
            made = self._made.pop(repository.name, None)
        if made is not None:
            made.cleanup()


def _reason(told: str, branch: str, new: bool) -> Exception:
    """What kept git from pushing."""
    low = told.lower()
    if "[rejected]" in low or any(words in low for words in _RACE):
        return Exists(branch) if new else Moved(branch)
    lines = [line for line in told.splitlines() if "remote" in line.lower() or "fatal" in line.lower()]
    what = f"git push {branch}: {' '.join(' '.join(lines).split())[:300]}"
    if command.redirected(low):
        return Renamed(what)
    if "archived" in low:
        return BotError("archived", what)
    if any(words in low for words in _PROTECTED):
        return BotError("protected", what)
    if "authentication failed" in low or "could not read username" in low or "error: 403" in low:
        return BotError("no-permission", what)
    if "not found" in low or "error: 404" in low:
        return BotError("gone", what)
    if "[remote rejected]" in low:
        return BotError("forge-error", what)
    return Interrupted(what)


def _clean(text: str) -> str:
    """A name that git takes: what it leaves out at the ends of one must not be all there is."""
    text = re.sub(r"[<>\x00-\x1f\x7f]", "", text).strip(" .,:;'\"\\")
    return text or "slimfix"
