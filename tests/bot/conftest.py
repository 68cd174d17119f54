"""A forge for each test, whose every message must fit what others know of its API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Union

import pytest

pytest.importorskip("httpx", reason="the extra slimfix[bot] is not installed")

from slimfix.bot import publish, read
from slimfix.bot.auth import Token
from slimfix.bot.forge.gitea import Gitea
from slimfix.bot.forge.github import GitHub
from slimfix.bot.forge.gitlab import GitLab
from slimfix.bot.pace import UNLIMITED, Pace
from slimfix.bot.plan import Plan
from slimfix.bot.redact import Secrets
from slimfix.bot.settings import Policy
from slimfix.bot.terms import Terms
from tests.bot.clock import Clock
from tests.bot.forge.contracts import contract
from tests.bot.forge.server import Forge, running
from tests.bot.forge.world import Repo

Client = Union[GitHub, GitLab, Gitea]


@pytest.fixture
def forge_kind() -> str:
    """Which forge; a module of tests for all of them has a fixture of this name with parameters."""
    return "github"


@pytest.fixture
def forge(tmp_path: Path, forge_kind: str) -> Iterator[Forge]:
    with running(tmp_path / "forge", contract(forge_kind), forge_kind) as found:
        yield found
        assert found.world.violations == []


@pytest.fixture
def clock() -> Clock:
    return Clock()


def client(forge: Forge, pace: Pace) -> Client:
    """The bot's own client of a forge."""
    kinds: dict[str, type[Client]] = {"github": GitHub, "gitlab": GitLab, "gitea": Gitea}
    token = forge.world.token
    scheme = "token" if forge.kind == "gitea" else "Bearer"
    return kinds[forge.kind](forge.api, Token(token, scheme), pace, Secrets(token))


@pytest.fixture
def there(forge: Forge, clock: Clock) -> Iterator[Client]:
    found = client(forge, Pace(clock, UNLIMITED))
    yield found
    found.client.close()


CALLS = {
    "github": {"open": ("POST", "/pulls"), "label": ("POST", "/labels"), "issue": ("PATCH", "/issues/")},
    "gitlab": {
        "open": ("POST", "/merge_requests"),
        "label": ("PUT", "/merge_requests/1"),
        "issue": ("PUT", "/issues/"),
    },
    "gitea": {
        "open": ("POST", "/pulls"),
        "label": ("POST", "/issues/1/labels"),
        "issue": ("PATCH", "/issues/"),
    },
}
"""Methods and ends of paths: where faults strike."""


class Bot:
    """The bot at work on a forge, without its jobs."""

    def __init__(self, forge: Forge, there: Client) -> None:
        self.forge = forge
        self.kind = forge.kind
        self.calls = CALLS[forge.kind]
        self.world = forge.world
        self.there = there
        self.terms = Terms(pause=there.client.pace.clock.sleep)
        self.token = self.world.token
        self.secrets = Secrets(self.token)

    @property
    def github(self) -> GitHub:
        """The client, in a test for GitHub alone."""
        assert isinstance(self.there, GitHub)
        return self.there

    @github.setter
    def github(self, there: GitHub) -> None:
        self.there = there

    def plan(self, repo: Repo, policy: Policy = Policy()) -> Plan:
        return read.remote(self.there, repo.full, policy, self.terms, self.secrets)

    def publish(self, plan: Plan) -> list[str]:
        return [f"{one.action} {one.why}".strip() for one in publish.publish(self.there, plan, self.terms)]

    def run(self, repo: Repo, policy: Policy = Policy()) -> list[str]:
        """What is done, in words."""
        return self.publish(self.plan(repo, policy))


@pytest.fixture
def bot(forge: Forge, there: Client) -> Bot:
    return Bot(forge, there)


@pytest.fixture
def github(bot: Bot) -> GitHub:
    return bot.github
