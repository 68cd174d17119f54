"""The first pull request, where the operator wants one: it proposes settings, and says what will come.

Merged, it lets the others come. Closed, it keeps the bot out for good: the closed pull request itself is the
memory of that, whatever database the bot has, and whoever runs it.
"""

from __future__ import annotations

import hashlib

from slimfix.bot import inert, message, names
from slimfix.bot.commits import Commit, File
from slimfix.bot.plan import Change, Plan, Proposal

GROUP = "onboarding"
BRANCH = names.branch(GROUP)
PATH = "slimfix.toml"
TITLE = "Set up slimfix, which proposes smaller images"
_MOST = 20

SETTINGS = """\
# Settings of slimfix, which makes the images of these Dockerfiles smaller and their rebuilds faster.
# None is needed: what is commented out shows what can be said.

# Rules that are not wanted, by name ("slimfix rules" lists them), and files to leave alone.
# ignore = ["merge-runs"]
# exclude = ["legacy/"]

# Only fixes that rest on no assumption.
# safe-only = true

[bot]
# false: no pull requests.
enabled = true

# "directory": a pull request for each directory with Dockerfiles.
# group = "repository"

# When a branch is built anew: "auto", "conflicted", "behind" or "never".
# rebase = "auto"

# Whom to ask for a review: the owners of the code, or "none".
# reviewers = "codeowners"

# Whom to assign.
# assignees = ["alice"]

# Open as drafts.
# draft = true

# Let the forge merge by itself what rests on no assumption, where the operator allows it.
# automerge = true
"""


def added(plan: Plan) -> Plan:
    """The plan, with the first pull request for a repository that has fixes to come and no settings."""
    if not plan.proposals or plan.configured:
        return plan
    content = hashlib.sha256(SETTINGS.encode()).hexdigest()[:16]
    coming = "\0".join(sorted(one.fingerprint for one in plan.proposals))
    fingerprint = hashlib.sha256(coming.encode()).hexdigest()[:16]
    change = Change(PATH, "100644", "", "", SETTINGS)
    commit = Commit(GROUP, 0, (File(PATH, "100644", SETTINGS),))
    first = Proposal(GROUP, BRANCH, (change,), (commit,), (), fingerprint, content, (), "onboarding")
    return plan._replace(onboarding=first)


def commit_message(proposal: Proposal) -> str:
    """The message of the one commit."""
    why = "None is needed: they show what can be said."
    return f"Add settings for slimfix\n\n{why}\n\n{message.TRAILER}: {proposal.fingerprint}"


def body(plan: Plan, marker: str) -> str:
    """The text of the first pull request, with the notes of :mod:`.marker` as its last line."""
    count = plan.dockerfiles
    files = "one Dockerfile" if count == 1 else f"{count} Dockerfiles"
    parts = [
        f"slimfix has read {files} here and could make something better. This pull request changes none of "
        f"them: it adds {inert.code(PATH)}, which holds nothing but examples, and asks whether you want the "
        "rest.",
        "**Merge this** to get what is listed below, as pull requests to judge one by one. **Close this** "
        "to hear no more: nothing will be proposed to this repository, unless you comment `/slimfix again`, "
        f"or add a {inert.code(PATH)} yourself. **Do nothing** and nothing happens.",
        _coming(plan),
        "### What you can count on\n\n"
        "- One commit for each rule, so that you can leave one out; what you close stays closed.\n"
        "- A change that is called safe leaves what is installed and what runs as it is; what no tool can "
        "prove from the files is listed as a box to tick. Your comments stay.\n"
        "- Nothing of this repository is run, and nothing but Dockerfiles and what belongs to them is "
        "written.",
        message.closing("Push to the branch and it is yours: the bot leaves it alone."),
    ]
    return "\n\n".join([*parts, marker])


def _coming(plan: Plan) -> str:
    lines = ["### What will come", "", "| Pull request | Files | Smaller by |", "|---|---|---|"]
    for one in plan.proposals[:_MOST]:
        saving = message.amount(one) if one.saving > 0 else "no estimate"
        paths = ", ".join(inert.code(change.path) for change in one.changes[:3])
        more = f" and {len(one.changes) - 3} more" if len(one.changes) > 3 else ""
        lines.append(f"| {inert.line(message.title(one, plan.repository))} | {paths}{more} | {saving} |")
    left = len(plan.proposals) - _MOST
    lines += [f"| and {left} more | | |"] if left > 0 else []
    limit = plan.wishes.open_limit
    at_once = "one at a time" if limit == 1 else f"at most {limit} at a time"
    kinds = dict.fromkeys(rule for one in plan.proposals for rule in message.ranked(one))
    said = "; ".join(message.phrases().get(rule, {}).get("title") or rule for rule in kinds)
    return "\n".join([*lines, "", f"They come {at_once}. In short: {said}."])
