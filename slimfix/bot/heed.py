"""Who wants something of the bot in a comment, and whether they may: asked of the forge."""

from __future__ import annotations

from collections.abc import Iterable

from slimfix.bot import decide, orders
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Comment, Forge, Pull, Repository
from slimfix.bot.orders import Order

ANEW = ("ignore", "allow")
"""Orders after which a plan has to be made anew."""


def pending(forge: Forge, repository: Repository, comments: Iterable[Comment], heard: int) -> Order | None:
    """The first order that was not carried out. Raises BotError.

    Args:
        forge: which is asked who may give one.
        repository: in which they are to be allowed to push.
        comments: under an open pull request, the oldest first.
        heard: the number of the last one that was carried out.
    """
    order = orders.pending(comments, heard)
    return order and order._replace(allowed=_may(forge, repository, order.comment.author))


def revived(forge: Forge, repository: Repository, pulls: Iterable[Pull], dry: bool) -> tuple[Pull, ...]:
    """The pull requests of a branch; the last one that was turned down has the label that asks for it again
    if someone who may push said so under it. Raises BotError.

    Args:
        forge: where the label is put, so that this need not be looked for again.
        repository: of the pull requests.
        pulls: the newest first.
        dry: whether nothing is to be written.
    """
    found = list(pulls)
    for number, pull in enumerate(found):
        if decide.refused(pull) is None:
            continue
        for comment in forge.comments(repository, pull) if pull.comments != 0 else ():
            order = orders.read(comment)
            if order and order.verb == "again" and _may(forge, repository, comment.author):
                if not dry:
                    forge.acknowledge(repository, pull, comment)
                    forge.decorate(repository, pull, (decide.AGAIN,), ())
                found[number] = pull._replace(labels=(*pull.labels, decide.AGAIN))
                break
        break
    return tuple(found)


def _may(forge: Forge, repository: Repository, user: str) -> bool:
    try:
        return bool(user) and forge.may_write(repository, user)
    except BotError as error:
        if error.kind == "no-permission":  # to know that; then nobody is believed
            return False
        raise
