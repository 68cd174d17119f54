"""What a pull request says: its title, its body, and the messages of its commits.

Pure. Whatever comes from the repository passes through :mod:`.inert`. A body says first what it gains,
then what a maintainer has to judge, then the rest; what does not fit is left out from the end.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

from slimfix.bot import inert
from slimfix.bot.commits import Commit
from slimfix.bot.plan import PlannedFix, Proposal
from slimfix.report.text import size

TITLE = 100
REBASE = "<!-- slimfix-rebase -->"
"""Marks the box that asks for the branch to be built anew."""
TRAILER = "Slimfix-Fixes"
"""Ends the message of every commit of ours."""


@lru_cache(maxsize=1)
def phrases() -> dict[str, dict[str, str]]:
    """What each rule does, in a few words. See ``phrases.toml``."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    found: dict[str, dict[str, str]] = tomllib.loads(
        resources.files("slimfix.bot").joinpath("phrases.toml").read_text("utf-8")
    )
    return found


def image(path: str, repository: str) -> str:
    """What to call the image of a Dockerfile: after its ending, its directory, or the repository."""
    directory, name = posixpath.split(path)
    stem, _, ending = name.rpartition(".")
    variant = ending if stem.lower() in ("dockerfile", "containerfile") else stem
    called = variant or posixpath.basename(directory) or repository.rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", called).strip("-.")[:40] or "main"


def title(proposal: Proposal, repository: str) -> str:
    """One line: how much is saved, of what, and by what above all."""
    images = list(dict.fromkeys(image(change.path, repository) for change in proposal.changes))
    known = phrases()
    savings = {rule: sum(f.saving for f in proposal.fixes if f.rule == rule) for rule in proposal.rules}
    order = list(known)
    lead = min(
        proposal.rules, key=lambda rule: (-savings[rule], order.index(rule) if rule in order else len(order))
    )
    goods = {known.get(rule, {}).get("good", "size") for rule in proposal.rules}
    what = f"the {images[0]} image" if len(images) == 1 else f"{len(images)} images"
    if proposal.saving:
        start = f"Shrink {what} by about {size(proposal.saving)}"
    elif "size" in goods:
        start = f"Shrink {what}"
    elif "cache" in goods:
        start = f"Rebuild {what} faster"
    else:
        start = f"Tidy the Dockerfile of {what}" if len(images) == 1 else f"Tidy {len(images)} Dockerfiles"
    end = known.get(lead, {}).get("title", "")
    return f"{start}: {end}" if end and len(start) + len(end) + 2 <= TITLE else start[:TITLE]


def subject(commit: Commit) -> str:
    """The first line of a commit's message."""
    text = phrases().get(commit.rule, {}).get("title") or commit.rule
    if commit.again:
        text += ", once more"
    return f"{commit.rule}: {text}"


def commit_message(commit: Commit, proposal: Proposal) -> str:
    """The whole message of a commit."""
    lines = [subject(commit), ""]
    paths = {file.path for file in commit.files}
    for fix in proposal.fixes:
        if fix.rule == commit.rule and fix.path in paths:
            first = _one_line(f"{fix.path}, line {fix.lines[0]}: {fix.message}")
            lines.append(f"- {first}")
            if fix.assumption:
                lines.append(f"  Assumes: {_one_line(fix.assumption)}")
    lines = lines[:60]
    return "\n".join([*lines, "", f"{TRAILER}: {proposal.fingerprint}"])


def _one_line(text: str) -> str:
    """For a commit message, which is no Markdown but may mention people all the same."""
    text = "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))
    return re.sub(r"([@#])(?=\w)", "\\1\u2060", text)[:300]


