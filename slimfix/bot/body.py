"""The body of a pull request.

Pure. Whatever comes from the repository passes through :mod:`.inert`. A body says first what it gains,
then what a maintainer has to judge, then the rest; where it gets too long, lists are cut short.
"""

from __future__ import annotations

import posixpath
import re
import shlex

from slimfix.bot import inert, message
from slimfix.bot.figures import built, figures
from slimfix.bot.message import ranked
from slimfix.bot.plan import PlannedFix, Proposal
from slimfix.propose_dockerignore import DOC
from slimfix.report.text import size
from slimfix.rules import IGNORE_FILE

_HOW = (
    "Close this and it stays closed: only other rules will be proposed, unless you comment "
    "`/slimfix again`. Push to the branch and it is yours: the bot leaves it alone."
)
_LENGTHS = (10_000, 60, 15, 4, 1)
"""Items of a list that are shown: as many as fit."""


def body(proposal: Proposal, docs: str, version: str, limit: int, marker: str) -> str:
    """The text of the pull request, with the notes of :mod:`.marker` as its last line.

    Args:
        proposal: what it is about.
        docs: the address under which each rule has a page; empty for none.
        version: of slimfix.
        limit: characters that the forge takes.
        marker: the notes.
    """
    text = ""
    for most in _LENGTHS:
        parts = [
            _opening(proposal, version),
            figures(proposal, most),
            _assumptions(proposal, most),
            _fixes(proposal, docs, most),
            _keep_out(proposal),
            _reproduce(proposal, version),
            message.closing(_HOW),
        ]
        text = "\n\n".join(part for part in parts if part)
        if len(text) + len(marker) + 2 <= limit:
            break
    else:
        end = f"\n\n(shortened)\n\n{message.closing(_HOW)}"  # the box and the way out are always there
        text = text[: limit - len(marker) - len(end) - 2].rpartition("\n")[0] + end
    return f"{text}\n\n{marker}"


def _opening(proposal: Proposal, version: str) -> str:
    count = len(proposal.commits)
    commits = (
        "one commit" if count == 1 else f"{count} commits, one for each rule, so that one can be left out"
    )
    ignore = [change for change in proposal.changes if change.dockerfiles]
    files = " and ".join(
        f"one {noun}" if number == 1 else f"{number} {noun}s"
        for noun, number in (
            ("Dockerfile", len(proposal.changes) - len(ignore)),
            ("ignore file", len(ignore)),
        )
        if number
    )
    new = all(not change.sha for change in ignore)
    verb = "change" if len(ignore) < len(proposal.changes) or not new else "add"
    return (
        f"slimfix {version}, which makes images smaller and their rebuilds faster, proposes to {verb} "
        f"{files} in {commits}. {_trust(proposal)} {built(proposal)}"
    )


def _trust(proposal: Proposal) -> str:
    total = len(proposal.fixes)
    assumed = sum(fix.safety != "safe" for fix in proposal.fixes)
    if assumed == total:
        return "It rests on what is listed under *To review*."
    same = (
        "what is installed and what runs stays the same, in the same order, and fails alike; only caches, "
        "package lists and the borders of layers differ"
    )
    if total == 1:
        return f"The change is safe: {same}."
    if not assumed:
        return f"All {total} changes are safe: {same}."
    safe = total - assumed
    many = "change is" if safe == 1 else "changes are"
    rest = "1 rests" if assumed == 1 else f"{assumed} rest"
    return f"{safe} of {total} {many} safe: {same}; {rest} on what is listed under *To review*."


def _assumptions(proposal: Proposal, most: int) -> str:
    found: dict[str, list[str]] = {}
    for fix in proposal.fixes:
        if fix.assumption:
            found.setdefault(fix.assumption, []).append(f"{_place(fix)}, `{fix.rule}`")
    if not found:
        return ""
    lines = []
    for text, places in found.items():
        others = f" and {len(places) - 3} more" if len(places) > 3 else ""
        lines.append(f"- [ ] {inert.line(text)} ({'; '.join(places[:3])}{others})")
    more = [f"- and {len(lines) - most} more, in the messages of the commits"] if len(lines) > most else []
    intro = (
        "No tool can prove this from the files alone. Tick what holds; leave out the commit of what does not."
    )
    return "\n".join(["### To review", "", intro, "", *lines[:most], *more])


