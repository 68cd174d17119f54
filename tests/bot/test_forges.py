"""What is the same on every forge, and what is peculiar to one."""

from __future__ import annotations

import pytest

from slimfix.bot.auth import from_environment
from slimfix.bot.connect import Place, named, place
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Repository
from slimfix.bot.forge.push import Person, Workshop
from slimfix.bot.pace import UNLIMITED, Pace
from slimfix.bot.redact import Secrets
from slimfix.bot.settings import Policy
from tests.bot.clock import Clock
from tests.bot.conftest import Bot
from tests.bot.forge.world import Pull, Repo
from tests.bot.shapes import ALPINE, CLEAN, PIP

BRANCH = "slimfix/dockerfiles"
ALL = pytest.mark.parametrize("forge_kind", ["github", "gitlab", "gitea"])
PUSHED = pytest.mark.parametrize("forge_kind", ["gitlab", "gitea"])
GITEA = pytest.mark.parametrize("forge_kind", ["gitea"])
GITLAB = pytest.mark.parametrize("forge_kind", ["gitlab"])


@pytest.fixture
def repo(bot: Bot) -> Repo:
    return bot.world.repo("acme/shop", {"Dockerfile": PIP})


def clock(bot: Bot) -> Clock:
    found = bot.there.client.pace.clock
    assert isinstance(found, Clock)
    return found


# -- which forge -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "url", "expected"),
    [
        ("", "", ("github", "https://api.github.com")),
        ("github", "https://github.com", ("github", "https://api.github.com")),
        ("", "https://github.com/acme/shop", ("github", "https://api.github.com")),
        ("", "https://api.github.com/", ("github", "https://api.github.com")),
        ("", "https://github.acme.example", ("github", "https://github.acme.example/api/v3")),
        ("github", "https://code.acme.example/api/v3/", ("github", "https://code.acme.example/api/v3")),
        ("", "https://code.acme.example/api/v3", ("github", "https://code.acme.example/api/v3")),
        ("gitlab", "", ("gitlab", "https://gitlab.com/api/v4")),
        ("", "https://gitlab.com", ("gitlab", "https://gitlab.com/api/v4")),
        ("", "https://gitlab.acme.example/", ("gitlab", "https://gitlab.acme.example/api/v4")),
        ("gitlab", "https://code.acme.example/lab", ("gitlab", "https://code.acme.example/lab/api/v4")),
        ("", "https://code.acme.example/api/v4", ("gitlab", "https://code.acme.example/api/v4")),
        ("", "https://codeberg.org", ("gitea", "https://codeberg.org/api/v1")),
        ("", "https://forgejo.acme.example", ("gitea", "https://forgejo.acme.example/api/v1")),
        ("gitea", "https://code.acme.example", ("gitea", "https://code.acme.example/api/v1")),
        ("gitea", "https://github.acme.example", ("gitea", "https://github.acme.example/api/v1")),
    ],
)
def test_the_forge_is_told_from_its_address(kind: str, url: str, expected: tuple[str, str]) -> None:
    assert place(kind, url) == Place(*expected)


@pytest.mark.parametrize(("kind", "url"), [("", "https://code.acme.example"), ("gitea", ""), ("", "x")])
def test_addresses_that_do_not_tell(kind: str, url: str) -> None:
    with pytest.raises(BotError):
        place(kind, url)


def test_a_repository_may_be_the_address_of_a_page() -> None:
    assert named("acme/shop") == ("", "acme/shop")
    assert named("https://github.com/acme/shop.git") == ("https://github.com", "acme/shop")
    assert named("https://gitlab.com/acme/a/b/-/tree/main") == ("https://gitlab.com", "acme/a/b")


TOKENS = ("SLIMFIX_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN", "CI_JOB_TOKEN")


@pytest.mark.parametrize(
    ("kind", "variable", "header", "user"),
    [
        ("github", "GITHUB_TOKEN", "Bearer", "x-access-token"),
        ("gitlab", "GITLAB_TOKEN", "Bearer", "oauth2"),
        ("gitea", "FORGEJO_TOKEN", "token", "oauth2"),
        ("gitea", "SLIMFIX_TOKEN", "token", "oauth2"),
    ],
)
def test_a_token_is_sent_as_its_forge_wants_it(
    monkeypatch: pytest.MonkeyPatch, kind: str, variable: str, header: str, user: str
) -> None:
    for name in TOKENS:
        monkeypatch.setenv(name, "x" * 20 if name == variable else "")
    found = from_environment(kind, Secrets())
    assert found.headers("/x") == {"Authorization": f"{header} {'x' * 20}"}
    assert found.login("a/b") == (user, "x" * 20)


