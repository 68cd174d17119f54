"""Diffs, which git has to take."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimfix.diff import Counts, counts, diff, label, parse, unified
from slimfix.text import decode, encode

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def applied(directory: Path, name: str, before: bytes, patch: bytes) -> bytes:
    """What git makes of a file."""
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(before)
    command = ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]
    ceiling = {"GIT_CEILING_DIRECTORIES": str(directory.parent), "PATH": "/usr/bin:/bin:/usr/local/bin"}
    subprocess.run(command, input=patch, cwd=directory, check=True, env=ceiling)
    return (directory / name).read_bytes()


def test_nothing() -> None:
    assert unified("a\n", "a\n", "Dockerfile") == ""
    assert diff("a", "a", "Dockerfile", colour=True) == b""


def test_plain() -> None:
    text = unified("a\nb\n", "a\nc\n", "x/Dockerfile")
    assert text == "--- a/x/Dockerfile\n+++ b/x/Dockerfile\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"


def test_a_new_file() -> None:
    assert unified("", "a\n", "x/.dockerignore", new=True) == (
        "--- /dev/null\n+++ b/x/.dockerignore\n@@ -0,0 +1 @@\n+a\n"
    )


def test_no_final_newline() -> None:
    assert unified("a", "b", "D").endswith(
        "-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    )


def test_line_numbers_far_down() -> None:
    before = [f"{number}\n" for number in range(100)]
    after = [*before[:50], "new\n", *before[50:]]
    assert "@@ -48,6 +48,7 @@" in unified("".join(before), "".join(after), "D")


def test_colour_leaves_line_ends_alone() -> None:
    printed = diff("a\r\n-b\r\n", "a\r\n+c\r\n", "D", colour=True)
    assert b"\033[31m--b\033[0m\r\n" in printed
    assert b"\033[32m++c\033[0m\r\n" in printed
    assert b"\033[1m--- a/D\033[0m\n" in printed
    assert b"\n a\r\n" in printed


@needs_git
@pytest.mark.parametrize(
    "name", ["Dockerfile", "a b/Dockerfile", 'q"uote\\/Dockerfile', "tab\there/Dockerfile", "é/Dockerfile"]
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"a\nb", b"a\nc"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"caf\xe9\nb\n", b"caf\xe9\xff\nb\n"),
        (b"a\rb\n\x0c\nc\n", b"a\rb\n\x0c\x85\nd\n"),
    ],
)
def test_git_applies(tmp_path: Path, name: str, before: bytes, after: bytes) -> None:
    assert applied(tmp_path, name, before, diff(decode(before), decode(after), name)) == after


LINES = st.lists(st.sampled_from(["a\n", "b\r\n", "", "c\n", "\n", "é\n", "\udcff\n"]), max_size=25)


@needs_git
@settings(max_examples=40, deadline=None)
@given(before=LINES, after=LINES, end=st.sampled_from(["", "x"]))
def test_git_applies_anything(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str], end: str
) -> None:
    old, new = "f\n" + "".join(before) + end, "f\n" + "".join(after)
    if old != new:
        patch = encode(unified(old, new, "D"))
        assert applied(tmp_path_factory.mktemp("git"), "D", encode(old), patch) == encode(new)


def test_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert label(str(tmp_path / "x" / "Dockerfile")) == "x/Dockerfile"
    assert label("./Dockerfile") == "Dockerfile"
    assert label("../Dockerfile") == str(tmp_path.parent / "Dockerfile").lstrip("/")
    assert label("..x/Dockerfile") == "..x/Dockerfile"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_read_back(newline: str, last: str) -> None:
    before = newline.join(["-- a", "++ b", *map(str, range(20)), "caf\udce9"]) + last
    after = before.replace("-- a", "--- c").replace("caf", "x" + newline + "caf")
    patch = diff(before, after, "a b/Dockerfile")
    assert counts(patch) == Counts(2, 1, 2)
    (file,) = parse(patch)
    assert file.path == "a b/Dockerfile"
    assert counts(b"") == Counts(0, 0, 0)
