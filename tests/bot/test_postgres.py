"""The jobs in PostgreSQL, with two processes at them, of which one or both die."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bot.forge.server import Forge
from tests.bot.forge.world import Repo
from tests.bot.shapes import PIP

pytest.importorskip("dbos", reason="the extra slimfix[bot] is not installed")
pytestmark = pytest.mark.slow
KILLED = 137
BRANCH = "slimfix/dockerfiles"


def _programs() -> Path | None:
    """Debian keeps the programs of the server beside each other, in no PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found and shutil.which("setpriv") else None


@pytest.fixture(scope="module")
def database() -> Iterator[Callable[[], str]]:
    """Makes a fresh database on a server of our own; its address."""
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
    numbers = itertools.count(1)

    def fresh() -> str:
        name = f"slimfix{next(numbers)}"
        create = [str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "bot", name]
        for _ in range(100):
            if subprocess.run(create, capture_output=True, check=False, cwd=place).returncode == 0:
                break
            time.sleep(0.1)
        return f"postgresql://bot@127.0.0.1:{port}/{name}"

    try:
        yield fresh
    finally:
        server.send_signal(signal.SIGINT)  # at once, whoever is connected
        server.wait(30)
        shutil.rmtree(place)


def started(
    forge: Forge, url: str, executor: str, count: int, when: str = "never", where: int = 0, *more: str
) -> subprocess.Popen[str]:
    """A bot on all repositories, which may die at a request."""
    command = [sys.executable, "-m", "tests.bot.killed", when, str(where), "run", "--executor", executor]
    command += [word for number in range(count) for word in ("--repo", f"acme/shop{number}")]
    command += ["--api-url", forge.api, "--forge", "github", "--pace", "none", "--state", url]
    command += ["--per-hour-owner", "0", *more]
    env = {**os.environ, "SLIMFIX_TOKEN": forge.world.token}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def repositories(forge: Forge, root: Path, count: int) -> list[Repo]:
    forge.world.root = root
    return [forge.world.repo(f"acme/shop{number}", {"Dockerfile": PIP}) for number in range(count)]


def right(repos: list[Repo]) -> None:
    """One pull request each, whole."""
    for repo in repos:
        (pull,) = repo.pulls
        assert (pull.state, pull.head) == ("open", BRANCH)
        assert repo.branches().keys() == {"main", BRANCH}
        assert repo.git("rev-list", "--count", f"main..{BRANCH}") == "1"
        assert "--no-cache-dir" in repo.read(BRANCH, "Dockerfile")
        assert str(repo.sha(BRANCH)) in pull.body


def test_two_processes_share_the_work_and_one_may_die(
    forge: Forge, database: Callable[[], str], tmp_path: Path
) -> None:
    url, repos = database(), repositories(forge, tmp_path, 12)
    one, other = started(forge, url, "one", 12, "after", 40), started(forge, url, "other", 12)
    one.communicate(timeout=300)
    assert one.returncode == KILLED
    # What the dead one was at waits for its name to come back.
    again = started(forge, url, "one", 12)
    assert ended(again) and ended(other)
    right(repos)


@pytest.mark.parametrize("when", ["before", "after"])
def test_one_of_two_dies_here_and_there(
    forge: Forge, database: Callable[[], str], tmp_path: Path, when: str
) -> None:
    points = 0
    for where in range(1, 24, 2):
        url, repos = database(), repositories(forge, tmp_path / str(where), 6)
        before = len(forge.world.log)
        one = started(forge, url, "one", 6, when, where, "--workers", "2")
        while len(forge.world.log) == before and one.poll() is None:
            time.sleep(0.02)  # it has a start, lest the other does it all
        other = started(forge, url, "other", 6)
        one.communicate(timeout=300)
        if one.returncode == KILLED:  # else the other was quicker, and has done most of it
            points += 1
            ended(started(forge, url, "one", 6))
        ended(other)
        right(repos)
    print(f"one of two, {when}: {points} kill points")
    assert points >= 8


def test_both_die_here_and_there(forge: Forge, database: Callable[[], str], tmp_path: Path) -> None:
    points = 0
    for where in range(2, 26, 4):
        url, repos = database(), repositories(forge, tmp_path / str(where), 3)
        pair = {name: started(forge, url, name, 3, "after", where) for name in ("one", "other")}
        # Each may wait for what the other was at: whoever has died comes back, as a service would.
        until = time.monotonic() + 300
        while any(process.poll() != 0 for process in pair.values()):
            for name, process in pair.items():
                if process.poll() == KILLED:
                    process.communicate()
                    points += 1
                    pair[name] = started(forge, url, name, 3)
                assert pair[name].poll() in (None, 0) and time.monotonic() < until
            time.sleep(0.1)
        for process in pair.values():
            ended(process)
        right(repos)
    print(f"both: {points} kill points")
    assert points >= 6


def test_the_hour_counts_for_both_processes(
    forge: Forge, database: Callable[[], str], tmp_path: Path
) -> None:
    from tests.bot.test_hour import takers

    assert takers(database()) == 11
    url, repos = database(), repositories(forge, tmp_path, 10)
    limit = ("--per-hour", "4")
    for _ in range(2):
        pair = [started(forge, url, name, 10, "never", 0, *limit) for name in ("one", "other")]
        for process in pair:
            ended(process)
        assert sum(len(repo.pulls) for repo in repos) == 4