def test_the_token_of_a_gitlab_job_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TOKENS:
        monkeypatch.setenv(name, "x" * 20 if name == "CI_JOB_TOKEN" else "")
    with pytest.raises(BotError, match="make an access token of the project") as caught:
        from_environment("gitlab", Secrets())
    assert caught.value.kind == "no-permission"


# -- names -----------------------------------------------------------------------------------------


@GITLAB
def test_projects_of_groups_below_groups(bot: Bot) -> None:
    repo = bot.world.repo("acme/team/sub/shop", {"Dockerfile": PIP})
    assert bot.run(repo) == ["create"]
    assert bot.run(repo) == ["leave up-to-date"]
    repo.push_files({"Dockerfile": CLEAN})
    assert bot.run(repo) == ["close obsolete"]
    assert repo.branches().keys() == {"main"}


@PUSHED
def test_all_repositories_of_an_account(bot: Bot) -> None:
    bot.world.organisations.add("acme")
    for number in range(120):
        bot.world.repo(f"acme/shop{number:03}")
    deeper = bot.world.repo("acme/team/shop") if bot.kind == "gitlab" else bot.world.repo("acme/zoo")
    bot.world.repo("alice/mine")
    found = list(bot.there.repositories("acme"))
    assert len(found) == 121 and deeper.full in found
    assert list(bot.there.repositories("alice")) == ["alice/mine"]
    with pytest.raises(BotError) as caught:
        list(bot.there.repositories("nobody"))
    assert caught.value.kind == "gone"


@ALL
def test_a_renamed_repository_is_found_under_its_new_name(bot: Bot, repo: Repo) -> None:
    bot.world.rename(repo, "acme/store")
    assert bot.there.repository("acme/shop").name == "acme/store"
    (done,) = bot.publish(bot.plan(Repo("acme", "shop", repo.path, 9)))
    assert done == "create" and len(repo.pulls) == 1


@PUSHED
def test_git_goes_where_the_api_is(bot: Bot, repo: Repo) -> None:
    """And not where the forge says it is: a token goes to no other machine."""
    assert bot.there.repository(repo.full).clone_url == f"{bot.forge.address}/acme/shop.git"


@PUSHED
def test_a_mirror_is_not_written_to(bot: Bot, repo: Repo) -> None:
    repo.mirror = True
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == "no-permission"


# -- writing with git ------------------------------------------------------------------------------


