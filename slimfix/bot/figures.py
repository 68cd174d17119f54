"""What a pull request says of sizes: measured where both versions were built, else expected. Pure."""

from __future__ import annotations

from slimfix.bot import inert, message
from slimfix.bot.plan import Change, Proposal
from slimfix.report.text import size


def built(proposal: Proposal) -> str:
    """Whether anything was built, in a sentence or two."""
    changes = [change for change in proposal.changes if not change.dockerfiles]
    done = [change for change in changes if change.measured is not None]
    if not done:
        if any(change.unmeasured for change in changes):
            return "**This could not be built here** (why is told below): your checks are the first to."
        return "**This was not built yet**: your checks are the first to, or `slimfix verify`, below."
    engine = inert.line(done[0].measured.engine if done[0].measured else "")
    found = "nothing was found that the image would miss, and what differs is told below"
    if len(done) < len(changes):
        text = f"**{len(done)} of {len(changes)} Dockerfiles were built as they are and as proposed**"
    elif len(done) == 1:
        text = "**It was built as it is and as proposed**"
    else:
        text = "**Each was built as it is and as proposed**"
    text += f", by {engine}: {found}."
    if len(changes) < len(proposal.changes):
        why = [change.unmeasured for change in proposal.changes if change.dockerfiles and change.unmeasured]
        if why:
            text += f" An ignore file had no part in that: {inert.line(why[0])}."
        else:
            text += " With the ignore file it was built, too."
    return text


def figures(proposal: Proposal, most: int) -> str:
    """The tables: what was measured, and what is expected of the rest. *most*: Dockerfiles in each."""
    measured = [change for change in proposal.changes if change.measured is not None]
    rest = [change for change in proposal.changes if change.measured is None and not change.dockerfiles]
    parts = [_measured(measured, most), _expected(proposal, rest, most), _unmeasured(rest, most)]
    if measured and proposal.saving >= message.LEAST and len(measured) + len(rest) > 1:
        parts.append(f"In all: {message.amount(proposal)} less.")
    return "\n\n".join(part for part in parts if part)


def _measured(changes: list[Change], most: int) -> str:
    if not changes:
        return ""
    rows, remarks = ["| Image of | | before | after | change |", "|---|---|--:|--:|--:|"], []
    for change in changes[:most]:
        if change.measured is None:
            continue
        for number, row in enumerate(change.measured.rows):
            cells = [inert.code(change.path) if not number else "", *map(inert.line, row)]
            rows.append(f"| {' | '.join(cells)} |")
        place = f"{inert.code(change.path)}: " if len(changes) > 1 else ""
        remarks += [f"- {place}{inert.line(remark)}" for remark in change.measured.remarks]
    more = [f"| and {len(changes) - most} more | | | | |"] if len(changes) > most else []
    return "\n".join([*rows, *more, "", "Measured, by building both.", "", *remarks])


def _expected(proposal: Proposal, changes: list[Change], most: int) -> str:
    rows = []
    for change in changes:
        saved = [fix for fix in proposal.fixes if fix.path == change.path and fix.saving]
        if saved:
            sources = ", ".join(dict.fromkeys(inert.line(fix.source) for fix in saved))
            amount = size(sum(fix.saving for fix in saved))
            rows.append(f"| {inert.code(change.path)} | about {amount} | {sources} |")
    if not rows:
        return ""
    more = [f"| and {len(rows) - most} more | | |"] if len(rows) > most else []
    total = sum(map(proposal.saving_of, changes))
    last = [f"| **all** | **about {size(total)}** | |"] if len(rows) > 1 else []
    note = "Estimated, uncompressed; changes without an estimate are not counted."
    head = ["| Image of | Gets smaller by | Estimate from |", "|---|---|---|"]
    return "\n".join([*head, *rows[:most], *more, *last, "", note])


def _unmeasured(changes: list[Change], most: int) -> str:
    found = [change for change in changes if change.unmeasured]
    lines = [
        f"- {inert.code(one.path)} was not measured: {inert.line(one.unmeasured)}" for one in found[:most]
    ]
    return "\n".join([*lines, *([f"- and {len(found) - most} more"] if len(found) > most else [])])
