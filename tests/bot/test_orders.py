"""What people say to the bot in comments."""

from __future__ import annotations

import re

import pytest

from slimfix.bot import decide, marker, message, orders
from slimfix.bot.forge import Comment
from slimfix.bot.settings import Policy
from slimfix.rules import select
from tests.bot.conftest import Bot
from tests.bot.forge.world import Comment as Said
from tests.bot.forge.world import Pull, Repo
from tests.bot.shapes import ALPINE, CLEAN, PIP

BRANCH = "slimfix/dockerfiles"
BUILD = tuple(rule.name for rule in select(["build-deps"]))
"""A name stands for those that begin with it, too."""


EVERY_FORGE = pytest.mark.parametrize("forge_kind", ["github", "gitlab", "gitea"])


@pytest.fixture
def repo(bot: Bot) -> Repo:
    found = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    bot.run(found)
    return found


def only(repo: Repo) -> Pull:
    (pull,) = repo.pulls
    return pull


def thumbs(said: Said) -> int:
    """How often we have shown that we read it; no forge takes one twice."""
    return sum(one in ("slimfix-bot +1", "slimfix-bot thumbsup") for one in said.reactions)


def notes(pull: Pull) -> marker.Marker:
    found = marker.find(pull.body)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/slimfix rebase", ("rebase", ())),
        ("/slimfix Rebase\r\nThank you", ("rebase", ())),
        ("/SLIMFIX ignore pip-no-cache-dir, `merge-runs`", ("ignore", ("pip-no-cache-dir", "merge-runs"))),
        ("/slimfix", ("help", ())),
        ("/slimfix ,", ("", ())),
        ("/slimfixes rebase", None),
        ("> /slimfix rebase", None),
        ("    /slimfix rebase", None),
        ("Say /slimfix rebase", None),
        ("Hello\n/slimfix close", None),
        ("```\n/slimfix close\n```", None),
        ("", None),
    ],
)
def test_what_an_order_is(text: str, expected: tuple[str, tuple[str, ...]] | None) -> None:
    found = orders.read(Comment(1, "alice", text))
    assert (found and (found.verb, found.words)) == expected


@EVERY_FORGE
def test_rebase(bot: Bot, repo: Repo) -> None:
    repo.push_files({"Dockerfile": CLEAN}, BRANCH)
    assert bot.run(repo) == ["hands-off users-commits"]
    said = repo.say(only(repo), "/slimfix rebase")
    assert bot.run(repo) == ["rebuild asked"]
    assert thumbs(said) == 1
    assert repo.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    head = repo.sha(BRANCH)
    assert bot.run(repo) == ["leave up-to-date"]
    assert (repo.sha(BRANCH), len(only(repo).comments)) == (head, 2)


@EVERY_FORGE
def test_close_is_a_refusal(bot: Bot, repo: Repo) -> None:
    only(repo).title = "chore: smaller"
    repo.say(only(repo), "/slimfix close")
    assert bot.run(repo) == ["close asked"]
    assert only(repo).state == "closed" and repo.branches().keys() == {"main"}
    assert only(repo).body.startswith("**Closed because someone who may push asked for it")
    assert bot.run(repo) == []
    assert len(repo.pulls) == 1


def test_close_leaves_the_commits_of_others(bot: Bot, repo: Repo) -> None:
    theirs = repo.push_files({"x": "y"}, BRANCH)
    repo.say(only(repo), "/slimfix close")
    assert bot.run(repo) == ["close asked"]
    assert repo.sha(BRANCH) == theirs


