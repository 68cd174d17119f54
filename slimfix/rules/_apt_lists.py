"""APT's package lists across RUNs: who fetched those that an install reads, and what changed since."""

from __future__ import annotations

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.knowledge import table
from slimfix.knowledge.managers import Lists, Manager
from slimfix.rules._apt import earlier
from slimfix.rules._clean import lists_removed
from slimfix.rules._managers import cache_mounted, calls, does
from slimfix.shell import Command, Opaque
from slimfix.shell.failure import fates
from slimfix.shell.nodes import Simple
from slimfix.text import Span

Fetch = tuple[Instruction, Command]
"""A RUN, and the update in it."""


def source(
    dockerfile: Dockerfile, run: Instruction, command: Command, apt: Manager, lists: Lists
) -> Fetch | None:
    """The update in an earlier RUN whose lists an install reads, if it certainly does."""
    if _updates(run, apt, lists) or cache_mounted(run, lists.paths, apt):
        return None
    found: Fetch | None = None
    for each in earlier(dockerfile, run):
        if each.name != "RUN" or isinstance(each.script, Opaque):
            continue
        for update in _updates(each, apt, lists):
            cleaned = lists_removed(each, update, apt, lists) or cache_mounted(each, lists.paths, apt)
            found = None if cleaned else (each, update)
    return found


def _updates(run: Instruction, apt: Manager, lists: Lists) -> list[Command]:
    return [command for command, call in calls(run, apt) if does(call, lists.fills)]


def certain(fetch: Instruction, update: Command) -> bool:
    """Whether an update has been run, and not failed, if its RUN has not."""
    script = fetch.script
    if isinstance(script, Opaque) or update.nesting:
        return False
    until = (f for f in fates(script.root, fetch.state.shell.options) if f.command.start <= update.node.start)
    return all(fate.fatal or _sets(fate.command) for fate in until)


def _sets(command: Simple) -> bool:
    """Whether a command does nothing but set options or variables, which does not fail."""
    return not command.words or command.words[0].value in ("set", "export")


def changed(
    dockerfile: Dockerfile, fetch: Instruction, update: Command, run: Instruction, command: Command
) -> str | None:
    """What happens to APT's sources between the update and the install, if anything does or may."""
    marks = (*table("apt")["marks"]["sources"], "proxy", "apt_config")
    parts = [dockerfile.source(Span(update.span.end, fetch.span.end))]
    between = [each for each in earlier(dockerfile, run) if each.index > fetch.index]
    parts += [dockerfile.source(each.span) for each in between]
    parts.append(dockerfile.source(Span(run.span.start, command.span.start)))
    for each in between:
        words = each.exec_form or [part.text for part in each.parts] if each.name in ("COPY", "ADD") else []
        place = each.state.resolve(words[-1]) if words and "$" not in words[-1] else None
        if words and (place is None or place == "/" or place.rstrip("/") == "/etc"):
            return f"line {dockerfile.lines.at(each.span.start)[0]} may change the package sources"
    found = next((mark for mark in marks for part in parts if mark in part.lower()), None)
    return f"{found} between the two may change the package sources" if found else None
