"""What a stranger's repository, a stranger's plan and a leaky message must not bring about."""

from __future__ import annotations

import base64
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from slimfix.bot import command, git, marker, names, plan_file, read
from slimfix.bot.errors import BotError
from slimfix.bot.forge import New, Repository
from slimfix.bot.redact import Secrets, basic
from slimfix.bot.settings import Policy
from slimfix.bot.tree import Tree
from tests.bot.conftest import Bot
from tests.bot.forge.world import Content
from tests.bot.shapes import ALPINE, PIP

BRANCH = "slimfix/dockerfiles"
_commands: list[list[str]] | None = None
_lock = threading.Lock()
EVERY = pytest.mark.parametrize("forge_kind", ["github", "gitlab", "gitea"])


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if (
        event == "subprocess.Popen"
        and _commands is not None
        and threading.current_thread() is threading.main_thread()
    ):
        _commands.append([os.fspath(arguments[0]), *map(os.fspath, arguments[1])])


sys.addaudithook(_hear)


@contextmanager
def commands() -> Iterator[list[list[str]]]:
    """Every command that this thread starts; the forge has threads of its own."""
    global _commands
    with _lock:
        _commands = []
        yield _commands
        _commands = None


# -- 1: no checkout --------------------------------------------------------------------------------

HOSTILE: dict[str, Content] = {
    "Dockerfile": PIP,
    "link/Dockerfile": ("120000", "../../../../etc/passwd"),
    "sub.Dockerfile": ("160000", "c" * 40),
    ".gitattributes": "* filter=evil\n",
    ".gitmodules": '[submodule "x"]\n\tpath = sub\n\turl = ext::sh -c touch% /tmp/x\n',
    ".github/workflows/Dockerfile": PIP,
    "-x/Dockerfile": PIP,
    "a\nb/Dockerfile": PIP,
    "esc\x1b[31m/Dockerfile": PIP,
    "rtl\u202e/Dockerfile": PIP,
    b"caf\xe9/Dockerfile".decode("utf-8", "surrogateescape"): PIP,
    "node_modules/x/Dockerfile": PIP,
}


def test_links_submodules_and_odd_names_are_passed_over_with_a_reason(bot: Bot) -> None:
    repo = bot.world.repo("acme/shop", HOSTILE)
    plan = bot.plan(repo)
    assert [change.path for change in plan.proposals[0].changes] == ["Dockerfile"]
    assert {one.path: one.reason for one in plan.unread} == {
        "link/Dockerfile": "a symbolic link",
        "sub.Dockerfile": "a submodule",
        ".github/workflows/Dockerfile": "a workflow is never written",
        "-x/Dockerfile": "its name begins with a hyphen",
        "a\nb/Dockerfile": "its name has control characters",
        "esc\x1b[31m/Dockerfile": "its name has control characters",
        "rtl\u202e/Dockerfile": "its name has control characters",
        "caf\udce9/Dockerfile": "its name is not UTF-8",
    }


def test_no_file_of_a_repository_is_ever_written_to_the_disk(bot: Bot, tmp_path: Path) -> None:
    repo = bot.world.repo("acme/shop", {**HOSTILE, "big.bin": os.urandom(3_000_000)})
    url = f"{bot.forge.address}/git/{repo.full}.git"
    login = command.Login("x", bot.world.token)
    clone = git.Clone.of(url, "main", str(tmp_path / "clone"), bot.secrets, login)
    try:
        tree = Tree(clone.entries(), clone)
        assert tree.read("Dockerfile") == PIP.encode()
    finally:
        clone.close()
    written = [path for path in (tmp_path / "clone").rglob("*") if path.is_file()]
    assert not [path for path in written if "Dockerfile" in path.name]
    assert sum(path.stat().st_size for path in written) < 200_000  # and big.bin was not fetched
    assert not (tmp_path / "clone" / "index").exists()


