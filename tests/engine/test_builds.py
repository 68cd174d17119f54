"""The build suite: every rewrite is verified. ``-m slow`` runs the long half, without it only the short one.

``scripts/build_suite.py`` runs the whole and prints what was saved.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slimfix.dockerfile import Dockerfile
from slimfix.text import decode
from slimfix.verify.archive import LayerCache
from slimfix.verify.engines import Engine
from tests.engine import suite
from tests.engine.conftest import IMAGE, ROOT, environment

BUDGET = float(os.environ.get("SLIMFIX_BUILD_BUDGET", "240"))
"""Seconds after which no further case is begun."""
_cache: LayerCache = {}
_started: list[float] = []


def test_the_suite_is_whole() -> None:
    cases = list(suite.cases())
    directories = {path.name for path in suite.CASES.iterdir() if path.is_dir()}
    assert {case.name for case in cases} == directories
    assert len(cases) >= 40
    assert 4 <= sum(case.quick for case in cases) <= 8
    for case in cases:
        Dockerfile(decode(case.dockerfile.read_bytes()))


SHORT = [case for case in suite.cases() if case.quick]
LONG = [case for case in suite.cases() if not case.quick]


@pytest.mark.engine
@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
def test_quick(engine: Engine, case: suite.Case) -> None:
    _started.append(time.monotonic())
    if time.monotonic() - _started[0] > BUDGET:
        pytest.skip(f"not begun: more than {BUDGET:g} s have gone by")
    check(engine, case)


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("case", LONG, ids=lambda case: case.name)
def test_whole(engine: Engine, case: suite.Case) -> None:
    check(engine, case)


def check(engine: Engine, case: suite.Case) -> None:
    """Fail unless the rewrite of a case is verified."""
    for base in suite.bases(case):
        if subprocess.run([engine.program, "image", "inspect", base], capture_output=True).returncode:
            pytest.skip(f"no image {base}")
    row = suite.run(case, engine, _cache, rebuild=False)
    if row.problem == suite.NOTHING:
        return
    assert not row.problem
    assert suite.smoke_fails(row) == []
    assert row.settled is not None
    assert row.settled.verdict.status == 0, (row.settled.verdict, row.settled.comparison.failure)


BROKEN = [
    # What the rewrite must not keep: the index that apk leaves behind.
    ("RUN apk update && apk add curl\n", "sh -c 'ls /var/cache/apk/APKINDEX*'", "exit status 0 before"),
    ("RUN apk update && apk add nothing-of-the-sort\n", "true", "the build fails before any rewrite"),
    ("RUN apk update && apk add curl\n", "false", "false: 1"),
]


@pytest.mark.engine
@pytest.mark.parametrize("step, smoke, words", BROKEN, ids=["broken", "does not build", "bad smoke command"])
def test_a_case_that_is_not_verified_fails(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, smoke: str, words: str
) -> None:
    monkeypatch.setattr(suite, "CASES", tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "one/Dockerfile").write_text(f"FROM {IMAGE}\n{step}")
    (tmp_path / "one/case.toml").write_text(f"smoke = [{json.dumps(smoke)}]\n")
    (case,) = suite.cases()
    with pytest.raises(AssertionError, match=words):
        check(engine, case)


def test_the_table(tmp_path: Path) -> None:
    rows = [
        row("c", suite.NOTHING, None, None),
        row("a", "verified", 200_000_000, 100_000_000, [20.0, 2.0]),
        row("b", "broken", 200_000_000, 150_000_000),
        row("b", "verified", 200_000_000, 140_000_000, [1.0, 3.0]),
    ]
    told, page = tmp_path / "out.json", tmp_path / "RESULTS.md"
    table = ["| a | 200.0 MB | 100.0 MB | 50.0 % | 0.10 | verified |"]
    table += ["| b | 200.0 MB | 140.0 MB | 30.0 % | 3.00 | verified |"]
    table += ["| c |  |  |  |  | nothing to change |"]
    assert script(told, page, rows) == 0
    text = page.read_text()
    assert "\n".join(table) in text
    assert "2 of 2 rewrites verified; 1 left as they are; saved 40.0 % on average of those rewritten" in text
    assert "(26.7 % of all), 40.0 % in the median, 160.0 MB of 400.0 MB together" in text
    assert "1.55 of the time in the median, 0.10 where it took more than 5 s (1 cases)" in text
    assert script(told, page, rows[:3]) == 1
    assert "1 of 2 rewrites verified" in page.read_text()
    assert script(told, page, [{**rows[1], "smoke": ["it fails"]}]) == 1


def row(
    case: str, verdict: str, before: int | None, after: int | None, rebuild: list[float] | None = None
) -> dict[str, object]:
    times: list[float | None] = [*rebuild] if rebuild else [None, None]
    sizes = {"before": before, "after": after, "rebuild": times}
    return {"case": case, "verdict": verdict, **sizes, "smoke": [], "engine": "docker 1"}


def script(told: Path, page: Path, rows: list[dict[str, object]]) -> int:
    told.write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = [sys.executable, "scripts/build_suite.py", "--from", str(told), "--results", str(page)]
    done = subprocess.run(arguments, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done.returncode
