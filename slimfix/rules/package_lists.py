"""Remove the package lists in the layer that fetched them (`apt-get update`, `opkg update`).

The lists are 20 to 50 MB that nothing but the next install reads, and that one should fetch them
anew. They are removed at the end of the RUN that fetched them; a removal in a later RUN would hide
them and save nothing.

They stay when a later RUN, or a stage FROM this one, installs packages without fetching the lists
itself; when they lie on a mount; when the end of the RUN is not reached or its failure would no longer
count; and for a user who could not remove them.

Before:
    FROM debian:12
    RUN apt-get update && apt-get install -y curl
After:
    FROM debian:12
    RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*

Fix safety: assumed where a later RUN calls a script whose content is not in sight and which might
install packages; else safe.

Clears hadolint's DL3009.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.knowledge.managers import Lists, Manager
from slimfix.layout import command_at
from slimfix.rules._clean import lists_removed, unread
from slimfix.rules._later import missed
from slimfix.rules._managers import KEPT, ROOT, at_home, cache_mounted, calls, does, mentioned, runs
from slimfix.rules._mounts import mount
from slimfix.rules._readers import readers
from slimfix.shell import Command, Opaque
from slimfix.shell.call import AS_ANOTHER, Call
from slimfix.shell.insert import at_end

CODE = "SF104"
ORDER = 60
WORDS = ("apt", "opkg")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every RUN that fetches package lists and leaves them."""
    for table in mentioned(dockerfile.text):
        if table.lists is None or table.flag:
            continue
        for instruction in runs(dockerfile, table.name):
            found = [(c, k) for c, k in calls(instruction, table) if does(k, table.lists.fills)]
            if not found or not at_home(instruction, table):
                continue
            command, call = found[-1]
            if lists_removed(instruction, command, table, table.lists):
                continue
            answer = _fix(dockerfile, instruction, command, call, table, table.lists)
            if isinstance(answer, str):
                yield Skip(f"the package lists stay: {answer}", command.span)
            else:
                yield answer


def _fix(
    dockerfile: Dockerfile,
    instruction: Instruction,
    command: Command,
    call: Call,
    table: Manager,
    lists: Lists,
) -> Fix | str:
    """The fix for one RUN, or why there is none."""
    script = instruction.script
    assert not isinstance(script, Opaque)
    if cache_mounted(instruction, lists.paths, table) or call.option(*table.chosen):
        return KEPT
    if any(re.search(pattern, dockerfile.text) for pattern in table.unless):
        return f"{table.name} may be called by other programs"
    if instruction.onbuild:
        return "what follows an ONBUILD trigger is not known"
    if instruction.heredocs and not instruction.heredoc_script:
        return "the RUN holds a heredoc"
    if AS_ANOTHER.intersection(call.wrapped) - {"sudo", "env", "command"}:
        return f"they are fetched by another user, by way of {call.wrapped[0]}"
    sudo = "sudo" in call.wrapped
    if not sudo and instruction.state.user not in ROOT:
        return f"USER {instruction.state.user or 'is a variable and'} may not be root"
    found = readers(dockerfile, instruction, table, lists)
    if found.line is not None:
        return f"line {found.line} installs without fetching them itself"
    reason = missed(dockerfile, instruction, command, table)
    if reason:
        return reason
    instead = mount(dockerfile, instruction, command, call, table)
    if instead is not None:
        return instead
    if any(path in word for word in unread(script, command) for path in lists.paths):
        return "a text that is handed to a program behind it names their directory"
    place = at_end(script)
    if isinstance(place, str):
        return place
    text = f"sudo {lists.clean}" if sudo else lists.clean
    edit = command_at(dockerfile, instruction, place, text)
    if edit is None:
        return "a command behind it would change what fails the build"
    message = "remove the package lists in the layer that fetched them"
    if not found.unknown:
        return Fix((edit,), message, command.span)
    assumption = f"{_listed(found.unknown)} install no packages without fetching the lists"
    return Fix((edit,), message, command.span, Safety.ASSUMED, assumption)


def _listed(names: tuple[str, ...]) -> str:
    shown = [f"`{name}`" for name in names[:3]]
    if len(names) > 3:
        shown.append(f"{len(names) - 3} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
