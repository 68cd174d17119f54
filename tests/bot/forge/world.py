"""What a forge holds: bare git repositories, pull requests, comments; and what people do there."""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENV = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Someone",
    "GIT_AUTHOR_EMAIL": "someone@forge.example",
    "GIT_COMMITTER_NAME": "Someone",
    "GIT_COMMITTER_EMAIL": "someone@forge.example",
}
Content = str | bytes | tuple[str, str | bytes]
"""Of a file: its text, or with another mode before it."""


@dataclass
class Comment:
    """Something said under a pull request or an issue."""

    id: int
    author: str
    body: str
    reactions: list[str] = field(default_factory=list)
    """Who reacted, each with how: ``alice +1``."""


@dataclass
class Issue:
    """An issue."""

    number: int
    title: str
    body: str
    author: str
    state: str = "open"
    comments: list[Comment] = field(default_factory=list)


@dataclass
class Pull:
    """A pull request."""

    number: int
    title: str
    body: str
    head: str
    base: str
    head_sha: str
    draft: bool = False
    state: str = "open"
    merged: bool = False
    locked: bool = False
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    automerge: str = ""
    """How it is merged once it may be; empty for not by itself."""
    fork: bool = False
    """Whether it comes from a fork, by a branch of the same name."""

    @property
    def is_draft(self) -> bool:
        """Whether it is one, by its field or by its title."""
        return self.draft or self.title.startswith(("Draft: ", "WIP: "))


