"""Settings of a repository that cannot be used: told at one place, and taken back when they are mended.

That place is a comment on the open pull request, else an issue: the one that was opened before, if there
was one. It holds notes of ours, as a body does, so that it is found again and never told twice. An issue
that people closed is a wish to hear no more of the same problem.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from slimfix.bot import inert, marker
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Comment, Forge, Issue, Pull, Repository
from slimfix.bot.http import Interrupted
from slimfix.bot.terms import TRIES, Result, Terms

TITLE = "slimfix cannot use its settings"

_LINE = re.compile(r"^<!-- slimfix-settings:(\{[^\n]*\}) -->\s*\Z", re.MULTILINE)
_Answer = TypeVar("_Answer")


class Notes(NamedTuple):
    """What is noted, unseen, at the end of a complaint."""

    problem: str
    """Which one it was, as a digest."""
    mended: bool


def notes_of(text: str) -> Notes | None:
    """The notes at the end of a text of ours; None if there are none."""
    match = _LINE.search(text.replace("\r\n", "\n"))
    try:
        found = json.loads(match[1]) if match else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.keys() != set(Notes._fields):
        return None
    if not isinstance(found["problem"], str) or not isinstance(found["mended"], bool):
        return None
    return Notes(**found)


def text_of(problem: str, mended: bool = False) -> str:
    """What is said of a problem.

    Args:
        problem: the file and what is wrong with it, in one line.
        mended: whether it is over.
    """
    notes = Notes(_digest(problem), mended)
    if mended:
        told = "The settings can be used again. Thank you!"
    else:
        told = (
            f"{inert.line(problem)}\n\n"
            "Until this is mended on the default branch, the bot changes nothing in this repository: it does "
            "not guess what was meant. `slimfix --diff .` says the same on your machine. "
            "This text is taken back by itself once the settings can be used; close or delete it, and you "
            "will hear no more of this problem."
        )
    return f"{told}\n\n<!-- slimfix-settings:{json.dumps(notes._asdict(), separators=(',', ':'))} -->"


def broken(forge: Forge, repository: Repository, problem: str, terms: Terms) -> Result:
    """Tell of a problem, unless it was told before. Raises BotError."""
    return _again(terms, lambda: _broken(forge, repository, problem, terms))


def mended(
    forge: Forge, repository: Repository, pulls: Iterable[Pull], were: int, terms: Terms
) -> Result | None:
    """Take back what was told before, if anything was; what was done. Raises BotError.

    Args:
        forge: where it is done.
        repository: as it was looked at in this run.
        pulls: our open pull requests, after a closer look.
        were: how many of ours were open at that look at the repository.
        terms: of the run.
    """
    given = list(pulls)
    return _again(terms, lambda: _mended(forge, repository, given, were, terms))


def _again(terms: Terms, turn: Callable[[], _Answer]) -> _Answer:
    for number in range(TRIES - 1):
        try:
            return turn()
        except Interrupted:  # noqa: PERF203  # each turn may end so; the next sees what it has done
            terms.pause(2.0**number)
    return turn()


def _broken(forge: Forge, repository: Repository, problem: str, terms: Terms) -> Result:
    text, digest = text_of(problem), _digest(problem)
    issue = _issue(forge, repository)
    told = issue[1] if issue else None
    pulls = [] if issue and issue[0].open else _pulls(forge, repository)
    comment = next((found for pull in pulls for found in [_comment(forge, repository, pull)] if found), None)
    if comment is not None:
        pull, said, noted = comment
        if noted == Notes(digest, False):
            return Result("", "leave", "told", pull.url)
        if not terms.dry:
            forge.edit_comment(repository, pull, said, text)
        return Result("", "tell", "bad-config", pull.url)
    if issue is not None and told == Notes(digest, False):
        return Result("", "leave", "told", issue[0].url)
    if pulls:
        if not terms.dry:
            forge.comment(repository, pulls[0], text)
        return Result("", "tell", "bad-config", pulls[0].url)
    if not repository.has_issues:
        return Result("", "leave", "no-issues")
    if issue is not None:
        if not terms.dry:
            forge.edit_issue(repository, issue[0], TITLE, text, open=True)
        return Result("", "tell", "bad-config", issue[0].url)
    url = "" if terms.dry else forge.open_issue(repository, TITLE, text).url
    return Result("", "tell", "bad-config", url)


def _mended(
    forge: Forge, repository: Repository, pulls: list[Pull], were: int, terms: Terms
) -> Result | None:
    for pull in pulls:
        found = _comment(forge, repository, pull) if pull.comments != 0 else None
        if found is not None and not found[2].mended:
            if not terms.dry:
                forge.edit_comment(repository, pull, found[1], text_of("", mended=True))
            return Result("", "mend", "", pull.url)
    if repository.open_issues is not None and repository.open_issues <= were:
        return None  # no issue is open
    try:
        issue = _issue(forge, repository)
    except BotError as error:
        if error.passing:
            raise
        return None  # nor could one have been opened
    if issue is None or not issue[0].open:
        return None
    if not terms.dry:
        forge.edit_issue(repository, issue[0], TITLE, text_of("", mended=True), open=False)
    return Result("", "mend", "", issue[0].url)


def _issue(forge: Forge, repository: Repository) -> tuple[Issue, Notes] | None:
    """Our issue about settings, and its notes."""
    if not repository.has_issues:
        return None
    found = ((issue, notes_of(issue.body)) for issue in forge.issues(repository))
    return next(((issue, notes) for issue, notes in found if notes is not None), None)


def _pulls(forge: Forge, repository: Repository) -> list[Pull]:
    """Open pull requests of ours under which something may be said."""
    found = forge.open_pulls(repository)
    return [pull for pull in found if not pull.locked and marker.find(pull.body) is not None]


def _comment(forge: Forge, repository: Repository, pull: Pull) -> tuple[Pull, Comment, Notes] | None:
    """Our comment about settings under a pull request, and its notes."""
    for comment in forge.comments(repository, pull):
        notes = notes_of(comment.text)
        if notes is not None and comment.author == forge.me(repository):
            return pull, comment, notes
    return None


def _digest(problem: str) -> str:
    return hashlib.sha256(problem.encode("utf-8", "replace")).hexdigest()[:16]
