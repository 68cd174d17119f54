"""A repository that is renamed or given to another owner, at any moment; and redirects that lead away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from slimfix.bot import marker
from slimfix.bot.arguments import denied
from slimfix.bot.errors import BotError, Renamed
from slimfix.bot.settings import Policy
from tests.bot.conftest import Bot
from tests.bot.forge.world import Repo
from tests.bot.shapes import CLEAN, PIP

BRANCH = "slimfix/dockerfiles"
NAMES = pytest.mark.parametrize("name", ["acme/store", "other/shop"])
POLICY = Policy(labels=("docker",))


@pytest.fixture(params=["github", "gitlab", "gitea"])
def forge_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def repo(bot: Bot) -> Repo:
    return bot.world.repo("acme/shop", {"Dockerfile": PIP, "CODEOWNERS": "* @alice\n"})


def old(repo: Repo) -> Repo:
    """The repository by the name that it had."""
    return Repo("acme", "shop", repo.path, repo.number)


def right(repo: Repo, text: str = "flask") -> None:
    (pull,) = repo.pulls
    assert (pull.state, pull.head, pull.labels) == ("open", BRANCH, ["docker"])
    assert repo.branches().keys() == {"main", BRANCH}
    assert repo.read(BRANCH, "Dockerfile") == PIP.replace("install flask", f"install --no-cache-dir {text}")
    notes = marker.find(pull.body)
    assert notes is not None and notes.heads[0] == repo.sha(BRANCH)


@NAMES
def test_before_everything(bot: Bot, repo: Repo, name: str) -> None:
    bot.world.rename(repo, name)
    plan = bot.plan(old(repo), POLICY)
    assert plan.repository == name
    assert bot.publish(plan) == ["create"]
    right(repo)


@NAMES
def test_between_plan_and_publish(bot: Bot, repo: Repo, name: str) -> None:
    plan = bot.plan(repo, POLICY)
    bot.world.rename(repo, name)
    assert bot.publish(plan) == ["create"]
    right(repo)
    assert bot.run(old(repo), POLICY) == ["leave up-to-date"]


@NAMES
def test_between_two_runs(bot: Bot, repo: Repo, name: str) -> None:
    """What was opened under the old name is known under the new one."""
    assert bot.run(repo, POLICY) == ["create"]
    bot.world.rename(repo, name)
    assert bot.run(old(repo), POLICY) == ["leave up-to-date"]
    repo.push_files({"Dockerfile": PIP.replace("flask", "django")})
    assert bot.run(old(repo), POLICY) == ["rebuild changed"]
    right(repo, "django")


@pytest.mark.parametrize("pattern", ["other/*", "acme/store", "ACME/S?ORE"])
def test_who_is_left_alone_stays_so_by_whatever_name(bot: Bot, repo: Repo, pattern: str) -> None:
    bot.terms = bot.terms._replace(denied=lambda name: denied(name, (pattern,)))
    plan = bot.plan(repo)
    bot.world.rename(repo, "other/shop" if pattern == "other/*" else "acme/store")
    for work in (lambda: bot.plan(old(repo)), lambda: bot.publish(plan)):
        with pytest.raises(BotError) as caught:
            work()
        assert caught.value.kind == "denied"
    assert not repo.pulls and repo.branches().keys() == {"main"}


def test_another_has_the_old_name(bot: Bot, repo: Repo) -> None:
    """A plan is not carried out where it was not made for."""
    plan = bot.plan(repo)
    bot.world.rename(repo, "acme/store")
    other = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    with pytest.raises(BotError) as caught:
        bot.publish(plan)
    assert caught.value.kind == "moved"
    assert not repo.pulls and not other.pulls


def renamed_at(bot: Bot, flow: str, number: int) -> bool:
    """A whole run, in which the repository is renamed at a request; whether there were so many."""
    repo = bot.world.repo(f"acme/shop{number}", {"Dockerfile": PIP})
    if flow != "open":
        assert bot.run(repo, POLICY) == ["create"]
        repo.push_files({"Dockerfile": CLEAN if flow == "close" else PIP.replace("flask", "django")})
    bot.world.faults.clear()
    bot.world.fault(f"rename {repo.full} other/store{number}", skip=number)
    results = bot.run(repo, POLICY)
    struck = bot.world.faults[0].times == 0
    if flow == "close":
        (pull,) = repo.pulls
        notes = marker.find(pull.body)
        assert (pull.state, notes and notes.closed) == ("closed", "obsolete")
        assert repo.branches().keys() == {"main"} or bot.run(repo, POLICY) == ["delete-branch"]
        assert repo.branches().keys() == {"main"}
    else:
        right(repo, "flask" if flow == "open" else "django")
        assert bot.run(repo, POLICY) == ["leave up-to-date"], (number, results)
    return struck


@pytest.mark.slow
@pytest.mark.parametrize("flow", ["open", "rebuild", "close"])
def test_at_every_request_in_turn(bot: Bot, flow: str) -> None:
    """Whatever was under way is done once, and whole, under the new name."""
    points = next(number for number in range(100) if not renamed_at(bot, flow, number))
    assert points >= 10
    print(f"{bot.kind}, {flow}: renamed at {points} points")


@pytest.mark.parametrize("flow", ["open", "close"])
def test_at_some_requests(bot: Bot, flow: str) -> None:
    for number in (3, 6, 9, 12):
        assert renamed_at(bot, flow, number)


def test_it_does_not_go_round_in_circles(bot: Bot, repo: Repo) -> None:
    """A forge that always says it is elsewhere is a reason to stop."""
    bot.world.fault(f"301 {bot.forge.api}/repos/acme/shop", "GET", times=99)
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == "moved" and caught.value.passing
    assert len(bot.world.log) < 20


# -- away from the forge -----------------------------------------------------------------------------


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another machine, and what it was asked."""
    asked: list[str] = []

    class Stranger(BaseHTTPRequestHandler):
        def do_any(self) -> None:
            asked.append(f"{self.command} {self.path} {self.headers}")
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ("first", 302),
        ("first", 308),
        ("read", 301),
        ("open", 303),
        ("open", 307),
        ("clone", 301),
        ("push", 307),
    ],
)
def test_no_redirect_takes_the_token_to_another_machine(
    bot: Bot, repo: Repo, elsewhere: tuple[str, list[str]], call: str, status: int
) -> None:
    if call == "push" and bot.kind == "github":
        pytest.skip("it is not written to with git")
    address, asked = elsewhere
    method, path = {
        "first": ("GET", ""),
        "read": ("GET", bot.calls["open"][1]),
        "open": bot.calls["open"],
        "clone": ("GIT", "/info/refs"),
        "push": ("GIT", "/git-receive-pack"),
    }[call]
    bot.world.fault(f"{status} {address}{path or '/x'}", method, path, times=99)
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert bot.world.faults[0].times < 99
    assert caught.value.kind in ("forge-error", "moved")
    assert asked == []
    assert bot.token not in str(caught.value)
    bot.world.faults.clear()
    assert bot.run(repo, POLICY) == ["create"]
    assert len(repo.pulls) == 1


def test_a_redirect_of_git_is_told_from_other_errors() -> None:
    from slimfix.bot.command import redirected

    assert redirected("fatal: unable to access 'https://x/a.git/': The requested URL returned error: 301")
    assert not redirected("The requested URL returned error: 500")
    assert not redirected("The requested URL returned error: 3010")
    assert Renamed("x").passing
