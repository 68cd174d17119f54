"""The ignore files that the bot proposes: when, how, and what it never writes."""

from __future__ import annotations

import json

import pytest

from slimfix.bot import plan_file
from slimfix.bot.errors import BotError
from slimfix.bot.plan import Plan
from slimfix.bot.settings import Policy
from tests.bot.conftest import Bot
from tests.bot.forge.world import Content, Repo
from tests.bot.test_message import planned, text

BRANCH = "slimfix/dockerfiles"
COPIES = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD ["python", "main.py"]\n'
"""Nothing to fix, but all of the context comes in."""
NODE = "FROM node:20-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm cache clean --force\n"
GIT = "# the history of the project; it changes with every commit, and the layer with it\n.git\n"
EVERY = pytest.mark.parametrize("forge_kind", ["github", "gitlab", "gitea"])


def ignoring(made: Plan) -> dict[str, str]:
    """The ignore files of a plan, by path."""
    return {
        change.path: change.after for one in made.proposals for change in one.changes if change.dockerfiles
    }


def only(files: dict[str, str], policy: Policy = Policy()) -> dict[str, str]:
    return ignoring(planned(files, policy))


# -- on a forge ------------------------------------------------------------------------------------


@EVERY
def test_a_new_one_is_a_commit_of_its_own(bot: Bot) -> None:
    repo = bot.world.repo(
        "acme/shop", {"Dockerfile": COPIES.replace("CMD", "RUN pip install x\nCMD"), "main.py": ""}
    )
    assert bot.run(repo) == ["create"]
    assert repo.read(BRANCH, ".dockerignore") == GIT
    assert repo.git("ls-tree", BRANCH, ".dockerignore").split()[0] == "100644"
    *_, last = repo.git("log", "--reverse", "--format=%H %s", f"main..{BRANCH}").splitlines()
    head, subject = last.split(" ", 1)
    assert subject == "dockerignore: what no image needs stays out of the build context"
    assert repo.git("diff-tree", "--no-commit-id", "-r", "--name-only", head) == ".dockerignore"
    assert sorted(repo.git("diff", "--name-only", "main", BRANCH).split()) == [".dockerignore", "Dockerfile"]
    (pull,) = repo.pulls
    assert "- [ ] no program in the image, and no other build from this directory, reads `.git`" in pull.body
    assert "slimfix --dockerignore Dockerfile\n" in pull.body
    assert bot.run(repo) == ["leave up-to-date"]
    repo.merge(pull)
    assert bot.run(repo) == []


@EVERY
def test_one_that_is_there_keeps_every_byte(bot: Bot) -> None:
    before = b"# caf\xe9\r\nnode_modules\r\n\r\n!keep"
    repo = bot.world.repo(
        "acme/shop", {"Dockerfile": COPIES, "main.py": "", ".dockerignore": ("100755", before)}
    )
    assert bot.run(repo) == ["create"]
    after = repo.read(BRANCH, ".dockerignore").encode("utf-8", "surrogateescape")
    assert after == before + b"\r\n" + b"\r\n" + GIT.replace("\n", "\r\n").encode()
    assert repo.git("ls-tree", BRANCH, ".dockerignore").split()[0] == "100755"
    (pull,) = repo.pulls
    assert pull.title == "Shrink the shop image: what no image needs stays out of the build context"
    assert "proposes to change one ignore file in one commit" in pull.body
    assert 'ignore = ["dockerignore"]' in pull.body and "(`!.git`)" in pull.body


@EVERY
def test_it_goes_when_the_repository_says_so(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": COPIES, "main.py": ""})
    assert bot.run(repo) == ["create"]
    repo.push_files({"slimfix.toml": 'ignore = ["dockerignore"]\n'})
    assert bot.run(repo) == ["close obsolete"]
    assert repo.branches().keys() == {"main"}


def test_closed_it_is_not_proposed_again(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": COPIES, "main.py": ""})
    bot.run(repo)
    repo.pulls[0].state = "closed"
    assert bot.run(repo) == []
    repo.push_files({"Dockerfile": COPIES + "RUN pip install x\n"})
    assert bot.run(repo) == ["create"]
    assert repo.git("diff", "--name-only", "main", BRANCH) == "Dockerfile"


def test_an_order_turns_it_down(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": COPIES + "RUN pip install x\n", "main.py": ""})
    bot.run(repo)
    repo.say(repo.pulls[0], "/slimfix ignore dockerignore")
    bot.run(repo)
    assert bot.run(repo) == ["rebuild changed"]
    assert repo.git("diff", "--name-only", "main", BRANCH) == "Dockerfile"


# -- when ------------------------------------------------------------------------------------------


def test_the_root_of_a_clone_holds_its_history_and_no_other_directory_does() -> None:
    assert only({"Dockerfile": COPIES, "main.py": ""}) == {".dockerignore": GIT}
    assert only({"a/Dockerfile": COPIES, "a/main.py": ""}) == {}
    assert only({"a/Dockerfile": COPIES, "a/.idea/x": ""}) == {
        "a/.dockerignore": "# settings of an editor\n**/.idea\n"
    }


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"package.json": "{}", ".gitignore": "node_modules/\n"}, True),
        ({"package.json": "{}", ".gitignore": "/node_modules\n"}, True),
        ({"package.json": "{}", ".gitignore": "dist/\n"}, False),
        ({"package.json": "{}"}, False),
        ({".gitignore": "node_modules/\n"}, False),
        (
            {
                "package.json": "{}",
                ".gitignore": "node_modules/\n",
                ".dockerignore": "**/node_modules\n.git\n",
            },
            False,
        ),
    ],
)
def test_packages_that_git_hides(files: dict[str, str], expected: bool) -> None:
    found = only({"Dockerfile": NODE, "package-lock.json": '{"lockfileVersion": 3, "packages": {}}', **files})
    assert ("\n**/node_modules\n" in found.get(".dockerignore", "")) == expected


