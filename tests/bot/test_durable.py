"""Killed anywhere and started again, the bot has opened one pull request, with the right content."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slimfix.bot import marker
from tests.bot.forge.server import Forge
from tests.bot.forge.world import Repo
from tests.bot.shapes import CLEAN, PIP

pytest.importorskip("dbos", reason="the extra slimfix[bot] is not installed")
BRANCH = "slimfix/dockerfiles"
KILLED = 137


def started(
    forge: Forge, state: str, when: str = "never", where: int | str = 0, *more: str, repo: str = "acme/shop"
) -> subprocess.CompletedProcess[str]:
    """``slimfix bot run`` on a repository, which may die at a request."""
    command = [sys.executable, "-m", "tests.bot.killed", when, str(where), "run", "--repo", repo]
    command += ["--api-url", forge.api, "--pace", "none", "--state", state, "--label", "docker", *more]
    env = {**os.environ, "SLIMFIX_TOKEN": forge.world.token, "COVERAGE_PROCESS_START": ""}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def right(repo: Repo) -> None:
    """One pull request, whole."""
    (pull,) = repo.pulls
    assert (pull.state, pull.head, pull.labels) == ("open", BRANCH, ["docker"])
    assert repo.branches().keys() == {"main", BRANCH}
    assert repo.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    assert repo.read(BRANCH, "Dockerfile") == repo.read("main", "Dockerfile").replace(
        "pip install", "pip install --no-cache-dir"
    )
    assert str(repo.sha(BRANCH)) in pull.body


def url(forge: Forge, repo: Repo) -> str:
    """The address of its one pull request."""
    (pull,) = repo.pulls
    ends = {"github": "pull", "gitlab": "-/merge_requests", "gitea": "pulls"}
    return f"{forge.address}/{repo.full}/{ends[forge.kind]}/{pull.number}"


def fresh(forge: Forge) -> Repo:
    """acme/shop, with something to fix, and acme/other, without."""
    forge.world.repo("acme/other", {"Dockerfile": CLEAN})
    return forge.world.repo("acme/shop", {"Dockerfile": PIP})


def resumed(forge: Forge, state: str) -> None:
    """Start again for another repository: what was not finished is remembered, not asked for anew."""
    done = started(forge, state, repo="acme/other")
    assert done.returncode == 0, done.stderr
    names = sorted(line.rpartition("] ")[2].partition(":")[0] for line in done.stdout.splitlines())
    assert names in (["acme/other"], ["acme/other", "acme/shop"]), done.stdout


WRITES = [("github", path) for path in ("/git/commits", "/git/refs", "/pulls")]
WRITES += [("gitlab", "push"), ("gitea", "/pulls")]


@pytest.mark.parametrize(("forge_kind", "path"), WRITES)
def test_killed_after_a_write(forge: Forge, tmp_path: Path, path: str) -> None:
    repo = fresh(forge)
    state = str(tmp_path / "state.sqlite")
    assert started(forge, state, "after", path).returncode == KILLED
    resumed(forge, state)
    right(repo)
    done = started(forge, state)
    assert (done.returncode, done.stdout) == (0, f"acme/shop: left alone (up-to-date) {url(forge, repo)}\n")


@pytest.mark.slow
@pytest.mark.parametrize("forge_kind", ["github", "gitlab", "gitea"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("flow", ["open", "rebuild", "close"])
def test_killed_at_every_request_in_turn(forge: Forge, tmp_path: Path, when: str, flow: str) -> None:
    points = 0
    for number in range(1, 60):
        root = tmp_path / f"{number}"
        forge.world.root = root
        repo = fresh(forge)
        state = str(root / "state.sqlite")
        if flow != "open":
            assert started(forge, state).returncode == 0
            text = PIP.replace("flask", "django") if flow == "rebuild" else CLEAN
            repo.push_files({"Dockerfile": text})
        first = started(forge, state, when, number)
        resumed(forge, state)
        if flow == "close":
            (pull,) = repo.pulls
            notes = marker.find(pull.body)
            assert (pull.state, notes and notes.closed) == ("closed", "obsolete")
            assert repo.branches().keys() == {"main"}
        else:
            right(repo)
        if first.returncode == 0:
            break
        assert first.returncode == KILLED
        points += 1
    else:
        pytest.fail("it never comes to an end")
    print(f"{flow}, {when}: {points} kill points")
    assert points >= {"open": 14, "rebuild": 13, "close": 9}[flow]


def test_a_second_process_is_kept_from_the_same_file(forge: Forge, tmp_path: Path) -> None:
    from slimfix.bot.errors import BotError
    from slimfix.bot.jobs import _locked

    state = str(tmp_path / "state.sqlite")
    with _locked(state), pytest.raises(BotError, match="another bot is at work"):
        _locked(state)
    _locked(state).close()


def test_a_bug_of_ours_ends_one_job_and_no_other(forge: Forge, tmp_path: Path) -> None:
    forge.world.repo("acme/shop", {"Dockerfile": PIP})
    forge.world.repo("acme/other", {"Dockerfile": PIP, "slimfix.toml": "[bot]\nenabled = 1\n"})
    done = started(
        forge, str(tmp_path / "s.sqlite"), "never", 0, "--repo", "acme/other", "--repo", "acme/gone"
    )
    assert done.returncode == 2
    lines = sorted(line.partition("] ")[2] for line in done.stdout.splitlines())
    assert lines[0].startswith("acme/gone: failed (gone)")
    (issue,) = forge.world.repos["acme/other"].issues
    failed = "acme/other: failed (bad-config): slimfix.toml: bot.enabled must be true or false"
    assert lines[1] == f"{failed}; told (bad-config) {forge.address}/acme/other/issues/{issue.number}"
    assert lines[2].startswith("acme/shop: opened http")
