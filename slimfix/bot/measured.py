"""What building both versions of a Dockerfile has shown, as data that goes into a plan.

Pure: who builds is :mod:`.measure`, and nobody does unless the operator says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from slimfix.engine import Rewrite
from slimfix.rules import Rule

Remake = Callable[[Sequence[Rule]], Rewrite]
"""What some rules, in their order, make of the Dockerfile as it is."""
Verdict = Literal["broken", "changed", "larger", "not-verified"]
"""Why something is held back: its build fails or something needed is gone; something differs that nothing
explains; the image gets larger; or it could not be found out."""


class Row(NamedTuple):
    """One measure of both images, in words."""

    name: str
    before: str
    after: str
    change: str


class Measured(NamedTuple):
    """Two images that were built and compared, with nothing against it."""

    engine: str
    """What built them."""
    before: int
    """Bytes of the image, uncompressed."""
    after: int
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]
    """What differs and is explained, and what could not be looked at."""

    @property
    def saving(self) -> int:
        """Bytes by which the image gets smaller; negative where it gets larger."""
        return self.before - self.after


class Held(NamedTuple):
    """Fixes of one Dockerfile that are not proposed, since a build spoke against them."""

    path: str
    rules: tuple[str, ...]
    verdict: Verdict
    reason: str


class Proved(NamedTuple):
    """What may be proposed of a rewrite."""

    rewrite: Rewrite | None
    """None where nothing may."""
    measured: Measured | None = None
    unmeasured: str = ""
    """Why nothing could be measured, though the rewrite may be proposed."""
    held: tuple[Held, ...] = ()


class Ignored(NamedTuple):
    """What a build has to say of an ignore file."""

    unmeasured: str = ""
    """Why it had no part in a build; empty where it had, and nothing is against it."""
    held: tuple[Held, ...] = ()


class Prover(Protocol):
    """Builds a Dockerfile of one commit before and after."""

    def prove(
        self, path: str, directory: str, rewrite: Rewrite, remake: Remake, target: str | None
    ) -> Proved:
        """What may be proposed.

        Args:
            path: of the Dockerfile, in the commit.
            directory: of its build context.
            rewrite: what is made of it.
            remake: how to make it with fewer rules.
            target: the stage that ships, where the settings name one.
        """

    def prove_ignoring(self, path: str, before: str, after: str, dockerfiles: Mapping[str, str]) -> Ignored:
        """Whether the Dockerfiles still build with an ignore file.

        Args:
            path: of the ignore file.
            before: what it holds; empty where it is not there.
            after: what it is to hold.
            dockerfiles: those that it is for, by their paths, with the text that they are to have.
        """
