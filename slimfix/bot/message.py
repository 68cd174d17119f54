"""What a pull request says in its title and its commits, and what people say back by boxes in its body."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

from slimfix.bot.commits import Commit
from slimfix.bot.plan import Proposal
from slimfix.report.text import size

TITLE = 100
LEAST = 50_000
"""Bytes that are worth telling: less than that is a matter of file names and dates."""
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


def amount(proposal: Proposal) -> str:
    """How much smaller images get: measured, or about what is expected."""
    counted = [change for change in proposal.changes if proposal.saving_of(change)]
    about = "" if all(change.measured is not None for change in counted) else "about "
    return about + size(proposal.saving)


def ranked(proposal: Proposal) -> list[str]:
    """The rules that have a part in it: what is expected to save most comes first."""
    order = list(phrases())
    savings = {rule: sum(fix.saving for fix in proposal.fixes if fix.rule == rule) for rule in proposal.rules}
    return sorted(
        proposal.rules, key=lambda rule: (-savings[rule], order.index(rule) if rule in order else len(order))
    )


def title(proposal: Proposal, repository: str) -> str:
    """One line: how much is saved, of what, and by what above all."""
    rules = ranked(proposal)
    goods = {rule: phrases().get(rule, {}).get("good", "size") for rule in rules}
    good = next((one for one in ("size", "cache") if one in goods.values()), "order")
    better = {fix.path for fix in proposal.fixes if goods[fix.rule] == good}
    gains = {change.path for change in proposal.changes if proposal.saving_of(change) >= LEAST}
    saved = gains or better
    images = list(
        dict.fromkeys(
            image(path, repository)
            for change in proposal.changes
            if change.path in saved
            for path in change.dockerfiles or (change.path,)
        )
    )
    what = f"the {images[0]} image" if len(images) == 1 else f"{len(images)} images"
    known = all(change.measured is not None for change in proposal.changes if change.path in saved)
    if proposal.saving >= LEAST:
        start = f"Shrink {what} by {amount(proposal)}"
    elif good == "size" and not known:
        start = f"Shrink {what}"
    elif good == "cache":
        start = f"Rebuild {what} faster"
    else:
        start = f"Tidy the Dockerfile of {what}" if len(images) == 1 else f"Tidy {len(images)} Dockerfiles"
    # The end tells of what the beginning promises.
    rules = [rule for rule in rules if goods[rule] == good]
    end = phrases().get(rules[0], {}).get("title", "")
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
            line = f", line {fix.lines[0]}" if fix.lines[0] else ""
            first = _one_line(f"{fix.path}{line}: {fix.message}")
            lines.append(f"- {first}")
            if fix.assumption:
                lines.append(f"  Assumes: {_one_line(fix.assumption)}")
    lines = lines[:60]
    return "\n".join([*lines, "", f"{TRAILER}: {proposal.fingerprint}"])


def _one_line(text: str) -> str:
    """For a commit message, which is no Markdown but may mention people all the same."""
    text = "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))
    return re.sub(r"([@#])(?=\w)", "\\1\u2060", text)[:300]


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


def closing(how: str) -> str:
    """The end of a body: the box that asks for a new build, and *how* to turn the bot down."""
    return (
        "---\n"
        f"- [ ] {REBASE} Tick this to have the branch built anew from its base; others' commits on it are "
        f"lost.\n\n{how}"
    )


HANDS_OFF = "<!-- slimfix-hands-off -->"


def hands_off() -> str:
    """What is said, once, when someone else has pushed to the branch."""
    return (
        "There are commits here that are not the bot's, so it leaves this branch to you from now on. "
        "To have it built anew, without them, tick the last box of the description, or comment "
        "`/slimfix rebase`.\n\n" + HANDS_OFF
    )


def closed(reason: str) -> str:
    """What the body of a pull request begins with that we close."""
    return f"**{_REASONS[reason]}**\n\n"


_REASONS = {
    "": "Closed because someone who may push asked for it; these rules will not be proposed again.",
    "obsolete": "Nothing is left to fix here: closed by the bot, and the branch deleted.",
    "superseded": "The same fixes are now grouped in another way: closed by the bot, and the branch deleted.",
    "unneeded": "This is not needed any more: closed by the bot, and the branch deleted.",
    "unproved": "A build has spoken against what was proposed: closed by the bot, and the branch deleted.",
    "disabled": "The bot is turned off for this repository: closed by the bot, and the branch deleted.",
}
