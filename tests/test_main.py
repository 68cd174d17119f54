"""Command lines that are read without click mean what click says that they mean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimfix.cli import cli, fix
from slimfix.main import read

FLAGS = ["--diff", "--write", "--check", "--safe-only", "--unsafe", "-q", "--quiet", "-v", "--verbose"]
OTHERS = [
    "-",
    "--",
    "-qv",
    "--jobs",
    "2",
    "--select",
    "apk",
    "--no-context",
    "--format=json",
    "--help",
    "--dif",
]
PATHS = ["Dockerfile", "a b", "é", "", ".", "verify", "rules", "fix", "bot", "explain"]


def by_click(arguments: list[str]) -> tuple[tuple[str, ...], dict[str, object]]:
    parameters = dict(fix.make_context("fix", list(arguments)).params)
    paths: tuple[str, ...] = parameters.pop("paths")
    assert not parameters.pop("no_context") and not parameters.pop("dockerignore")
    return paths, parameters


@given(st.lists(st.sampled_from(FLAGS + PATHS + OTHERS), max_size=5))
def test_what_is_read_is_what_click_reads(arguments: list[str]) -> None:
    plain = read(arguments)
    if plain is not None:
        assert plain == by_click(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["a"],
        ["a", "--diff"],
        ["--diff", "a", "b"],
        ["--write", "-q", "a"],
        ["--check", "--safe-only", "-v", "a"],
    ],
)
def test_read_without_click(arguments: list[str]) -> None:
    assert read(arguments) == by_click(arguments)


@pytest.mark.parametrize(
    "arguments",
    [[], ["--diff"], ["-"], ["--", "a"], ["a", "--jobs", "2"], ["--safe-only", "--unsafe", "a"], ["--help"]]
    + [[name, "a"] for name in (*cli.commands, "verify", "bot")],
)
def test_left_to_click(arguments: list[str]) -> None:
    assert read(arguments) is None


def test_shell_completion_is_left_to_click(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SLIMFIX_COMPLETE", "bash_complete")
    assert read(["a"]) is None


def test_a_plain_line_does_not_import_click() -> None:
    program = "import sys\nfrom slimfix.main import main\n"
    program += "try: main(['no such file'])\nfinally: print('click' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "False\n")


SLOW = (
    *("bashlex", "click", "contextlib", "dataclasses", "dockerfile_parse", "importlib", "inspect", "json"),
    *("logging", "tomllib", "tomli", "typing", "warnings", "yaml", "zlib"),
)
"""What takes milliseconds to import, and a small file with nothing special has no need of."""


def test_a_small_file_imports_nothing_slow(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text('FROM alpine:3.20\nRUN apk add curl\nRUN pip install x\nCOPY . /app\nCMD ["a", "b"]\n')
    program = "import sys\nbefore = set(sys.modules)\nfrom slimfix.main import main\n"
    program += f"try: main([{str(file)!r}])\n"
    program += f"finally: print('slow:', *sorted(({{*sys.modules}} - before) & {set(SLOW)!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "slow:")
    assert "+RUN apk add --no-cache curl" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["Dockerfile"], ["--check", "Dockerfile"], ["-v", "Dockerfile", "none"]]
)
def test_python_is_not_torn_down_and_nothing_is_lost(tmp_path: Path, arguments: list[str]) -> None:
    """The program ends at once; who looks on, as coverage and profilers do, gets the ordinary end."""
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.20\n" + "RUN apk add curl\n" * 3000)
    looked_on = (
        "import atexit, sys\natexit.register(print, 'torn down')\n{}\nfrom slimfix.main import main\nmain()"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", looked_on.format(trace), *arguments], capture_output=True, cwd=tmp_path
        )
        for trace in ("", "sys.settrace(lambda *_: None)")
    ]
    assert done[1].stdout == done[0].stdout + b"torn down\n"
    assert (done[0].stderr, done[0].returncode) == (done[1].stderr, done[1].returncode)
    assert done[0].returncode == (2 if "none" in arguments else int("--check" in arguments))
    assert len(done[0].stdout) > 50_000 or "--check" in arguments
