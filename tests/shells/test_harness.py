"""The harness sees the known holes of merging RUNs, and nothing where there is none."""

from __future__ import annotations

import os
import signal

import pytest

from .harness import (
    SHELLS,
    Background,
    Fault,
    Shell,
    World,
    complete,
    differences,
    inventory,
    run,
)
from .root import Root

pytestmark = pytest.mark.parametrize("shell", SHELLS, ids=lambda s: s.name.lower())

SAME = {
    "and": (["a", "b"], ["a && b"]),
    "lists in a group": (["a; b", "c"], ["{ a; b; } && c"]),
    "set -e kept as a list": (["set -e; a; b", "c"], ["set -e; a; b; c"]),
    "cd in a subshell": (["cd /x && a", "b"], ["(cd /x && a) && b"]),
    "or goes before and": (["a || b", "c"], ["a || b && c"]),
    "or in a group": (["a", "b || c"], ["a && { b || c; }"]),
    "pipeline": (["a | b | c", "d"], ["a | b | c && d"]),
    "background, waited for": (["a & wait", "b"], ["a & wait && b"]),
    "background in a group": (["{ a; b; } & wait", "c"], ["{ a; b; } & wait && c"]),
    "subshell": (["a; exit 0", "b"], ["(a; exit 0) && b"]),
    "subshell keeps traps": (["trap 'c' EXIT; a", "b"], ["(trap 'c' EXIT; a) && b"]),
    "if": (["if a; then b; fi", "c"], ["if a; then b; fi && c"]),
    "not": (["! a", "b"], ["! a && b"]),
    "files": (["echo x > /etc/f", "a < /etc/f"], ["echo x > /etc/f && a < /etc/f"]),
    "loop until it works": (
        ["until a; do sleep 1; done", "b"],
        ["until a; do sleep 1; done && b"],
    ),
    "sourced": ([". /opt/env.sh && a", "./b"], ["(. /opt/env.sh && a) && ./b"]),
    "words of variables": (["$D/bin/a", "cd $D/y && b"], ["$D/bin/a && cd $D/y && b"]),
}

DIFFERENT = {
    "a list joined with and": (["a; b"], ["a && b"], "`b`, only before"),
    "a list and what follows": (["a; b", "c"], ["a; b; c"], "`c`, only after"),
    "set -e left of and": (["set -e; a; b", "c"], ["{ set -e; a; b; } && c"], "`b`, only after"),
    "set -e and a list of its own": (["set -e; a", "b; c"], ["set -e; a; b; c"], "only before"),
    "cd": (["cd /x && a", "b"], ["cd /x && a && b"], "`b` in / before, `b` in /x after"),
    "cd to nowhere": (["cd /x; a"], ["cd /x && a"], "/x does not exist"),
    "export": (["export X=1; a", "b"], ["export X=1; a && b"], "`b` with X=1 after"),
    "variable": (["X=1; a", "b $X"], ["X=1; a && b $X"], "`b 1` after"),
    "sourced": ([". /opt/env.sh; a", "b"], [". /opt/env.sh; a && b"], "SOURCED_env_sh=1 after"),
    "or of the second": (["a", "b || c"], ["a && b || c"], "`a` (call 1) fails"),
    "or, both fail": (["a || b", "c"], ["a || b; c"], "`a` (call 1) fails and `b` (call 1)"),
    "background leaks": (["a &", "b"], ["a & b"], "outlives its RUN after 1 events"),
    "exit": (["a; exit 0", "b"], ["a; exit 0; b"], "`b`, only before"),
    "exec": (["exec a", "b"], ["exec a && b"], "`b`, only before"),
    "trap": (["trap 'c' EXIT; a", "b"], ["trap 'c' EXIT; a && b"], "is `c` before, `b` after"),
    "ignored signal": (["trap '' TERM; a", "b"], ["trap '' TERM; a && b"], "ignored=15 after"),
    "umask": (["umask 077; a", "b"], ["umask 077; a && b"], "umask=077 after"),
    "umask of a file": (["umask 077; a", "echo > f"], ["umask 077; a && echo > f"], "600 1"),
    "limit": (["ulimit -n 900; a", "b"], ["ulimit -n 900; a && b"], "limit7=900/900 after"),
    "set -x": (["set -x; a", "b"], ["set -x; a && b"], "messages differ"),
    "output of builtins": (["echo 1; a"], ["echo 2; a"], "output differs"),
    "piped input": (["echo 1 | a"], ["echo 2 | a"], "input"),
    "comment eats": (["a # note", "b"], ["a # note && b"], "`b`, only before"),
    "not": (["a", "! b", "c"], ["a && ! b; c"], "`c`, only after"),
}


