"""Keeping to the limits of a forge, by a clock that the tests turn; and what goes wrong on the way."""

from __future__ import annotations

from typing import Any

import pytest

from slimfix.bot.auth import Token
from slimfix.bot.errors import BotError
from slimfix.bot.forge.github import GitHub
from slimfix.bot.http import Client, Interrupted
from slimfix.bot.pace import GITHUB, Limits, Pace
from slimfix.bot.redact import Secrets
from tests.bot.clock import Clock
from tests.bot.conftest import Bot
from tests.bot.forge.world import Repo
from tests.bot.shapes import ALPINE, PIP


@pytest.fixture
def paced(bot: Bot) -> Bot:
    """The bot with GitHub's limits."""
    bot.github.client.close()
    pace = Pace(Clock(), GITHUB)
    bot.github = GitHub(bot.forge.api, Token(bot.world.token), pace, Secrets(bot.world.token))
    return bot


def clock(bot: Bot) -> Clock:
    found = bot.github.client.pace.clock
    assert isinstance(found, Clock)
    return found


@pytest.fixture
def repo(bot: Bot) -> Repo:
    return bot.world.repo("acme/shop", {"Dockerfile": PIP})


def test_writes_are_a_second_apart_and_three_after_one_that_notifies(paced: Bot) -> None:
    repo = paced.world.repo("acme/shop", {"Dockerfile": PIP, "CODEOWNERS": "* @alice\n"})
    assert paced.run(repo) == ["create"]
    # tree, commit, ref, pull, reviewers, body: the first needs not wait.
    assert [round(seconds) for seconds in clock(paced).slept] == [1, 1, 1, 3, 3]


def test_reads_do_not_wait(paced: Bot, repo: Repo) -> None:
    paced.plan(repo)
    assert clock(paced).slept == []


def test_no_more_than_eighty_a_minute_and_five_hundred_an_hour_are_created() -> None:
    """Sent as fast as the limits let them: in no window are there more than there may be."""
    time = Clock(0.0)
    pace = Pace(time, Limits(0, 0, GITHUB.windows))
    sent = []
    for _ in range(1200):
        with pace.write(creates=True, notifies=False):
            sent.append(time.now())
    for seconds, most in GITHUB.windows:
        assert max(sum(one <= other < one + seconds for other in sent) for one in sent) == most
    assert 7200 <= sent[-1] < 7400