@pytest.mark.parametrize(
    "path", ["../x", "a/../b", "/etc/passwd", ".git/config", "a/.GIT/x", "a//b", "-", "a/-b", "a\0b"]
)
def test_paths_that_are_refused(path: str) -> None:
    assert names.bad_path(path)


@pytest.mark.parametrize(
    "name", ["-a/b", "a/-b", "a", "a/..", "a/b c", "a/b\n", "../b", "a/b;c", "a/$b", "", "a/"]
)
def test_repositories_that_are_refused(name: str) -> None:
    with pytest.raises(BotError):
        names.repository(name)


def test_the_branch_is_a_function_of_the_group() -> None:
    unit = "services/" + "very-long-" * 30 + "\u2603 -x/.."
    assert names.branch("dockerfiles") == BRANCH
    assert names.branch("dockerfiles", unit) == names.branch("dockerfiles", unit)
    assert names.branch("dockerfiles", unit) != names.branch("dockerfiles", unit + "/")
    assert len(names.branch("x" * 300, unit)) <= names.MAX_BRANCH
    assert names.branch("dockerfiles", unit).replace("/", "").replace("-", "").isalnum()


# -- 2: git's environment --------------------------------------------------------------------------


def test_git_sees_nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bot: Bot) -> None:
    trap = tmp_path / "sprung"
    hook = tmp_path / "hooks" / "post-checkout"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {hook.parent}\n\tfsmonitor = touch {trap}\n"
        f'[credential]\n\thelper = "!touch {trap}"\n'
        '[url "file:///nowhere/"]\n\tinsteadOf = http\n'
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    for name in ("GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND", "GIT_EXEC_PATH"):
        monkeypatch.setenv(name, f"touch {trap}")
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    assert bot.plan(repo).proposals
    assert not trap.exists()


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c 'touch x'",
        "file:///etc",
        "ssh://a/b",
        "git://a/b",
        "http://forge.example/a.git",
        "--upload-pack=x",
    ],
)
def test_protocols_that_are_not_spoken(url: str, tmp_path: Path) -> None:
    with pytest.raises(BotError):
        git.Clone.of(url, "main", str(tmp_path / "clone"), Secrets(), None)
    assert not (tmp_path / "clone").exists()


def test_a_local_repository_is_never_completed_over_a_network(tmp_path: Path) -> None:
    env = command.environment(None)
    assert env["GIT_ALLOW_PROTOCOL"] == "none"
    assert not any(name.startswith(("GIT_SSH", "GIT_PROXY")) for name in env)


def test_the_forge_may_not_send_git_elsewhere(bot: Bot) -> None:
    assert dict(command.SETTINGS)["http.followRedirects"] == "false"


