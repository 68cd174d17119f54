"""What became of one repository, as data that is stored, printed and counted."""

from __future__ import annotations

import json
from typing import NamedTuple

from slimfix.bot.errors import BotError
from slimfix.bot.measured import Held
from slimfix.bot.terms import Result
from slimfix.report import printable

HARMLESS = frozenset(("archived", "disabled", "fork", "empty", "opted-out", "denied"))
"""Kinds of :class:`BotError` that are a repository's own affair, and no failure of a run."""


class Outcome(NamedTuple):
    """The end of the work on a repository, for this time."""

    repository: str
    kind: str = ""
    """That of a :class:`BotError`; empty when the plan was carried out."""
    message: str = ""
    results: tuple[Result, ...] = ()
    dockerfiles: int = 0
    saving: int = 0
    """Bytes that the open and new pull requests are expected to save."""
    unread: tuple[tuple[str, str], ...] = ()
    """Paths that were passed over, with the reason."""
    held: tuple[Held, ...] = ()
    """What is not proposed, since a build spoke against it."""

    @property
    def failed(self) -> bool:
        """Whether someone should look at it."""
        return bool(self.kind) and self.kind not in HARMLESS

    def lines(self) -> list[str]:
        """It in words, a line for each pull request."""
        if self.kind:
            told = "".join(f"; {_told(result)}" for result in self.results)
            verb = "failed" if self.failed else "skipped"
            return [f"{self.repository}: {verb} ({self.kind}): {self.message}{told}"]
        held = [f"{self.repository}: {held_back(one)}" for one in self.held]
        if not self.results:
            what = "nothing to fix" if self.dockerfiles else "no Dockerfile"
            return held or [f"{self.repository}: {what}"]
        return [*(f"{self.repository}: {_told(result)}" for result in self.results), *held]

    def json(self) -> str:
        """It as text."""
        data = self._asdict()
        data["results"] = [result._asdict() for result in self.results]
        data["held"] = [one._asdict() for one in self.held]
        return json.dumps(data)


def read(text: str) -> Outcome:
    """The outcome of what :meth:`Outcome.json` wrote."""
    data = json.loads(text)
    data["results"] = tuple(Result(**{**one, "problems": tuple(one["problems"])}) for one in data["results"])
    data["unread"] = tuple((path, reason) for path, reason in data["unread"])
    data["held"] = tuple(Held(**{**one, "rules": tuple(one["rules"])}) for one in data.get("held", ()))
    return Outcome(**data)


def failure(repository: str, error: BotError) -> Outcome:
    """The outcome where there was a reason to stop."""
    return Outcome(repository, error.kind, " ".join(str(error).split()))


def held_back(one: Held) -> str:
    """What is held back, in words."""
    rules = ", ".join(one.rules)
    return f"{printable(one.path)}: held back ({one.verdict}): {rules}: {printable(one.reason)}"


_VERBS = {
    "create": "opened",
    "rebuild": "rebuilt",
    "reword": "reworded",
    "dress": "labelled",
    "close": "closed",
    "hands-off": "left to its new owner",
    "leave": "left alone",
    "delete-branch": "deleted",
    "tell": "told",
    "mend": "taken back",
    "heed": "heard",
}


def _told(result: Result) -> str:
    why = f" ({result.why})" if result.why else ""
    place = result.url or result.branch
    problems = "".join(f"; {problem}" for problem in result.problems)
    return f"{_VERBS.get(result.action, result.action)}{why} {place}{problems}".replace(" ;", ";").rstrip()
