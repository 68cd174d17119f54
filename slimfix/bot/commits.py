"""One commit for each rule, so that a reviewer can drop one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import NamedTuple

from slimfix.engine import Rewrite
from slimfix.text import apply


class File(NamedTuple):
    """A file as a commit leaves it."""

    path: str
    mode: str
    text: str


class Commit(NamedTuple):
    """What one rule did, in all files."""

    rule: str
    again: int
    """How often the rule had been at work before: another made room for it."""
    files: tuple[File, ...]


def commits_of(results: Mapping[str, Rewrite], modes: Mapping[str, str]) -> tuple[Commit, ...]:
    """The commits that lead from every file as it was to what became of it.

    The engine goes round and round its rules. A rule that comes back after another has a commit of its
    own for that; the texts of a file follow each other in the order of the commits.
    """
    found: dict[tuple[int, int, str], list[File]] = {}
    for path, result in results.items():
        round_, last = 0, -1
        for name, order, text in _stages(result):
            if order <= last:
                round_ += 1
            last = order
            found.setdefault((round_, order, name), []).append(File(path, modes[path], text))
    times: dict[str, int] = {}
    commits = []
    for (_, _, name), files in sorted(found.items()):
        commits.append(Commit(name, times.get(name, 0), tuple(files)))
        times[name] = times.get(name, 0) + 1
    return tuple(commits)


def _stages(result: Rewrite) -> list[tuple[str, int, str]]:
    """Rule, its order, and the text after it, for each run of steps of one rule."""
    stages: list[tuple[str, int, str]] = []
    text = result.before
    for _, group in groupby(result.steps, key=lambda step: step.number):
        steps = list(group)
        rule = steps[0].rule
        text = apply(text, [edit for step in steps for edit in step.fix.edits])
        order = _place(rule.name)
        if stages and stages[-1][0] == rule.name:
            stages.pop()
        stages.append((rule.name, order, text))
    return stages


def _place(name: str) -> int:
    """The place of a rule among all: several may share their ORDER."""
    from slimfix.rules import all_rules

    return next(number for number, rule in enumerate(all_rules()) if rule.name == name)
