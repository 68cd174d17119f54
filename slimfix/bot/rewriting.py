"""What slimfix makes of the Dockerfiles of a commit, and what a build leaves of that."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from slimfix.bot.errors import BotError
from slimfix.bot.measured import Proved, Prover
from slimfix.bot.settings import Settings
from slimfix.bot.tree import Tree
from slimfix.context import BuildContext
from slimfix.dockerfile import ParseError
from slimfix.engine import Reader, Rewrite, rewrite
from slimfix.files import Unusable, checked
from slimfix.rules import Rule


def rewritten(
    tree: Tree, path: str, settings: Settings, declined: frozenset[str], prover: Prover | None
) -> Proved | str:
    """What may be proposed of a file, or why it cannot be worked on. Raises BotError.

    Args:
        tree: of the commit.
        path: of the Dockerfile.
        settings: of the repository.
        declined: rules that the maintainers turned down before.
        prover: builds it, if that is wanted.
    """
    data = tree.read(path)
    if data is None:
        return "too large for a Dockerfile"
    found = settings.at(path)
    directory, name = posixpath.split(path)
    context = BuildContext(tree.below(directory), name)
    reader = Reader(found.target, found.all_stages, context, found.options)
    allowed = settings.allowed(found)

    def remake(rules: Sequence[Rule]) -> Rewrite:
        return rewrite(text, rules, reader, allowed)

    try:
        text = checked(data)
        made = remake(settings.rules(found, declined))
        if prover is None or not made.changed:
            return Proved(made)
        return prover.prove(path, made, remake, found.target)
    except (Unusable, ParseError) as error:
        return str(error)
    except BotError:
        raise
    except Exception as error:  # a bug of ours must not keep the other files from being done
        return f"internal error: {type(error).__name__}"
