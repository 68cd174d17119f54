"""One JSON document for programs.

::

    version   of this schema: an integer, see VERSION
    files     one object a file, in the order of the paths:
        path, changed (true or false), error (null, or path, line, message)
        steps     the fixes that were made, in their order:
            rule, code, message, safety (safe, assumed, unsafe), assumption (null or text),
            saving (null, or bytes, source), lines (before and after, each first and last),
            pass, edits (start and end in characters from 0; line, column from 1; text)
        skipped   the fixes that were not made: rule, code, reason,
                  kind (condition, safety, suppressed, guard), lines (first, last)
    proposals   with ``--dockerignore``, one object an ignore file:
        path, new (true or false), dockerfiles (paths of those that are built with it),
        text      the whole new text
        lines     in their order: pattern, found (a path that it is about), why,
                  sure (false: written as a comment, for the author to decide)
    errors    what is wrong with paths and settings: path, line, message

The edits of all steps with the same ``pass`` are made at once, in the text that the earlier passes
left; their places are places of that text. Made so, they turn the file into the rewritten one. What is
not UTF-8 stands as lone surrogates (U+DC80 to U+DCFF, one a byte).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from slimfix.engine import Rewrite, Skipped, Step
from slimfix.report import Outcome, Problem
from slimfix.text import Lines, apply, fitted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
"""Grows when a field changes its meaning or goes; new fields may come without notice."""


def document(
    outcomes: Iterable[Outcome],
    problems: Iterable[Problem] = (),
    proposals: Iterable[Mapping[str, Any]] | None = None,
) -> str:
    """The document, in ASCII, with a line end. *problems* are those that belong to no file."""
    import json

    held: dict[str, Any] = {"version": VERSION, "files": [_file(outcome) for outcome in outcomes]}
    if proposals is not None:
        held["proposals"] = list(proposals)
    held["errors"] = [_problem(problem) for problem in problems]
    return json.dumps(held, indent=2) + "\n"


def _file(outcome: Outcome) -> dict[str, Any]:
    rewrite = outcome.rewrite
    return {
        "path": outcome.path,
        "changed": outcome.changed,
        "steps": list(_steps(rewrite)) if rewrite else [],
        "skipped": [_skipped(skipped) for skipped in rewrite.skipped] if rewrite else [],
        "error": _problem(outcome.problem) if outcome.problem else None,
    }


def _lines(at: tuple[int, int]) -> dict[str, int]:
    return {"first": at[0], "last": at[1]}


def _steps(rewrite: Rewrite) -> Iterator[dict[str, Any]]:
    text = rewrite.before
    for _, group in groupby(rewrite.steps, key=lambda step: step.number):
        steps = list(group)
        lines = Lines(text)
        for step in steps:
            yield _step(step, text, lines)
        text = apply(text, [edit for step in steps for edit in step.fix.edits])


def _step(step: Step, text: str, lines: Lines) -> dict[str, Any]:
    fix = step.fix
    edits = []
    for (start, end), new in fitted(text, fix.edits):
        line, column = lines.at(start)
        edits.append({"start": start, "end": end, "line": line, "column": column, "text": new})
    return {
        "rule": step.rule.name,
        "code": step.rule.code,
        "message": fix.message,
        "safety": str(fix.safety),
        "assumption": fix.assumption,
        "saving": fix.saving._asdict() if fix.saving else None,
        "lines": {"before": _lines(step.before), "after": _lines(step.after)},
        "pass": step.number,
        "edits": edits,
    }


def _skipped(skipped: Skipped) -> dict[str, Any]:
    return {
        "rule": skipped.rule.name,
        "code": skipped.rule.code,
        "reason": skipped.reason,
        "kind": skipped.kind,
        "lines": _lines(skipped.lines),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {"path": problem.path, "line": problem.line or None, "message": problem.message}
