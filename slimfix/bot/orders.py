"""What people who may push say to the bot, in a comment under its pull request.

Pure. A comment is an order where it begins with a line such as ``/slimfix rebase``. What was carried out is
noted in the body of the pull request by the number of the comment, so that nothing is done twice, however
often a delivery comes; an order that is edited later is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Union

from slimfix.bot import inert
from slimfix.bot.decide import Close, Rebuild
from slimfix.bot.forge import Comment, Pull
from slimfix.bot.marker import find
from slimfix.bot.plan import Proposal
from slimfix.bot.settings import Wishes
from slimfix.rules import UnknownRule, named

NAME = "/slimfix"
HELP = """\
What can be said here, at the beginning of a comment, by those who may push:

- `/slimfix rebase`: build the branch anew from its base; others' commits on it are lost.
- `/slimfix ignore RULE...`: leave these rules out, here and in what is proposed later.
- `/slimfix allow RULE...`: take that back.
- `/slimfix close`: close this, and propose these rules no more.
- `/slimfix again`, under one that is closed: ask for it once more."""


class Order(NamedTuple):
    """One thing that someone wants."""

    comment: Comment
    verb: str
    words: tuple[str, ...]
    allowed: bool = False
    """Whether whoever wants it may push."""


class Heed(NamedTuple):
    """Note that an order was heard, and which rules are not wanted from now on."""

    pull: Pull
    ignored: tuple[str, ...]
    why: str


class Reply(NamedTuple):
    """Answer an order by a comment."""

    pull: Pull
    text: str


Action = Union[Close, Rebuild, Heed, Reply]


def read(comment: Comment) -> Order | None:
    """The order that a comment begins with; None if it is just talk."""
    words = comment.text.split("\n", 1)[0].split()
    if not words or words[0].lower() != NAME or comment.text[0].isspace():
        return None
    verb, *rest = [word.strip("`,") for word in words[1:]] or ["help"]
    return Order(comment, verb.lower(), tuple(filter(None, rest)))


def pending(comments: Iterable[Comment], heard: int) -> Order | None:
    """The first order after the comment with the number *heard*."""
    later = (read(comment) for comment in comments if comment.id > heard)
    return next((order for order in later if order is not None), None)


def decide(order: Order, pull: Pull, proposal: Proposal | None, base: str, wishes: Wishes) -> Action:
    """What is done about an order.

    Args:
        order: what is wanted.
        pull: the open pull request under which it was said.
        proposal: what there is to propose on its branch; None for nothing.
        base: the branch that it should go to.
        wishes: what the repository and the operator want.
    """
    marker = find(pull.body)
    ignored = marker.ignored if marker else ()
    if not order.allowed:
        return Heed(pull, ignored, "not-allowed")
    if order.verb == "close":
        return Close(pull, "")
    if order.verb == "rebase":
        if proposal is None or not wishes.enabled:
            return Heed(pull, ignored, "nothing-to-fix")
        if pull.base != base:
            return Reply(pull, f"This goes to another branch than {inert.code(base)}: it is not rebased.")
        return Rebuild(pull, "asked")
    if order.verb in ("ignore", "allow") and order.words:
        try:
            names = named(order.words)
        except UnknownRule as error:
            known = ", ".join(f"`{name}`" for name in (marker.rules if marker else ()))
            return Reply(pull, f"{inert.line(str(error)).capitalize()}. Those at work here: {known}.")
        kept = [name for name in ignored if name not in names]
        new = (*kept, *(names if order.verb == "ignore" else ()))
        return Heed(pull, new, order.verb)
    return Reply(pull, HELP)


def answer(comment: Comment, text: str) -> str:
    """The text of a reply, by which it is known again."""
    return f"{text}\n\n{answered(comment)}"


def answered(comment: Comment) -> str:
    """What every reply to a comment ends with, unseen."""
    return f"<!-- slimfix-reply:{comment.id} -->"
