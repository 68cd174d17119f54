"""What a rule yields: a :class:`Fix`, or a :class:`Skip` that says why there is none."""

from __future__ import annotations

from enum import IntEnum

from slimfix.records import NamedTuple
from slimfix.text import Edit, Span


class Safety(IntEnum):
    """How much a fix asks the reader to believe; a greater value asks for more."""

    SAFE = 0
    """Same commands, order, state and failures; only caches, indexes and layer boundaries differ."""
    ASSUMED = 1
    """Correct if the one assumption named in the fix holds."""
    UNSAFE = 2
    """May change what the image does."""

    def __str__(self) -> str:
        return self.name.lower()


class Saving(NamedTuple):
    """How much smaller the image is expected to become."""

    bytes: int
    """Estimated bytes, uncompressed."""
    source: str
    """Where the estimate comes from."""


class Parting(NamedTuple):
    """That a fix makes two stages of one: what builds stays, what the image is told goes into a new one."""

    stage: int
    """The index of the stage that becomes the builder."""
    unset: frozenset[str] = frozenset()
    """Variables of the environment that only the builder has from now on."""


class Fix(NamedTuple):
    """An atomic group of edits: all of them are made, or none."""

    edits: tuple[Edit, ...]
    message: str
    """One line, in the imperative, without a final full stop."""
    at: Span
    """The place to show: the instruction or word that is wrong."""
    safety: Safety = Safety.SAFE
    assumption: str | None = None
    """What must hold for an ``ASSUMED`` fix; ``None`` for a safe one."""
    saving: Saving | None = None
    removes: tuple[Span, ...] = ()
    """The commands that it means to take away, each within one of these; no other may be missing."""
    parting: Parting | None = None
    """The only thing for which an instruction may come to stand in another stage."""


class Skip(NamedTuple):
    """A place where a rule applies but did not act, with the reason."""

    reason: str
    at: Span
