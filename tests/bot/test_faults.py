"""Bad input and faults: whatever it is, it ends for a reason that has a name, and with nothing half done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slimfix.bot import marker
from slimfix.bot.errors import BotError
from slimfix.bot.settings import Policy
from tests.bot.conftest import Bot
from tests.bot.forge.server import Forge
from tests.bot.forge.world import Content, Repo
from tests.bot.shapes import CLEAN, PIP
from tests.bot.test_security import HOSTILE

BRANCH = "slimfix/dockerfiles"
POLICY = Policy(labels=("docker",))


@pytest.fixture(params=["github", "gitlab", "gitea"])
def forge_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


# -- what is wrong with a repository: all of them in one run, and in the status -------------------------

BROKEN: dict[str, Content] = {"Dockerfile": PIP, "slimfix.toml": "[bot]\nenabled = 1\n"}
ROWS: list[tuple[str, dict[str, Content] | None, dict[str, object], str, str]] = [
    ("fine", {"Dockerfile": PIP}, {}, "", "create"),
    ("archived", {"Dockerfile": PIP}, {"archived": True}, "archived", ""),
    ("disabled", {"Dockerfile": PIP}, {"disabled": True}, "disabled", ""),
    ("fork", {"Dockerfile": PIP}, {"fork": True}, "fork", ""),
    ("empty", None, {}, "empty", ""),
    ("optedout", {"Dockerfile": PIP}, {"topics": ["no-slimfix"]}, "opted-out", ""),
    ("denied", {"Dockerfile": PIP}, {"push": False}, "no-permission", ""),
    ("nothing", {"README.md": "x\n"}, {}, "", ""),
    ("link", {"Dockerfile": ("120000", "other"), "other": PIP}, {}, "", ""),
    ("submodule", {"Dockerfile": ("160000", "c" * 40)}, {}, "", ""),
    ("hostile", HOSTILE, {}, "", "create"),
    ("broken", BROKEN, {}, "bad-config", "tell"),
    ("protected", {"Dockerfile": PIP}, {"protected": "slimfix/"}, "protected", ""),
    ("base", {"Dockerfile": PIP}, {"protected": "main"}, "", "create"),
    ("binary", {"Dockerfile": b"\0\1\2" * 999}, {}, "", ""),
    ("gone", None, {}, "gone", ""),
]
"""Repository, its files, what is the matter with it; how the work on it ends, and what is done."""


def run(forge: Forge, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "slimfix", "bot", *words, "--state", str(tmp_path / "s.sqlite")]
    env = {**os.environ, "SLIMFIX_TOKEN": forge.world.token}
    return subprocess.run(line, env=env, capture_output=True, text=True, check=False)


def test_every_row_has_a_typed_outcome_in_the_status(forge: Forge, tmp_path: Path) -> None:
    pytest.importorskip("dbos", reason="the extra slimfix[bot] is not installed")
    for name, files, fields, _, _ in ROWS:
        forge.world.repo(f"acme/{name}", files, **fields)
    del forge.world.repos["acme/gone"]
    asked = [word for name, *_ in ROWS for word in ("--repo", f"acme/{name}")]
    for turn in ("first", "second"):
        where = ("--api-url", forge.api, "--pace", "none", "--per-hour-owner", "0")
        done = run(forge, tmp_path, "run", *asked, *where, "--format", "json")
        assert done.returncode == 2 and "Traceback" not in done.stderr
        told = {one["repository"]: one for one in map(json.loads, done.stdout.splitlines())}
        shown = json.loads(run(forge, tmp_path, "status", "--format", "json").stdout)
        status = {one["repository"]: one["outcome"] for one in shown["repositories"]}
        assert status == told
        for name, _, _, kind, action in ROWS:
            one = told[f"acme/{name}"]
            actions = [result["action"] for result in one["results"]]
            assert one["kind"] == kind, (name, one)
            expected = [action] if action else []
            assert actions == (expected if turn == "first" else ["leave"] * len(expected)), (name, one)
    for name, _, _, kind, action in ROWS:
        repo = forge.world.find(f"acme/{name}")
        if repo is not None:
            assert len(repo.pulls) == (action == "create"), name
            assert len(repo.issues) == (kind == "bad-config"), name
            assert len(repo.branches()) == (name != "empty") + (action == "create"), name
    link = told["acme/link"]["unread"] + told["acme/submodule"]["unread"]
    assert link == [["Dockerfile", "a symbolic link"], ["Dockerfile", "a submodule"]]


# -- what is wrong with the forge, or the way there: at every request in turn ---------------------------

KINDS = ["500", "cut-before", "cut-after", "cut-middle", "secondary", "403", "404"]
"""An ill forge, connections that end before, after and in the middle of an answer, a limit, and refusals."""


def fresh(bot: Bot, flow: str, number: int) -> Repo:
    repo = bot.world.repo(f"acme/shop{number}", {"Dockerfile": PIP, "CODEOWNERS": "Dockerfile @alice\n"})
    if flow != "open":
        assert bot.run(repo, POLICY) == ["create"]
        repo.push_files({"Dockerfile": CLEAN if flow == "close" else PIP.replace("flask", "django")})
    return repo


def struck_at(bot: Bot, flow: str, fault: str, number: int) -> bool:
    """A run with a fault at one request, and one without; whether there were so many requests."""
    repo = fresh(bot, flow, number)
    bot.world.faults.clear()
    bot.world.fault("busy" if fault == "secondary" and bot.kind != "github" else fault, skip=number)
    try:
        bot.run(repo, POLICY)
    except BotError as error:  # and nothing else
        assert error.kind != "bad-plan"
        assert len(repo.pulls) <= 1
        told = str(error)
        assert "\n" not in told and bot.token not in told
    struck = not bot.world.faults[0].times
    bot.world.faults.clear()
    bot.run(repo, POLICY)  # whatever was left undone is done
    (pull,) = repo.pulls
    if flow == "close":
        notes = marker.find(pull.body)
        assert (pull.state, notes and notes.closed) == ("closed", "obsolete")
        assert repo.branches().keys() == {"main"}
    else:
        assert (pull.state, pull.head) == ("open", BRANCH)
        # What was refused for good (a label, a reviewer) is left to people, and never tried again.
        assert pull.labels == ["docker"] or fault in ("403", "404")
        package = "flask" if flow == "open" else "django"
        assert repo.read(BRANCH, "Dockerfile") == PIP.replace("flask", f"--no-cache-dir {package}")
        assert repo.git("rev-list", "--count", f"main..{BRANCH}") == "1"
        assert bot.run(repo, POLICY) == ["leave up-to-date"]
    return struck


@pytest.mark.slow
@pytest.mark.parametrize("fault", KINDS)
@pytest.mark.parametrize("flow", ["open", "rebuild", "close"])
def test_at_every_request_in_turn(bot: Bot, flow: str, fault: str) -> None:
    points = next(number for number in range(100) if not struck_at(bot, flow, fault, number))
    assert points >= 10
    print(f"{bot.kind}, {flow}, {fault}: {points} points")


@pytest.mark.parametrize("fault", ["cut-middle", "403"])
def test_at_some_requests(bot: Bot, fault: str) -> None:
    for number in (1, 4, 8, 12):
        assert struck_at(bot, "open", fault, number)


@pytest.mark.parametrize("fault", ["500", "502", "cut-before", "cut-middle"])
def test_a_forge_that_is_down(bot: Bot, fault: str) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    bot.world.fault(fault, times=999)
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == "forge-down" and caught.value.passing
    assert not repo.pulls and repo.branches().keys() == {"main"}


def test_a_token_that_is_none(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    bot.world.tokens.clear()
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == "no-permission"


@pytest.mark.parametrize("ahead", [-86_400.0, 86_400.0])
def test_clocks_that_differ_by_a_day(bot: Bot, ahead: float) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    bot.world.ahead = ahead
    bot.world.fault("primary" if bot.kind == "github" else "limit", *bot.calls["open"])
    clock = bot.there.client.pace.clock
    before = clock.now()
    assert bot.run(repo) == ["create"]
    assert 99 < clock.now() - before < 110
    assert bot.run(repo) == ["leave up-to-date"]
