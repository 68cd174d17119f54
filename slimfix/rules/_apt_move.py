"""An install made later, in the RUN that builds, so that what only the build needs can go again there."""

from __future__ import annotations

import re

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._apt_calls import PROGRAMS, installs
from slimfix.rules._apt_plan import Work, read
from slimfix.rules._apt_text import joint
from slimfix.rules._build_between import APT, blocking, is_file
from slimfix.rules._build_later import building
from slimfix.rules._build_place import PRAGMA, comments_above, listed
from slimfix.shell import Script
from slimfix.shell.call import unwrapped
from slimfix.shell.nodes import Redirect
from slimfix.text import Edit, Span, apply

_CLEARED = lazy(r"/var/(?:lib/apt/lists|cache/apt)(?:/.*)?|/tmp/.*")


class Moved(NamedTuple):
    """A removal that asks for its install to be moved."""

    work: Work
    edits: tuple[Edit, ...]
    """In terms of the file as it is."""
    past: int | None
    """The line of a COPY which brings a whole directory and after which the install now comes."""
    changed: Span
    """What of the file is replaced."""


def moved(dockerfile: Dockerfile, run: Instruction) -> Moved | str:
    """The install of *run*, made and undone in the next RUN of its stage; or why that cannot be."""
    target = _target(dockerfile, run)
    if isinstance(target, str):
        return target
    text = dockerfile.text
    above = comments_above(text, run.span.start)
    notes = text[above : run.span.start].replace("\r", "")
    if any(PRAGMA.match(line.strip()) for line in notes.split("\n")):
        return "a comment for a tool stands above the install"
    end = run.span.end
    blank = re.match(r"[ \t]*\r?\n", text[end:])
    if blank and re.search(r"(?:^|\n)[ \t]*\r?\n$", text[:above]):
        end += blank.end()  # one of two blank lines goes along
    here = target.args.span(0, 1).start
    added = dockerfile.source(run.args.span(0, len(run.args.text))).replace("\r", "")
    added += joint(dockerfile, run, "&&")
    edits = [Edit(Span(above, end), ""), Edit(Span(here, here), added)]
    if notes:
        at = comments_above(text, target.span.start)
        edits.insert(1, Edit(Span(at, at), notes))
    return _planned(dockerfile, edits, run, target, here)


def _planned(
    dockerfile: Dockerfile, edits: list[Edit], source: Instruction, target: Instruction, here: int
) -> Moved | str:
    """The removal in the file as it would be, and its edits in the file as it is."""
    text = apply(dockerfile.text, edits)
    after = Dockerfile(text, context=dockerfile.context, options=dockerfile.options)
    for old, new in zip(dockerfile.stages, after.stages):
        new.ships = old.ships
    run = after.instructions[target.index - 1]
    if isinstance(run.script, Script):
        work = read(after, run, list(installs(run.script)))
        if isinstance(work, Work):
            begin = run.args.span(0, 1).start
            added = text[
                begin : begin + len(apply(dockerfile.text, edits)) - len(apply(dockerfile.text, edits[:-1]))
            ]
            shift = begin + len(added) - here
            inner = [e for e in work.edits() if e.span.end < begin + len(added)]
            outer = [e for e in work.edits() if e not in inner]
            changed = apply(
                added, [Edit(Span(e.span.start - begin, e.span.end - begin), e.text) for e in inner]
            )
            back = [Edit(Span(e.span.start - shift, e.span.end - shift), e.text) for e in outer]
            every = (*edits[:-1], Edit(Span(here, here), changed), *back)
            return Moved(work, every, past(dockerfile, source, target), source.span)
        return work or "nothing to remove"
    return "the RUN that builds is not understood"


def _target(dockerfile: Dockerfile, run: Instruction) -> Instruction | str:
    """The next RUN, if it builds and the install can be made there."""
    reason = "no command in this RUN is known to build with them"
    assert run.stage is not None and isinstance(run.script, Script)
    for other in dockerfile.instructions[run.index + 1 :]:
        if other.stage is not run.stage or other.onbuild:
            return reason
        if other.name == "RUN":
            break
        problem = blocking(dockerfile, other, APT)
        if problem:
            return f"{reason}; {problem}" if _builds_later(dockerfile, run) else reason
    else:
        return reason
    if not building(dockerfile, other):
        return reason
    first, second = listed(run), listed(other)
    if isinstance(first, str) or isinstance(second, str) or ";" in (first.glue, second.glue):
        return f"{reason}, and its commands cannot be joined with those that do"
    if run.flags or run.heredocs or other.heredocs or any(flag.name != "mount" for flag in other.flags):
        return f"{reason}, and the RUN that does has other flags"
    if (run.state.user, run.state.shell) != (other.state.user, other.state.shell):
        return f"{reason}, and the RUN that does has another user or shell"
    if not _only_apt(run.script):
        return f"{reason}, and it does more than install packages"
    return other


def _builds_later(dockerfile: Dockerfile, run: Instruction) -> bool:
    return any(
        bool(building(dockerfile, other))
        for other in dockerfile.instructions[run.index + 1 :]
        if other.name == "RUN" and other.stage is run.stage
    )


def _only_apt(script: Script) -> bool:
    """Whether a script does nothing but install packages and tidy up after that."""
    for command in script.commands:
        words, wrappers = unwrapped(command)
        if not words or wrappers or command.nesting or not all(map(_silent, command.node.redirects)):
            return False
        if words[0].value == "rm":
            paths = [w.value or "" for w in words[1:] if not w.raw.startswith("-")]
            if not all(map(_CLEARED.fullmatch, paths)):
                return False
        elif words[0].value not in PROGRAMS:
            return False
    return not script.tree.comments


def _silent(redirect: Redirect) -> bool:
    return redirect.target is not None and redirect.target.value == "/dev/null"


def past(dockerfile: Dockerfile, run: Instruction, target: Instruction) -> int | None:
    """The line of a COPY between the two that brings a whole directory: each change in it installs anew."""
    for other in dockerfile.instructions[run.index + 1 : target.index]:
        if other.name in ("COPY", "ADD"):
            words = other.exec_form or [part.text for part in other.parts]
            if not all(is_file(dockerfile, other, word) for word in words[:-1]):
                return dockerfile.lines.at(other.span.start)[0]
    return None