def body(proposal: Proposal, repository: str, docs: str, version: str, limit: int, marker: str) -> str:
    """The text of the pull request, with the notes of :mod:`.marker` as its last line."""
    parts = _parts(proposal, repository, docs, version)
    for most in (10_000, 60, 15, 4):
        text = "\n\n".join(part for part in _parts(proposal, repository, docs, version, most) if part)
        if len(text) + len(marker) + 2 <= limit:
            return f"{text}\n\n{marker}"
    text = "\n\n".join(parts)[: limit - len(marker) - 40].rsplit("\n", 1)[0]
    return f"{text}\n\n(shortened)\n\n{marker}"


def _parts(proposal: Proposal, repository: str, docs: str, version: str, most: int = 4) -> list[str]:
    return [
        _opening(proposal),
        _saving(proposal, repository, most),
        _fixes(proposal, docs, most),
        _assumptions(proposal, most),
        _keep_out(proposal),
        _reproduce(proposal, version),
        _closing(),
    ]


def _opening(proposal: Proposal) -> str:
    count = len(proposal.commits)
    commits = (
        "one commit" if count == 1 else f"{count} commits, one for each rule: drop any that you do not want"
    )
    assumed = sum(fix.safety != "safe" for fix in proposal.fixes)
    total = len(proposal.fixes)
    if not assumed:
        trust = "Every change keeps the commands that run, their order and their environment."
    elif assumed == total:
        trust = "The changes rest on the assumptions listed under *To review*."
    else:
        trust = f"{total - assumed} of {total} changes keep the commands that run as they are; {assumed} rest on an assumption, listed under *To review*."
    where = _files(len(proposal.changes))
    return f"This changes {where} in {commits}. {trust}"


def _files(count: int) -> str:
    return "one Dockerfile" if count == 1 else f"{count} Dockerfiles"


def _saving(proposal: Proposal, repository: str, most: int) -> str:
    rows = []
    for change in proposal.changes:
        saved = [fix for fix in proposal.fixes if fix.path == change.path and fix.saving]
        if saved:
            sources = ", ".join(dict.fromkeys(inert.line(fix.source) for fix in saved))
            amount = size(sum(fix.saving for fix in saved))
            rows.append(f"| {inert.code(change.path)} | about {amount} | {sources} |")
    if not rows:
        return ""
    more = [f"| and {len(rows) - most} more | | |"] if len(rows) > most else []
    total = [f"| **all** | **about {size(proposal.saving)}** | |"] if len(rows) > 1 else []
    note = "Estimated, uncompressed; fixes without an estimate are not counted."
    return "\n".join(
        ["| Image of | Saves | Estimate from |", "|---|---|---|", *rows[:most], *more, *total, "", note]
    )


def _fixes(proposal: Proposal, docs: str, most: int) -> str:
    from slimfix.rules import all_rules

    rules = {rule.name: rule for rule in all_rules()}
    lines = ["### What changes, and why"]
    for name in proposal.rules:
        fixes = [fix for fix in proposal.fixes if fix.rule == name]
        link = f"[{name}]({docs.rstrip('/')}/{name}.md)" if docs else f"`{name}`"
        lines += ["", f"**{link}** ({fixes[0].code})"]
        if name in rules:
            lines.append(f"{_why(rules[name].doc)}")
        lines.append("")
        for fix in fixes[:most]:
            lines.append(
                f"- {_place(fix)}: {inert.line(fix.message)}"
                + (f" (about {size(fix.saving)})" if fix.saving else "")
            )
        if len(fixes) > most:
            lines.append(f"- and {len(fixes) - most} more")
    return "\n".join(lines)


def _why(doc: str) -> str:
    """The first two paragraphs of a rule's documentation: our own words, in Markdown."""
    paragraphs = [" ".join(part.split()) for part in doc.strip().split("\n\n")]
    return (
        " ".join(paragraphs[:2])
        if len(paragraphs) > 1 and not paragraphs[1].startswith("Before:")
        else paragraphs[0]
    )


def _place(fix: PlannedFix) -> str:
    first, last = fix.lines
    return (
        f"{inert.code(fix.path)} line {first}"
        if first == last
        else f"{inert.code(fix.path)} lines {first} to {last}"
    )