def test_files_that_are_too_large_are_not_taken(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MAX_FETCH", 1 << 20)
    files: dict[str, Content] = {
        "Dockerfile": PIP,
        "big.Dockerfile": b"FROM a\n" + os.urandom(3_000_000),
        "web/Dockerfile": PIP,
    }
    plan = bot.plan(bot.world.repo("acme/shop", files))
    assert [change.path for change in plan.proposals[0].changes] == ["Dockerfile", "web/Dockerfile"]
    assert [(one.path, one.reason) for one in plan.unread] == [
        ("big.Dockerfile", "too large for a Dockerfile")
    ]


def test_repositories_with_too_many_files(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MAX_ENTRIES", 20)
    repo = bot.world.repo("acme/shop", {f"f{number}": "" for number in range(30)})
    with pytest.raises(BotError) as caught:
        bot.plan(repo)
    assert caught.value.kind == "too-large"


# -- 3: the token ----------------------------------------------------------------------------------


@EVERY
def test_the_token_is_in_no_argument_plan_or_body(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": ALPINE})
    with commands() as started:
        plan = bot.plan(repo)
        bot.publish(plan)
    assert started
    token = bot.world.token
    forms = (token, basic(token), basic(token, "oauth2"), base64.b64encode(token.encode()).decode())
    texts = [" ".join(command) for command in started] + [plan_file.document([plan])]
    texts += [repo.pulls[0].body, repo.pulls[0].title, repo.git("log", BRANCH), *bot.world.headers]
    assert not [text for text in texts for form in forms if form in text]


def test_the_token_is_not_in_errors(bot: Bot) -> None:
    token = bot.world.token
    secrets = Secrets(token)
    for text in (
        f"https://user:{token}@forge.example/a",
        f"Authorization: Basic {basic(token)}",
        f"bearer {token}",
        base64.b64encode(f"ab{token}cd".encode()).decode(),
        base64.b64encode(f"oauth2:{token}".encode()).decode(),
    ):
        assert token not in secrets.hide(text)
        for offset in range(3):
            part = base64.b64encode(b"x" * offset + token.encode()).decode()[8:40]
            assert part not in secrets.hide(text)


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "A1b2" * 9,
        "ghs_" + "A1b2" * 9,
        "github_pat_" + "A1b2" * 12,
        "glpat-" + "A1b2" * 5,
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0abc.c2lnbmF0dXJl",
    ],
)
def test_tokens_that_are_not_ours_are_hidden_by_their_shape(token: str) -> None:
    assert token not in Secrets().hide(f"remote said {token}.")


@EVERY
def test_what_the_forge_says_is_hidden_where_it_repeats_our_token(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bot.world.tokens, "other-token-of-another-shape", "x")
    repo = bot.world.repo(f"acme/{'x' * 9}", {"Dockerfile": PIP})
    bot.there.client.secrets.add("x" * 9)
    del bot.world.repos[repo.full]
    with pytest.raises(BotError) as caught:
        bot.plan(repo)
    assert "x" * 9 not in str(caught.value)


@pytest.mark.parametrize(
    "api", ["http://forge.example/api", "https://user:secret@forge.example", "ftp://forge.example"]
)
def test_addresses_that_would_show_the_token(api: str, bot: Bot) -> None:
    from slimfix.bot.forge.github import GitHub

    with pytest.raises(BotError) as caught:
        GitHub(api, None, bot.github.client.pace, Secrets())
    assert "secret" not in str(caught.value)


# -- 4: what is written ----------------------------------------------------------------------------


def _tampered(bot: Bot, change: tuple[str, str]) -> str:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    text = plan_file.document([bot.plan(repo)])
    assert change[0] in text
    return text.replace(*change)


@pytest.mark.parametrize(
    "change",
    [
        ('"path": "Dockerfile"', '"path": ".github/workflows/ci.yml"'),
        ('"path": "Dockerfile"', '"path": "../Dockerfile"'),
        ('"branch": "slimfix/dockerfiles"', '"branch": "main"'),
        ('"mode": "100644"', '"mode": "120000"'),
        ('"repository": "acme/shop"', '"repository": "acme/shop/../../x"'),
        ('"slimfix-plan": 1', '"slimfix-plan": 2'),
        ('"dockerfiles": 1', '"dockerfiles": true'),
        ('"again": 0', '"again": 0, "more": 1'),
        ('"rebase": "auto"', '"rebase": "force"'),
    ],
)
def test_a_plan_that_would_do_more_is_refused(bot: Bot, change: tuple[str, str]) -> None:
    with pytest.raises(BotError) as caught:
        plan_file.read(_tampered(bot, change))
    assert caught.value.kind in ("bad-plan", "bad-name")


def test_a_commit_that_writes_another_file_is_refused(bot: Bot) -> None:
    plan = bot.plan(bot.world.repo("acme/shop", {"Dockerfile": PIP}))
    (proposal,) = plan.proposals
    file = proposal.commits[0].files[0]._replace(path="Makefile")
    bad = proposal._replace(commits=(proposal.commits[0]._replace(files=(file,)),))
    with pytest.raises(BotError) as caught:
        bot.publish(plan._replace(proposals=(bad,)))
    assert caught.value.kind == "bad-plan"
    assert not [entry for entry in bot.world.log if entry[0] in ("POST", "PATCH")]


@pytest.mark.parametrize("forge_kind", ["gitlab", "gitea"])
def test_what_is_pushed_is_made_without_a_checkout(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the repository but what is changed is ever there, and nothing of it is left."""
    found: list[Path] = []
    real = command.call

    def call(arguments: list[str], *more: Any) -> Any:
        if "push" in arguments:
            found.append(Path(arguments[0].removeprefix("--git-dir=")))
            files = [path.name for path in found[-1].rglob("*") if path.is_file()]
            assert not [name for name in files if "Dockerfile" in name or name == "evil.sh"]
            assert sum(path.stat().st_size for path in found[-1].rglob("*") if path.is_file()) < 200_000
        return real(arguments, *more)

    monkeypatch.setattr(command, "call", call)
    files = {**HOSTILE, "evil.sh": ("100755", "#!/bin/sh\n"), "big.bin": os.urandom(3_000_000)}
    assert bot.run(bot.world.repo("acme/shop", files)) == ["create"]
    assert len(found) == 1 and not found[0].exists()


# -- 5: nothing is run -----------------------------------------------------------------------------


@EVERY
def test_nothing_but_git_is_run(bot: Bot) -> None:
    repo = bot.world.repo(
        "acme/shop", {**HOSTILE, "Dockerfile": "FROM a\nRUN apk add gcc && make\n", "Makefile": "x:\n"}
    )
    with commands() as started:
        bot.run(repo)
    for words in started:
        if words[0] == "/bin/sh":
            assert words[1:4] == ["/bin/sh", "-c", 'ulimit -c 0; ulimit -f "$0" && exec "$@"']
            words = words[5:]
        assert os.path.basename(words[0]) == "git"
        verbs = {"clone", "fetch", "ls-tree", "rev-parse", "cat-file"}
        if bot.kind != "github":  # commits are made here, and pushed
            verbs |= {"init", "remote", "read-tree", "hash-object", "update-index", "write-tree"}
            verbs |= {"commit-tree", "push"}
        assert verbs & set(words)
        assert not {"checkout", "submodule", "config", "worktree"} & set(words)


# -- 8: branches and pull requests of ours alone ---------------------------------------------------


@pytest.mark.parametrize(
    "branch", ["main", "slimfix", "other/slimfix/x", "slimfix-x", "slimfix/" + "x" * 100]
)
@EVERY
def test_other_branches_are_not_written_to(bot: Bot, branch: str) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    there = Repository(repo.full, "main", "", repo.node)
    head = str(repo.sha("main"))
    with pytest.raises(BotError):
        bot.there.create_branch(there, branch, head)
    with pytest.raises(BotError):
        bot.there.move_branch(there, branch, head, head)
    with pytest.raises(BotError):
        bot.there.delete_branch(there, branch, head)
    with pytest.raises(BotError):
        bot.there.open_pull(there, New("t", "b", branch, "main"))
    assert not [entry for entry in bot.world.log if entry[0] in ("POST", "PUSH")]


def test_notes_in_the_text_of_a_repository_are_not_ours() -> None:
    notes = marker.Marker("k", "f", "c", ("r",), ("a" * 40,), "t", "b" * 40)
    line = marker.text(notes)
    assert marker.find(f"Text\n\n{line}") == notes
    assert marker.find(f"Text\n\n{line}\r\n") == notes
    assert marker.find(f"{line}\n\nText") is None
    assert marker.find(f"> {line}") is None
    assert marker.find(f"Text {line}") is None
    assert "--" not in line[4:-3] and ">" not in line[4:-3]


def test_local_names_cannot_be_options(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    with pytest.raises(BotError):
        read.local(str(repo), "a/b", "--output=/tmp/x", Policy(), Secrets())