def test_a_run_over_many_repositories_keeps_to_the_limits(
    paced: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by what is sent, and when by the clock: no window has more than it may, nothing is hurried."""
    writes: list[tuple[float, str]] = []
    send = Client._send

    def sent(self: Client, *given: Any) -> Any:
        if given[0] != "GET":
            writes.append((clock(paced).now(), given[0]))
        return send(self, *given)

    monkeypatch.setattr(Client, "_send", sent)
    for number in range(25):
        assert paced.run(paced.world.repo(f"acme/r{number}", {"Dockerfile": PIP})) == ["create"]
    times = [when for when, _ in writes]
    created = [when for when, method in writes if method == "POST"]
    assert len(created) == 100
    assert min(later - when for when, later in zip(times, times[1:])) >= 1 - 1e-6
    for seconds, most in GITHUB.windows:
        assert max(sum(one <= other < one + seconds for other in created) for one in created) <= most


def test_what_creates_nothing_is_not_counted() -> None:
    time = Clock(0.0)
    pace = Pace(time, Limits(0, 0, GITHUB.windows))
    for _ in range(1200):
        with pace.write(creates=False, notifies=False):
            pass
    assert time.slept == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/pulls"), ("POST", "/git/trees"), ("POST", "/pulls")])
@pytest.mark.parametrize(("fault", "seconds"), [("secondary", 7), ("secondary-bare", 60), ("primary", 101)])
def test_the_forge_says_when(bot: Bot, repo: Repo, method: str, path: str, fault: str, seconds: int) -> None:
    bot.world.fault(fault, method, path)
    assert bot.run(repo) == ["create"]
    assert sum(clock(bot).slept) == pytest.approx(seconds, abs=2)
    assert len(repo.pulls) == 1


def test_their_clock_counts_for_the_primary_limit(bot: Bot, repo: Repo) -> None:
    """Ours is a day wrong: the wait is still that of the forge."""
    clock(bot).time -= 86_400
    bot.world.fault("primary", "GET", "/pulls")
    bot.run(repo)
    assert sum(clock(bot).slept) == pytest.approx(101, abs=2)


def test_nothing_is_sent_while_the_forge_wants_quiet(bot: Bot, repo: Repo) -> None:
    bot.world.fault("secondary-bare", "GET", "/pulls", times=2)
    assert bot.run(repo) == ["create"]
    assert [round(seconds) for seconds in clock(bot).slept] == [60, 120]


def test_it_gives_up_where_the_forge_never_has_time(bot: Bot, repo: Repo) -> None:
    bot.world.fault("secondary", "POST", "/git/trees", times=99)
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == "rate-limited" and caught.value.passing
    assert repo.pulls == [] and repo.branches().keys() == {"main"}


@pytest.mark.parametrize("fault", ["500", "502", "503", "cut-before", "cut-after"])
def test_a_read_is_tried_again(bot: Bot, repo: Repo, fault: str) -> None:
    bot.world.fault(fault, "GET", "/repos/", times=2)
    assert bot.run(repo) == ["create"]


def test_a_forge_that_is_down(bot: Bot, repo: Repo) -> None:
    bot.world.fault("502", "GET", times=99)
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == "forge-down"


WRITES = ["/git/trees", "/git/commits", "/git/refs", "/pulls", "/labels", "/requested_reviewers"]


@pytest.mark.parametrize("fault", ["500", "cut-before", "cut-after"])
@pytest.mark.parametrize("path", WRITES)
def test_a_write_that_is_cut_is_looked_for_and_not_repeated_blindly(bot: Bot, path: str, fault: str) -> None:
    from slimfix.bot.settings import Policy

    repo = bot.world.repo("acme/shop", {"Dockerfile": ALPINE, "CODEOWNERS": "* @alice\n"})
    policy = Policy(labels=("docker",))
    bot.world.fault(fault, "POST", path)
    bot.run(repo, policy)
    assert bot.run(repo, policy) in (["leave up-to-date"], ["dress"])
    (pull,) = repo.pulls
    assert repo.git("rev-list", "--count", f"main..{pull.head}") == "4"
    assert repo.branches().keys() == {"main", pull.head}


@pytest.mark.parametrize("fault", ["500", "cut-before", "cut-after"])
@pytest.mark.parametrize(("method", "path"), [("PATCH", "/pulls/1"), ("POST", "/graphql")])
def test_an_update_that_is_cut(bot: Bot, repo: Repo, method: str, path: str, fault: str) -> None:
    bot.run(repo)
    repo.push_files({"Dockerfile": PIP.replace("flask", "django")})
    bot.world.fault(fault, method, path)
    bot.run(repo)
    assert bot.run(repo) == ["leave up-to-date"]
    assert len(repo.pulls) == 1
    assert "django" in repo.read("slimfix/dockerfiles", "Dockerfile")


@pytest.mark.parametrize("fault", ["500", "cut-before", "cut-after"])
@pytest.mark.parametrize(("method", "path"), [("PATCH", "/pulls/1"), ("POST", "/graphql")])
def test_a_closing_that_is_cut(bot: Bot, repo: Repo, method: str, path: str, fault: str) -> None:
    bot.run(repo)
    repo.push_files({"Dockerfile": "FROM a\n"})
    bot.world.fault(fault, method, path)
    bot.run(repo)
    assert bot.run(repo) in ([], ["delete-branch"])
    assert repo.pulls[0].state == "closed"
    assert repo.branches().keys() == {"main"}


def test_what_was_made_a_moment_ago_may_be_late(
    bot: Bot, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine of the forge has not heard of the tree yet."""
    real, late = Repo.git, [True]

    def git(self: Repo, *arguments: str, **options: object) -> str:
        if arguments[0] == "commit-tree" and late:
            late.clear()
            from tests.bot.forge.world import GitError

            raise GitError("not a valid object name")
        return real(self, *arguments, **options)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Repo, "git", git)
    assert bot.run(repo) == ["create"]
    assert clock(bot).slept == [1.0]


def test_a_write_of_unknown_end_says_so(bot: Bot) -> None:
    bot.world.fault("cut-before", "POST", "/x")
    with pytest.raises(Interrupted):
        bot.github.client.write("POST", "/x", {})


def test_a_wrong_token(bot: Bot, repo: Repo) -> None:
    bot.world.tokens.clear()
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == "no-permission"
