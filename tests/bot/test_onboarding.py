"""The first pull request, which asks whether the others are wanted."""

from __future__ import annotations

import pytest

from slimfix import config
from slimfix.bot import decide, marker, message, onboarding, plan_file
from slimfix.bot.errors import BotError
from slimfix.bot.plan import Plan, Proposal
from slimfix.bot.settings import Policy
from tests.bot.conftest import Bot
from tests.bot.forge.world import Repo
from tests.bot.shapes import ALPINE, CLEAN, PIP

ASKED = Policy(onboarding=True)


EVERY_FORGE = pytest.mark.parametrize("forge_kind", ["github", "gitlab", "gitea"])


@pytest.fixture
def repo(bot: Bot) -> Repo:
    return bot.world.repo("acme/shop", {"Dockerfile": PIP})


@EVERY_FORGE
def test_a_repository_is_asked_first_and_then_gets_its_fixes(bot: Bot, repo: Repo) -> None:
    assert bot.run(repo, ASKED) == ["create", "leave onboarding"]
    (first,) = repo.pulls
    assert (first.head, first.title) == (onboarding.BRANCH, onboarding.TITLE)
    assert repo.git("diff", "--name-only", "main", onboarding.BRANCH) == "slimfix.toml"
    assert repo.read(onboarding.BRANCH, "slimfix.toml") == onboarding.SETTINGS
    assert "| Shrink the shop image: pip's cache stays out of the layers | `Dockerfile` | no estimate |" in (
        first.body
    )
    assert bot.run(repo, ASKED) == ["leave up-to-date", "leave onboarding"]
    repo.merge(first)
    assert bot.run(repo, ASKED) == ["create"]
    assert [pull.head for pull in repo.pulls] == [onboarding.BRANCH, "slimfix/dockerfiles"]


@EVERY_FORGE
def test_closing_it_keeps_the_bot_out_whoever_asks(bot: Bot, repo: Repo) -> None:
    bot.run(repo, ASKED)
    repo.pulls[0].state = "closed"
    assert bot.run(repo, ASKED) == ["leave declined", "leave opted-out"]
    assert bot.run(repo) == ["leave opted-out"]
    repo.push_files({"web/Dockerfile": ALPINE})
    assert bot.run(repo) == ["leave opted-out"]
    assert len(repo.pulls) == 1


@pytest.mark.parametrize("way", ["settings", "rename", "label"])
def test_a_maintainer_may_change_their_mind(bot: Bot, repo: Repo, way: str) -> None:
    bot.run(repo, ASKED)
    (first,) = repo.pulls
    first.state = "closed"
    if way == "settings":
        repo.push_files({"slimfix.toml": "[bot]\nenabled = true\n"})
        assert bot.run(repo, ASKED) == ["create"]
        assert repo.pulls[1].head == "slimfix/dockerfiles"
        return
    if way == "rename":
        first.title = f"again, {first.title}"
    else:
        first.labels.append(decide.AGAIN)
    assert bot.run(repo, ASKED) == ["create", "leave onboarding"]
    assert [pull.head for pull in repo.pulls] == [onboarding.BRANCH] * 2


def test_merged_and_the_settings_deleted(bot: Bot, repo: Repo) -> None:
    bot.run(repo, ASKED)
    repo.merge(repo.pulls[0])
    repo.push_files({"slimfix.toml": None})
    assert bot.run(repo, ASKED) == ["create"]
    assert repo.pulls[1].head == "slimfix/dockerfiles"


