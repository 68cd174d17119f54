"""What a comparison means.

verified             both build, the config is the same, nothing needed is lost, the smoke commands agree
smaller but changed  it still does what could be tried, but something differs that nothing explains
broken               the build fails, something needed is gone, or a smoke command ends differently

Packages that are gone are no change where a smoke command shows that nothing misses them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from slimfix.verify.findings import Comparison, Package, Smoke

VERIFIED = "verified"
CHANGED = "smaller but changed"
BROKEN = "broken"

STATUS = {VERIFIED: 0, CHANGED: 1, BROKEN: 2}
"""The exit status of each."""
_SHOWN = 8


class Verdict(NamedTuple):
    """One word, and why."""

    name: str
    reasons: tuple[str, ...]

    @property
    def status(self) -> int:
        """The exit status that tells it."""
        return STATUS[self.name]


def judge(found: Comparison) -> Verdict:
    """The verdict on a comparison."""
    broken = tuple(_broken(found))
    if broken:
        return Verdict(BROKEN, broken)
    changed = tuple(_changed(found))
    if changed:
        return Verdict(CHANGED, changed)
    return Verdict(VERIFIED, ())


def _broken(found: Comparison) -> Iterator[str]:
    if found.failure is not None:
        yield f"the build fails at step {found.failure.step}"
    for lost in found.lost:
        yield str(lost)
    for smoke in found.smoke:
        if smoke.before[0] != smoke.after[0]:
            yield f"{_command(smoke)}: {ended(smoke.before[0])} before, {ended(smoke.after[0])} after"


def _changed(found: Comparison) -> Iterator[str]:
    for difference in found.config:
        yield str(difference)
    for smoke in found.smoke:
        if smoke.stable and smoke.before[1] != smoke.after[1]:
            yield f"{_command(smoke)}: another output"
    for path in found.files.paths[:_SHOWN]:
        between = " " if path.what in ("vanished", "appeared") else ": "
        yield f"/{path.path}{between}{path.what}"
    more = len(found.files.paths) - _SHOWN
    if more > 0:
        yield f"{more} more paths differ"
    gone = [one for one in found.files.packages if one.after is None]
    if gone and not any(smoke.before[0] == 0 for smoke in found.smoke):
        yield f"packages are gone ({_names(gone)}), and no --smoke command has shown that nothing misses them"
    other = [one for one in found.files.packages if one.after is not None]
    if other:
        yield f"packages are new or have another version: {_names(other)}"


def _command(smoke: Smoke) -> str:
    return " ".join(smoke.command)


def ended(code: int) -> str:
    """An exit status in words; a negative one stands for a command that was stopped."""
    return "did not end" if code < 0 else f"exit status {code}"


def _names(packages: Sequence[Package]) -> str:
    names = [one.name for one in packages[:_SHOWN]]
    more = len(packages) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
