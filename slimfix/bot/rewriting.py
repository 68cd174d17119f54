"""What slimfix makes of the Dockerfiles of a commit, and what a build leaves of that."""

from __future__ import annotations

from collections.abc import Sequence

from slimfix.bot.contexts import Contexts
from slimfix.bot.errors import BotError
from slimfix.bot.measured import Proved, Prover
from slimfix.bot.settings import Settings
from slimfix.bot.tree import Tree
from slimfix.dockerfile import ParseError
from slimfix.engine import Reader, Rewrite, rewrite
from slimfix.files import Unusable, checked
from slimfix.rules import Rule


def rewritten(
    tree: Tree,
    path: str,
    contexts: Contexts,
    settings: Settings,
    declined: frozenset[str],
    prover: Prover | None,
) -> Proved | str:
    """What may be proposed of a file, or why it cannot be worked on. Raises BotError.

    Args:
        tree: of the commit.
        path: of the Dockerfile.
        contexts: of the Dockerfiles of the commit.
        settings: of the repository.
        declined: rules that the maintainers turned down before.
        prover: builds it, if that is wanted.
    """
    data = tree.read(path)
    if data is None:
        return "too large for a Dockerfile"
    found = settings.at(path)
    reader = Reader(found.target, found.all_stages, contexts.of(path), found.options)
    allowed = settings.allowed(found)

    def remake(rules: Sequence[Rule]) -> Rewrite:
        return rewrite(text, rules, reader, allowed)

    try:
        text = checked(data)
        made = remake(settings.rules(found, declined))
        if prover is None or not made.changed:
            return Proved(made)
        directory, problem = contexts.place(path)
        if problem is not None:
            return Proved(made, unmeasured=problem)
        return prover.prove(path, directory, made, remake, found.target)
    except (Unusable, ParseError) as error:
        return str(error)
    except BotError:
        raise
    except Exception as error:  # a bug of ours must not keep the other files from being done
        return f"internal error: {type(error).__name__}"
