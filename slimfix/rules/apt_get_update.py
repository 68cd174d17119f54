"""Fetch the package lists in the RUN that installs, not in an earlier one.

An install that reads the lists of an earlier layer keeps them in the image, 20 to 50 MB, and when Docker
takes that layer from its cache, they may be months old: then the install asks for packages that the archive
no longer has. With an `apt-get update` of its own each RUN is complete, and `package-lists` can remove the
lists where they are fetched. RUNs that stand together are merged instead (`merge-runs`).

Left alone are installs whose lists come from the base image, those whose failure is caught, RUNs that fetch
lists in any way, and files that change package sources, proxies or APT's configuration between the two.

Before:
    FROM debian:12
    RUN apt-get update && apt-get install -y curl
    COPY app.list /srv/
    RUN apt-get install -y $(cat /srv/app.list)
After:
    FROM debian:12
    RUN apt-get update && apt-get install -y curl
    COPY app.list /srv/
    RUN apt-get update && apt-get install -y $(cat /srv/app.list)

Fix safety: always assumed: the archive has to answer once more.

Clears hadolint's DL3009, with `package-lists`.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.knowledge.managers import Lists, manager
from slimfix.layout import line_start
from slimfix.rules._apt import earlier, installs
from slimfix.rules._apt_lists import Fetch, certain, changed, source
from slimfix.rules._managers import ROOT, does
from slimfix.shell import Command, Opaque
from slimfix.shell.call import Call
from slimfix.shell.insert import in_front
from slimfix.text import Edit, Span

CODE = "SF123"
ORDER = 55
WORDS = ("apt",)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """The first install of every RUN that reads the lists of another."""
    apt = manager("apt")
    assert apt.lists is not None
    done: set[int] = set()
    for run, command, call in installs(dockerfile):
        if run.index in done or call.verb is None or does(call, apt.lists.harmless):
            continue
        done.add(run.index)
        found = source(dockerfile, run, command, apt, apt.lists)
        if found is None:
            continue
        answer = _fix(dockerfile, run, command, call, found, apt.lists)
        yield (
            Skip(f"the lists are not fetched anew: {answer}", command.span)
            if isinstance(answer, str)
            else answer
        )


def _fix(
    dockerfile: Dockerfile, run: Instruction, command: Command, call: Call, found: Fetch, lists: Lists
) -> Fix | str:
    """The fix for one RUN, or why there is none."""
    script, fetch, update = run.script, *found
    assert not isinstance(script, Opaque) and not isinstance(fetch.script, Opaque)
    if run.onbuild or run.heredocs or fetch.onbuild:
        return "it is in a trigger or a heredoc"
    if run.flag("network") not in (None, "default") or call.option("--no-download", "-c", "--config-file"):
        return "it is to work without the network, or with a configuration of its own"
    if set(call.wrapped) - {"sudo"} or (not call.wrapped and run.state.user not in ROOT):
        return "it may not be root who would fetch them"
    if command.nesting:
        return "the install is part of a larger command"
    if not certain(fetch, update):
        return f"line {dockerfile.lines.at(fetch.span.start)[0]} may go on without them"
    if reason := changed(dockerfile, fetch, update, run, command):
        return reason
    text = " ".join([*call.wrapped, "apt-get", *lists.fills])
    joint = in_front(script, run.state.shell.options, command.node, text)
    if joint is None:
        return "the failure of the install does not stop the build"
    edits = [_edit(dockerfile, command, text, joint)]
    removes: tuple[Span, ...] = ()
    if len(fetch.script.commands) == 1:
        between = [each for each in earlier(dockerfile, run) if each.index > fetch.index]
        if fetch.comments or any(each.name == "RUN" for each in between):
            return f"line {dockerfile.lines.at(fetch.span.start)[0]} does nothing else"
        edits, removes = [Edit(fetch.span, ""), *edits], (update.span,)
    return Fix(
        tuple(edits),
        "fetch the package lists in the RUN that installs",
        command.span,
        Safety.ASSUMED,
        "the package archives that an earlier RUN reads answer in this one, too",
        removes=removes,
    )


def _edit(dockerfile: Dockerfile, command: Command, text: str, joint: str) -> Edit:
    """Put *text* before a command, on a line of its own where the command has one."""
    start = command.span.start
    prefix = dockerfile.text[line_start(dockerfile.text, start) : start]
    added = f"{text} && " if joint == "&&" else f"{text}; "
    if not prefix.strip():
        added = f"{added}{dockerfile.escape}\n{prefix}"
    elif prefix.strip() == joint == "&&":
        added = f"{text} {dockerfile.escape}\n{prefix}"
    return Edit(Span(start, start), added)
