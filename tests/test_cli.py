"""The command line, from end to end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from slimfix import batch, engine
from slimfix.fix import Fix, Safety
from slimfix.main import main
from slimfix.report import Outcome, Problem
from slimfix.report.text import Summary, lines, size
from slimfix.rules import select
from slimfix.text import Lines, Span, decode, encode

PLAIN = b"FROM alpine\nRUN apk add curl\n"
FIXED = b"FROM alpine\nRUN apk add --no-cache curl\n"
STEP = b"add --no-cache to apk add\n"


class Result(NamedTuple):
    """What a run gave."""

    status: int
    out: bytes
    err: bytes


Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Runs the program in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()

    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        code = caught.value.code
        assert code is None or isinstance(code, int)
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in err
        return Result(code or 0, out, err)

    return run


def process(
    *arguments: str, stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs the program in a process."""
    root = str(Path(batch.__file__).resolve().parent.parent)
    environment = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, "-m", "slimfix", *arguments]
    return subprocess.run(command, input=stdin, cwd=cwd, env=environment, capture_output=True, timeout=60)


def put(*names: str, data: bytes = PLAIN) -> None:
    """Make files."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(data)


def test_diff(call: Call) -> None:
    put("Dockerfile")
    for arguments in (("Dockerfile",), ("--diff", "Dockerfile"), ("--diff", ".")):
        status, out, err = call("--select", "apk-no-cache", *arguments)
        assert status == 0
        assert out == (
            b"--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,2 +1,2 @@\n"
            b" FROM alpine\n-RUN apk add curl\n+RUN apk add --no-cache curl\n"
        )
        assert err == (b"Dockerfile:2: apk-no-cache: " + STEP + b"1 of 1 file would change: apk-no-cache 1\n")
    assert Path("Dockerfile").read_bytes() == PLAIN
    assert call("-q", "Dockerfile").err == b""


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.rstrip(),
        b"# caf\xe9\r\n" + PLAIN + b"RUN pip install \xff\r\nUSER x",
        b"\xef\xbb\xbf" + PLAIN,
    ],
)
def test_git_apply_is_write(call: Call, data: bytes) -> None:
    put("one two/Dockerfile", data=data)
    patch = call("--diff", "one two").out
    shutil.rmtree(".git")
    subprocess.run(["git", "init", "-q", "."], check=True)
    command = ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, input=patch, check=True)
    applied = Path("one two/Dockerfile").read_bytes()
    put("one two/Dockerfile", data=data)
    assert call("--write", "one two").status == 0
    assert Path("one two/Dockerfile").read_bytes() == applied != data


def test_write_and_check(call: Call) -> None:
    put("a/Dockerfile", "b/Dockerfile")
    assert call("--check", "-q", ".").status == 1
    status, out, err = call("--write", "--check", ".")
    assert (status, out) == (1, b"")
    assert err.endswith(b"2 of 2 files changed: apk-no-cache 2\n")
    assert Path("a/Dockerfile").read_bytes() == FIXED
    status, out, err = call("--write", "--check", ".")
    assert (status, out, err) == (0, b"", b"nothing to change in 2 files\n")


def test_never_through_a_link(call: Call) -> None:
    put("real")
    Path("Dockerfile").symlink_to("real")
    status, _, err = call("--write", "Dockerfile")
    assert status == 2
    assert err == b"Dockerfile: not written: it is a symbolic link\n1 file with errors\n"
    assert Path("real").read_bytes() == PLAIN
    assert call("Dockerfile").status == 0


def test_errors_do_not_stop_the_rest(call: Call) -> None:
    put("bad.Dockerfile", data=b"FROM scratch\nRUN --nothing\nFROM\n")
    put("empty", data=b"")
    put("binary", data=b"FROM \0")
    put("Dockerfile")
    os.mkfifo("fifo")
    Path("nothing").mkdir()
    names = ("missing", "bad.Dockerfile", "empty", "binary", "fifo", "/dev/zero", "nothing", "Dockerfile")
    status, out, err = call(*names)
    assert status == 2
    assert out.startswith(b"--- a/Dockerfile\n")
    told = err.decode().splitlines()
    assert told[0] == "nothing: no Dockerfile in this directory"
    assert told[1] == "missing: no such file or directory"
    assert told[2].startswith("bad.Dockerfile:")
    assert told[3:7] == [
        "empty: the file is empty",
        "binary:1: a binary file (it has NUL bytes)",
        "fifo: not a regular file",
        "/dev/zero: not a regular file",
    ]
    assert told[-1] == "1 of 7 files would change: apk-no-cache 1; 6 files with errors"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--select", "nonsense", "Dockerfile"), "slimfix: unknown rule: nonsense\n"),
        (("--ignore", "apk,nonsense", "Dockerfile"), "slimfix: unknown rule: nonsense\n"),
        (("--target", "nonsense", "Dockerfile"), "Dockerfile: no stage named nonsense\n1 file with errors\n"),
        (("--config", "no.toml", "Dockerfile"), "no.toml: no such file or directory\n"),
        (("--config", "bad.toml", "Dockerfile"), "bad.toml: unknown key: nonsense\n"),
        (("--config", "rule.toml", "Dockerfile"), "rule.toml: unknown rule: nonsense\n"),
        (("--context", "no", "Dockerfile"), "no: the context is not a directory\n"),
        (("explain", "nonsense"), "slimfix: unknown rule: nonsense\n"),
    ],
)
def test_bad_settings(call: Call, arguments: tuple[str, ...], message: str) -> None:
    put("Dockerfile")
    put("bad.toml", data=b"nonsense = 1\n")
    put("rule.toml", data=b"ignore = ['nonsense']\n")
    assert call(*arguments) == (2, b"", message.encode())


def test_usage(call: Call) -> None:
    assert call("--safe-only", "--unsafe", "x").status == 2
    assert call("--write", "--diff", "-").status == 2
    assert call("--nonsense", "x").status == 2
    assert call().status == 2
    assert b"--all-stages" in call("--help").out
    assert call("--version").out.startswith(b"slimfix ")


def test_rules_and_explain(call: Call) -> None:
    listed = call("rules").out.decode()
    assert "SF101  apk-no-cache" in listed
    assert call("explain", "SF101").out == call("explain", "apk-no-cache").out
    assert b"Before:" in call("explain", "sf101").out


def test_configuration(call: Call) -> None:
    put("Dockerfile", "old/Dockerfile")
    put("pyproject.toml", data=b"[tool.slimfix]\nignore = ['apk']\nexclude = ['old']\n")
    assert call("--check", ".").err == b"nothing to change in 1 file\n"
    assert call("--check", "--ignore", "pip", ".").status == 1


def test_json(call: Call) -> None:
    put("Dockerfile")
    status, out, _ = call("--format", "json", "--select", "SF101", "Dockerfile", "missing")
    document = json.loads(out)
    assert (status, document["version"]) == (2, 1)
    first, second = document["files"]
    assert (first["path"], first["changed"], first["error"], first["skipped"]) == (
        "Dockerfile",
        True,
        None,
        [],
    )
    assert first["steps"] == [
        {
            "rule": "apk-no-cache",
            "code": "SF101",
            "message": "add --no-cache to apk add",
            "safety": "safe",
            "assumption": None,
            "saving": None,
            "lines": {"before": {"first": 2, "last": 2}, "after": {"first": 2, "last": 2}},
            "pass": 0,
            "edits": [{"start": 23, "end": 23, "line": 2, "column": 12, "text": " --no-cache"}],
        }
    ]
    assert second["error"] == {"path": "missing", "line": None, "message": "no such file or directory"}


def test_standard_input() -> None:
    done = process("--write", "-q", "-", stdin=PLAIN + b"# \xe9")
    assert (done.returncode, done.stdout, done.stderr) == (0, FIXED + b"# \xe9", b"")
    done = process("-", stdin=PLAIN)
    assert done.stdout.startswith(b"--- a/Dockerfile\n+++ b/Dockerfile\n")
    assert done.stderr.startswith(b"<stdin>:2: apk-no-cache: ")
    done = process("-", stdin=b"")
    assert (done.returncode, done.stderr) == (2, b"<stdin>: the file is empty\n1 file with errors\n")


def test_closed_pipe(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(PLAIN)
    read, write = os.pipe()
    os.close(read)
    root = str(Path(batch.__file__).resolve().parent.parent)
    command = [sys.executable, "-m", "slimfix", "-q", "Dockerfile"]
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, cwd=tmp_path, env=environment)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_interrupted(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    put("Dockerfile")
    monkeypatch.setattr(batch.Job, "work", interrupt)
    assert call("Dockerfile").status == 130


def test_internal_error(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise RecursionError("deep")

    put("Dockerfile")
    monkeypatch.setattr(batch, "rewrite", broken)
    status, _, err = call("Dockerfile")
    assert status == 2
    assert (
        err.splitlines()[0] == b"Dockerfile: internal error, please report it: RecursionError (-v shows it)"
    )


def test_many_files(call: Call) -> None:
    put(*(f"d{number:03}/Dockerfile" for number in range(batch.FEW + 10)))
    put("d007/Dockerfile", data=b"")
    one, two = call("--jobs", "1", "."), call("--jobs", "2", ".")
    assert one == two
    assert one.status == 2
    assert one.out.count(b"--- a/d") == batch.FEW + 9


def test_dead_worker(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    work = batch.Job.work

    def fatal(job: batch.Job, path: str, text: str | None = None) -> Outcome:
        if path == "d020/Dockerfile":
            os._exit(9)
        return work(job, path, text)

    put(*(f"d{number:03}/Dockerfile" for number in range(batch.FEW + 10)))
    monkeypatch.setattr(batch.Job, "work", fatal)
    status, out, err = call("--jobs", "2", ".")
    assert status == 2
    assert out.count(b"--- a/d") == batch.FEW + 9
    assert b"d020/Dockerfile: internal error, please report it: the process that worked on it died\n" in err


def test_report() -> None:
    rule = select(["apk-no-cache"])[0]
    fix = Fix((), "do it", Span(0, 1), Safety.ASSUMED, "it is so")
    steps = (engine.Step(rule, fix, (4, 6), (4, 4)),)
    skipped = (
        engine.Skipped(rule, "too bold", (2, 2), "safety"),
        engine.Skipped(rule, "kept on purpose", (3, 3), "condition"),
    )
    outcome = Outcome("Dockerfile", engine.Rewrite("a", "b", steps, skipped))
    step = "Dockerfile:4-6: apk-no-cache: do it [assumed: it is so]"
    assert list(lines(outcome)) == [step]
    assert list(lines(outcome, verbose=True)) == [
        step,
        "Dockerfile:2: apk-no-cache: held back: too bold",
        "Dockerfile:3: apk-no-cache: left alone: kept on purpose",
    ]
    summary = Summary()
    summary.add(outcome)
    assert summary.line(False, Safety.ASSUMED) == (
        "1 of 1 file would change: apk-no-cache 1; 1 held back (-v lists them, --unsafe makes them); "
        "1 left alone (-v says why)"
    )
    assert str(Problem("x", "two\nlines", 3)) == "x:3: two lines"


def test_json_edits_make_the_rewrite(call: Call) -> None:
    data = b"FROM alpine\r\nRUN apk add curl\r\n# caf\xe9\r\nRUN apk add git && pip install x\r\n"
    data += b"RUN pip install y"
    put("Dockerfile", data=data)
    (file,) = json.loads(call("--format", "json", "Dockerfile").out)["files"]
    passes: dict[int, list[dict[str, Any]]] = {}
    text = decode(data)
    for step in file["steps"]:
        passes.setdefault(step["pass"], []).extend(step["edits"])
    assert sorted(passes) == list(passes) and len(passes) > 1
    for edits in passes.values():
        lines = Lines(text)
        for edit in edits:
            assert lines.at(edit["start"]) == (edit["line"], edit["column"])
        for edit in sorted(edits, key=lambda edit: -edit["start"]):
            text = text[: edit["start"]] + edit["text"] + text[edit["end"] :]
    assert call("--write", "Dockerfile").status == 0
    assert Path("Dockerfile").read_bytes() == encode(text) != data


def test_standard_input_by_another_name(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "slimfix.toml").write_text("ignore = ['pip']\n")
    given = ("--stdin-filename", "sub/Dockerfile", "-")
    done = process(*given, stdin=PLAIN + b"RUN pip install x\n", cwd=tmp_path)
    assert done.stdout.startswith(b"--- a/sub/Dockerfile\n")
    assert b"no-cache-dir" not in done.stdout
    assert done.stderr.startswith(b"sub/Dockerfile:2: apk-no-cache: ")
    done = process(*given, stdin=b"FROM a\nCOPY x\n", cwd=tmp_path)
    assert done.stderr.startswith(b"sub/Dockerfile:2: COPY requires")


def test_settings_of_each_directory(call: Call) -> None:
    put("a/Dockerfile", "b/Dockerfile", "c/Dockerfile", "c/d/Dockerfile", "e/Dockerfile")
    put("a/slimfix.toml", data=b"ignore = ['apk']\n")
    put("c/slimfix.toml", data=b"nonsense = 1\n")
    put("slimfix.toml", data=b"exclude = ['e']\n")
    status, out, err = call(".")
    assert status == 2
    assert out.count(b"--- a/") == 1 and out.startswith(b"--- a/b/Dockerfile\n")
    assert err.count(b"unknown key: nonsense") == 1
    assert call("e/Dockerfile").out.startswith(b"--- a/e/Dockerfile\n")


def test_links_in_a_search(call: Call) -> None:
    put("real", "a/Dockerfile")
    Path("b").mkdir()
    Path("b/Dockerfile").symlink_to("../real")
    status, _, err = call("--write", ".")
    assert status == 2
    assert err.startswith(b"b/Dockerfile: a symbolic link; name the file that it leads to, ../real\n")
    assert (Path("real").read_bytes(), Path("a/Dockerfile").read_bytes()) == (PLAIN, FIXED)


def test_names_that_would_steer_the_terminal(call: Call) -> None:
    put("Dockerfile.\x1b[31m\nx", data=b"RUN x\n")
    err = call(".").err
    assert err.startswith(b"Dockerfile.\\x1b[31m\\x0ax:1: ")
    assert err.count(b"\n") == 2


def test_context_flags(call: Call) -> None:
    put("Dockerfile")
    assert call("--no-context", "Dockerfile").status == 0
    for flags in (("--context", ""), ("--no-context", "--context", "."), ("--context", "no")):
        assert call(*flags, "Dockerfile").status == 2


def test_closed_pipe_ends_the_workers(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "Dockerfile").write_bytes(PLAIN)
    root = str(Path(batch.__file__).resolve().parent.parent)
    command = f"{sys.executable} -m slimfix --jobs 2 . | head -1"
    done = subprocess.run(
        command,
        shell=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        timeout=60,
    )
    assert all(b"/Dockerfile:2: " in line for line in done.stderr.splitlines()), done.stderr


def test_written_only_over_what_was_read(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    work = batch.Job.work

    def slow(job: batch.Job, path: str) -> Outcome:
        outcome = work(job, path)
        Path(path).write_bytes(b"FROM other\n")
        return outcome

    put("Dockerfile")
    monkeypatch.setattr(batch.Job, "work", slow)
    status, _, err = call("--write", "Dockerfile")
    assert status == 2
    assert err.startswith(b"Dockerfile: not written: it was changed meanwhile\n")
    assert Path("Dockerfile").read_bytes() == b"FROM other\n"


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (38_400_000, "38 MB"), (2 * 10**9, "2.0 GB")],
)
def test_sizes(number: int, shown: str) -> None:
    assert size(number) == shown
