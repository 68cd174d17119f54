"""Hundreds of repositories in one run."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.bot.forge.server import Forge
from tests.bot.forge.world import Content
from tests.bot.shapes import ALPINE, APT, CLEAN, NODE, PIP

pytest.importorskip("dbos", reason="the extra slimfix[bot] is not installed")

LOCK = '{"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"}}}'


def shape(number: int) -> dict[str, Content]:
    """The files of a repository: services, monorepos, some with nothing to fix, some without a Dockerfile."""
    noise: dict[str, Content] = {
        f"src/module_{i}/file_{j}.py": f"x = {number}\n" for i in range(5) for j in range(8)
    }
    kinds: list[dict[str, Content]] = [
        {"Dockerfile": ALPINE},
        {"Dockerfile": NODE, "package.json": '{"name": "a"}', "package-lock.json": LOCK},
        {"deploy/Dockerfile": APT, "deploy/Dockerfile.worker": PIP, "CODEOWNERS": "* @alice\n"},
        {f"services/s{i}/Dockerfile": (ALPINE, PIP, APT)[i % 3] for i in range(6)},
        {"Dockerfile": CLEAN},
        {"README.md": "No image\n"},
    ]
    return {**noise, **kinds[number % len(kinds)]}


@pytest.mark.slow
def test_three_hundred(forge: Forge, tmp_path: Path) -> None:
    count = 300
    names = [f"org{number % 7}/repo{number}" for number in range(count)]
    for number, name in enumerate(names):
        forge.world.repo(name, shape(number))
    listed = tmp_path / "repositories"
    listed.write_text("\n".join(names))
    command = [sys.executable, "-m", "slimfix", "bot", "run", "--list", str(listed), "--api-url", forge.api]
    command += [
        "--pace",
        "none",
        "--per-hour",
        "0",
        "--per-hour-owner",
        "0",
        "--state",
        str(tmp_path / "s.sqlite"),
    ]
    env = {**os.environ, "SLIMFIX_TOKEN": forge.world.token}
    for turn in ("first", "second"):
        before, start = len(forge.world.log), time.monotonic()
        done = subprocess.run(
            [*command, "--format", "json"], env=env, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - start
        assert done.returncode == 0, done.stderr
        outcomes = [json.loads(line) for line in done.stdout.splitlines()]
        assert len({one["repository"] for one in outcomes}) == count
        asked = Counter(method for method, _, _ in forge.world.log[before:])
        api = sum(number for method, number in asked.items() if method != "GIT")
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        each = f"{api / count:.1f} API and {asked['GIT'] / count:.1f} git requests a repository"
        print(f"{turn}: {seconds:.0f} s, {each}")
        print(f"peak memory of a process: {memory} MB; {dict(asked)}")
        if turn == "second":
            assert not asked["POST"] and not asked["PATCH"]
    for number, name in enumerate(names):
        assert len(forge.world.repos[name].pulls) == (0 if number % 6 >= 4 else 1)
