"""The rules. Each module here is one; the package walks itself, so there is no list to edit.

A rule module holds ``CODE`` (such as ``"SF001"``), ``ORDER`` (an int: lower runs first), a docstring
that is its documentation, and ``check(dockerfile) -> Iterator[Fix | Skip]``.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Union

from slimfix.fix import Fix, Skip

if TYPE_CHECKING:
    from slimfix.dockerfile import Dockerfile

Found = Union[Fix, Skip]


class Rule(NamedTuple):
    """A rule as the engine sees it."""

    name: str
    """The module's name with hyphens: ``apk-no-cache``."""
    code: str
    order: int
    doc: str
    check: Callable[[Dockerfile], Iterator[Found]]

    @property
    def summary(self) -> str:
        """The first line of its documentation."""
        return self.doc.strip().splitlines()[0]


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every rule of the package, in the order in which they run."""
    found = []
    for file in sorted(os.listdir(os.path.dirname(__file__))):
        name, extension = os.path.splitext(file)
        if extension != ".py" or name.startswith("_"):
            continue
        module = importlib.import_module(f"{__name__}.{name}")
        doc = module.__doc__ or ""
        found.append(Rule(name.replace("_", "-"), module.CODE, module.ORDER, doc, module.check))
    return tuple(sorted(found, key=lambda rule: (rule.order, rule.name)))


class UnknownRule(ValueError):
    """A selector that matches no rule."""


def select(wanted: Iterable[str] | None, ignored: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules that *wanted* names (all when None) without those that *ignored* names.

    A selector is a rule's name, its code, the beginning of a code (``SF1``) or of a name up to a
    hyphen (``apk``), or ``all``.

    Raises:
        UnknownRule: a selector matches nothing.
    """
    chosen = set(_matching(wanted)) if wanted is not None else set(all_rules())
    chosen -= set(_matching(ignored))
    return tuple(rule for rule in all_rules() if rule in chosen)


def _matching(selectors: Iterable[str]) -> Iterator[Rule]:
    for selector in selectors:
        key = selector.strip().lower()
        matches = [
            rule
            for rule in all_rules()
            if key in ("all", rule.name)
            or rule.name.startswith(key + "-")
            or (key.startswith("sf") and rule.code.lower().startswith(key))
        ]
        if not matches:
            raise UnknownRule(f"unknown rule: {selector}")
        yield from matches