@pytest.mark.parametrize(
    "more",
    [
        {".dockerignore": ".git\n"},
        {".dockerignore": "*\n!main.py\n"},
        {".dockerignore": "!.git\n"},
        {"Dockerfile.dev": "FROM a\nCOPY .git /x\n"},
        {"Dockerfile.dev": "FROM a\nCOPY . .\nRUN git describe > v\n"},
        {"setup.py": "setup(use_scm_version=True)  # setuptools_scm\n"},
        # What lies below may be built from here, too.
        {"deploy/Dockerfile": "FROM a\nCOPY . .\nRUN git describe > v\n"},
        {"deploy/Dockerfile": "FROM a\nCOPY . .\nRUN make\n"},
        {"deploy/Dockerfile": "not a Dockerfile\n"},
        {"legacy/Dockerfile": "FROM a\nCOPY .git /x\n", "slimfix.toml": 'exclude = ["legacy"]\n'},
        {".gitignore": ".dockerignore\n"},
        {"slimfix.toml": 'exclude = [".dockerignore"]\n'},
        {"slimfix.toml": 'select = ["pip"]\n'},
        {"slimfix.toml": 'ignore = ["all"]\n'},
        {"slimfix.toml": "safe-only = true\n"},
        {"pyproject.toml": '[tool.slimfix]\nignore = ["dockerignore"]\n'},
        {"Dockerfile": "# slimfix: ignore-file=dockerignore\n" + COPIES},
        {"Dockerfile": "FROM a\nCOPY main.py .\n"},
        {"Dockerfile": "FROM a\nCOPY --from=b . .\n"},
    ],
)
def test_none_where_it_is_not_wanted_or_not_sure(more: dict[str, str]) -> None:
    assert only({"Dockerfile": COPIES, "main.py": "", **more}) == {}


def test_comments_alone_are_not_proposed() -> None:
    assert only({"Dockerfile": COPIES, "main.py": "", ".env": "X=1\n", ".dockerignore": ".git\n"}) == {}
    found = only({"Dockerfile": COPIES, "main.py": "", ".env": "X=1\n"})
    assert found[".dockerignore"].endswith("\n# .env\n")
    (one,) = planned({"Dockerfile": COPIES, "main.py": "", ".env": "X=1\n"}).proposals
    assert [(fix.safety, fix.assumption is None) for fix in one.fixes] == [("assumed", False), ("safe", True)]
    assert "- `.dockerignore`: name `.env` in a comment, for you to decide" in text(one)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), True),
        (Policy(safe_only=True), False),
        (Policy(ignore=("dockerignore",)), False),
        (Policy(select=("pip",)), False),
        (Policy(select=("pip", "DockerIgnore")), True),
        (Policy(select=("all",)), True),
    ],
)
def test_the_operator_may_narrow_it(policy: Policy, expected: bool) -> None:
    assert bool(only({"Dockerfile": COPIES, "main.py": ""}, policy)) == expected


def test_a_repository_cannot_have_what_the_operator_does_not_allow() -> None:
    files = {"Dockerfile": COPIES, "main.py": "", "slimfix.toml": 'select = ["dockerignore"]\n'}
    assert only(files) and not only(files, Policy(ignore=("dockerignore",)))


def test_one_of_a_single_dockerfile() -> None:
    files = {"Dockerfile": COPIES, "main.py": "", "Dockerfile.dockerignore": "x\n"}
    assert only(files) == {"Dockerfile.dockerignore": f"x\n\n{GIT}"}


def test_what_a_rewritten_dockerfile_needs_is_kept() -> None:
    made = planned(
        {
            "Dockerfile": NODE.replace(" && npm cache clean --force", ""),
            "package.json": "{}",
            "package-lock.json": '{"lockfileVersion": 3, "packages": {}}',
            ".gitignore": "node_modules\n",
        }
    )
    (one,) = made.proposals
    assert "COPY package.json package-lock.json" in one.changes[0].after
    assert [change.path for change in one.changes] == ["Dockerfile", ".dockerignore"]
    assert "package" not in one.changes[1].after.replace("packages installed", "")


