"""What must hold after every step, whatever rule made it.

The new text is read again from nothing. It must still be a Dockerfile that Docker takes; no comment
may be lost; an instruction that no edit touched must be the same, in the same state; and every
command that no edit touched must still run, in the same order, as the same user in the same directory
with the same variables, in a shell in the same condition, and must stop the build by failing if it did
so before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from slimfix.changes import Changes
from slimfix.dockerfile import Dockerfile, Instruction, ParseError, State
from slimfix.fix import Parting
from slimfix.guard_stages import same_stage, stages, stays, told
from slimfix.records import NamedTuple
from slimfix.shell import Opaque, Script
from slimfix.shell.condition import Condition, conditions
from slimfix.shell.failure import fates
from slimfix.text import Span


def check(
    before: Dockerfile,
    text: str,
    changes: Changes,
    read: Callable[[str], Dockerfile],
    removed: Sequence[Span] = (),
    parting: Parting | None = None,
) -> tuple[Dockerfile | None, str | None]:
    """Judge the text that *changes* made of *before*.

    Args:
        before: the Dockerfile as it was.
        text: what the changes made of its text.
        changes: the edits.
        read: how a Dockerfile is read.
        removed: where commands stood that were meant to go.
        parting: the stage that was meant to become two, if any.

    Returns:
        The new Dockerfile and None, or what was read (if anything) and the objection.
    """
    try:
        after = read(text)
    except ParseError as error:
        return None, f"Docker would refuse the result ({error})"
    problem = (
        _comments(before, after)
        or stages(before, after, parting)
        or _instructions(before, after, changes, parting)
        or _commands(before, after, changes, removed)
    )
    return after, problem


def _comments(before: Dockerfile, after: Dockerfile) -> str | None:
    lost = Counter(_all_comments(before)) - Counter(_all_comments(after))
    if lost:
        return f"the comment {next(iter(lost))!r} would be lost"
    return None


def _all_comments(dockerfile: Dockerfile) -> list[str]:
    """Comment lines, and the comments that a shell would see."""
    found = list(dockerfile.comments)
    for instruction in dockerfile.instructions:
        if instruction.name != "RUN" or "#" not in instruction.logical.text:
            continue
        script = instruction.script
        if not isinstance(script, Opaque):
            found += [script.text[start:end].strip() for start, end in script.tree.comments]
    return found


def _touched(dockerfile: Dockerfile, instruction: Instruction, changes: Changes) -> bool:
    """Whether an edit changes an instruction; at the end of a file without a last line end, also there."""
    end = instruction.span.end
    open_end = end == len(dockerfile.text) and not dockerfile.text.endswith("\n")
    return changes.touch(instruction.span) or (open_end and changes.at(end) is not None)


def _instructions(
    before: Dockerfile, after: Dockerfile, changes: Changes, parting: Parting | None
) -> str | None:
    places = {instruction.span.start: instruction for instruction in after.instructions}
    states: dict[int, tuple[object, ...]] = {}  # most instructions share theirs with those around
    for old in before.instructions:
        if _touched(before, old, changes):
            continue
        new = places.get(changes.moved(old.span.start))
        line = before.lines.at(old.span.start)[0]
        if new is None or before.source(old.span).strip() != after.source(new.span).strip():
            return f"line {line}, which was not to change, would"
        if not stays(old, new, parting):
            return f"line {line} would stand in another stage"
        if parting is None or same_stage(old, new):
            for state in (old.state, new.state):
                if id(state) not in states:
                    states[id(state)] = _state(state)
            same = states[id(old.state)] == states[id(new.state)]
        else:
            same = told(old, parting.unset) == told(new, parting.unset)
        if not same or new.onbuild != old.onbuild:
            return f"line {line} would find another state"
    return None


def _state(state: State) -> tuple[object, ...]:
    """What a command can notice of the state."""
    return state.user, state.workdir, state.shell, state.environment()


class _Seen(NamedTuple):
    """A command, with all that it can notice and that can be noticed of its failing."""

    text: str
    stage: int
    fatal: bool
    state: tuple[object, ...]
    shell: Condition


def _commands(before: Dockerfile, after: Dockerfile, changes: Changes, removed: Sequence[Span]) -> str | None:
    """Every command is found again where its text went, unless it was meant to go."""
    changed = [i for i in before.instructions if i.name == "RUN" and _touched(before, i, changes)]
    if not changed:
        return None
    untouched = [i for i in before.instructions if not _touched(before, i, changes)]
    same = {changes.moved(i.span.start) for i in untouched}
    new: dict[int, list[_Seen]] = {}
    for instruction in after.instructions:
        if instruction.name == "RUN" and instruction.span.start not in same:
            if isinstance(instruction.script, Opaque):
                return f"the result could not be understood ({instruction.script.reason})"
            for span, seen in _seen(instruction):
                new.setdefault(span.start, []).append(seen)
    for instruction in changed:
        if isinstance(instruction.script, Opaque) and not _kept(instruction, after, changes):
            return f"a RUN that is not understood would change ({instruction.script.reason})"
        for span, seen in _seen(instruction):
            if any(gone.contains(span) for gone in removed):
                continue
            edited = changes.touch(span) or _lengthened(span, changes)
            found = [] if changes.cover(span) else new.get(changes.moved(span.start), [])
            start = 1 if edited else 0  # what an edit within the command changes is its text
            if not any(other[start:] == seen[start:] for other in found):
                return f"the command {seen.text[:60]!r} would no longer run as it did"
    return None


def _kept(instruction: Instruction, after: Dockerfile, changes: Changes) -> bool:
    """Whether what an instruction runs stands where an edit of its flags, say, has put it."""
    place = changes.moved(instruction.args.span(0, 1).start)
    text, state = instruction.args.text, _state(instruction.state)
    return any(
        each.args.text == text and each.args.span(0, 1).start == place and _state(each.state) == state
        for each in after.instructions
    )


def _lengthened(span: Span, changes: Changes) -> bool:
    """Whether a word is added at the end of a command, rather than an operator behind it."""
    edit = changes.at(span.end)
    return edit is not None and edit.text.lstrip(" \t")[:1] not in ("", "&", ";", "|", ")", "\\", "`")


def _seen(instruction: Instruction) -> Sequence[tuple[Span, _Seen]]:
    """The commands of a RUN with their places, in the order of the text."""
    script = instruction.script
    if isinstance(script, Opaque):
        return ()
    if "seen" not in script.held:
        # found once: what comes after one step comes before the next
        script.held["seen"] = list(_commands_of(script, instruction))
    found: list[tuple[Span, _Seen]] = script.held["seen"]
    return found


def _commands_of(script: Script, instruction: Instruction) -> Iterator[tuple[Span, _Seen]]:
    stage = instruction.stage.index if instruction.stage else -1
    state = _state(instruction.state)
    exported = instruction.state.environment()
    given = [name for name, _ in instruction.state.env]
    found = {id(command): condition for command, condition in conditions(script.root, script.text)}
    for command, fatal in fates(script.root, instruction.state.shell.options):
        text = " ".join(script.text[command.start : command.end].split())
        fatal = fatal and text.split(None, 1)[:1] not in (["set"], [":"], ["true"])
        yield (
            script.span(command),
            _Seen(text, stage, fatal, state, found[id(command)].noticed(text, exported, given)),
        )
