"""Repositories with a hundred thousand files, and those that only pretend to have more than a disk holds."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from slimfix.bot import command, git, tree
from slimfix.bot.errors import BotError
from slimfix.bot.redact import Secrets
from tests.bot.conftest import Bot
from tests.bot.forge.world import Content, Repo
from tests.bot.shapes import PIP

COUNT = 100_000
MEMORY = 1 << 30
"""Bytes of address space that a run may take, with all that it starts."""
SPLIT = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
ALL = pytest.mark.parametrize("forge_kind", ["github", "gitlab", "gitea"])


def path_of(shape: str, number: int) -> str:
    """In one directory with all others, or five directories down in one of ten thousand."""
    if shape == "flat":
        return f"src/module_{number}.py"
    return "/".join(f"d{number // 10**place % 10}" for place in range(1, 5)) + f"/e/m{number}.py"


def files_of(shape: str) -> dict[str, Content]:
    """Very many files, and what an image is made of."""
    files: dict[str, Content] = {path_of(shape, number): "x\n" for number in range(COUNT)}
    return {**files, "Dockerfile": SPLIT, "requirements.txt": "flask\n"}


def narrow() -> None:
    """Less memory for this process and its children, and an end where they would take more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def started(bot: Bot, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The bot in a process of its own, with little memory."""
    line = [sys.executable, "-m", "slimfix", "bot", *words, "--api-url", bot.forge.api, "--pace", "none"]
    env = {**os.environ, "SLIMFIX_TOKEN": bot.token, "TMPDIR": str(tmp_path), "COVERAGE_PROCESS_START": ""}
    return subprocess.run(line, env=env, capture_output=True, text=True, check=False, preexec_fn=narrow)


@pytest.mark.parametrize(
    ("forge_kind", "shape"),
    [
        ("github", "flat"),
        ("gitlab", "deep"),
        pytest.param("github", "deep", marks=pytest.mark.slow),
        pytest.param("gitea", "flat", marks=pytest.mark.slow),
    ],
)
def test_a_hundred_thousand_files(bot: Bot, tmp_path: Path, shape: str) -> None:
    pytest.importorskip("dbos", reason="the extra slimfix[bot] is not installed")
    repo = bot.world.repo("acme/huge", files_of(shape))
    state = ("--state", str(tmp_path / "s.sqlite"))
    done = started(bot, tmp_path, "run", "--repo", repo.full, *state, "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["kind"], [one["action"] for one in found["results"]]) == ("", ["create"])
    branch = repo.pulls[0].head
    assert repo.git("diff", "--name-only", "main", branch).split() == [".dockerignore", "Dockerfile"]
    # The build context was read: what is copied first is what the install reads.
    assert "COPY requirements.txt .\n" in repo.read(branch, "Dockerfile")
    assert (
        len(repo.git("ls-tree", "-r", "--name-only", branch).splitlines()) == COUNT + 3
    )  # with the Dockerfile, its requirements and the ignore file
    again = started(bot, tmp_path, "run", "--repo", repo.full, *state, "--format", "json")
    assert [one["why"] for one in json.loads(again.stdout)["results"]] == ["up-to-date"]


def bomb(repo: Repo, name: str = "d") -> None:
    """A few trees that hold each other ten times over: ten thousand million files in some kilobytes."""
    blob = repo.git("hash-object", "-w", "--stdin", given=b"x")
    listing = "".join(f"100644 blob {blob}\tf{number}\n" for number in range(10))
    for _ in range(9):
        below = repo.git("mktree", given=listing.encode())
        listing = "".join(f"040000 tree {below}\t{name}{number}\n" for number in range(10))
    dockerfile = repo.git("hash-object", "-w", "--stdin", given=PIP.encode())
    top = repo.git("mktree", given=(listing + f"100644 blob {dockerfile}\tDockerfile\n").encode())
    repo.git("update-ref", "refs/heads/main", repo.git("commit-tree", top, "-m", "x"))


@ALL
def test_trees_that_never_end(bot: Bot, tmp_path: Path) -> None:
    repo = bot.world.repo("acme/bomb")
    bomb(repo)
    done = started(bot, tmp_path, "plan", "--repo", repo.full, "-o", str(tmp_path / "plan"))
    assert done.returncode == 2
    assert done.stderr == f"acme/bomb: failed (too-large): more than {git.MAX_ENTRIES} files\n"


def test_listings_that_are_too_long(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few files, with names that fill the memory."""
    repo = bot.world.repo("acme/bomb")
    bomb(repo, "x" * 200)
    monkeypatch.setattr(git, "MAX_LISTING", 1 << 20)
    with pytest.raises(BotError, match="git ls-tree printed more than 1048576 bytes") as caught:
        bot.plan(repo)
    assert caught.value.kind == "too-large"


def test_a_listing_that_fails_says_why(tmp_path: Path) -> None:
    words = [f"--git-dir={tmp_path}", "ls-tree", "-r", "-z", "a" * 40]
    with pytest.raises(BotError, match="git ls-tree: not a git repository") as caught:
        command.listing(words, command.environment(None), Secrets(), 99, 99)
    assert caught.value.kind == "git"


@pytest.mark.parametrize("mode", ["100644", "120000", "160000"])
def test_too_many_dockerfiles(bot: Bot, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(tree, "MAX_DOCKERFILES", 5)
    text = "a" * 40 if mode == "160000" else PIP
    files: dict[str, Content] = {f"s{number}/Dockerfile": (mode, text) for number in range(6)}
    repo = bot.world.repo("acme/shop", files)
    with pytest.raises(BotError, match="more than 5 Dockerfiles") as caught:
        bot.plan(repo)
    assert caught.value.kind == "too-large"
    repo.push_files({"s0/Dockerfile": None})
    assert bot.plan(repo).dockerfiles == (5 if mode == "100644" else 0)


def noise() -> str:
    """Comments that no compression makes shorter than 200 kB."""
    return "".join(f"# {os.urandom(1000).hex()}\n" for _ in range(200))


def test_files_that_are_too_much_together(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is large costs a few requests; those that come last in a repository of large ones are left."""
    monkeypatch.setattr(git, "MAX_FETCH", 1 << 20)
    files: dict[str, Content] = {f"s{number}/Dockerfile": PIP + f"# {number}\n" for number in range(64)}
    repo = bot.world.repo("acme/shop", {**files, "big.Dockerfile": b"FROM a\n#" + os.urandom(3_000_000)})
    plan = bot.plan(repo)
    assert len(plan.proposals[0].changes) == 64 and len(plan.unread) == 1
    assert sum(method == "GIT" and path.endswith("upload-pack") for method, path, _ in bot.world.log) < 40
    monkeypatch.setattr(git, "MAX_FETCHED", 600_000)
    large: dict[str, Content] = {f"s{number}/Dockerfile": PIP + noise() for number in range(9)}
    plan = bot.plan(bot.world.repo("acme/large", large))
    kept = len(plan.proposals[0].changes)
    assert 1 <= kept <= 3 and len(plan.unread) == 9 - kept
    assert {one.reason for one in plan.unread} == {"too large for a Dockerfile"}
