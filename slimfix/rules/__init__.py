"""The rules. Each module here is one; the package walks itself, so there is no list to edit.

A rule module holds ``CODE`` (such as ``"SF001"``), ``ORDER`` (an int: lower runs first), a docstring
that is its documentation, and ``check(dockerfile) -> Iterator[Fix | Skip]``. It may hold ``WORDS``: it has
nothing to say of a Dockerfile that holds none of them, in whatever case. The three constants are literals
on lines of their own, for they are read from the source: a module is imported when it is first needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial

from slimfix.fix import Fix, Skip
from slimfix.records import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from slimfix.dockerfile import Dockerfile

Found = Fix | Skip


class Rule(NamedTuple):
    """A rule as the engine sees it."""

    name: str
    """The module's name with hyphens: ``apk-no-cache``."""
    code: str
    order: int
    check: Callable[[Dockerfile], Iterator[Found]]
    words: tuple[str, ...] = ()
    """In lower case: it has nothing to say of a Dockerfile that holds none of them. None: of any."""

    def concerns(self, lowered: str) -> bool:
        """Whether it may have something to say of a Dockerfile with this text, in lower case."""
        for word in self.words:  # asked of every rule after every step
            if word in lowered:
                return True
        return not self.words

    @property
    def doc(self) -> str:
        """Its documentation."""
        return _module(self.name).__doc__ or ""

    @property
    def summary(self) -> str:
        """The first line of its documentation."""
        return self.doc.strip().splitlines()[0]


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every rule of the package, in the order in which they run."""
    here = os.path.dirname(__file__)
    found = []
    for file in sorted(os.listdir(here)):
        name, extension = os.path.splitext(file)
        if extension == ".py" and not name.startswith("_"):
            with open(os.path.join(here, file), "rb") as source:
                text = source.read()
            called = name.replace("_", "-")
            check = partial(_check, called)
            code, order = _constant(text, b"CODE").strip('"'), int(_constant(text, b"ORDER"))
            found.append(Rule(called, code, order, check, _strings(_constant(text, b"WORDS"))))
    return tuple(sorted(found, key=lambda rule: (rule.order, rule.name)))


def _constant(source: bytes, name: bytes) -> str:
    """What a constant of a module is set to; nothing if there is none."""
    _, _, after = source.partition(b"\n%b = " % name)
    return after.partition(b"\n")[0].decode().rstrip("\r")


def _strings(written: str) -> tuple[str, ...]:
    """What a tuple of strings on one line holds; in them, a backslash stands before n or t alone."""
    return tuple(written.replace("\\n", "\n").replace("\\t", "\t").split('"')[1::2])


def _module(name: str) -> Any:
    called = f"{__name__}.{name.replace('-', '_')}"
    __import__(called)
    return sys.modules[called]


def _check(name: str, dockerfile: Dockerfile) -> Iterator[Found]:
    found: Iterator[Found] = _module(name).check(dockerfile)
    return found


IGNORE_FILE = "dockerignore"
"""What is selected and ignored like a rule and is none: the proposal of an ignore file."""


class UnknownRule(ValueError):
    """A selector that matches no rule."""


def select(wanted: Iterable[str] | None, ignored: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules that *wanted* names (all when None) without those that *ignored* names.

    A selector is a rule's name, its code, the beginning of a code (``SF1``) or of a name up to a
    hyphen (``apk``), or ``all``. :data:`IGNORE_FILE` may stand among them, and is no rule.

    Raises:
        UnknownRule: a selector matches nothing.
    """
    chosen = set(_matching(wanted)) if wanted is not None else set(all_rules())
    chosen -= set(_matching(ignored))
    return tuple(rule for rule in all_rules() if rule in chosen)


def selects_ignore_file(wanted: Iterable[str] | None, ignored: Iterable[str] = ()) -> bool:
    """Whether selectors that :func:`select` understands want :data:`IGNORE_FILE`, too."""
    own = {"all", IGNORE_FILE}
    turned_down = own & {selector.strip().lower() for selector in ignored}
    return not turned_down and (wanted is None or bool(own & {one.strip().lower() for one in wanted}))


def named(selectors: Iterable[str]) -> tuple[str, ...]:
    """The names of what :func:`select` makes of selectors, with :data:`IGNORE_FILE` where it is meant.

    Raises:
        UnknownRule: a selector matches nothing.
    """
    given = list(selectors)
    more = (IGNORE_FILE,) if selects_ignore_file(given) else ()
    return (*(rule.name for rule in select(given)), *more)


def _matching(selectors: Iterable[str]) -> Iterator[Rule]:
    for selector in selectors:
        key = selector.strip().lower()
        if key == IGNORE_FILE:
            continue
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
