"""Which fixes spoil a rewrite, and what remains of it without them.

The rules that made a fix are taken in again by halves: a half that is good stays in, a bad one is split,
a bad one that cannot be split is to blame. The same then with the single fixes of a rule to blame. With one
culprit among n that takes about 2 log2(n) builds, and it finds several, too. Whatever is proposed in the end
was built and judged as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from slimfix.batch import Job
from slimfix.dockerfile import Dockerfile
from slimfix.engine import Rewrite, Step
from slimfix.fix import Fix
from slimfix.rules import Found, Rule
from slimfix.verify.compare import Bench
from slimfix.verify.findings import Comparison
from slimfix.verify.verdict import Verdict
from slimfix.verify.verdict import judge as usual

T = TypeVar("T")
Remake = Callable[[Sequence[Rule]], Rewrite]
"""What some rules, in their order, make of the Dockerfile as it is."""
Judge = Callable[[Comparison, Rewrite], Verdict]
"""The verdict on a comparison, and on what made the difference."""
Key = tuple[str, str]
"""What tells one fix of a rule from another, wherever it stands: its message and the text it is about."""


class Blamed(NamedTuple):
    """A fix, or all fixes of a rule, without which the rewrite is good."""

    rule: str
    code: str
    message: str
    """Of the fix; of the first one when all of the rule are meant."""
    lines: tuple[int, int]
    """Where it is, in the Dockerfile as it is."""
    fixes: int
    reasons: tuple[str, ...]


class Settled(NamedTuple):
    """What came of a rewrite: the verdict on the whole, and on what remains."""

    rewrite: Rewrite
    comparison: Comparison
    verdict: Verdict
    blamed: tuple[Blamed, ...] = ()
    rest: Rewrite | None = None
    """The rewrite without the fixes to blame; None if nothing had to be, or could be, left out."""
    rest_comparison: Comparison | None = None
    rest_verdict: Verdict | None = None

    @property
    def best(self) -> Rewrite | None:
        """The whole rewrite if it was verified, else what was verified of it."""
        if self.verdict.status == 0:
            return self.rewrite
        return self.rest if self.rest_verdict is not None and self.rest_verdict.status == 0 else None


def remake_of(job: Job, path: str, before: str) -> Remake:
    """How a job makes a rewrite of the text *before* again."""

    def remake(rules: Sequence[Rule]) -> Rewrite:
        return job._replace(rules=rules).work(path, before).rewrite or Rewrite(before, before, (), ())

    return remake


def settle(
    bench: Bench,
    remake: Remake,
    rewrite: Rewrite,
    worst: int = 1,
    bisect: bool = True,
    judge: Judge = lambda found, rewrite: usual(found),
) -> Settled:
    """Judge a rewrite; where the verdict is worse than *worst* (an exit status), look for what is to blame.

    Args:
        bench: of the Dockerfile.
        remake: how the rewrite was made.
        rewrite: what was made.
        worst: 1 accepts ``smaller but changed``, 0 does not.
        bisect: False only judges.
        judge: another opinion on comparisons than that of :mod:`slimfix.verify.verdict`.

    Raises:
        EngineError: the engine cannot do what is asked.
    """
    comparison = bench.compare(rewrite.after)
    whole = Settled(rewrite, comparison, judge(comparison, rewrite))
    if whole.verdict.status <= worst or not bisect:
        return whole
    return _Search(bench, remake, whole, worst, judge).run()


def blamed_of(settled: Settled) -> str:
    """The names of the rules to blame, each once."""
    return ", ".join(dict.fromkeys(one.rule for one in settled.blamed))


class _Search:
    def __init__(self, bench: Bench, remake: Remake, whole: Settled, worst: int, judge: Judge) -> None:
        self.bench = bench
        self.remake = remake
        self.whole = whole
        self.worst = worst
        self.judge = judge
        self.tried: dict[str, tuple[Comparison, Verdict]] = {
            whole.rewrite.after: (whole.comparison, whole.verdict)
        }

    def run(self) -> Settled:
        rules = list({step.rule.name: step.rule for step in self.whole.rewrite.steps}.values())
        kept, bad = _admitted(rules, self.fault, self.whole.verdict)
        blamed: list[Blamed] = []
        for rule, verdict in bad:
            some, part = self.part(kept, rule, verdict)
            blamed += some
            kept = [*kept, part] if part is not None else kept
        found = self.whole._replace(blamed=tuple(blamed))
        rest = self.made(kept)
        if not rest.changed or self.fault(kept) is not None:
            return found
        comparison, verdict = self.tried[rest.after]
        return found._replace(rest=rest, rest_comparison=comparison, rest_verdict=verdict)

    def part(self, kept: list[Rule], rule: Rule, verdict: Verdict) -> tuple[list[Blamed], Rule | None]:
        """Which fixes of a rule are to blame, and the rule without them; None if it must go as a whole."""
        heard = _Refusing(rule.check)
        full = self.made([*kept, rule._replace(check=heard)])
        steps = [step for step in full.steps if step.rule.name == rule.name]
        keys = list(dict.fromkeys(heard.keys))

        def without(admitted: Sequence[Key]) -> Rule:
            refused = frozenset(key for key in keys if key not in admitted)
            return rule._replace(check=_Refusing(rule.check, refused))

        if len(keys) > 1:
            admitted, bad = _admitted(keys, lambda some: self.fault([*kept, without(some)]), verdict)
            if admitted and bad:
                singly = [
                    _blamed(rule, [one for one in steps if one.fix.message == key[0]], why)
                    for key, why in bad
                ]
                return singly, without(admitted)
        return [_blamed(rule, steps, verdict)], None

    def made(self, rules: Sequence[Rule]) -> Rewrite:
        """What these rules make of the file."""
        return self.remake(sorted(rules, key=lambda rule: (rule.order, rule.name)))

    def fault(self, rules: Sequence[Rule]) -> Verdict | None:
        """The verdict on what these rules make, if it is not good enough."""
        rewrite = self.made(rules)
        if not rewrite.changed:
            return None
        if rewrite.after not in self.tried:
            comparison = self.bench.compare(rewrite.after, f"try-{len(self.tried)}")
            self.tried[rewrite.after] = comparison, self.judge(comparison, rewrite)
            if comparison.after is not None:
                self.bench.workspace.forget(comparison.after.tag)
        verdict = self.tried[rewrite.after][1]
        return verdict if verdict.status > self.worst else None


def _admitted(
    items: Sequence[T], fault: Callable[[Sequence[T]], Verdict | None], why: Verdict
) -> tuple[list[T], list[tuple[T, Verdict]]]:
    """The items that are good together, and those that are to blame, each with what is wrong.

    *why*: the verdict on all of them, which are known to be bad.
    """
    kept: list[T] = []
    bad: list[tuple[T, Verdict]] = []

    def admit(some: Sequence[T], why: Verdict) -> None:
        if len(some) == 1:
            bad.append((some[0], why))
            return
        middle = len(some) // 2
        for half in (some[:middle], some[middle:]):
            wrong = fault([*kept, *half])
            if wrong is None:
                kept.extend(half)
            else:
                admit(half, wrong)

    admit(items, why)
    return kept, bad


class _Refusing:
    """A rule's check without some of its fixes."""

    def __init__(
        self, check: Callable[[Dockerfile], Iterator[Found]], refused: frozenset[Key] = frozenset()
    ) -> None:
        self._check = check
        self._refused = refused
        self.keys: list[Key] = []
        """Every fix that was offered, refused or not."""

    def __call__(self, dockerfile: Dockerfile) -> Iterator[Found]:
        for found in self._check(dockerfile):
            if isinstance(found, Fix):
                key = found.message, dockerfile.source(found.at)
                self.keys.append(key)
                if key in self._refused:
                    continue
            yield found


def _blamed(rule: Rule, steps: Sequence[Step], verdict: Verdict) -> Blamed:
    first = steps[0]
    return Blamed(rule.name, rule.code, first.fix.message, first.before, len(steps), verdict.reasons)
