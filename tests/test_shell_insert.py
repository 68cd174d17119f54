"""A command that is added to a script changes neither what else runs nor when the script fails.

Each script is run as it is and with the added command, by every shell that is here, for every choice of
commands that fail; the other commands must be the same ones, and so must the exit status.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess

import pytest

from slimfix.shell import Logical, Opaque, Script
from slimfix.shell.insert import Place, at_end, behind, operator, precedes
from slimfix.text import Span

SHELLS = [[*words] for words in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(words[0])]
SCRIPTS = [
    "a",
    "a && b && c",
    "a; b; c",
    "a || b && c",
    "a && b || c",
    "a | b && c",
    "! a; b",
    "set -e; a; b; c",
    "set -e; a && b; c",
    "set -e; a || b; c",
    "set -e; a | b; c",
    "if a; then b; c; fi",
    "set -e; if a; then b; c; fi",
    "set -e; if a; then b && c; fi; a",
    "set -e; if a; then b; else c; fi",
    "{ a; b; }; c",
    "set -e; { a; b; } && c",
    "(a; b) && c",
    "set -e; (a; b); c",
    "(set -e; a; b); c",
    "for i in 1 2; do a; b; done; c",
    "set -e; for i in 1 2; do a; b; done; c",
    "set -e; for i in 1 2; do a && b; c; done",
    "case $0 in *) a; b ;; esac; c",
    "set -e; case $0 in *) a; b ;; esac; c",
    "a; b; exit 0",
    "set +e; a; b; c;",
    "a\nb\nc",
    "set -e\na\nb && c\n",
    "while a; do b; break; done; c",
]
PRELUDE = (
    "".join(f'{name}() {{ printf {name}; case "$FAIL" in *{name}*) return 3;; esac; }}\n' for name in "abc")
    + "added() { printf x; }\n"
)


def outcome(shell: list[str], script: str, options: str, failing: str) -> tuple[str, int]:
    """The commands that ran, in order, and the exit status."""
    text = f"FAIL={failing}\n{PRELUDE}{options}\n{script}"
    done = subprocess.run([*shell, "-c", text], capture_output=True, text=True, timeout=20)
    assert "yntax error" not in done.stderr, done.stderr
    return done.stdout, done.returncode


@pytest.mark.parametrize("options", ["", "e"])
@pytest.mark.parametrize("text", SCRIPTS)
def test_nothing_else_changes(text: str, options: str) -> None:
    script = Script.read(Logical.of(text, [Span(0, len(text))]))
    assert not isinstance(script, Opaque)
    places = [behind(script, command.node) for command in script.commands if command.name in ("a", "b", "c")]
    tried = 0
    for place in (*places, at_end(script)):
        if not isinstance(place, Place):
            continue
        joint = operator(script, options, place, "added")
        if joint is None:
            continue
        tried += 1
        end = place.node.end
        longer = f"{text[:end]} {joint} added{text[end:]}"
        given = "set -e" if options else ""
        for shell in SHELLS:
            for size in range(4):
                for failing in map("".join, itertools.combinations("abc", size)):
                    before = outcome(shell, text, given, failing)
                    ran, status = outcome(shell, longer, given, failing)
                    assert (ran.replace("x", ""), status) == before, (longer, failing, shell)
    assert tried or text in ("a; b; exit 0", "! a; b")


def test_there_are_shells() -> None:
    assert SHELLS


@pytest.mark.parametrize(
    "text",
    [
        "if added; then b; fi",
        "! added",
        "added & wait",
        "f() { added; }; f",
        "echo $(added)",
        "(a; added) | b",
    ],
)
def test_no_place(text: str) -> None:
    script = Script.read(Logical.of(text, [Span(0, len(text))]))
    assert not isinstance(script, Opaque)
    command = next(command for command in script.commands if command.name == "added")
    assert isinstance(behind(script, command.node), str)


def test_a_branch_that_need_not_be_entered() -> None:
    text = "a || b && c"
    script = Script.read(Logical.of(text, [Span(0, len(text))]))
    assert not isinstance(script, Opaque)
    a, b, _ = (command.node for command in script.commands)
    assert isinstance(behind(script, b, [b]), str)
    assert isinstance(behind(script, b, [a, b]), Place)
    assert isinstance(behind(script, b), Place)


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("a && b", True),
        ("a; b", True),
        ("{ a; } && b", True),
        ("set -e; (a); b", True),
        ("a || true; b", True),
        ("export X=1 && a; b", True),
        ("a | tee log; b", True),
        ("if x; then a && b; fi", True),
        ("test -f x && a; b", False),
        ("test -f x || a; b", False),
        ("x && a && y || b", False),
        ("if x; then a; fi; b", False),
        ("if x; then a; else b; fi", False),
        ("for i in; do a; done; b", False),
        ("case x in x) a;; *) b;; esac", False),
        ("b; a", False),
        ("a & b", False),
    ],
)
def test_precedes(text: str, certain: bool) -> None:
    script = Script.read(Logical.of(text, [Span(0, len(text))]))
    assert not isinstance(script, Opaque)
    named = {command.name: command.node for command in script.commands}
    assert precedes(script, named["a"], named["b"]) == certain
