"""The short half of the build suite: every rewrite is verified. ``scripts/build_suite.py`` runs the whole."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from slimfix.dockerfile import Dockerfile
from slimfix.text import decode
from slimfix.verify.archive import LayerCache
from slimfix.verify.engines import Engine
from tests.engine import suite

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


@pytest.mark.engine
@pytest.mark.parametrize("case", [case for case in suite.cases() if case.quick], ids=lambda case: case.name)
def test_quick(engine: Engine, case: suite.Case) -> None:
    _started.append(time.monotonic())
    if time.monotonic() - _started[0] > BUDGET:
        pytest.skip(f"not begun: more than {BUDGET:g} s have gone by")
    base = case.dockerfile.read_text().split("FROM ", 1)[1].split()[0]
    if subprocess.run([engine.program, "image", "inspect", base], capture_output=True).returncode:
        pytest.skip(f"no image {base}")
    row = suite.run(case, engine, _cache, rebuild=False)
    if row.problem == suite.NOTHING:
        return
    assert not row.problem
    assert suite.smoke_fails(row) == []
    assert row.settled is not None
    assert row.settled.verdict.status == 0, (row.settled.verdict, row.settled.comparison.failure)