@PUSHED
def test_commits_are_of_the_account_that_pushes_them(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    email = {"gitlab": "7-bot@users.noreply", "gitea": "slimfix-bot@noreply"}[bot.kind]
    person = f"slimfix-bot <{email}.forge.example>"
    assert repo.git("show", "-s", "--format=%an <%ae>%n%cn <%ce>", BRANCH).splitlines() == [person, person]


@PUSHED
def test_an_account_that_cannot_be_read(bot: Bot, repo: Repo) -> None:
    bot.world.fault("403", "GET", "/user", times=9)
    assert bot.run(repo) == ["create"]
    assert repo.git("show", "-s", "--format=%an <%ae>", BRANCH) == "slimfix <slimfix@noreply.127.0.0.1>"


@pytest.mark.parametrize("name", ["", "<>", "a\nb", " . ", "Ünal <x> \\"])
def test_names_that_git_would_not_take(bot: Bot, repo: Repo, name: str) -> None:
    """Whatever people call themselves, a commit can be made."""
    workshop = Workshop(Secrets(), Pace(Clock(), UNLIMITED))
    there = Repository(repo.full, "main", f"{bot.forge.address}/git/{repo.full}.git")
    base = str(repo.sha("main"))
    plan = bot.plan(repo)
    commits = plan.proposals[0].commits
    login = bot.there.login(there)
    made = workshop.commit(there, login, base, commits, ["m"], Person(name, name))
    workshop.push(there, login, BRANCH, None, made)
    assert repo.sha(BRANCH) == made


@PUSHED
@pytest.mark.parametrize("fault", ["500", "cut-before", "cut-after"])
@pytest.mark.parametrize("flow", ["open", "rebuild", "close"])
def test_a_push_that_is_cut(bot: Bot, repo: Repo, flow: str, fault: str) -> None:
    if flow != "open":
        bot.run(repo)
        text = PIP.replace("flask", "django") if flow == "rebuild" else "FROM a\n"
        repo.push_files({"Dockerfile": text})
    plan = bot.plan(repo)
    bot.world.fault(fault, "GIT", "/git-receive-pack")
    bot.publish(plan)
    assert not bot.world.faults[0].times
    expected: list[list[str]] = [[], ["delete-branch"]] if flow == "close" else [["leave up-to-date"]]
    assert bot.run(repo) in expected
    assert [pull.state for pull in repo.pulls] == ["closed" if flow == "close" else "open"]
    assert repo.branches().keys() == ({"main"} if flow == "close" else {"main", BRANCH})


@PUSHED
def test_nothing_is_pushed_before_it_is_whole(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": ALPINE})
    bot.run(repo)
    assert repo.git("rev-list", "--count", f"main..{BRANCH}") == "4"
    pushes = [path for method, path, _ in bot.world.log if method == "PUSH"]
    assert pushes == [f"/acme/shop.git/{end}" for end in ("info/refs", "git-receive-pack")]


@PUSHED
def test_base_moves_while_commits_are_made(bot: Bot, repo: Repo) -> None:
    """The trees of the commit that was planned for are at hand, and those of others are not needed."""
    plan = bot.plan(repo)
    there = bot.there.repository(repo.full)
    real = bot.there.create_branch

    def moved(*arguments: str) -> None:
        repo.push_files({"README.md": "More\n", "more/x": "y" * 9999})
        real(*arguments)  # type: ignore[arg-type]  # passed on as they came

    bot.there.create_branch = moved  # type: ignore[method-assign,assignment]  # to be in between
    assert bot.publish(plan) == ["create"]
    assert repo.git("merge-base", "main", BRANCH) == plan.commit
    assert there.default == "main"


# -- limits ----------------------------------------------------------------------------------------


@PUSHED
@pytest.mark.parametrize(("fault", "seconds"), [("busy", 7), ("limit", 101)])
@pytest.mark.parametrize("call", ["read", "open"])
def test_the_forge_says_when(bot: Bot, repo: Repo, call: str, fault: str, seconds: int) -> None:
    method, path = ("GET", "") if call == "read" else bot.calls["open"]
    bot.world.fault(fault, method, path)
    assert bot.run(repo) == ["create"]
    assert sum(clock(bot).slept) == pytest.approx(seconds, abs=2)
    assert len(repo.pulls) == 1


# -- drafts, labels, reviews -----------------------------------------------------------------------


@PUSHED
def test_a_draft_stays_one_until_people_say_otherwise(bot: Bot, repo: Repo) -> None:
    bot.run(repo, Policy(draft=True))
    (pull,) = repo.pulls
    mark = {"gitlab": "Draft: ", "gitea": "WIP: "}[bot.kind]
    assert pull.title.startswith(mark + "Shrink the shop image")
    repo.push_files({"web/Dockerfile": PIP})
    assert bot.run(repo, Policy(draft=True)) == ["rebuild changed"]
    assert pull.title.startswith(mark + "Shrink 2 images")
    pull.title = pull.title.removeprefix(mark)
    repo.push_files({"api/Dockerfile": PIP})
    assert bot.run(repo, Policy(draft=True)) == ["rebuild changed"]
    assert pull.title.startswith("Shrink 3 images")
    pull.title = mark + pull.title
    pull.state = "closed"
    assert bot.run(repo) == []  # marked, and not renamed


@GITEA
def test_labels_are_used_by_number_and_made_where_there_are_none(bot: Bot, repo: Repo) -> None:
    repo.known_labels += ["bug", "docker"]
    bot.run(repo, Policy(labels=("docker", "size")))
    assert repo.known_labels == ["bug", "docker", "size"]
    assert repo.pulls[0].labels == ["docker", "size"]


@GITLAB
def test_labels_and_reviewers_that_gitlab_does_not_take(bot: Bot) -> None:
    owners = "* @alice @acme/team @gone\n"
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP, "CODEOWNERS": owners})
    bot.world.unknown_reviewers.add("gone")
    plan = bot.plan(repo, Policy(labels=("a,b", "docker")))
    from slimfix.bot import publish

    (done,) = publish.publish(bot.there, plan, bot.terms)
    assert (repo.pulls[0].labels, repo.pulls[0].reviewers) == (["docker"], ["alice"])
    comma, *unknown = done.problems
    assert "comma" in comma and sorted(unknown) == ["no such user: acme/team", "no such user: gone"]