@pytest.mark.parametrize("name", SAME)
def test_no_difference(shell: Shell, name: str) -> None:
    found = differences(*SAME[name], [shell], workdir="/srv")
    assert not found, str(found)
    assert found.cases > 2 or name == "files"
    assert found.untried == 0


@pytest.mark.parametrize("name", DIFFERENT)
def test_difference(shell: Shell, name: str) -> None:
    before, after, said = DIFFERENT[name]
    found = differences(before, after, [shell], limit=4)
    assert any(said in str(d) for d in found), str(found)


def test_pipefail_matters(shell: Shell) -> None:
    found = differences(["a | b", "c"], ["(a && false) | b; c"], [shell])
    plain = run(["a | b", "c"], shell, faults=[Fault(("a",))])
    assert (plain.calls[-1] == ("c",)) == (shell is not Shell.BASH_PIPEFAIL)
    assert found


def test_stable_over_repeats(shell: Shell) -> None:
    scripts = [
        "a | b 2>&1 | (c; d); e & f; { g; h; } &\n(i; j) & wait; k; echo $$ > pid; (l; m) &",
        "echo end | n; o >/dev/null | p; q || r",
    ]
    first = run(scripts, shell, faults=[Fault(("q",))])
    assert {run(scripts, shell, faults=[Fault(("q",))]) for _ in range(20)} == {first}
    assert [argv[0] for argv in first.calls] == list("abcdfknopqr")
    assert [job.event.argv[0] for job in first.background] == list("eghijlm")
    assert [job.outlived for job in first.background] == [False] * 5 + [True] * 2


def test_docker_stops_at_the_first_failing_run(shell: Shell) -> None:
    outcome = run(["a", "b; c", "d"], shell, fail_at=2)
    assert outcome.calls == (("a",), ("b",), ("c",))
    assert (outcome.failed, outcome.started, outcome.status) == (True, 2, 1)


def test_each_run_is_fresh_but_for_files(shell: Shell) -> None:
    outcome = run(["X=1; export X; cd /; umask 0; echo hi > /srv/f", "a $X < f"], shell, workdir="/srv")
    (event,) = outcome.events
    assert (event.argv, event.cwd, event.stdin, event.state) == (
        ("a",),
        "/srv",
        "hi\n",
        "umask=022",
    )
    assert dict(event.env).keys() == {"HOME", "PATH"}
    assert outcome.files == (("/srv/f", "666 3", "hi\n"),)
    assert run(["a < f"], shell, World(frozenset("a")), workdir="/srv").failed


def test_what_a_call_shows(shell: Shell) -> None:
    outcome = run(["b $(mktemp) $(a)", "V=1 c <<E\nx\nE"], shell, env={"LANG": "C"})
    assert [e.argv for e in outcome.events[:3]] == [("mktemp",), ("a",), ("b", "/tmp", "out-a")]
    assert (outcome.events[3].stdin, dict(outcome.events[3].env)["V"]) == ("x\n", "1")
    assert all(dict(e.env)["LANG"] == "C" for e in outcome.events)


