"""One JSON document for programs.

::

    version    of this schema: an integer, see VERSION
    path       the Dockerfile; against: the file compared with, or null
    engine     name and version
    verdict    verified, smaller but changed, or broken; status: the exit status; reasons: lines
    before     the image: size and compressed in bytes, layers (size, compressed, command),
               seconds of a clean build, rebuild in seconds after an edit or null
    after      the same, or null if it did not build
    touched    the file of the context that was edited for the rebuild, or null
    failure    null, or step and the last lines of the build
    config     what is set differently: field, before, after
    files      paths (path, what, bytes), packages (name, before, after, files, bytes),
               caches, records, bytecode (paths, bytes each), unstable (paths)
    lost       what is needed and gone: what, name, by
    smoke      command, before and after (status, output), stable
    fixes      rule, code, message, line, assumption
    blamed     rule, code, message, lines (first, last), fixes, reasons
    rest       null, or what remains without them: verdict, size, compressed, dockerfile (the text)
    notes      what could not be looked at
"""

from __future__ import annotations

from typing import Any

from slimfix.verify.findings import Comparison, Group, Side
from slimfix.verify.report import Report

VERSION = 1
"""Grows when a field changes its meaning or goes; new fields may come without notice."""


def render(report: Report) -> str:
    """The document, in ASCII, with a line end."""
    import json

    return json.dumps(document(report), indent=2) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The document as an object."""
    settled = report.settled
    found = settled.comparison
    return {
        "version": VERSION,
        "path": report.path,
        "against": report.against,
        "engine": report.engine,
        "verdict": settled.verdict.name,
        "status": settled.verdict.status,
        "reasons": list(settled.verdict.reasons),
        "before": _side(found.before),
        "after": _side(found.after) if found.after else None,
        "touched": found.touched,
        "failure": found.failure._asdict() if found.failure else None,
        "config": [one._asdict() for one in found.config],
        "files": _files(found),
        "lost": [one._asdict() for one in found.lost],
        "smoke": [
            {
                "command": list(one.command),
                "before": {"status": one.before[0], "output": one.before[1]},
                "after": {"status": one.after[0], "output": one.after[1]},
                "stable": one.stable,
            }
            for one in found.smoke
        ],
        "fixes": [
            {
                "rule": step.rule.name,
                "code": step.rule.code,
                "message": step.fix.message,
                "line": step.before[0],
                "assumption": step.fix.assumption,
            }
            for step in settled.rewrite.steps
        ],
        "blamed": [
            {**one._asdict(), "lines": {"first": one.lines[0], "last": one.lines[1]}}
            for one in settled.blamed
        ],
        "rest": _rest(report),
        "notes": list(found.notes),
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "size": side.image.size,
        "compressed": side.image.compressed,
        "layers": [layer._asdict() for layer in side.image.layers],
        "seconds": round(side.seconds, 3),
        "rebuild": None if side.rebuild is None else round(side.rebuild, 3),
    }


def _files(found: Comparison) -> dict[str, Any]:
    files = found.files
    return {
        "paths": [{"path": one.path, "what": one.what, "bytes": one.size} for one in files.paths],
        "packages": [
            {
                "name": one.name,
                "before": one.before,
                "after": one.after,
                "files": one.files,
                "bytes": one.size,
            }
            for one in files.packages
        ],
        "caches": _group(files.caches),
        "records": _group(files.records),
        "bytecode": _group(files.bytecode),
        "unstable": list(files.unstable),
    }


def _group(group: Group) -> dict[str, int]:
    return {"paths": group.paths, "bytes": group.size}


def _rest(report: Report) -> dict[str, Any] | None:
    settled = report.settled
    found = settled.rest_comparison
    if settled.rest is None or settled.rest_verdict is None or found is None or found.after is None:
        return None
    return {
        "verdict": settled.rest_verdict.name,
        "size": found.after.image.size,
        "compressed": found.after.image.compressed,
        "dockerfile": settled.rest.after,
    }