def test_directories_have_pull_requests_of_their_own() -> None:
    files = {"a/Dockerfile": COPIES, "a/.idea/x": "", "b/Dockerfile": COPIES + "RUN pip install x\n"}
    made = planned(files, Policy(group="directory"))
    assert [[change.path for change in one.changes] for one in made.proposals] == [
        ["b/Dockerfile"],
        ["a/.dockerignore"],
    ]


# -- what is never written -------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize(
    ("stands", "reason"),
    [
        (("120000", "../../etc/passwd"), ""),
        (("120000", "ignore.txt"), "not proposed: it is no regular file"),
        (("160000", "c" * 40), "not proposed: it is no regular file"),
    ],
)
def test_never_through_a_link_or_over_a_submodule(bot: Bot, stands: tuple[str, str], reason: str) -> None:
    files: dict[str, Content] = {
        "Dockerfile": COPIES,
        "main.py": "",
        "ignore.txt": "x\n",
        ".dockerignore": stands,
    }
    repo = bot.world.repo("acme/shop", files)
    made = bot.plan(repo)
    assert made.proposals == ()
    assert [one.reason for one in made.unread] == [reason] * bool(reason)
    assert bot.publish(made) == [] and repo.branches().keys() == {"main"}


def test_never_where_a_directory_stands() -> None:
    made = planned({"Dockerfile": COPIES, "main.py": "", ".dockerignore/x": ""})
    assert made.proposals == ()
    assert [one.reason for one in made.unread] == ["not proposed: a directory has its name"]


def test_a_dockerfile_that_cannot_be_read_is_a_reason(bot: Bot) -> None:
    repo = bot.world.repo(
        "acme/shop", {"Dockerfile": COPIES, "main.py": "", "x/Dockerfile": ("120000", "../Dockerfile")}
    )
    assert [(one.path, one.reason) for one in bot.plan(repo).unread] == [
        (".dockerignore", "not proposed: x/Dockerfile: a symbolic link"),
        ("x/Dockerfile", "a symbolic link"),
    ]


FILES: dict[str, Content] = {
    "Dockerfile": COPIES,
    "main.py": "",
    "a/Dockerfile": COPIES,
    "a/.dockerignore": "x\n",
    "a/.idea/x": "",
}


@pytest.mark.parametrize(
    "change",
    [
        # Another path than that beside the Dockerfile.
        ('"path": ".dockerignore"', '"path": "b/.dockerignore"'),
        ('"path": ".dockerignore"', '"path": ".gitignore"'),
        ('"path": ".dockerignore"', '"path": ".github/workflows/ci.yml"'),
        ('"path": ".dockerignore"', '"path": "Dockerfile.dockerignore"'),  # none was there
        ('"path": ".dockerignore"', '"path": "../.dockerignore"'),
        ('"dockerfiles": ["Dockerfile"]', '"dockerfiles": ["src/main.py"]'),
        # Another text than lines behind the old ones.
        ('"before": "x\\n"', '"before": "y\\n"'),
        ('.idea\\n"', '.idea\\n!secret\\n"'),
        ('"rule": "dockerignore", "again"', '"rule": "pip-no-cache-dir", "again"'),
        ('"mode": "100644"', '"mode": "120000"'),
        # An ignore file that calls itself none.
        ('"dockerfiles": ["Dockerfile"]', '"dockerfiles": []'),
    ],
)
def test_a_plan_that_would_write_more_is_refused(bot: Bot, change: tuple[str, str]) -> None:
    document = json.dumps(json.loads(plan_file.document([bot.plan(bot.world.repo("acme/shop", FILES))])))
    assert plan_file.read(document)
    assert change[0] in document
    with pytest.raises(BotError) as caught:
        plan_file.read(document.replace(*change))
    assert caught.value.kind == "bad-plan"


def test_a_commit_that_writes_another_text_is_refused(bot: Bot) -> None:
    repo: Repo = bot.world.repo("acme/shop", FILES)
    made = bot.plan(repo)
    (one,) = made.proposals
    (commit,) = one.commits
    bad = commit._replace(files=(commit.files[0]._replace(text="*\n"), *commit.files[1:]))
    with pytest.raises(BotError, match="not the ignore file of the plan"):
        bot.publish(made._replace(proposals=(one._replace(commits=(bad,)),)))
    assert not [entry for entry in bot.world.log if entry[0] in ("POST", "PATCH", "PUSH")]


def test_no_other_file_becomes_a_dockerfile(bot: Bot) -> None:
    made = bot.plan(bot.world.repo("acme/shop", {"Dockerfile": "FROM a\nRUN pip install x\n"}))
    document = plan_file.document([made]).replace('"path": "Dockerfile"', '"path": "Makefile"')
    with pytest.raises(BotError, match="not a Dockerfile of the plan: 'Makefile'"):
        plan_file.read(document)
