"""The template for GitLab CI, run by ``gitlab-ci-local``, which also holds it to GitLab's own JSON schema."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot.forge.server import Forge
from tests.bot.shapes import PIP
from tests.bot.tools import npm

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "integrations" / "bot" / "gitlab-ci.yml"
CONFIG = "include:\n  - local: bot.yml\nstages: [slimfix]\n"


def pipeline(place: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    program = npm("gitlab-ci-local", "4.61.1")  # the last for Node.js 20
    if shutil.which("rsync") is None:
        pytest.skip("rsync is not installed, which gitlab-ci-local runs")
    place.mkdir(exist_ok=True)
    (place / ".gitlab-ci.yml").write_text(CONFIG)
    (place / "bot.yml").write_text(TEMPLATE.read_text("utf-8"))
    person = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    origin = ["remote", "add", "origin", "git@gitlab.example:acme/shop.git"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*person, "commit", "-q", "-m", "x"], origin):
        subprocess.run(["git", *command], cwd=place, check=True)
    given = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
    env = {**os.environ, "HOME": str(place.parent)}
    return subprocess.run(
        [str(program), *arguments, *given],
        cwd=place,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("source", "runs"), [("schedule", True), ("web", True), ("push", False)])
def test_when_it_runs(tmp_path: Path, source: str, runs: bool) -> None:
    done = pipeline(tmp_path / "work", "--list-csv", CI_PIPELINE_SOURCE=source)
    assert done.returncode == 0, done.stderr
    assert "json schema validated" in done.stdout + done.stderr
    assert ("\nslimfix;" in done.stdout) == runs


@pytest.mark.slow
@pytest.mark.parametrize("forge_kind", ["gitlab"])
@pytest.mark.parametrize("dry", [True, False])
def test_it_opens_a_merge_request(forge: Forge, tmp_path: Path, dry: bool) -> None:
    repo = forge.world.repo("acme/team/shop", {"Dockerfile": PIP})
    done = pipeline(
        tmp_path / "work",
        "--force-shell-executor",
        "slimfix",
        CI_PIPELINE_SOURCE="schedule",
        CI_API_V4_URL=forge.api,
        CI_PROJECT_PATH=repo.full,
        SLIMFIX_TOKEN=forge.world.token,
        SLIMFIX_INSTALL=f"{ROOT}[bot]",
        SLIMFIX_PYTHON=sys.executable,
        SLIMFIX_OPTIONS="--pace none" + (" --dry-run" if dry else ""),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "acme/team/shop: opened" in done.stdout
    assert len(repo.pulls) == (0 if dry else 1)