def assumptions(proposal: Proposal) -> list[str]:
    """Each assumption as a line to tick."""
    found: dict[str, list[str]] = {}
    for fix in proposal.fixes:
        if fix.assumption:
            found.setdefault(fix.assumption, []).append(f"{_place(fix)}, `{fix.rule}`")
    return [
        f"- [ ] {inert.line(text)} ({'; '.join(places[:3])}{f' and {len(places) - 3} more' if len(places) > 3 else ''})"
        for text, places in found.items()
    ]


def _assumptions(proposal: Proposal, most: int) -> str:
    lines = assumptions(proposal)
    if not lines:
        return ""
    more = [f"- and {len(lines) - most} more, in the messages of the commits"] if len(lines) > most else []
    intro = "No tool can prove these from the files alone. Please tick what holds; drop the commit of what does not."
    return "\n".join(["### To review", "", intro, "", *lines[:most], *more])


def _keep_out(proposal: Proposal) -> str:
    rule = proposal.rules[0]
    lines = [
        "<details><summary>Keep a part out, for good</summary>",
        "",
        f"One place: put `# slimfix: ignore={rule}` on the line above the instruction. The whole file: "
        f"`# slimfix: ignore-file={rule}`. The whole repository, in `slimfix.toml`:",
        "",
        inert.block(f'ignore = ["{rule}"]', "toml"),
        "",
        "`[bot]` with `enabled = false` there turns the bot off.",
        "",
        "</details>",
    ]
    return "\n".join(lines)


def _reproduce(proposal: Proposal, version: str) -> str:
    import shlex

    paths = [change.path for change in proposal.changes]
    few = " ".join(shlex.quote(path) for path in paths) if len(paths) <= 5 else "."
    verify = [
        f"slimfix verify {shlex.quote(path)}   # builds both, compares the images" for path in paths[:3]
    ]
    commands = "\n".join([f"pip install 'slimfix=={version}'", f"slimfix --diff {few}", *verify])
    summary = "<details><summary>Do it yourself, or measure it</summary>"
    return "\n".join([summary, "", inert.block(commands, "sh"), "", "</details>"])


def _closing() -> str:
    return (
        "---\n"
        f"- [ ] {REBASE} Tick this to have the branch built anew from its base; other commits on it are lost.\n\n"
        "Close this and it stays closed: you are asked again only for other rules, or when you rename it. "
        "Push to the branch and it is yours: the bot leaves it alone."
    )


def wants_rebase(text: str) -> bool:
    """Whether the box for a new build of the branch is ticked."""
    return re.search(rf"^\s*[-*] \[[xX]\] {re.escape(REBASE)}", text, re.MULTILINE) is not None


def with_ticks(new: str, old: str) -> str:
    """The new body with the boxes ticked that were ticked in the old one, but for that of a new build."""
    ticked = set(_ticked(old))
    lines = [line.replace("[ ]", "[x]", 1) if line[6:] in ticked else line for line in new.split("\n")]
    return "\n".join(lines)


def _ticked(text: str) -> Iterator[str]:
    for line in text.replace("\r\n", "\n").split("\n"):
        if line[:6].lower() == "- [x] " and REBASE not in line:
            yield line[6:]


HANDS_OFF = "<!-- slimfix-hands-off -->"


def hands_off() -> str:
    """What is said, once, when someone else has pushed to the branch."""
    return (
        "There are commits here that are not the bot's, so it leaves this branch to you from now on. "
        "To have it built anew, without them, tick the last box of the description.\n\n" + HANDS_OFF
    )


def closed(text: str, reason: str) -> str:
    """The body of a pull request that we close, with the reason at its top."""
    return f"**{_REASONS[reason]}**\n\n{text}"


_REASONS = {
    "obsolete": "Nothing is left to fix here: closed by the bot, and the branch deleted.",
    "superseded": "The same fixes are now grouped in another way: closed by the bot, and the branch deleted.",
    "disabled": "The bot is turned off for this repository: closed by the bot, and the branch deleted.",
}
