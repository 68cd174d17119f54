"""A forge for each test, whose every message must fit GitHub's description of its API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="the extra slimfix[bot] is not installed")

from slimfix.bot.forge.github import GitHub
from slimfix.bot.pace import UNLIMITED, Pace
from slimfix.bot.redact import Secrets
from tests.bot.clock import Clock
from tests.bot.forge.contract import contract
from tests.bot.forge.server import Forge, running


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


class Token:
    """A token that is always the same."""

    def __init__(self, value: str) -> None:
        self.value = value

    def header(self) -> str:
        return f"Bearer {self.value}"
