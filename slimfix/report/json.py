"""One JSON document for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slimfix.engine import Skipped, Step
from slimfix.report import Outcome, Problem

VERSION = 1
"""Grows when a field changes its meaning or goes; new fields may come without notice."""


def document(outcomes: Iterable[Outcome], problems: Iterable[Problem] = ()) -> str:
    """The document, in ASCII, with a line end. *problems* are those that belong to no file."""
    import json

    files = [_file(outcome) for outcome in outcomes]
    errors = [_problem(problem) for problem in problems]
    return json.dumps({"version": VERSION, "files": files, "errors": errors}, indent=2) + "\n"


def _file(outcome: Outcome) -> dict[str, Any]:
    rewrite = outcome.rewrite
    return {
        "path": outcome.path,
        "changed": outcome.changed,
        "steps": [_step(step) for step in rewrite.steps] if rewrite else [],
        "skipped": [_skipped(skipped) for skipped in rewrite.skipped] if rewrite else [],
        "error": _problem(outcome.problem) if outcome.problem else None,
    }


def _lines(at: tuple[int, int]) -> dict[str, int]:
    return {"first": at[0], "last": at[1]}


def _step(step: Step) -> dict[str, Any]:
    fix = step.fix
    return {
        "rule": step.rule.name,
        "code": step.rule.code,
        "message": fix.message,
        "safety": str(fix.safety),
        "assumption": fix.assumption,
        "saving": fix.saving._asdict() if fix.saving else None,
        "lines": {"before": _lines(step.before), "after": _lines(step.after)},
        # Offsets in characters of the text that the steps before have made.
        "edits": [{"start": e.span.start, "end": e.span.end, "text": e.text} for e in fix.edits],
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
