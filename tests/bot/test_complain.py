"""Settings that are broken: told once, at one place, and taken back."""

from __future__ import annotations

import pytest

from slimfix.bot import complain, publish
from slimfix.bot.errors import BotError
from tests.bot.conftest import Bot
from tests.bot.forge.world import Repo
from tests.bot.shapes import CLEAN, PIP

BROKEN = "[bot]\nenabled = 1\n"
OTHER = "[bot]\ncolour = 1\n"


@pytest.fixture(params=["github", "gitlab", "gitea"])
def forge_kind(request: pytest.FixtureRequest) -> str:
    """Every row holds on every forge."""
    kind: str = request.param
    return kind


@pytest.fixture
def repo(bot: Bot) -> Repo:
    return bot.world.repo("acme/shop", {"Dockerfile": PIP})


def run(bot: Bot, repo: Repo) -> str:
    """What a job does, in words."""
    try:
        return "; ".join(bot.run(repo))
    except BotError as error:
        assert error.kind == "bad-config"
        found = publish.tell(bot.there, repo.full, str(error), bot.terms)
        return f"{found.action} {found.why}".strip()


def settings(repo: Repo, text: str | None) -> None:
    repo.push_files({"slimfix.toml": text})


def test_one_issue_edited_closed_and_opened_again(bot: Bot, repo: Repo) -> None:
    settings(repo, BROKEN)
    assert run(bot, repo) == "tell bad-config"
    (issue,) = repo.issues
    assert issue.title == complain.TITLE and "slimfix.toml: bot.enabled must be true or false" in issue.body
    assert run(bot, repo) == "leave told"
    settings(repo, OTHER)
    assert run(bot, repo) == "tell bad-config"
    assert "bot.colour" in issue.body and "bot.enabled" not in issue.body
    settings(repo, None)
    assert run(bot, repo) == "create; mend"
    assert issue.state == "closed" and "can be used again" in issue.body
    assert run(bot, repo) == "leave up-to-date"
    repo.merge(repo.pulls[0])
    settings(repo, BROKEN)
    assert run(bot, repo) == "tell bad-config"
    assert (issue.state, repo.issues) == ("open", [issue])


def test_a_comment_where_a_pull_request_is_open(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    (pull,) = repo.pulls
    settings(repo, BROKEN)
    assert [run(bot, repo) for _ in range(2)] == ["tell bad-config", "leave told"]
    settings(repo, OTHER)
    assert run(bot, repo) == "tell bad-config"
    assert len(pull.comments) == 1 and "bot.colour" in pull.comments[0].body
    settings(repo, None)
    assert run(bot, repo) == "leave up-to-date; mend"
    assert "can be used again" in pull.comments[0].body
    assert run(bot, repo) == "leave up-to-date"
    settings(repo, BROKEN)
    assert run(bot, repo) == "tell bad-config"
    assert len(pull.comments) == 1 and not repo.issues


def test_an_open_issue_is_not_joined_by_a_comment(bot: Bot, repo: Repo) -> None:
    settings(repo, BROKEN)
    run(bot, repo)
    settings(repo, None)
    bot.world.fault("500", *bot.calls["issue"], times=9)
    with pytest.raises(BotError):
        bot.run(repo)
    bot.world.faults.clear()
    settings(repo, OTHER)
    assert repo.pulls and repo.issues[0].state == "open"
    assert run(bot, repo) == "tell bad-config"
    assert not repo.pulls[0].comments and "bot.colour" in repo.issues[0].body


def test_an_issue_that_people_closed_stays_closed(bot: Bot, repo: Repo) -> None:
    settings(repo, BROKEN)
    run(bot, repo)
    repo.issues[0].state = "closed"
    assert run(bot, repo) == "leave told"
    assert repo.issues[0].state == "closed"
    settings(repo, OTHER)
    assert run(bot, repo) == "tell bad-config"
    assert [issue.state for issue in repo.issues] == ["open"]


def test_the_words_of_others_are_not_ours(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    theirs = repo.say(repo.pulls[0], complain.text_of("slimfix.toml: something"))
    before = theirs.body
    assert run(bot, repo) == "leave up-to-date"
    settings(repo, BROKEN)
    assert run(bot, repo) == "tell bad-config"
    assert theirs.body == before and len(repo.pulls[0].comments) == 2


def test_where_issues_are_turned_off_or_denied(bot: Bot, repo: Repo) -> None:
    settings(repo, BROKEN)
    repo.has_issues = False
    assert run(bot, repo) == "leave no-issues"
    repo.has_issues, repo.issues_denied = True, True
    with pytest.raises(BotError) as caught:
        run(bot, repo)
    assert caught.value.kind == "no-permission"


def test_a_locked_pull_request_is_no_place(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    repo.pulls[0].locked = True
    settings(repo, BROKEN)
    assert run(bot, repo) == "tell bad-config"
    assert len(repo.issues) == 1 and not repo.pulls[0].comments


def test_turned_off_is_mended(bot: Bot, repo: Repo) -> None:
    settings(repo, BROKEN)
    run(bot, repo)
    settings(repo, "[bot]\nenabled = false\n")
    assert run(bot, repo) == "mend"
    assert repo.issues[0].state == "closed"


@pytest.mark.parametrize("fault", ["500", "cut-before", "cut-after", "cut-middle"])
@pytest.mark.parametrize(("opened", "method"), [(False, "POST"), (True, "POST"), (False, "PATCH")])
def test_a_telling_that_is_cut_is_told_once(
    bot: Bot, repo: Repo, fault: str, opened: bool, method: str
) -> None:
    if opened:
        bot.run(repo)
    settings(repo, BROKEN)
    if method == "PATCH":
        run(bot, repo)
        settings(repo, OTHER)
    # Notes are not said under issues on GitLab.
    path = "/notes" if bot.kind == "gitlab" and opened else "/issues"
    bot.world.fault(fault, bot.calls["issue"][0] if method == "PATCH" else method, path)
    run(bot, repo)
    assert not any(one.times for one in bot.world.faults)
    told = repo.issues + [comment for pull in repo.pulls for comment in pull.comments]
    assert len(told) == 1 and ("bot.colour" if method == "PATCH" else "bot.enabled") in told[0].body


def test_nothing_is_told_in_a_dry_run(bot: Bot, repo: Repo) -> None:
    settings(repo, BROKEN)
    bot.terms = bot.terms._replace(dry=True)
    assert run(bot, repo) == "tell bad-config"
    assert not repo.issues


def test_the_problem_is_text(bot: Bot) -> None:
    repo = bot.world.repo("acme/odd", {"Dockerfile": CLEAN, "slimfix.toml": '"@alice <!-- #1" = 1\n'})
    assert run(bot, repo) == "tell bad-config"
    body = repo.issues[0].body
    assert "@alice" not in body and body.count("<!--") == 1


def test_repositories_without_open_issues_are_not_asked_for_them(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    bot.run(repo)
    assert not [path for _, path, _ in bot.world.log if path.endswith("/issues")]
    repo.others_issues = 3
    bot.run(repo)
    assert len([path for _, path, _ in bot.world.log if path.endswith("/issues")]) == 1
