"""Rules to a finished rewrite: one rule at a time, guarded, round and round to a fixpoint."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence

from slimfix import guard, suppress
from slimfix.changes import Changes
from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Safety, Skip
from slimfix.records import NamedTuple
from slimfix.rules import Rule
from slimfix.text import EditConflict, Span, apply, fitted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from slimfix.context import BuildContext

MAX_ROUNDS = 12
"""Rounds over all rules; real files need two or three."""
MAX_PASSES = 200
"""Passes of one rule in one round; each makes at least one edit."""


class Step(NamedTuple):
    """One fix that was made."""

    rule: Rule
    fix: Fix
    before: tuple[int, int]
    """First and last line that it is about, in the original file, from 1."""
    after: tuple[int, int]
    """First and last line of its result, in the rewritten file."""
    number: int = 0
    """Fixes with the same number were made at once, in the text that those with lower ones left."""


class Skipped(NamedTuple):
    """One fix that was not made."""

    rule: Rule
    reason: str
    lines: tuple[int, int]
    """First and last line that it is about, in the original file, from 1."""
    kind: str
    """``condition`` (the rule's own reason), ``safety`` (held back by the settings),
    ``suppressed`` (by a comment) or ``guard`` (could not be shown to be right)."""


class Rewrite(NamedTuple):
    """What slimfix makes of one Dockerfile."""

    before: str
    after: str
    steps: tuple[Step, ...]
    skipped: tuple[Skipped, ...]

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after


class Reader(NamedTuple):
    """How to read a Dockerfile: everything but its text. See :class:`Dockerfile`."""

    target: str | None = None
    all_stages: bool = False
    context: BuildContext | Callable[[], BuildContext | None] | None = None
    options: Mapping[str, Any] = {}

    def read(self, text: str) -> Dockerfile:
        """The Dockerfile of *text*. Raises ParseError."""
        return Dockerfile(
            text,
            target=self.target,
            all_stages=self.all_stages,
            context=self.context,
            options=self.options,
        )


def rewrite(
    text: str,
    rules: Sequence[Rule],
    reader: Reader = Reader(),
    allowed: Safety = Safety.ASSUMED,
) -> Rewrite:
    """Apply *rules* to a Dockerfile until they have nothing more to say.

    Args:
        text: the source, as :func:`slimfix.text.decode` gives it.
        rules: in the order in which they are to run.
        reader: target, context and settings.
        allowed: the greatest safety value of a fix that is made.

    Raises:
        ParseError: the file is one that Docker refuses.
    """
    return _Run(text, rules, reader, allowed).run()


class _Run:
    def __init__(self, text: str, rules: Sequence[Rule], reader: Reader, allowed: Safety) -> None:
        self.original = reader.read(text)
        self.current = self.original
        self.rules = rules
        self.reader = reader
        self.allowed = allowed
        self.history: list[Changes] = []
        self.steps: list[tuple[Rule, Fix, int, Span]] = []
        self.skipped: dict[tuple[str, str, tuple[int, int]], Skipped] = {}
        self.refused: set[tuple[str, str]] = set()
        self.lower = ("", "")
        self.noted: list[Skipped] = []
        """What the rule at work skips in this pass."""
        self.settled: dict[str, tuple[Dockerfile, list[Skipped]]] = {}
        """What each rule skipped in the text in which it last found nothing to do."""

    def run(self) -> Rewrite:
        seen = {self.current.text}
        for _ in range(MAX_ROUNDS):
            before = self.current.text
            self.skipped = {k: s for k, s in self.skipped.items() if s.kind == "guard"}
            for rule in self.rules:
                self.apply_rule(rule)
            if self.current.text == before:
                return self.result()
            if self.current.text in seen:
                break
            seen.add(self.current.text)
        return self.gave_up()

    def result(self) -> Rewrite:
        lines = self.original.lines
        final = self.current.lines
        steps = []
        for rule, fix, number, span in self.steps:
            before = lines.range(self.original_span(fix.at, number))
            after = final.range(self.final_span(span, number + 1))
            steps.append(Step(rule, fix, before, after, number))
        order = sorted(self.skipped.values(), key=lambda s: (s.lines, s.rule.order))
        return Rewrite(self.original.text, self.current.text, tuple(steps), tuple(order))

    def gave_up(self) -> Rewrite:
        """Rules that undo each other, or never end: a bug of ours, and the file stays as it was."""
        whole = (1, 1)
        reason = "the rules did not come to rest on this file; it is left as it was"
        skipped = tuple(Skipped(rule, reason, whole, "guard") for rule in self.rules[:1])
        return Rewrite(self.original.text, self.original.text, (), skipped)

    # -- one rule ------------------------------------------------------------------------------

    def apply_rule(self, rule: Rule) -> None:
        if not rule.concerns(self.lowered()):
            return
        text, skipped = self.settled.get(rule.name, (None, []))
        if text is self.current:  # it would say the same again
            for each in skipped:
                self.keep(each)
            return
        for _ in range(MAX_PASSES):
            fixes = []
            self.noted = []
            for found in rule.check(self.current):
                if isinstance(found, Skip):
                    self.skip(rule, found.reason, found.at, "condition")
                elif self.wanted(rule, found):
                    fixes.append(found)
            batch = _disjoint(fixes)
            if not batch or not self.take(rule, batch):
                self.settled[rule.name] = (self.current, self.noted)
                return

    def lowered(self) -> str:
        """The text in lower case, made once for all rules."""
        text = self.current.text
        if self.lower[0] is not text:
            self.lower = (text, text.lower())
        return self.lower[1]

    def wanted(self, rule: Rule, fix: Fix) -> bool:
        """Whether a fix may be made; the reason is noted when it may not."""
        if suppress.suppressed(self.current, rule, fix.at, *(e.span for e in fix.edits)):
            self.skip(rule, fix.message, fix.at, "suppressed")
        elif fix.safety > self.allowed:
            self.skip(rule, fix.message, fix.at, "safety")
        elif (rule.name, self.fingerprint(fix)) in self.refused:
            pass
        else:
            return True
        return False

    def fingerprint(self, fix: Fix) -> str:
        """What a fix would do, wherever it stands."""
        touched = [(self.current.source(e.span), e.text) for e in fix.edits]
        return repr((fix.message, touched))

    def take(self, rule: Rule, batch: list[Fix]) -> bool:
        """Make the fixes together, or, where the guard objects, one by one. True if any was made."""
        problem = self.attempt(rule, batch)
        if problem is None:
            return True
        if len(batch) > 1:
            return self.take(rule, batch[:1]) | self.take(rule, batch[1:])
        self.refused.add((rule.name, self.fingerprint(batch[0])))
        self.skip(rule, f"{batch[0].message}: not made, for {problem}", batch[0].at, "guard")
        return True

    def attempt(self, rule: Rule, batch: list[Fix]) -> str | None:
        """Make the fixes if the guard agrees; else say what is wrong, and nothing has changed."""
        try:
            edits = fitted(self.current.text, [edit for fix in batch for edit in fix.edits])
            text = apply(self.current.text, edits)
        except EditConflict as conflict:
            return str(conflict)
        if text == self.current.text:
            return "it would change nothing"
        changes = Changes(edits)
        removed = [span for fix in batch for span in fix.removes]
        parting = next((fix.parting for fix in batch if fix.parting), None)
        after, problem = guard.check(self.current, text, changes, self.reader.read, removed, parting)
        if after is None or problem:
            return problem or "it could not be read"
        number = len(self.history)
        self.history.append(changes)
        for fix in batch:
            self.steps.append((rule, fix, number, _result_span(fix, changes)))
        self.current = after
        return None

    # -- places --------------------------------------------------------------------------------

    def skip(self, rule: Rule, reason: str, at: Span, kind: str) -> None:
        lines = self.original.lines.range(self.original_span(at, len(self.history)))
        skipped = Skipped(rule, reason, lines, kind)
        self.noted.append(skipped)
        self.keep(skipped)

    def keep(self, skipped: Skipped) -> None:
        self.skipped.setdefault((skipped.rule.name, skipped.reason, skipped.lines), skipped)

    def original_span(self, span: Span, number: int) -> Span:
        """Where something in the text before step *number* stood in the original file."""
        start, end = span.start, max(span.start, span.end - 1)
        for changes in reversed(self.history[:number]):
            start, end = changes.original(start), changes.original(end)
        return Span(start, max(start, end) + 1)

    def final_span(self, span: Span, number: int) -> Span:
        """Where something in the text after step ``number - 1`` stands in the final one."""
        start, end = span
        for changes in self.history[number:]:
            start, end = changes.moved(start), changes.moved(end)
        return Span(start, max(start, end))


def _disjoint(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes that can be made at once; a later one that touches an earlier waits for its turn."""
    starts: list[int] = []
    ends: list[int] = []
    result = []

    def touched(span: Span) -> bool:
        i = bisect_left(ends, span.start)
        return i < len(ends) and starts[i] <= span.end

    for fix in fixes:
        spans = [edit.span for edit in fix.edits]
        if not spans or any(map(touched, spans)):
            continue
        for span in spans:
            insort(starts, span.start)
            insort(ends, span.end)
        result.append(fix)
    return result


def _result_span(fix: Fix, changes: Changes) -> Span:
    """Where the result of a fix stands in the text that *changes* make."""
    start = min(edit.span.start for edit in fix.edits)
    end = max(edit.span.end for edit in fix.edits)
    return Span(changes.moved(start, before=True), changes.moved(end))
