"""Lines for people: one for each step, and one that sums up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from slimfix.engine import Skipped, Step
from slimfix.fix import Safety
from slimfix.report import Outcome, printable

_KINDS = {"safety": "held back", "suppressed": "suppressed", "guard": "refused", "condition": "left alone"}


def lines(outcome: Outcome, verbose: bool = False) -> Iterator[str]:
    """A line for every step, and when *verbose* for everything that was not done."""
    if outcome.rewrite is None or outcome.problem is not None:
        return
    for step in sorted(outcome.rewrite.steps, key=lambda step: step.before):
        yield f"{_place(outcome, step.before)}: {step.rule.name}: {_step(step)}"
    if verbose:
        for skipped in outcome.rewrite.skipped:
            yield f"{_place(outcome, skipped.lines)}: {skipped.rule.name}: {_skipped(skipped)}"


def _place(outcome: Outcome, at: tuple[int, int]) -> str:
    first, last = at
    name = printable(outcome.name)
    return f"{name}:{first}" if first == last else f"{name}:{first}-{last}"


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def _step(step: Step) -> str:
    message = _one_line(step.fix.message)
    if step.fix.assumption:
        message += f" [{step.fix.safety}: {_one_line(step.fix.assumption)}]"
    elif step.fix.safety is not Safety.SAFE:
        message += f" [{step.fix.safety}]"
    if step.fix.saving is not None:
        message += f" [saves about {size(step.fix.saving.bytes)}]"
    return message


def size(number: int) -> str:
    """A number of bytes in the unit that suits it."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        value = number / 1000**power
        if value >= 1:
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{number} B"


def _skipped(skipped: Skipped) -> str:
    return f"{_KINDS.get(skipped.kind, skipped.kind)}: {_one_line(skipped.reason)}"


class Summary:
    """Adds up the outcomes of a run."""

    def __init__(self) -> None:
        self.files = 0
        self.changed = 0
        self.failed = 0
        self.rules: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count one more file."""
        self.files += 1
        self.changed += outcome.changed
        self.failed += outcome.problem is not None
        if outcome.rewrite is not None and outcome.problem is None:
            self.rules.update(step.rule.name for step in outcome.rewrite.steps)
            self.kinds.update(skipped.kind for skipped in outcome.rewrite.skipped)

    def line(self, written: bool, allowed: Safety, verbose: bool = False) -> str:
        """The one line that sums up."""
        parts = [self._changes(written)] if self.files > self.failed else []
        held = self.kinds["safety"]
        if held:
            ways = [] if verbose else ["-v lists them"]
            ways.append("--unsafe makes them" if allowed else "without --safe-only they may be made")
            parts.append(f"{held} held back ({', '.join(ways)})")
        other = sum(self.kinds.values()) - held
        if other:
            parts.append(f"{other} left alone" + ("" if verbose else " (-v says why)"))
        if self.failed:
            parts.append(_count(self.failed, "file") + " with errors")
        return "; ".join(parts)

    def _changes(self, written: bool) -> str:
        if not self.changed:
            return f"nothing to change in {_count(self.files - self.failed, 'file')}"
        verb = "changed" if written else "would change"
        counts: Iterable[tuple[str, int]] = sorted(self.rules.items(), key=lambda item: (-item[1], item[0]))
        rules = ", ".join(f"{name} {number}" for name, number in counts)
        return f"{self.changed} of {_count(self.files, 'file')} {verb}: {rules}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
