"""A forge for each test, whose every message must fit GitHub's description of its API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="the extra slimfix[bot] is not installed")

from slimfix.bot import publish, read
from slimfix.bot.auth import Token
from slimfix.bot.forge.github import GitHub
from slimfix.bot.pace import UNLIMITED, Pace
from slimfix.bot.plan import Plan
from slimfix.bot.redact import Secrets
from slimfix.bot.settings import Policy
from slimfix.bot.terms import Terms
from tests.bot.clock import Clock
from tests.bot.forge.contract import contract
from tests.bot.forge.server import Forge, running
from tests.bot.forge.world import Repo


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with running(tmp_path / "forge", contract()) as found:
        yield found
        assert found.world.violations == []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def github(forge: Forge, clock: Clock) -> Iterator[GitHub]:
    found = GitHub(forge.api, Token(forge.world.token), Pace(clock, UNLIMITED), Secrets(forge.world.token))
    yield found
    found.client.close()


class Bot:
    """The bot at work on a forge, without its jobs."""

    def __init__(self, forge: Forge, github: GitHub) -> None:
        self.forge = forge
        self.world = forge.world
        self.github = github
        self.terms = Terms(pause=github.client.pace.clock.sleep)
        self.token = self.world.token
        self.secrets = Secrets(self.token)

    def plan(self, repo: Repo, policy: Policy = Policy()) -> Plan:
        return read.remote(self.github, repo.full, policy, self.terms, self.secrets)

    def publish(self, plan: Plan) -> list[str]:
        return [f"{one.action} {one.why}".strip() for one in publish.publish(self.github, plan, self.terms)]

    def run(self, repo: Repo, policy: Policy = Policy()) -> list[str]:
        """What is done, in words."""
        return self.publish(self.plan(repo, policy))


@pytest.fixture
def bot(forge: Forge, github: GitHub) -> Bot:
    return Bot(forge, github)