def test_every_program_is_a_stub(shell: Shell) -> None:
    names = ("rm", "sh", "ash", "busybox", "mkdir", "env", "ls")
    outcome = run([f"{name} x" for name in names], shell)
    assert outcome.calls == tuple((name, "x") for name in names)


def test_the_clock_ends_it(shell: Shell) -> None:
    outcome = run(["a; while :; do :; done", "b"], shell, timeout=0.1)
    assert (outcome.timed_out, outcome.failed, outcome.calls) == (True, True, (("a",),))
    left = run(["while :; do sleep 1; done & a", "b"], shell)
    assert (left.left, left.failed, left.calls) == (True, False, (("a",), ("b",)))
    found = differences(["while a; do :; done"], ["a"], [shell], timeout=0.1)
    assert "before alone does not end" in str(found)


def test_a_script_is_shut_in(shell: Shell) -> None:
    hostile = (
        "echo x > /etc/passwd; echo x > /usr/bin/a; echo x > /dev/x; kill -9 1; "
        f"[ -e {os.path.abspath(__file__)} ] && echo out; cd ../../..; echo /h* /m*; kill -9 -1; a"
    )
    outcome = run([hostile], shell, World(frozenset("a")))
    assert outcome.calls == (("a",),)
    assert outcome.stdout == "/h* /m*\nout-a\n"
    assert outcome.files == (("/etc/passwd", "644 2", "x\n"),)
    assert run(["a"], shell).files == ()


def test_ignored_signals_are_not_inherited(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test run in the background of a script has INT and QUIT ignored."""
    run(["a"], shell)  # so that the shared root is the one from before
    monkeypatch.setattr(Root, "_shared", None)
    old = [(s, signal.signal(s, signal.SIG_IGN)) for s in (signal.SIGINT, signal.SIGQUIT)]
    try:
        outcome = run(["a"], shell)
    finally:
        for number, handler in old:
            signal.signal(number, handler)
        Root.shared().close()
    assert [event.state for event in outcome.events] == ["umask=022"]


def test_the_cap_is_reported(shell: Shell) -> None:
    found = differences(["a; b; c"], ["a; b; c"], [shell], cap=2)
    assert (list(found), found.cases, found.untried) == ([], 2, 2)


def test_inventory(shell: Shell) -> None:
    world = inventory(
        ["A=/opt/t; if [ -f x ]; then cd $A/src && ./configure; fi; . venv/bin/activate",
         "x=$(foo \"$(bar)\"); curl -o y z > /var/log/out || sh -c 'baz' < in"]
    )  # fmt: skip
    assert world.commands >= {"foo", "bar", "curl", "sh", "baz"}
    assert world.paths == {"./configure"}
    assert world.dirs == {"/opt/t/src", "/var/log"}
    assert {path for path, _ in world.files} == {"venv/bin/activate", "in"}
    known = complete([["X=/q; D=$X/z; $D/run; eval 'v''w'; cd ${D%z}e; a > n/m"]], shell)
    assert known.commands >= {"vw"}
    assert known.paths == {"/q/z/run"}
    assert known.dirs >= {"/q/e", "n"}


def test_sleep_lets_the_background_start(shell: Shell) -> None:
    outcomes = {run(["a & pid=$!; sleep 9; kill $pid; b"], shell) for _ in range(5)}
    (outcome,) = outcomes
    assert outcome.calls == (("sleep", "9"), ("b",))
    assert [job.event.argv for job in outcome.background] == [("a",)]


def test_background_jobs_are_told_apart(shell: Shell) -> None:
    for script in (
        "a & wait",
        "{ a; } & wait",
        "(a) & wait",
        "true && a & wait",
        "f() { a; }; f & wait",
    ):
        outcome = run([script], shell)
        (job,) = outcome.background
        assert job == Background(job.event, 0, False), script
        assert job.event.argv == ("a",) and not outcome.events, script