@dataclass
class Repo:
    """A repository."""

    owner: str
    name: str
    path: Path
    number: int
    default: str = "main"
    archived: bool = False
    disabled: bool = False
    fork: bool = False
    push: bool = True
    topics: list[str] = field(default_factory=list)
    strict: bool = False
    """Whether a branch must be up to date before it is merged."""
    protected: str = ""
    """A prefix of branches that may not be written to."""
    mirror: bool = False
    pulls: list[Pull] = field(default_factory=list)
    known_labels: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    has_issues: bool = True
    issues_denied: bool = False
    """Whether our token may not write issues."""
    others_issues: int = 0
    """Open issues of people, which are counted alone."""
    automerge: bool = True
    """Whether it is allowed."""
    checks: bool = True
    """Whether something must be waited for before a pull request can be merged."""
    squash_only: bool = False
    checked: bool = False
    """Whether what must be waited for has come to a good end."""
    writers: list[str] = field(default_factory=lambda: ["alice"])
    """People who may push."""
    was: list[str] = field(default_factory=list)
    """Names that it had before."""
    lock: Any = field(default_factory=threading.RLock)

    @property
    def full(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def node(self) -> str:
        return f"R_{self.number}"

    def git(
        self, *arguments: str, given: bytes = b"", env: Mapping[str, str] = {}, check: bool = True
    ) -> str:
        """What git prints; surrounding white space gone."""
        command = ["git", f"--git-dir={self.path}", *arguments]
        done = subprocess.run(command, input=given, capture_output=True, env={**ENV, **env}, check=False)
        if check and done.returncode:
            raise GitError(done.stderr.decode())
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def sha(self, branch: str) -> str | None:
        return self.git("rev-parse", "--verify", "-q", f"refs/heads/{branch}", check=False) or None

    def branches(self) -> dict[str, str]:
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads").splitlines()
        return {line.split()[0].removeprefix("refs/heads/"): line.split()[1] for line in lines}

    @property
    def places(self) -> list[Pull | Issue]:
        """Where people talk: pull requests and issues share their numbers."""
        return [*self.pulls, *self.issues]

    # -- what people do ------------------------------------------------------------------------

    def say(self, place: Pull | Issue, text: str, author: str = "alice") -> Comment:
        """A comment."""
        with self.lock:
            comment = Comment(next(_IDS), author, text)
            place.comments.append(comment)
            return comment

    def push_files(
        self, files: Mapping[str, Content | None], branch: str = "main", message: str = "Work"
    ) -> str:
        """A commit by a person on a branch, which is made if there is none; None deletes a file."""
        with self.lock:
            parent = self.sha(branch) or self.sha(self.default)
            index = {"GIT_INDEX_FILE": str(self.path / f"index-{threading.get_ident()}")}
            self.git("read-tree", *([parent] if parent else ["--empty"]), env=index)
            lines = []
            known: dict[bytes, str] = {}
            for path, content in files.items():
                if content is None:
                    lines.append(f"0 {'0' * 40}\t{path}")
                    continue
                mode, text = content if isinstance(content, tuple) else ("100644", content)
                data = text if isinstance(text, bytes) else text.encode()
                if mode == "160000":
                    sha = data.decode()
                else:
                    sha = known.get(data) or self.git("hash-object", "-w", "--stdin", given=data)
                    known[data] = sha
                lines.append(f"{mode} {sha}\t{path}")
            self.git(
                "update-index", "-z", "--index-info", given=os.fsencode("\0".join(lines) + "\0"), env=index
            )
            tree = self.git("write-tree", env=index)
            os.unlink(index["GIT_INDEX_FILE"])
            parents = ["-p", parent] if parent else []
            commit = self.git("commit-tree", tree, *parents, "-m", message)
            self.git("update-ref", f"refs/heads/{branch}", commit)
            return commit

    def merge(self, pull: Pull) -> None:
        """Merge a pull request, and leave its branch."""
        tree = self.git("merge-tree", "--write-tree", pull.base, self.head(pull)).splitlines()[0]
        parents = ["-p", str(self.sha(pull.base)), "-p", self.head(pull)]
        self.git(
            "update-ref", f"refs/heads/{pull.base}", self.git("commit-tree", tree, *parents, "-m", "Merge")
        )
        pull.head_sha = self.head(pull)
        pull.merged, pull.state = True, "closed"

    def head(self, pull: Pull) -> str:
        return (self.sha(pull.head) if pull.state == "open" and not pull.fork else None) or pull.head_sha

    def read(self, branch: str, path: str) -> str:
        done = subprocess.run(
            ["git", f"--git-dir={self.path}", "show", f"{branch}:{path}"],
            capture_output=True,
            env=ENV,
            check=True,
        )
        return done.stdout.decode("utf-8", "surrogateescape")

    def conflicted(self, pull: Pull) -> bool:
        command = ["git", f"--git-dir={self.path}", "merge-tree", "--write-tree", pull.base, self.head(pull)]
        return subprocess.run(command, capture_output=True, env=ENV, check=False).returncode == 1

    def behind(self, pull: Pull) -> bool:
        command = ["git", f"--git-dir={self.path}", "merge-base", "--is-ancestor", pull.base, self.head(pull)]
        return subprocess.run(command, capture_output=True, env=ENV, check=False).returncode == 1

    def follows(self, old: str, new: str) -> bool:
        """Whether one commit comes after another."""
        command = ["git", f"--git-dir={self.path}", "merge-base", "--is-ancestor", old, new]
        return subprocess.run(command, capture_output=True, env=ENV, check=False).returncode == 0

    def pushed(self, closes: bool) -> None:
        """What the forge does about its pull requests when git has written: those without a branch close."""
        for pull in self.pulls:
            if pull.state != "open" or pull.fork:
                continue
            sha = self.sha(pull.head)
            if sha is not None:
                pull.head_sha = sha
            elif closes:
                pull.state = "closed"


_HOOK = """\
#!/bin/sh
if [ -n "$FORGE_PROTECTED" ]; then
  case "$1" in refs/heads/"$FORGE_PROTECTED"*) echo "$FORGE_REFUSAL" >&2; exit 1;; esac
fi
"""


_IDS = itertools.count(1001)
"""Of comments: in all of a forge they grow."""


class GitError(Exception):
    """git said no."""


@dataclass
class Fault:
    """Something that goes wrong at a request."""

    kind: str
    """A status (of a redirect, with the address), ``cut-before``, ``cut-after`` (it is carried out),
    ``cut-middle`` (half of the answer comes), a limit (see the server), or ``rename OLD NEW``, after which
    the request is answered as such a one is."""
    method: str = ""
    path: str = ""
    """A part of it."""
    skip: int = 0
    times: int = 1


class World:
    """All of it."""

    def __init__(self, root: Path, token: str = "ghp_" + "a" * 36) -> None:
        self.root = root
        self.repos: dict[str, Repo] = {}
        self.tokens = {token: "slimfix-bot"}
        self.users: dict[str, int] = {}
        self.app: Any = None
        """A GitHub App; see :mod:`.apps`."""
        self.ahead = 0.0
        """Seconds by which the forge's clock is ahead of this machine's."""
        self.faults: list[Fault] = []
        self.log: list[tuple[str, str, int]] = []
        self.headers: list[str] = []
        self.violations: list[str] = []
        self.unknown_reviewers: set[str] = set()
        self.organisations: set[str] = set()
        self.unknown_assignees: set[str] = set()
        self.numbers = itertools.count(1)
        self.lock = threading.RLock()

    def find(self, name: str) -> Repo | None:
        """The repository that has a name now."""
        return self.repos.get(name.lower())

    def moved(self, name: str) -> Repo | None:
        """The repository that had a name before."""
        return next((repo for repo in self.repos.values() if name.lower() in repo.was), None)

    def rename(self, repo: Repo, full: str) -> None:
        """Give a repository another name, and let its old one lead there."""
        del self.repos[repo.full.lower()]
        repo.was.append(repo.full.lower())
        repo.owner, repo.name = full.split("/")
        self.repos[full.lower()] = repo
        path = self.root / repo.owner / f"{repo.name}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        repo.path.rename(path)
        repo.path = path

    @property
    def token(self) -> str:
        return next(iter(self.tokens))

    def repo(self, full: str, files: Mapping[str, Content] | None = None, **fields: Any) -> Repo:
        """A new repository with these files in its first commit; an empty one without."""
        owner, _, name = full.rpartition("/")
        path = self.root / owner / f"{name}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        repo = Repo(owner, name, path, next(self.numbers), **fields)
        subprocess.run(["git", "init", "-q", "--bare", "-b", repo.default, str(path)], env=ENV, check=True)
        with (path / "config").open("a") as config:
            config.write("[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n")
        hook = path / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_HOOK)
        hook.chmod(0o755)
        self.repos[full.lower()] = repo
        if files:
            repo.push_files(files, repo.default)
        return repo

    def now(self) -> float:
        """The time, by the forge's clock."""
        return time.time() + self.ahead

    def of(self, owner: str) -> list[Repo]:
        """The repositories of an account, by name."""
        return sorted((repo for repo in self.repos.values() if repo.owner == owner), key=lambda r: r.full)

    def user_id(self, login: str) -> int:
        """The number of an account."""
        return self.users.setdefault(login, len(self.users) + 1)

    def fault(self, kind: str, method: str = "", path: str = "", skip: int = 0, times: int = 1) -> None:
        """Let something go wrong."""
        self.faults.append(Fault(kind, method, path, skip, times))

    def struck(self, method: str, path: str) -> str | None:
        """What goes wrong at this request."""
        with self.lock:
            for fault in self.faults:
                if fault.method in ("", method) and fault.path in path and fault.times > 0:
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    verb, *names = fault.kind.split()
                    if verb == "rename":
                        self.rename(self.repos[names[0].lower()], names[1])
                        return None
                    return fault.kind
        return None
