"""What ``--verify`` and the options that go with it mean."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from slimfix.bot.errors import BotError
from slimfix.console import err

if TYPE_CHECKING:
    from slimfix.bot.git import Clone
    from slimfix.bot.measure import Builder
    from slimfix.bot.read import Proving
    from slimfix.bot.redact import Secrets
    from slimfix.bot.tree import Tree

_OPTIONS = ("engine_name", "build_network", "build_platform", "build_extra", "build_timeout")


@contextlib.contextmanager
def verifying(options: dict[str, Any]) -> Iterator[Callable[[Secrets], Proving] | None]:
    """Who builds, given our secrets; None where that is not wanted. A polite end removes what was made.

    Raises:
        BotError: no engine answers.
        click.UsageError: options that mean nothing without ``--verify``.
    """
    if not options["verify"]:
        if any(options[name] for name in _OPTIONS):
            raise click.UsageError("--engine and --build-... need --verify")
        yield None
        return
    from slimfix.bot.measure import Builder, Building
    from slimfix.verify import engines
    from slimfix.verify.cli import TIMEOUT, terminable
    from slimfix.verify.engines import EngineError, Options

    given = Options(
        network=options["build_network"],
        platform=options["build_platform"],
        extra=options["build_extra"],
        timeout=options["build_timeout"] or TIMEOUT,
    )
    with terminable():
        try:
            building = Building(engines.find(options["engine_name"] or "auto"), given)
        except EngineError as error:
            raise BotError("no-engine", str(error)) from None

        def proving(secrets: Secrets) -> Proving:
            def prover(name: str, tree: Tree, clone: Clone) -> Builder:
                return Builder(building, tree, clone, secrets, lambda line: err(f"{name}: {line}"))

            return prover

        yield proving
