"""The behaviour of the bot from end to end, on a forge with real git."""

from __future__ import annotations

import pytest

from slimfix.bot import decide, marker, message
from slimfix.bot.errors import BotError
from slimfix.bot.settings import Policy
from slimfix.bot.terms import NoLimit, Place
from tests.bot.conftest import Bot
from tests.bot.forge.world import Pull, Repo
from tests.bot.shapes import ALPINE, APT, CLEAN, PIP

BRANCH = "slimfix/dockerfiles"


@pytest.fixture(params=["github", "gitlab", "gitea"])
def forge_kind(request: pytest.FixtureRequest) -> str:
    """Every row holds on every forge."""
    kind: str = request.param
    return kind


@pytest.fixture
def repo(bot: Bot) -> Repo:
    return bot.world.repo("acme/shop", {"Dockerfile": PIP, "README.md": "Shop\n"})


def only(repo: Repo) -> Pull:
    (pull,) = repo.pulls
    return pull


def test_opens_one_and_then_leaves_it_alone(bot: Bot, repo: Repo) -> None:
    assert bot.run(repo) == ["create"]
    pull = only(repo)
    assert (pull.title, pull.base) == ("Shrink the shop image: pip's cache stays out of the layers", "main")
    assert "--no-cache-dir" in repo.read(BRANCH, "Dockerfile")
    assert repo.git("diff", "--name-only", "main", BRANCH) == "Dockerfile"
    before = len(bot.world.log)
    assert bot.run(repo) == ["leave up-to-date"]
    assert {method for method, _, _ in bot.world.log[before:]} == {"GET", "GIT"}


def test_one_commit_for_each_rule_and_only_the_changed_files(bot: Bot) -> None:
    repo = bot.world.repo(
        "acme/shop",
        {"api/Dockerfile": ("100755", ALPINE), "web/Dockerfile": APT, "x/run.sh": ("100755", "#!/bin/sh\n")},
    )
    assert bot.run(repo) == ["create"]
    subjects = repo.git("log", "--reverse", "--format=%s", f"main..{BRANCH}").splitlines()
    assert [subject.partition(":")[0] for subject in subjects] == [
        *("apk-no-cache", "pip-no-cache-dir", "merge-runs", "build-deps"),
    ]
    listing = repo.git("ls-tree", "-r", BRANCH).splitlines()
    assert [line.split()[0] for line in listing] == ["100755", "100644", "100755"]
    # Each commit stands for itself: the one before is what it was made from.
    for commit in repo.git("rev-list", f"main..{BRANCH}").split():
        assert (
            repo.git("diff-tree", "--no-commit-id", "-r", "--name-only", commit)
            .splitlines()[0]
            .endswith("Dockerfile")
        )


def test_bytes_that_are_no_text_survive(bot: Bot) -> None:
    text = b"FROM python:3.12-slim\n# caf\xe9\r\nRUN pip install flask\r\n"
    repo = bot.world.repo("acme/shop", {"Dockerfile": text})
    bot.run(repo)
    assert repo.read(BRANCH, "Dockerfile").encode("utf-8", "surrogateescape") == text.replace(
        b"install", b"install --no-cache-dir"
    )


