"""What the tests with an engine share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from slimfix.verify import engines
from slimfix.verify.engines import Engine, EngineError

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "alpine:3.23"
"""The base of most; ENGINE.md tells where it comes from without a registry."""


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine that answers, with the base image."""
    try:
        found = engines.find()
    except EngineError as error:
        pytest.skip(str(error))
    if subprocess.run([found.program, "image", "inspect", IMAGE], capture_output=True).returncode:
        pulled = subprocess.run([found.program, "pull", IMAGE], capture_output=True)
        if pulled.returncode:
            pytest.skip(f"no image {IMAGE}")
    return found


class Result(NamedTuple):
    """How a run of the program ended."""

    status: int
    out: str
    err: str


Verify = Callable[..., Result]


def environment(**more: str) -> dict[str, str]:
    """Our own, in which slimfix is found."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def command(*arguments: str) -> list[str]:
    """The program as a command."""
    return [sys.executable, "-m", "slimfix", *arguments]


@pytest.fixture
def verify(engine: Engine, tmp_path: Path) -> Verify:
    """Runs ``slimfix verify`` in a directory of its own."""

    def run(*arguments: str, **more: str) -> Result:
        done = subprocess.run(
            command("verify", *arguments),
            cwd=tmp_path,
            env=environment(**more),
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert "Traceback" not in done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    return run


class Traces:
    """A label for all images of a test, and what is left of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.label = f"slimfix-test={os.getpid()}-{os.urandom(4).hex()}"

    @property
    def line(self) -> str:
        """The line that marks every image built from here on, and every container of it."""
        return f"LABEL {self.label}\n"

    def left(self) -> str:
        """Images and containers that are still there."""
        told = ""
        for arguments in (
            ("images", "--all", "--quiet", "--filter", f"label={self.label}"),
            ("ps", "--all", "--quiet", "--filter", f"label={self.label}"),
        ):
            told += subprocess.run(
                [self._engine.program, *arguments], capture_output=True, text=True, check=True
            ).stdout
        return told


@pytest.fixture
def traces(engine: Engine) -> Iterator[Traces]:
    """After the test nothing may be left."""
    found = Traces(engine)
    yield found
    assert found.left() == ""
