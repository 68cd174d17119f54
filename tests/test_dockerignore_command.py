"""``slimfix --dockerignore``, from end to end."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from slimfix.main import main

NODE = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm install\n"
TEXT = b"# the history of the project; it changes with every commit, and the layer with it\n.git\n"


class Result(NamedTuple):
    status: int
    out: bytes
    err: bytes


Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Runs the program in a repository of its own."""
    monkeypatch.chdir(tmp_path)
    put(".git/HEAD", "ref: refs/heads/main\n")

    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as caught:
            main(["--dockerignore", *arguments])
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in err
        return Result(int(caught.value.code or 0), out, err)

    return run


def put(name: str, text: str = "") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def test_a_diff_of_a_new_file(call: Call) -> None:
    put("Dockerfile", NODE)
    status, out, err = call("Dockerfile")
    assert (status, out) == (
        0,
        b"--- /dev/null\n+++ b/.dockerignore\n@@ -0,0 +1,2 @@\n+" + TEXT[:-5] + b"+.git\n",
    )
    assert err == (
        b".dockerignore: .git: the history of the project; it changes with every commit, and the layer"
        b" with it\n1 ignore file would be written\n"
    )
    assert not Path(".dockerignore").exists()
    assert call("--check", "-q", ".") == (1, out, b"")
    assert Path("Dockerfile").read_text() == NODE


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_apply_is_write(call: Call) -> None:
    put("one two/Dockerfile", NODE)
    put("one two/.idea/x")
    put("one two/.env")
    patch = call("one two").out
    shutil.rmtree(".git")
    subprocess.run(["git", "init", "-q", "."], check=True)
    subprocess.run(["git", "apply", "-"], input=patch, check=True)
    applied = Path("one two/.dockerignore").read_bytes()
    Path("one two/.dockerignore").unlink()
    assert call("--write", "one two") == (0, b"", call("one two").err.replace(b"would be ", b""))[:2] + (
        b"one two/.dockerignore: **/.idea: settings of an editor\n"
        b"one two/.dockerignore: .env: settings, often secret; an image is no place for them, if the program"
        b" gets them when it starts [a comment: yours to decide]\n1 ignore file written\n",
    )
    assert Path("one two/.dockerignore").read_bytes() == applied


def test_write_once(call: Call) -> None:
    put("Dockerfile", NODE)
    assert call("--write", "--check", "-q", ".") == (1, b"", b"")
    assert Path(".dockerignore").read_bytes() == TEXT
    assert call("--write", "--check", ".") == (0, b"", b"nothing to ignore\n")


def test_what_a_user_wrote_stays(call: Call) -> None:
    put("Dockerfile", NODE)
    put(".dockerignore", "*.md\n!.idea\n")
    put(".idea/x")
    out = call(".").out
    assert out.startswith(b"--- a/.dockerignore\n+++ b/.dockerignore\n@@ -1,2 +1,5 @@\n *.md\n !.idea\n+\n")
    assert b"\n+.git\n" in out
    put(".dockerignore", "!.git\n!.idea\n")
    assert call(".") == (0, b"", b"nothing to ignore\n")
    put(".dockerignore", "[\n")
    status, out, err = call(".")
    assert (status, out) == (2, b"")
    assert err.startswith(b"Dockerfile: the ignore file cannot be read: ")


def test_never_through_a_link(call: Call) -> None:
    put("Dockerfile", NODE)
    put("real")
    Path(".dockerignore").symlink_to("real")
    status, _, err = call("--write", ".")
    assert status == 2
    assert err.startswith(b".dockerignore: not written: it is a symbolic link\n")
    assert Path("real").read_bytes() == b""


def test_one_proposal_for_a_context(call: Call) -> None:
    put("Dockerfile", NODE)
    put("Dockerfile.dev", NODE)
    put(".idea/x")
    put("docker/a.Dockerfile", "FROM alpine\nCOPY .idea /x\n")
    put("web/Dockerfile", NODE)
    put("web/.vscode/x")
    put("compose.yaml", "services: {a: {build: {context: ., dockerfile: docker/a.Dockerfile}}}")
    document = json.loads(call("--format", "json", ".").out)
    assert document["version"] == 1 and document["files"] == document["errors"] == []
    found = {p["path"]: (p["dockerfiles"], [x["pattern"] for x in p["lines"]]) for p in document["proposals"]}
    assert found == {
        ".dockerignore": (["Dockerfile", "Dockerfile.dev", "docker/a.Dockerfile"], [".git", "**/.vscode"]),
        "web/.dockerignore": (["web/Dockerfile"], ["**/.vscode"]),
    }
    # The others of the context count though only one is named.
    one = json.loads(call("--format", "json", "Dockerfile").out)
    assert one["proposals"] == document["proposals"][:1]
    # A Dockerfile with an ignore file of its own has nothing to do with that of the others.
    put("Dockerfile.dev.dockerignore", ".git\n")
    paths = [p["path"] for p in json.loads(call("--format", "json", "--write", ".").out)["proposals"]]
    assert paths == [".dockerignore", "Dockerfile.dev.dockerignore", "web/.dockerignore"]
    assert Path("Dockerfile.dev.dockerignore").read_text().startswith(".git\n")


def test_a_dockerfile_outside_of_its_context(call: Call) -> None:
    put("docker/Dockerfile", NODE)
    put("src/.idea/x")
    out = call("--context", "src", "docker/Dockerfile").out
    assert b"+++ b/src/.dockerignore\n" in out
    put("docker/Dockerfile.dockerignore", "*.md\n")
    out = call("--context", "src", "docker/Dockerfile").out
    assert b"+++ b/docker/Dockerfile.dockerignore\n" in out


def test_one_that_cannot_be_read_stands_in_the_way(call: Call) -> None:
    put("Dockerfile", NODE)
    put("Dockerfile.dev", "FROM\n")
    status, out, err = call("Dockerfile")
    assert (status, out) == (2, b"")
    assert b"; nothing is proposed for its build context\n" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-",), "--dockerignore needs files: standard input has no build context to look at"),
        (("--no-context", "."), "--dockerignore needs the build context; leave --no-context away"),
        (("--verify", "--write", "."), "--dockerignore and --verify exclude each other"),
        (("--context", "no", "."), "no: the context is not a directory"),
        (("--select", "no-such-rule", "."), "slimfix: "),
    ],
)
def test_what_does_not_go(call: Call, arguments: tuple[str, ...], message: str) -> None:
    put("Dockerfile", NODE)
    status, out, err = call(*arguments)
    assert (status, out) == (2, b"")
    assert message in err.decode()