def test_updates_instead_of_a_second_one(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    repo.push_files({"Dockerfile": PIP + "RUN pip install gunicorn\n"})
    assert bot.run(repo) == ["rebuild changed"]
    assert only(repo).state == "open"
    assert repo.read(BRANCH, "Dockerfile").count("--no-cache-dir") == 2
    assert repo.git("merge-base", "main", BRANCH) == repo.sha("main")
    assert not repo.git("rev-list", "--merges", f"main..{BRANCH}")


def test_what_exists_already_is_updated(bot: Bot, repo: Repo) -> None:
    """Another process opens it between our look and our call: the forge says 422."""
    plan = bot.plan(repo)
    real = bot.there.pulls

    def opened_meanwhile(repository: object, branch: str) -> list[object]:
        found = real(repository, branch)  # type: ignore[arg-type]  # passed on as it came
        bot.there.pulls = real  # type: ignore[method-assign]  # once
        assert bot.publish(plan) == ["create"]
        return found  # type: ignore[return-value]  # passed on as it came

    bot.there.pulls = opened_meanwhile  # type: ignore[method-assign,assignment]  # to be in between
    assert bot.publish(plan) == ["leave up-to-date"]
    assert len(repo.pulls) == 1


def test_what_is_opened_at_the_same_moment_is_not_opened_twice(bot: Bot, repo: Repo) -> None:
    """Between our branch and our pull request somebody opens one from it: the forge says so."""
    real = bot.there.open_pull

    def opened_meanwhile(*arguments: object) -> object:
        bot.there.open_pull = real  # type: ignore[method-assign]  # once
        real(*arguments)  # type: ignore[arg-type]  # passed on as they came
        return real(*arguments)  # type: ignore[arg-type]  # the same

    bot.there.open_pull = opened_meanwhile  # type: ignore[method-assign,assignment]  # to be in between
    assert bot.run(repo) == ["leave up-to-date"]
    assert only(repo).state == "open"


def test_closed_by_a_maintainer_stays_closed(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    only(repo).state = "closed"
    assert bot.run(repo) == []
    repo.push_files({"Dockerfile": PIP.replace("flask", "django"), "web/Dockerfile": PIP})
    assert bot.run(repo) == []
    assert len(repo.pulls) == 1


def test_closed_with_its_branch_deleted_stays_closed(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    pull = only(repo)
    pull.head_sha, pull.state = str(repo.sha(BRANCH)), "closed"
    repo.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    assert bot.run(repo) == []
    assert len(repo.pulls) == 1 and repo.branches().keys() == {"main"}


def test_declined_rules_are_left_out_and_new_ones_asked_for(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    only(repo).state = "closed"
    repo.push_files({"Dockerfile": "FROM alpine:3.20\nRUN apk add python3 py3-pip\nRUN pip install flask\n"})
    assert bot.run(repo, Policy(ignore=("merge-runs",))) == ["create"]
    text = repo.read(BRANCH, "Dockerfile")
    assert "apk add --no-cache" in text and "--no-cache-dir" not in text
    assert [pull.state for pull in repo.pulls] == ["closed", "open"]


def test_a_plan_from_before_it_was_closed_is_not_carried_out(bot: Bot, repo: Repo) -> None:
    plan = bot.plan(repo)
    bot.publish(plan)
    only(repo).state = "closed"
    assert bot.publish(plan) == ["leave declined"]


@pytest.mark.parametrize("way", ["label", "rename"])
def test_a_maintainer_may_ask_again(bot: Bot, repo: Repo, way: str) -> None:
    bot.run(repo)
    pull = only(repo)
    pull.state = "closed"
    if way == "label":
        pull.labels.append(decide.AGAIN)
    else:
        pull.title = f"Again: {pull.title}"
    assert bot.run(repo) == ["create"]
    assert [one.state for one in repo.pulls] == ["closed", "open"]


def test_what_we_closed_ourselves_is_no_refusal(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    repo.push_files({"Dockerfile": CLEAN})
    assert bot.run(repo) == ["close obsolete"]
    pull = only(repo)
    notes = marker.find(pull.body)
    assert pull.state == "closed" and notes is not None and notes.closed == "obsolete"
    assert pull.body.startswith("**Nothing is left to fix here")
    assert repo.branches().keys() == {"main"}
    repo.push_files({"Dockerfile": PIP})
    assert bot.run(repo) == ["create"]


def test_merged_and_new_fixes_later(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    repo.merge(only(repo))
    assert bot.run(repo) == []
    repo.push_files({"web/Dockerfile": PIP})
    assert bot.run(repo) == ["create"]
    assert repo.git("diff", "--name-only", f"main...{BRANCH}") == "web/Dockerfile"


def test_merged_and_taken_back(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    repo.merge(only(repo))
    repo.push_files({"Dockerfile": PIP})
    assert bot.run(repo) == ["leave reverted"]


def test_commits_of_others_are_never_overwritten(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    theirs = repo.push_files({"Dockerfile": CLEAN + "USER app\n"}, BRANCH)
    repo.push_files({"Dockerfile": PIP + "RUN pip install gunicorn\n"})
    assert bot.run(repo) == ["hands-off users-commits"]
    assert bot.run(repo) == ["leave users-commits"]
    assert repo.sha(BRANCH) == theirs
    assert len(only(repo).comments) == 1


def test_an_amended_commit_is_someone_elses(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    head = str(repo.sha(BRANCH))
    text = repo.git("show", "-s", "--format=%B", head)
    amended = repo.git("commit-tree", f"{head}^{{tree}}", "-p", "main", "-m", text + "\nand more")
    repo.git("update-ref", f"refs/heads/{BRANCH}", amended)
    repo.push_files({"Dockerfile": PIP + "RUN pip install gunicorn\n"})
    assert bot.run(repo) == ["hands-off users-commits"]
    assert repo.sha(BRANCH) == amended


def test_a_ticked_box_asks_for_a_new_branch(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    repo.push_files({"Dockerfile": CLEAN}, BRANCH)
    pull = only(repo)
    pull.body = pull.body.replace(f"- [ ] {message.REBASE}", f"- [x] {message.REBASE}")
    assert bot.run(repo) == ["rebuild asked"]
    assert not message.wants_rebase(pull.body)
    assert repo.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    assert bot.run(repo) == ["leave up-to-date"]


def test_a_push_at_the_same_moment_wins(bot: Bot, repo: Repo) -> None:
    """Read, then written: between the two someone pushes. The swap fails, and nothing is lost."""
    bot.run(repo)
    repo.push_files({"Dockerfile": PIP + "RUN pip install gunicorn\n"})
    plan = bot.plan(repo)
    real = bot.there.move_branch

    def pushed_meanwhile(*arguments: str) -> None:
        bot.there.move_branch = real  # type: ignore[method-assign]  # once
        repo.push_files({"NOTES": "mine\n"}, BRANCH)
        real(*arguments)  # type: ignore[arg-type]  # passed on as they came

    bot.there.move_branch = pushed_meanwhile  # type: ignore[method-assign,assignment]  # to be in between
    assert bot.publish(plan) == ["hands-off users-commits"]
    assert repo.read(BRANCH, "NOTES") == "mine\n"


def test_base_moved_without_conflict_is_no_reason(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    head = repo.sha(BRANCH)
    repo.push_files({"README.md": "More\n"})
    assert bot.run(repo) == ["leave up-to-date"]
    assert repo.sha(BRANCH) == head


@pytest.mark.parametrize(
    ("rebase", "strict", "expected"),
    [
        ("auto", False, "leave up-to-date"),
        ("auto", True, "rebuild behind"),
        ("behind", False, "rebuild behind"),
        ("conflicted", True, "leave up-to-date"),
        ("never", True, "leave up-to-date"),
    ],
)
def test_rebase(bot: Bot, repo: Repo, rebase: str, strict: bool, expected: str) -> None:
    repo.push_files({"slimfix.toml": f'[bot]\nrebase = "{rebase}"\n'})
    bot.run(repo)
    repo.strict = strict
    repo.push_files({"README.md": "More\n"})
    assert bot.run(repo) == [expected]
    if expected.startswith("rebuild"):
        assert bot.run(repo) == ["leave up-to-date"]


def test_ticks_and_a_new_title_survive_an_update(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": ALPINE})
    bot.run(repo)
    pull = only(repo)
    assert "- [ ] nothing at run time calls gcc" in pull.body
    pull.body = pull.body.replace("- [ ] nothing", "- [x] nothing").replace("\n", "\r\n")
    pull.title = "chore: smaller image"
    repo.push_files({"web/Dockerfile": PIP})
    assert bot.run(repo) == ["rebuild changed"]
    assert "- [x] nothing at run time calls gcc" in pull.body
    assert "`web/Dockerfile`" in pull.body
    assert pull.title == "chore: smaller image"


def test_one_open_at_a_time(bot: Bot) -> None:
    repo = bot.world.repo("acme/mono", {"a/Dockerfile": PIP, "b/Dockerfile": PIP})
    grouped = Policy(group="directory")
    assert bot.run(repo, grouped) == ["create", "leave open-limit"]
    repo.merge(repo.pulls[0])
    assert bot.run(repo, grouped) == ["create"]
    assert [pull.head for pull in repo.pulls] == [
        "slimfix/dockerfiles-a-ca978112",
        "slimfix/dockerfiles-b-3e23e816",
    ]


def test_grouped_in_another_way(bot: Bot) -> None:
    repo = bot.world.repo("acme/mono", {"a/Dockerfile": PIP, "b/Dockerfile": PIP})
    assert bot.run(repo) == ["create"]
    assert bot.run(repo, Policy(group="directory", open_limit=5)) == ["close superseded", "create", "create"]
    assert [pull.state for pull in repo.pulls] == ["closed", "open", "open"]


def test_turned_off_while_open(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    repo.push_files({"slimfix.toml": "[bot]\nenabled = false\n"})
    assert bot.run(repo) == ["close disabled"]
    assert bot.run(repo) == []


def test_settings_come_from_the_base_alone(bot: Bot, repo: Repo) -> None:
    bot.run(repo)
    repo.push_files({"slimfix.toml": "[bot]\nenabled = false\n"}, BRANCH)
    assert bot.run(repo) == ["hands-off users-commits"]
    assert only(repo).state == "open"


def test_settings_may_only_narrow(bot: Bot) -> None:
    settings = 'unsafe = true\nselect = ["pip-no-cache-dir", "merge-runs"]\n[bot]\nopen-limit = 9\n'
    repo = bot.world.repo("acme/shop", {"Dockerfile": ALPINE, "slimfix.toml": settings})
    plan = bot.plan(repo, Policy(ignore=("merge-runs",)))
    assert {fix.rule for proposal in plan.proposals for fix in proposal.fixes} == {"pip-no-cache-dir"}
    assert plan.wishes.open_limit == 1


def test_broken_settings_are_a_reason(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP, "slimfix.toml": "[bot]\nenabled = 1\n"})
    with pytest.raises(BotError, match=r"slimfix\.toml: bot\.enabled must be true or false") as caught:
        bot.run(repo)
    assert caught.value.kind == "bad-config"
    assert repo.pulls == []


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"archived": True}, "archived"),
        ({"disabled": True}, "disabled"),
        ({"fork": True}, "fork"),
        ({"push": False}, "no-permission"),
        ({"topics": ["no-slimfix"]}, "opted-out"),
        ({"protected": "slimfix/"}, "protected"),
    ],
)
def test_reasons_to_skip(bot: Bot, fields: dict[str, object], kind: str) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP}, **fields)
    with pytest.raises(BotError) as caught:
        bot.run(repo)
    assert caught.value.kind == kind
    assert repo.pulls == [] and repo.branches().keys() == {"main"}


def test_archived_between_plan_and_publish(bot: Bot, repo: Repo) -> None:
    plan = bot.plan(repo)
    real = bot.there.repository
    bot.there.repository = lambda name: real(name)._replace(archived=False)  # type: ignore[method-assign]  # as it was
    repo.archived = True
    with pytest.raises(BotError) as caught:
        bot.publish(plan)
    assert caught.value.kind == "archived"


def test_empty_and_gone(bot: Bot) -> None:
    empty = bot.world.repo("acme/empty")
    with pytest.raises(BotError) as caught:
        bot.run(empty)
    assert caught.value.kind == "empty"
    with pytest.raises(BotError) as caught:
        bot.plan(Repo("acme", "nothing", empty.path, 9))
    assert caught.value.kind == "gone"


def test_no_dockerfile(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"README.md": "Shop\n"})
    assert bot.run(repo) == []
    assert bot.plan(repo).dockerfiles == 0


def test_a_renamed_repository_is_found(bot: Bot, repo: Repo) -> None:
    plan = bot.plan(repo)
    bot.world.repos["acme/store"] = repo
    del bot.world.repos["acme/shop"]
    repo.name = "store"
    with pytest.raises(BotError) as caught:
        bot.publish(plan)
    assert caught.value.kind == "gone"


def test_the_branch_of_a_fork_is_not_ours(bot: Bot, repo: Repo) -> None:
    repo.pulls.append(Pull(1, "Hi", "Hi", BRANCH, "main", str(repo.sha("main")), fork=True))
    assert bot.run(repo) == ["create"]
    assert bot.run(repo) == ["leave up-to-date"]


def test_labels_reviewers_and_drafts(bot: Bot) -> None:
    owners = "Makefile @nobody\nDockerfile @alice @acme/platform someone@forge.example\n"
    place = {"github": ".github/CODEOWNERS"}.get(bot.kind, f".{bot.kind}/CODEOWNERS")
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP, place: owners})
    assert bot.run(repo, Policy(labels=("docker",), draft=True)) == ["create"]
    pull = only(repo)
    # A group cannot be asked on GitLab.
    asked = ["alice"] if bot.kind == "gitlab" else ["alice", "platform"]
    assert (pull.labels, pull.reviewers, pull.is_draft) == (["docker"], asked, True)
    pull.labels, pull.reviewers = [], []
    assert bot.run(repo, Policy(labels=("docker",), draft=True)) == ["leave up-to-date"]
    assert pull.labels == []


def test_a_reviewer_who_cannot_be_asked_loses_nothing(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP, "CODEOWNERS": "Dockerfile @gone\n"})
    bot.world.unknown_reviewers.add("gone")
    assert bot.run(repo, Policy(labels=("docker",))) == ["create"]
    assert only(repo).labels == ["docker"]
    assert bot.run(repo, Policy(labels=("docker",))) == ["leave up-to-date"]


def test_labels_are_seen_to_after_a_crash(bot: Bot, repo: Repo) -> None:
    bot.world.fault("cut-after", *bot.calls["open"])
    bot.world.fault("500", *bot.calls["label"], times=1)
    policy = Policy(labels=("docker",))
    assert bot.run(repo, policy) == ["dress"]
    assert only(repo).labels == []  # the forge was ill
    assert bot.run(repo, policy) == ["dress"]
    assert only(repo).labels == ["docker"]
    assert bot.run(repo, policy) == ["leave up-to-date"]


def test_a_branch_left_by_a_run_cut_short_is_taken_up(bot: Bot, repo: Repo) -> None:
    bot.world.fault("500", *bot.calls["open"], times=9)
    with pytest.raises(BotError):
        bot.run(repo)
    assert BRANCH in repo.branches() and not repo.pulls
    bot.world.faults.clear()
    repo.push_files({"README.md": "More\n"})
    assert bot.run(repo) == ["create"]


def test_a_branch_left_behind_is_swept_when_nothing_is_to_fix(bot: Bot, repo: Repo) -> None:
    bot.world.fault("500", *bot.calls["open"], times=9)
    with pytest.raises(BotError):
        bot.run(repo)
    bot.world.faults.clear()
    repo.push_files({"Dockerfile": CLEAN})
    assert bot.run(repo) == ["delete-branch"]
    assert repo.branches().keys() == {"main"}


def test_a_branch_left_behind_that_someone_amended_is_left(bot: Bot, repo: Repo) -> None:
    """Its commit says that it is ours, and is not as we made it."""
    bot.world.fault("500", *bot.calls["open"], times=9)
    with pytest.raises(BotError):
        bot.run(repo)
    bot.world.faults.clear()
    text = repo.git("show", "-s", "--format=%B", BRANCH)
    env = {"GIT_AUTHOR_DATE": "1700000000 +0000"}
    amended = repo.git("commit-tree", f"{BRANCH}^{{tree}}", "-p", "main", "-m", text, env=env)
    repo.git("update-ref", f"refs/heads/{BRANCH}", amended)
    assert bot.run(repo) == ["leave branch-taken"]
    repo.push_files({"Dockerfile": CLEAN})
    assert bot.run(repo) == []
    assert repo.sha(BRANCH) == amended and not repo.pulls


def test_a_branch_of_that_name_by_someone_else_is_left(bot: Bot, repo: Repo) -> None:
    theirs = repo.push_files({"x": "y"}, BRANCH)
    assert bot.run(repo) == ["leave branch-taken"]
    repo.push_files({"Dockerfile": CLEAN})
    assert bot.run(repo) == []
    assert repo.sha(BRANCH) == theirs


def test_a_dry_run_writes_nothing(bot: Bot, repo: Repo) -> None:
    bot.terms = bot.terms._replace(dry=True)
    assert bot.run(repo) == ["create"]
    assert repo.pulls == [] and repo.branches().keys() == {"main"}
    bot.terms = bot.terms._replace(dry=False)
    bot.run(repo)
    repo.push_files({"Dockerfile": CLEAN})
    before, body = repo.branches(), only(repo).body
    bot.terms = bot.terms._replace(dry=True)
    assert bot.run(repo) == ["close obsolete"]
    assert (repo.branches(), only(repo).body, only(repo).state) == (before, body, "open")


def test_a_plan_for_another_commit_is_not_carried_out(bot: Bot, repo: Repo) -> None:
    plan = bot.plan(repo)
    repo.push_files({"Dockerfile": CLEAN})
    with pytest.raises(BotError) as caught:
        bot.publish(plan)
    assert caught.value.kind == "moved"
    assert repo.pulls == []


class Full(NoLimit):
    """An hour that is full for one owner."""

    def take(self, place: Place) -> bool:
        return place.owner != "acme"


def test_limits_of_the_hour(bot: Bot, repo: Repo) -> None:
    bot.terms = bot.terms._replace(hour=Full())
    assert bot.run(repo) == ["leave hour-limit"]
    other = bot.world.repo("other/shop", {"Dockerfile": PIP})
    assert bot.run(other) == ["create"]
