"""The commands: what they print, and how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from slimfix.bot import outcome, plan_file, status
from slimfix.bot.arguments import quiet_hours, repositories
from slimfix.bot.cli import bot
from slimfix.bot.measured import Held
from slimfix.bot.outcome import Outcome
from slimfix.bot.terms import Result as Done
from tests.bot.conftest import Bot
from tests.bot.shapes import PIP

pytest.importorskip("dbos", reason="the extra slimfix[bot] is not installed")


def run(*arguments: str, token: str | None = "ghp_" + "x" * 36) -> Result:
    env = dict.fromkeys(("SLIMFIX_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"))
    return CliRunner(env={**env, "SLIMFIX_TOKEN": token}).invoke(bot, arguments)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    place = tmp_path / "shop"
    place.mkdir()
    (place / "Dockerfile").write_text(PIP)
    person = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*person, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *command], cwd=place, check=True)
    return place


def test_a_plan_for_a_clone_needs_no_token_and_no_network(clone: Path, tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    (clone / "Dockerfile").write_text("FROM changed\n")  # only what is committed counts
    done = run("plan", "--clone", str(clone), "--repo", "acme/shop", "-o", str(target), token=None)
    assert done.exit_code == 0
    (made,) = plan_file.read(target.read_text())
    assert made.repository == "acme/shop"
    assert made.proposals[0].changes[0].after == PIP.replace("install", "install --no-cache-dir")
    assert "acme/shop: 1 fix, 1 pull request, 1 Dockerfile" in done.stderr


def test_what_a_build_spoke_against_is_told_and_kept(bot: Bot, tmp_path: Path) -> None:
    made = bot.plan(bot.world.repo("acme/shop", {"Dockerfile": PIP}))
    held = Held("api/Dockerfile", ("build-deps",), "broken", "the build fails at step 3")
    target, there = tmp_path / "plan.json", ("--api-url", bot.forge.api, "--pace", "none")
    target.write_text(plan_file.document([made._replace(proposals=(), held=(held,))]))
    state = ("--state", str(tmp_path / "s.sqlite"))
    done = run("publish", str(target), *there, *state, token=bot.token)
    line = "api/Dockerfile: held back (broken): build-deps: the build fails at step 3\n"
    assert (done.exit_code, done.stdout) == (0, f"acme/shop: {line}")
    assert line in run("status", *state).stdout
    (told,) = json.loads(run("status", *state, "--format", "json").stdout)["repositories"]
    assert told["outcome"]["held"] == [{**held._asdict(), "rules": ["build-deps"]}]


def test_plan_and_publish_in_two_steps(bot: Bot, tmp_path: Path) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    target = str(tmp_path / "plan.json")
    there = ("--api-url", bot.forge.api, "--pace", "none")
    assert run("plan", "--repo", "acme/shop", "-o", target, *there, token=bot.token).exit_code == 0
    assert repo.pulls == []
    state = ("--state", str(tmp_path / "s.sqlite"))
    dry = run("publish", target, "--dry-run", *there, *state, token=bot.token)
    assert (dry.exit_code, dry.stdout) == (0, "acme/shop: opened slimfix/dockerfiles\n") and repo.pulls == []
    done = run("publish", target, *there, *state, token=bot.token)
    assert (done.exit_code, len(repo.pulls)) == (0, 1)
    assert done.stdout == f"acme/shop: opened {bot.forge.address}/acme/shop/pull/1\n"
    found = run("status", "--format", "json", *state)
    (row,) = json.loads(found.stdout)["repositories"]
    assert row["outcome"]["results"][0]["action"] == "create"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), "name a repository"),
        (("run", "--repo", "-x/y"), "not a repository's name"),
        (("run", "--repo", "a/b", "--api-url", "http://github.example"), "must begin with https://"),
        (("run", "--repo", "a/b", "--api-url", "https://forge.example"), "say it with --forge"),
        (("run", "--repo", "a/b", "--forge", "gitea"), "give its address with --api-url"),
        (("run", "--repo", "https://gitlab.com/a/b", "--repo", "https://github.com/c/d"), "another forge"),
        (("run", "--repo", "a/b", "--quiet-hours", "late"), "two hours such as 22-7"),
        (("run", "--repo", "a/b", "--select", "nothing"), "unknown rule: nothing"),
        (("run", "--list", "/nowhere"), "No such file"),
        (("publish", "/nowhere"), "no such file"),
        (("plan", "--clone", "/nowhere"), "git rev-parse"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message.lower() in done.stderr.lower()
    assert "Traceback" not in done.output


def test_without_a_token(tmp_path: Path) -> None:
    done = run("run", "--repo", "a/b", token=None)
    assert (done.exit_code, done.stderr) == (2, "slimfix: no token: set the variable SLIMFIX_TOKEN\n")


def test_a_file_that_is_no_plan(tmp_path: Path) -> None:
    for text in ("", "{}", "[1]", "{" * 9999, '{"slimfix-plan": 1, "plans": [1]}'):
        (tmp_path / "plan").write_text(text)
        assert run("publish", str(tmp_path / "plan")).exit_code == 2


def test_a_whole_account_without_what_is_denied(bot: Bot) -> None:
    from slimfix.bot.jobs import Runtime, fair
    from slimfix.bot.settings import Policy

    for number in range(120):
        bot.world.repo(f"acme/shop{number:03}")
    bot.world.organisations.add("acme")
    options: dict[str, Any] = {
        "repos": ("Other/one",),
        "lists": (),
        "owners": ("acme",),
        "deny": ("acme/*9", "ACME/shop000"),
    }
    options |= {"forge": None, "api_url": bot.forge.api}
    runtime = Runtime(bot.github, Policy(), bot.terms, bot.secrets)
    found = list(repositories(runtime, options))
    assert len(found) == 1 + 120 - 12 - 1
    assert fair(["a/1", "a/2", "a/3", "b/1", "c/1"]) == ["a/1", "b/1", "c/1", "a/2", "a/3"]


def test_quiet_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    for hour, night, day in ((23, True, False), (3, True, False), (7, False, False), (12, False, True)):
        monkeypatch.setattr(
            time, "gmtime", lambda hour=hour: time.struct_time((2024, 1, 1, hour, 0, 0, 0, 1, 0))
        )
        assert (quiet_hours("22-7")(), quiet_hours("9-17")()) == (night, day)


ROWS: list[status.Row] = [
    (0.0, Outcome("a/b", "", "", (Done("x", "create", "", "https://f/1"),), 1, 172_000_000), "a/b"),
    (0.0, Outcome("a/<b>", "gone", "not <there>"), "a/<b>"),
    (0.0, Outcome("a/c", "archived", "it is archived"), "a/c"),
    (0.0, None, "a/d"),
]


def test_status() -> None:
    text = status.render(ROWS, "text")
    assert "a/b: opened https://f/1" in text and "a/<b>: failed (gone): not <there>" in text
    assert text.endswith("1 at work, 2 done, 1 failed\n")
    page = status.render(ROWS, "html")
    assert (
        '<a href="https://f/1">' in page
        and "&lt;there&gt;" in page
        and "<there>" not in page
        and "172 MB" in page
    )
    assert [one["outcome"] is None for one in json.loads(status.render(ROWS, "json"))["repositories"]][-1]
    assert status.render([], "text") == "no repository yet\n"


def test_an_outcome_is_read_back() -> None:
    for _, one, _ in ROWS:
        assert one is None or outcome.read(one.json()) == one


def test_slimfix_itself_does_not_import_it() -> None:
    code = "import sys; from slimfix.main import main\ntry: main(['--diff', '-'])\nexcept SystemExit: pass\n"
    code += "print([name for name in sys.modules if name.startswith(('slimfix.bot', 'httpx', 'dbos'))])"
    done = subprocess.run(
        [sys.executable, "-c", code], input="FROM a\n", capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