@GITLAB
def test_reviewers_whom_people_asked_stay(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    bot.run(repo)
    (pull,) = repo.pulls
    pull.reviewers.append("bob")
    there = bot.there.repository(repo.full)
    assert bot.there.decorate(there, bot.there.open_pulls(there)[0], (), ("alice",)) == []
    assert pull.reviewers == ["bob", "alice"]


# -- people ----------------------------------------------------------------------------------------


@ALL
def test_what_people_said_and_what_we_did(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    (pull,) = repo.pulls
    there = bot.there.repository(repo.full)
    (seen,) = bot.there.open_pulls(there)
    theirs = repo.say(pull, "Why?", "alice")
    bot.there.comment(there, seen, "Because")
    comments = bot.there.comments(there, seen)
    me = bot.there.me(there)
    assert [(one.author, one.text) for one in comments] == [("alice", "Why?"), (me, "Because")]
    bot.there.edit_comment(there, seen, comments[1], "Since")
    assert pull.comments[1].body == "Since"
    with pytest.raises(BotError):
        bot.there.edit_comment(there, seen, comments[0], "mine")
    for _ in range(2):
        bot.there.acknowledge(there, seen, comments[0])
    assert len(theirs.reactions) == 1
    assert [bot.there.may_write(there, name) for name in ("alice", "bob", "ghost")] == [True, False, False]
    assert bot.there.detail(there, seen).comments in (2, None)


@ALL
def test_who_is_to_do_it(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    (pull,) = repo.pulls
    pull.assignees.append("bob")
    bot.world.unknown_assignees.add("gone")
    there = bot.there.repository(repo.full)
    (seen,) = bot.there.open_pulls(there)
    (problem,) = bot.there.assign(there, seen, ("alice", "gone"))
    assert "gone" in problem
    assert pull.assignees == ["bob", "alice"]


@ALL
def test_merged_once_it_may_be_and_never_by_us(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    (pull,) = repo.pulls
    there = bot.there.repository(repo.full)
    (seen,) = bot.there.open_pulls(there)
    assert not bot.there.detail(there, seen).automerge
    for _ in range(2):
        bot.there.automerge(there, seen, on=True)
    assert pull.automerge and bot.there.detail(there, seen).automerge
    for _ in range(2):
        bot.there.automerge(there, seen, on=False)
    assert not pull.automerge and not bot.there.detail(there, seen).automerge
    repo.checks = False  # nothing to wait for: it would be merged at once
    with pytest.raises(BotError):
        bot.there.automerge(there, seen, on=True)
    assert not pull.merged and not pull.automerge


@PUSHED
def test_checks_that_have_ended_are_not_waited_for(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    there = bot.there.repository(repo.full)
    (seen,) = bot.there.open_pulls(there)
    repo.checked = True
    with pytest.raises(BotError, match="waited for"):
        bot.there.automerge(there, seen, on=True)
    repo.checked = False
    stale = seen._replace(head="1" * 40)
    with pytest.raises(BotError):
        bot.there.automerge(there, stale, on=True)
    assert not repo.pulls[0].merged and not repo.pulls[0].automerge


@GITEA
def test_who_may_write_is_told_to_administrators_alone(bot: Bot, repo: Repo) -> None:
    bot.world.fault("403", "GET", "/permission", times=9)
    there = bot.there.repository(repo.full)
    assert not bot.there.may_write(there, "alice") and bot.there.may_write(there, "Acme")


# -- Gitea's pull requests -------------------------------------------------------------------------


@GITEA
def test_not_mergeable_yet_is_no_conflict(bot: Bot, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    bot.run(repo)
    there = bot.there.repository(repo.full)
    (seen,) = bot.there.open_pulls(there)
    answers = [True, False]
    monkeypatch.setattr(Repo, "conflicted", lambda self, pull: answers.pop(0))
    assert bot.there.detail(there, seen).conflicted is False
    assert clock(bot).slept == [2.0]
    monkeypatch.setattr(Repo, "conflicted", lambda self, pull: True)
    assert bot.there.detail(there, seen).conflicted is True


@GITEA
def test_too_many_to_look_through(bot: Bot, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    from slimfix.bot.forge import gitea

    monkeypatch.setattr(gitea, "_PAGES", 2)
    head = str(repo.sha("main"))
    repo.pulls += [Pull(n, "t", "", f"t-{n}", "main", head, state="closed") for n in range(1, 102)]
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == "too-large"


@PUSHED
def test_pull_requests_on_later_pages_are_seen(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    (ours,) = repo.pulls
    ours.state = "closed"
    head = str(repo.sha("main"))
    repo.pulls += [Pull(n, "t", "", f"t-{n}", "main", head, state="closed") for n in range(2, 122)]
    assert bot.run(repo) == []
