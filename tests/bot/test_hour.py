"""The limits of the hour, exact for threads and processes and over crashes; and what a crash leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("dbos", reason="the extra slimfix[bot] is not installed")

from slimfix.bot import hour as module
from slimfix.bot import scratch
from slimfix.bot.errors import BotError
from slimfix.bot.hour import Hour
from slimfix.bot.terms import Place
from tests.bot.conftest import Bot
from tests.bot.forge.server import Forge
from tests.bot.shapes import PIP


@pytest.fixture
def state(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.sqlite'}"


def place(name: str, branch: str = "slimfix/dockerfiles") -> Place:
    return Place(name, branch)


def test_owners_and_all(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = Hour(state, everyone=3, owner=2)
    assert [hour.take(place(name)) for name in ("a/1", "A/2", "a/3", "b/1", "b/2")] == [
        *(True, True, False, True, False),
    ]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + module.SECONDS - 1)
    assert not hour.take(place("b/2"))
    monkeypatch.setattr(time, "time", lambda: now + module.SECONDS + 1)
    assert hour.take(place("b/2")) and hour.take(place("a/3"))
    hour.close()


def test_a_place_is_used_once_given_back_or_taken_up(state: str) -> None:
    hour = Hour(state, everyone=1, owner=0)
    assert hour.take(place("a/1")) and not hour.take(place("a/2"))
    assert hour.take(place("a/1"))  # its process has died, and it is tried again
    hour.free(place("a/1"))
    assert hour.take(place("a/2"))
    hour.used(place("a/2"))
    hour.free(place("a/2"))  # it is used: there is nothing to give back
    assert not hour.take(place("a/1"))
    assert not hour.take(place("a/2")), "the next one from that branch is another"
    assert Hour(state, everyone=2, owner=0).take(place("a/2")), "another process sees the same"


def test_no_limit_asks_no_database() -> None:
    hour = Hour("sqlite:////nowhere/at/all", 0, 0)
    assert hour.take(place("a/1"))
    hour.used(place("a/1"))
    hour.free(place("a/1"))


def test_threads_take_no_more_than_there_are(state: str) -> None:
    hour = Hour(state, everyone=7, owner=0)
    ready = threading.Barrier(8)

    def turn(number: int) -> int:
        ready.wait()
        return sum(hour.take(place(f"a/{number}-{i}")) for i in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(turn, range(8))) == 7


TAKER = """
import sys
from slimfix.bot.hour import Hour
from slimfix.bot.terms import Place
hour = Hour(sys.argv[1], 11, 0)
print(sum(hour.take(Place(f"a/{sys.argv[2]}-{i}", "slimfix/x")) for i in range(20)))
"""


def takers(url: str) -> int:
    """How many places two processes take, that begin on an empty database at the same time."""
    commands = [[sys.executable, "-c", TAKER, url, str(number)] for number in range(2)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    return sum(int(process.communicate(timeout=60)[0]) for process in running)


def test_processes_take_no_more_than_there_are(state: str) -> None:
    assert takers(state) == 11


def test_a_full_hour_is_a_reason_and_a_failure_gives_its_place_back(bot: Bot, state: str) -> None:
    hour = Hour(state, everyone=0, owner=1)
    bot.terms = bot.terms._replace(hour=hour)
    repos = [bot.world.repo(f"acme/r{number}", {"Dockerfile": PIP}) for number in range(3)]
    repos[0].protected = "slimfix/"
    with pytest.raises(BotError):
        bot.run(repos[0])
    assert bot.run(repos[1]) == ["create"]
    assert bot.run(repos[2]) == ["leave hour-limit"]
    assert bot.run(repos[1]) == ["leave up-to-date"]


def test_what_is_cut_keeps_its_place(bot: Bot, state: str) -> None:
    bot.terms = bot.terms._replace(hour=Hour(state, everyone=1, owner=0))
    one, other = (bot.world.repo(f"acme/{name}", {"Dockerfile": PIP}) for name in ("one", "other"))
    bot.world.fault("500", "POST", "/pulls", times=9)
    with pytest.raises(BotError):
        bot.run(one)
    bot.world.faults.clear()
    assert bot.run(other) == ["leave hour-limit"]
    assert bot.run(one) == ["create"]


# -- the disk ----------------------------------------------------------------------------------


def test_a_folder_is_there_while_its_process_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch.scratch() as one:
        assert tempfile.gettempdir() == one
        assert scratch.sweep(str(tmp_path)) == [] and Path(one).is_dir()
    assert not Path(one).exists() and tempfile.gettempdir() == str(tmp_path)


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    dead, fresh, old, other = (
        tmp_path / name for name in ("slimfix-bot-dead", "slimfix-bot-fresh", "slimfix-bot-old", "slimfix-x")
    )
    for path in (dead, fresh, old, other):
        (path / "clone.git").mkdir(parents=True)
        (path / "clone.git" / "HEAD").write_text("x")
    (dead / scratch.LOCK).touch()
    os.utime(old, (0, 0))
    (tmp_path / "slimfix-bot-link").symlink_to(other)
    (tmp_path / "slimfix-bot-file").touch()
    assert scratch.sweep(str(tmp_path)) == ["slimfix-bot-dead", "slimfix-bot-old"]
    assert fresh.is_dir() and (other / "clone.git" / "HEAD").is_file()


@pytest.mark.parametrize("command", ["run", "plan"])
def test_kill_leaves_nothing_for_good(forge: Forge, tmp_path: Path, command: str) -> None:
    forge.world.repo("acme/shop", {"Dockerfile": PIP})
    place = tmp_path / "tmp"
    place.mkdir()

    def started(when: str, where: int) -> subprocess.CompletedProcess[str]:
        words = [command, "--repo", "acme/shop", "--api-url", forge.api, "--forge", "github"]
        words += ["--pace", "none"]
        words += ["--state", str(tmp_path / "s.sqlite")] if command == "run" else ["-o", os.devnull]
        env = {**os.environ, "SLIMFIX_TOKEN": forge.world.token, "TMPDIR": str(place)}
        line = [sys.executable, "-m", "tests.bot.killed", when, str(where), *words]
        return subprocess.run(line, env=env, capture_output=True, text=True, timeout=120, check=False)

    # The third request of both is the first after the clone.
    assert started("before", 3).returncode == 137
    assert [path.name[:12] for path in place.iterdir()] == ["slimfix-bot-"]
    assert started("never", 0).returncode == 0
    assert list(place.iterdir()) == []