@EVERY_FORGE
def test_ignore_is_for_good_and_can_be_taken_back(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": ALPINE})
    bot.run(repo)
    pull = only(repo)
    assert "### What" in pull.body and "merge-runs" in notes(pull).rules
    repo.say(pull, "/slimfix ignore merge-runs build-deps")
    assert bot.run(repo) == ["heed ignore"]
    assert notes(pull).ignored == ("merge-runs", *BUILD)
    assert bot.run(repo) == ["rebuild changed"]
    assert set(notes(pull).rules) == {"apk-no-cache", "pip-no-cache-dir"}
    assert notes(pull).ignored == ("merge-runs", *BUILD)
    repo.merge(pull)
    repo.push_files({"web/Dockerfile": ALPINE})
    assert bot.run(repo) == ["create"]
    assert "merge-runs" not in notes(repo.pulls[1]).rules
    repo.say(repo.pulls[1], "/slimfix allow merge-runs")
    assert bot.run(repo) == ["heed allow"]
    assert bot.run(repo) == ["rebuild changed"]
    assert "merge-runs" in notes(repo.pulls[1]).rules
    assert notes(repo.pulls[1]).ignored == BUILD


def test_an_older_plan_does_not_bring_back_what_was_turned_down(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": ALPINE})
    bot.run(repo)
    repo.push_files({"web/Dockerfile": ALPINE})
    plan = bot.plan(repo)
    repo.say(only(repo), "/slimfix ignore merge-runs")
    assert bot.publish(plan) == ["heed ignore"]
    assert bot.publish(plan) == ["leave declined"]


def test_everything_ignored_closes_it(bot: Bot, repo: Repo) -> None:
    repo.say(only(repo), "/slimfix ignore all")
    assert bot.run(repo) == ["heed ignore"]
    assert bot.run(repo) == ["close obsolete"]
    repo.push_files({"web/Dockerfile": ALPINE})
    assert bot.run(repo) == []


@pytest.mark.parametrize("who", ["mallory", "ghost", ""])
@pytest.mark.parametrize("what", ["rebase", "close", "ignore merge-runs", "help"])
def test_only_people_who_may_push_are_obeyed(bot: Bot, repo: Repo, who: str, what: str) -> None:
    said = repo.say(only(repo), f"/slimfix {what}", who)
    assert bot.run(repo) == ["heed not-allowed"]
    assert only(repo).state == "open" and not said.reactions and len(only(repo).comments) == 1
    assert not notes(only(repo)).ignored
    repo.writers.append(who)
    assert bot.run(repo) == ["leave up-to-date"]


@EVERY_FORGE
@pytest.mark.parametrize("text", ["help", "dance", "ignore", "ignore nothing-such"])
def test_what_is_not_understood_is_answered_once(bot: Bot, repo: Repo, text: str) -> None:
    repo.say(only(repo), f"/slimfix {text}")
    assert bot.run(repo) == ["heed answer"]
    assert bot.run(repo) == ["leave up-to-date"]
    _, answer = only(repo).comments
    assert ("Unknown rule: nothing-such" if "such" in text else "/slimfix rebase") in answer.body


def test_orders_are_carried_out_in_turn(bot: Bot, repo: Repo) -> None:
    for text in ("/slimfix help", "Nice", "/slimfix rebase", "/slimfix close", "/slimfix rebase"):
        repo.say(only(repo), text)
    assert bot.run(repo) == ["heed answer", "rebuild asked", "close asked"]


def test_an_edited_comment_is_no_new_order(bot: Bot, repo: Repo) -> None:
    said = repo.say(only(repo), "/slimfix help")
    bot.run(repo)
    said.body = "/slimfix close"
    assert bot.run(repo) == ["leave up-to-date"]


def test_a_base_that_people_chose_is_kept(bot: Bot, repo: Repo) -> None:
    repo.push_files({"x": "y"}, "next")
    only(repo).base = "next"
    repo.say(only(repo), "/slimfix rebase")
    assert bot.run(repo) == ["heed answer", "leave retargeted"]


def test_a_pull_request_without_our_notes_or_locked_is_not_spoken_with(bot: Bot, repo: Repo) -> None:
    pull = only(repo)
    repo.say(pull, "/slimfix close")
    pull.locked = True
    assert bot.run(repo) == ["leave locked"]
    pull.locked, pull.body = False, "Mine now"
    assert bot.run(repo) == ["leave no-marker"]


@EVERY_FORGE
@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_asked_again_under_a_closed_one(bot: Bot, repo: Repo, who: str) -> None:
    only(repo).state = "closed"
    said = repo.say(only(repo), "/slimfix again", who)
    if who == "mallory":
        assert bot.run(repo) == [] and not said.reactions
        return
    assert bot.run(repo) == ["create"]
    assert repo.pulls[0].labels == [decide.AGAIN] and thumbs(said) == 1
    repo.pulls[1].state = "closed"
    assert bot.run(repo) == []


def test_asked_again_under_the_first_that_asks(bot: Bot) -> None:
    repo = bot.world.repo("acme/other", {"Dockerfile": PIP})
    bot.run(repo, Policy(onboarding=True))
    repo.pulls[0].state = "closed"
    assert bot.run(repo) == ["leave opted-out"]
    repo.say(repo.pulls[0], "/slimfix again")
    assert bot.run(repo) == ["create"]
    assert repo.pulls[1].head == BRANCH


@pytest.mark.parametrize("fault", ["500", "cut-before", "cut-after", "cut-middle"])
@pytest.mark.parametrize(
    ("text", "method", "path"),
    [
        ("rebase", "POST", "/reactions"),
        ("rebase", "PATCH", "/pulls/1"),
        ("rebase", "POST", "/graphql"),
        ("close", "PATCH", "/pulls/1"),
        ("help", "POST", "/comments"),
        ("help", "PATCH", "/pulls/1"),
        ("ignore merge-runs", "PATCH", "/pulls/1"),
    ],
)
def test_an_order_that_is_cut_is_carried_out_once(
    bot: Bot, repo: Repo, text: str, method: str, path: str, fault: str
) -> None:
    repo.push_files({"Dockerfile": PIP.replace("flask", "django")})
    said = repo.say(only(repo), f"/slimfix {text}")
    bot.world.fault(fault, method, path)
    bot.run(repo)
    assert not any(one.times for one in bot.world.faults)
    bot.run(repo)
    assert thumbs(said) == 1
    assert len(only(repo).comments) == (2 if text == "help" else 1)
    assert only(repo).state == ("closed" if text == "close" else "open")
    if text != "close":
        assert notes(only(repo)).heard == said.id
        assert repo.sha(BRANCH) == notes(only(repo)).heads[0]
        assert "--no-cache-dir django" in repo.read(BRANCH, "Dockerfile")


def test_a_reaction_that_is_denied_keeps_nothing_from_being_done(bot: Bot, repo: Repo) -> None:
    repo.say(only(repo), "/slimfix rebase")
    bot.world.fault("403", "POST", "/reactions")
    assert bot.run(repo) == ["rebuild asked"]


def test_a_dry_run_says_it_alone(bot: Bot, repo: Repo) -> None:
    said = repo.say(only(repo), "/slimfix close")
    bot.terms = bot.terms._replace(dry=True)
    assert bot.run(repo) == ["close asked"]
    assert only(repo).state == "open" and not said.reactions


def test_a_flood_of_orders_ends(bot: Bot, repo: Repo) -> None:
    for _ in range(60):
        repo.say(only(repo), "/slimfix rebase")
    assert bot.run(repo) == ["rebuild asked"] * (orders_a_run := len(bot.run(repo)))
    assert 10 < orders_a_run < 40


def test_silence_costs_no_request(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    assert not [path for _, path, _ in bot.world.log if re.search("/comments|/graphql|/permission", path)]


def test_the_box_is_there_however_long_a_body_gets(bot: Bot, repo: Repo) -> None:
    bot.github.body_limit = 2_500
    repo.push_files({f"a{number}/Dockerfile": ALPINE for number in range(9)})
    assert bot.run(repo) == ["rebuild changed"]
    pull = only(repo)
    assert len(pull.body) <= 2_500 and f"- [ ] {message.REBASE}" in pull.body
    pull.body = pull.body.replace(f"- [ ] {message.REBASE}", f"- [x] {message.REBASE}")
    assert bot.run(repo) == ["rebuild asked"]
