"""Labels, people, drafts and auto-merge: wishes whose failure never loses a pull request."""

from __future__ import annotations

import pytest

from slimfix.bot.errors import BotError
from slimfix.bot.settings import AutoMerge, Policy
from tests.bot.conftest import Bot
from tests.bot.forge.world import Pull, Repo
from tests.bot.shapes import ALPINE, PIP

BRANCH = "slimfix/dockerfiles"


EVERY_FORGE = pytest.mark.parametrize("forge_kind", ["github", "gitlab", "gitea"])


@pytest.fixture
def repo(bot: Bot) -> Repo:
    return bot.world.repo("acme/shop", {"Dockerfile": PIP})


def only(repo: Repo) -> Pull:
    (pull,) = repo.pulls
    return pull


def problems(bot: Bot, repo: Repo, policy: Policy, later: str = "leave up-to-date") -> list[str]:
    """What did not work when a pull request was opened; *later* is what is done at the next look."""
    from slimfix.bot import publish

    (result,) = publish.publish(bot.there, bot.plan(repo, policy), bot.terms)
    assert (result.action, only(repo).state) == ("create", "open")
    assert bot.run(repo, policy) == [later]
    assert bot.run(repo, policy) == ["leave up-to-date"]
    return list(result.problems)


@pytest.mark.parametrize(
    ("operator", "settings", "expected"),
    [
        ("never", "", False),
        ("never", "automerge = true", False),
        ("asked", "", False),
        ("asked", "automerge = true", True),
        ("safe", "", True),
        ("safe", "automerge = false", False),
        ("safe", "draft = true", False),
    ],
)
def test_who_wants_it_merged(
    bot: Bot, repo: Repo, operator: AutoMerge, settings: str, expected: bool
) -> None:
    if settings:
        repo.push_files({"slimfix.toml": f"[bot]\n{settings}\n"})
    assert bot.run(repo, Policy(automerge=operator)) == ["create"]
    assert bool(only(repo).automerge) == expected
    assert bot.run(repo, Policy(automerge=operator)) == ["leave up-to-date"]


@EVERY_FORGE
def test_what_rests_on_an_assumption_is_never_merged_by_itself(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": ALPINE})
    assert bot.run(repo, Policy(automerge="safe")) == ["create"]
    assert not only(repo).automerge


@EVERY_FORGE
def test_nor_what_becomes_so_later(bot: Bot, repo: Repo) -> None:
    policy = Policy(automerge="safe")
    bot.run(repo, policy)
    head = repo.sha(BRANCH)
    repo.push_files({"README.md": "x"})
    repo.push_files({"Dockerfile": PIP + "RUN pip install gunicorn\n"})
    assert bot.run(repo, policy) == ["rebuild changed"]
    assert only(repo).automerge and repo.sha(BRANCH) != head
    repo.push_files({"web/Dockerfile": ALPINE})
    assert bot.run(repo, policy) == ["rebuild changed"]
    assert not only(repo).automerge


def test_where_it_cannot_be_turned_off_nothing_changes(bot: Bot, repo: Repo) -> None:
    policy = Policy(automerge="safe")
    bot.run(repo, policy)
    head = repo.sha(BRANCH)
    repo.push_files({"web/Dockerfile": ALPINE})
    bot.world.fault("500", "POST", "/graphql", times=99)
    with pytest.raises(BotError):
        bot.run(repo, policy)
    assert repo.sha(BRANCH) == head and only(repo).automerge


@pytest.mark.parametrize("field", ["automerge", "checks"])
def test_a_forge_that_does_not_merge_by_itself(bot: Bot, repo: Repo, field: str) -> None:
    setattr(repo, field, False)
    (problem,) = problems(bot, repo, Policy(automerge="safe"))
    assert problem.startswith("auto-merge: ") and not only(repo).automerge


def test_where_only_squashing_is_allowed(bot: Bot, repo: Repo) -> None:
    repo.squash_only = True
    assert problems(bot, repo, Policy(automerge="safe")) == []
    assert only(repo).automerge == "SQUASH"


@EVERY_FORGE
def test_people_are_assigned_once(bot: Bot, repo: Repo) -> None:
    repo.push_files({"slimfix.toml": '[bot]\nassignees = ["alice"]\n'})
    assert problems(bot, repo, Policy()) == []
    assert only(repo).assignees == ["alice"]
    only(repo).assignees = []
    assert bot.run(repo) == ["leave up-to-date"]
    assert only(repo).assignees == []


@EVERY_FORGE
def test_people_who_cannot_be_assigned_lose_nothing(bot: Bot, repo: Repo) -> None:
    bot.world.unknown_assignees.add("gone")
    found = problems(bot, repo, Policy(assignees=("gone", "alice"), labels=("docker",)))
    assert len(found) == 1 and "gone" in found[0]
    assert only(repo).labels == ["docker"]


@pytest.mark.parametrize("path", ["/labels", "/assignees", "/requested_reviewers", "/graphql"])
@pytest.mark.parametrize("fault", ["500", "403", "cut-before", "cut-after", "cut-middle"])
def test_what_is_cut_or_refused_loses_nothing(bot: Bot, repo: Repo, path: str, fault: str) -> None:
    repo.push_files({"CODEOWNERS": "* @alice\n"})
    bot.world.fault(fault, "POST", path)
    policy = Policy(assignees=("alice",), labels=("docker",), automerge="safe")
    refused = fault == "403"
    assert len(problems(bot, repo, policy, "leave up-to-date" if refused else "dress")) == 1
    pull = only(repo)
    done = [pull.labels == ["docker"], pull.assignees == ["alice"], "alice" in pull.reviewers]
    assert [*done, bool(pull.automerge)].count(True) == (3 if refused else 4)


@pytest.mark.parametrize(
    "line",
    [
        'assignees = "alice"',
        'assignees = ["@alice"]',
        'assignees = ["a/b"]',
        'assignees = ["../x"]',
        "assignees = [1]",
        f"assignees = {['a'] * 11}",
        'automerge = "always"',
        'labels = [""]',
    ],
)
def test_settings_that_mean_nothing(bot: Bot, repo: Repo, line: str) -> None:
    repo.push_files({"slimfix.toml": f"[bot]\n{line}\n"})
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == "bad-config" and "slimfix.toml: bot." in str(caught.value)