def test_a_repository_that_knows_the_bot_is_not_asked(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    repo.push_files({"web/Dockerfile": PIP})
    assert bot.run(repo, ASKED) == ["rebuild changed"]
    repo.merge(repo.pulls[0])
    repo.push_files({"api/Dockerfile": PIP})
    assert bot.run(repo, ASKED) == ["create"]
    assert {pull.head for pull in repo.pulls} == {"slimfix/dockerfiles"}


def test_a_repository_with_settings_or_without_fixes_is_not_asked(bot: Bot) -> None:
    one = bot.world.repo("acme/one", {"Dockerfile": PIP, "pyproject.toml": "[tool.slimfix]\n"})
    assert bot.run(one, ASKED) == ["create"]
    assert one.pulls[0].head == "slimfix/dockerfiles"
    two = bot.world.repo("acme/two", {"Dockerfile": CLEAN})
    assert bot.run(two, ASKED) == [] and not two.pulls


def test_without_the_option_nobody_is_asked(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    assert [pull.head for pull in repo.pulls] == ["slimfix/dockerfiles"]


@EVERY_FORGE
def test_what_comes_is_told_anew(bot: Bot, repo: Repo) -> None:
    bot.run(repo, ASKED)
    (first,) = repo.pulls
    repo.push_files({"web/Dockerfile": ALPINE})
    assert bot.run(repo, ASKED) == ["reword", "leave onboarding"]
    assert "`web/Dockerfile`" in first.body
    head = repo.sha(onboarding.BRANCH)
    repo.push_files({"Dockerfile": CLEAN, "web/Dockerfile": CLEAN})
    assert bot.run(repo, ASKED) == ["close obsolete"]
    assert head not in repo.branches().values()
    notes = marker.find(first.body)
    assert notes is not None and notes.closed == "obsolete"
    repo.push_files({"Dockerfile": PIP})
    assert bot.run(repo, ASKED) == ["create", "leave onboarding"]


def test_settings_by_hand_make_it_needless(bot: Bot, repo: Repo) -> None:
    bot.run(repo, ASKED)
    repo.push_files({"slimfix.toml": "safe-only = true\n"})
    assert bot.run(repo, ASKED) == ["close unneeded", "create"]
    assert repo.pulls[0].body.startswith("**This is not needed any more")


def test_settings_changed_on_its_branch_are_left_to_people(bot: Bot, repo: Repo) -> None:
    bot.run(repo, ASKED)
    theirs = repo.push_files({"slimfix.toml": "safe-only = true\n"}, onboarding.BRANCH)
    assert bot.run(repo, ASKED) == ["hands-off users-commits", "leave onboarding"]
    assert repo.sha(onboarding.BRANCH) == theirs


def test_the_settings_it_proposes_change_nothing() -> None:
    found = config.parse("slimfix.toml", onboarding.SETTINGS.encode())
    assert found == config.Config("slimfix.toml", bot={"enabled": True})
    on = "\n".join(line.removeprefix("# ") for line in onboarding.SETTINGS.splitlines() if " = " in line)
    table, _, bot = on.partition("enabled")
    assert config.parse("slimfix.toml", f"{table}\n[bot]\nenabled{bot}".encode()) is not None


def test_a_plan_with_it_is_read_back_and_held_to_its_settings(bot: Bot, repo: Repo) -> None:
    made = bot.plan(repo, ASKED)
    text = plan_file.document([made])
    assert plan_file.read(text) == [made]
    for bad in (
        made._replace(onboarding=_other(made, ".github/workflows/x.yml")),
        made._replace(onboarding=_other(made, "Dockerfile")),
        made._replace(onboarding=made.proposals[0]),
    ):
        with pytest.raises(BotError, match=r"slimfix\.toml|not of that kind|settings alone"):
            plan_file.read(plan_file.document([bad]))


def _other(made: Plan, path: str) -> Proposal:
    first = made.onboarding
    assert first is not None
    file = first.commits[0].files[0]._replace(path=path)
    commit = first.commits[0]._replace(files=(file,))
    return first._replace(commits=(commit,), changes=(first.changes[0]._replace(path=path),))


def test_its_box_asks_for_a_new_branch(bot: Bot, repo: Repo) -> None:
    bot.run(repo, ASKED)
    repo.push_files({"slimfix.toml": "x = 1\n"}, onboarding.BRANCH)
    (first,) = repo.pulls
    first.body = first.body.replace(f"- [ ] {message.REBASE}", f"- [x] {message.REBASE}")
    assert bot.run(repo, ASKED) == ["rebuild asked", "leave onboarding"]
    assert repo.read(onboarding.BRANCH, "slimfix.toml") == onboarding.SETTINGS


@pytest.mark.parametrize("fault", ["500", "cut-after"])
def test_cut_short_it_is_asked_once(bot: Bot, repo: Repo, fault: str) -> None:
    bot.world.fault(fault, "POST", "/pulls")
    assert bot.run(repo, ASKED)[-1] == "leave onboarding"
    assert [pull.head for pull in repo.pulls] == [onboarding.BRANCH]
