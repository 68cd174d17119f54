"""The jobs in PostgreSQL, with two processes at them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.forge.server import Forge
from tests.bot.shapes import PIP

pytest.importorskip("dbos", reason="the extra slimfix[bot] is not installed")
COUNT = 12


def _programs() -> Path | None:
    """Debian keeps the programs of the server beside each other, in no PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found and shutil.which("setpriv") else None


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    """The address of a fresh server's database."""
    programs = _programs()
    if programs is None or os.getuid() != 0:
        pytest.skip("no PostgreSQL server that we could start (Debian: postgresql)")
    place = Path("/tmp") / f"slimfix-postgres-{os.getpid()}"
    place.mkdir(mode=0o700)
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    shutil.chown(place, "postgres", "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    initdb = [*as_user, str(programs / "initdb"), "-D", str(place / "data"), "-A", "trust", "-U", "bot", "-N"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=place)
    options = ["-D", str(place / "data"), "-k", str(place), "-h", "127.0.0.1", "-p", str(port), "-F"]
    with open(place / "log", "wb") as log:
        server = subprocess.Popen([*as_user, str(programs / "postgres"), *options], stderr=log, cwd=place)
    try:
        url = f"postgresql://bot@127.0.0.1:{port}/slimfix"
        create = [str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "bot", "slimfix"]
        for _ in range(100):
            if subprocess.run(create, capture_output=True, check=False, cwd=place).returncode == 0:
                break
            time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(place)


def started(forge: Forge, url: str, executor: str, kill: str = "0") -> subprocess.Popen[str]:
    """A bot on all repositories, which may die at a request."""
    when = "after" if kill != "0" else "never"
    command = [sys.executable, "-m", "tests.bot.killed", when, kill, "run", "--executor", executor]
    command += [word for number in range(COUNT) for word in ("--repo", f"acme/shop{number}")]
    command += ["--api-url", forge.api, "--pace", "none", "--per-hour-owner", "0", "--state", url]
    env = {**os.environ, "SLIMFIX_TOKEN": forge.world.token}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_processes_share_the_work_and_one_may_die(forge: Forge, database: str) -> None:
    repos = [forge.world.repo(f"acme/shop{number}", {"Dockerfile": PIP}) for number in range(COUNT)]
    one, other = started(forge, database, "one", "40"), started(forge, database, "other")
    one.communicate(timeout=300)
    assert one.returncode == 137
    # What the dead one was at waits for its name to come back.
    again = started(forge, database, "one")
    out, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    other_out, other_err = other.communicate(timeout=300)
    assert other.returncode == 0, other_err
    for repo in repos:
        assert [pull.state for pull in repo.pulls] == ["open"]
        assert repo.branches().keys() == {"main", "slimfix/dockerfiles"}
        assert repo.git("rev-list", "--count", "main..slimfix/dockerfiles") == "1"
    assert out and other_out