def _fixes(proposal: Proposal, docs: str, most: int) -> str:
    from slimfix.rules import all_rules

    rules = {rule.name: rule for rule in all_rules()}
    lines = ["### What changes, and why"]
    for name in ranked(proposal):
        fixes = [fix for fix in proposal.fixes if fix.rule == name]
        link = f"[{name}]({docs.rstrip('/')}/{name}.md)" if docs else f"`{name}`"
        why = f": {_why(rules[name].doc if name in rules else DOC)}"
        code = f" ({fixes[0].code})" if fixes[0].code else ""
        lines += ["", f"**{link}**{code}{why}", ""]
        for fix in fixes[:most]:
            saves = f" (about {size(fix.saving)})" if fix.saving else ""
            lines.append(f"- {_place(fix)}: {inert.line(fix.message)}{saves}")
        if len(fixes) > most:
            lines.append(f"- and {len(fixes) - most} more")
    return "\n".join(lines)


def _why(doc: str) -> str:
    """What a rule does and the first reason for it: its documentation is our own words, in Markdown."""
    paragraphs = [" ".join(part.split()) for part in doc.strip().split("\n\n")]
    if len(paragraphs) < 2 or paragraphs[1].startswith("Before:"):
        return paragraphs[0]
    return f"{paragraphs[0]} {re.split('(?<=[.:]) (?=[A-Z])', paragraphs[1])[0]}"


def _place(fix: PlannedFix) -> str:
    first, last = fix.lines
    if not first:
        return inert.code(fix.path)
    where = f"line {first}" if first == last else f"lines {first} to {last}"
    return f"{inert.code(fix.path)} {where}"


def _keep_out(proposal: Proposal) -> str:
    rule = ranked(proposal)[0]
    if rule == IGNORE_FILE:
        one = (
            "One line: write it into the ignore file with a `!` before it (`!.git`). All of one Dockerfile: "
            f"`# slimfix: ignore-file={rule}` in it. The whole repository, in `slimfix.toml`:"
        )
    else:
        one = (
            f"One place: put `# slimfix: ignore={rule}` on the line above the instruction. A whole file: "
            f"`# slimfix: ignore-file={rule}` in it. The whole repository, in `slimfix.toml`:"
        )
    lines = [
        "<details><summary>Keep a part out, for good</summary>",
        "",
        one,
        "",
        inert.block(f'ignore = ["{rule}"]', "toml"),
        "",
        f"Or comment `/slimfix ignore {rule}` here (`/slimfix help` tells what else). "
        "A table `[bot]` with `enabled = false` in that file turns the bot off.",
        "",
    ]
    if IGNORE_FILE in proposal.rules and rule != IGNORE_FILE:
        lines += [f"The same of ignore files: their name there is `{IGNORE_FILE}`.", ""]
    if len({posixpath.dirname(change.path) for change in proposal.changes}) > 1:
        each = 'One pull request for each directory: `group = "directory"` in that table.'
        lines += [each, ""]
    return "\n".join([*lines, "</details>"])


def _reproduce(proposal: Proposal, version: str) -> str:
    commands = [f"pip install 'slimfix=={version}'"]
    paths = [change.path for change in proposal.changes if not change.dockerfiles]
    ignoring = [path for change in proposal.changes for path in change.dockerfiles]
    for command, some in (("slimfix --diff", paths), ("slimfix --dockerignore", ignoring)):
        if some:
            commands.append(f"{command} {' '.join(map(shlex.quote, some)) if len(some) <= 5 else '.'}")
    commands += [f"slimfix verify {shlex.quote(path)}  # builds both, and compares" for path in paths[:3]]
    summary = "<details><summary>Do it yourself, or measure it</summary>"
    return "\n".join([summary, "", inert.block("\n".join(commands), "sh"), "", "</details>"])
