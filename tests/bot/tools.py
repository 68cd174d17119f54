"""Programs from the npm registry that tests run, installed once into a cache outside the repository."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.bot.forge.contract import CACHE


def npm(package: str, version: str) -> Path:
    """The program of a package; skips the test where it cannot be had."""
    place = CACHE / f"{package}-{version}"
    program = place / "node_modules" / ".bin" / package
    if program.exists():
        return program
    found = shutil.which("npm")
    if found is None:
        pytest.skip("npm is not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        command = [found, "install", "--silent", "--no-fund", "--ignore-scripts", "--prefix", directory]
        done = subprocess.run(
            [*command, f"{package}@{version}"], capture_output=True, timeout=300, check=False
        )
        if done.returncode:
            pytest.skip(f"{package} {version} cannot be had from npm")
        if not place.exists():  # two workers may be at it
            Path(directory).rename(place)
            Path(directory).mkdir()
    return program
