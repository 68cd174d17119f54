"""What the rules for APT share: finding calls, and what was set up before them."""

from __future__ import annotations

from collections.abc import Iterator

from slimfix import knowledge
from slimfix.dockerfile import Dockerfile, Instruction, Stage
from slimfix.rules._managers import calls, runs
from slimfix.shell import Command, Opaque
from slimfix.shell.call import Call, unwrapped
from slimfix.text import Span

FOREIGN = ("alpine", "redhat", "suse", "arch", "windows")
"""Families of base images that have no APT."""


def installs(dockerfile: Dockerfile) -> Iterator[tuple[Instruction, Command, Call]]:
    """Every call of apt or apt-get with a verb, in a RUN that ships on an image that may have APT."""
    table = knowledge.table("apt")["call"]
    for instruction in runs(dockerfile, "apt"):
        if instruction.stage is None or instruction.stage.root.family in FOREIGN:
            continue
        for command, call in calls(instruction, table):
            if call.verb is not None and call.verb.value is not None:
                yield instruction, command, call


def earlier(dockerfile: Dockerfile, run: Instruction) -> Iterator[Instruction]:
    """What is built before *run* in its stage, and in the stages that this one is FROM."""
    stage: Stage | None = run.stage
    while stage is not None:
        for instruction in stage.instructions:
            if stage is not run.stage or instruction.index < run.index:
                yield instruction
        stage = stage.parent


def mentioned(dockerfile: Dockerfile, run: Instruction, command: Command, *words: str) -> bool:
    """Whether anything before *command*, in its own RUN too, holds one of *words* (in lower case)."""
    texts = [dockerfile.source(i.span) for i in earlier(dockerfile, run)]
    texts.append(dockerfile.source(Span(run.span.start, command.span.start)))
    return any(word in text.lower() for text in texts for word in words)


def configured(dockerfile: Dockerfile, run: Instruction, command: Command, setting: str) -> bool:
    """Whether a configuration of APT that was laid down before *command* holds *setting*, or may."""
    if mentioned(dockerfile, run, command, setting, "apt_config"):
        return True
    copies = (i for i in earlier(dockerfile, run) if i.name in ("COPY", "ADD"))
    return any("apt.conf" in i.args.text or "/etc/apt" in i.args.text for i in copies)


def letters(call: Call) -> str:
    """The letters of the short options that take no value: ``-yq -f`` gives ``yqf``."""
    valued = knowledge.table("apt")["call"]["valued_letters"]
    found = ""
    for argument, _ in call.options:
        text = argument.value or ""
        if text.startswith("-") and not text.startswith("--"):
            for letter in text[1:].partition("=")[0]:
                if letter in valued:
                    break
                found += letter
    return found


def obscure(call: Call) -> str | None:
    """Why the options of a call cannot be told apart, if they cannot."""
    valued = knowledge.table("apt")["call"]["valued_letters"]
    if call.unknown or any(argument.glob for argument in call.operands):
        return "a word of the call is known to the running shell alone"
    for argument, _ in call.options:
        text = argument.value or ""
        if (
            not text.startswith("--")
            and set(valued) & set(text[2:].partition("=")[0])
            and text[1] not in valued
        ):
            return "its options are written together with one that takes a value"
    return None


def setting(call: Call, name: str) -> bool:
    """Whether ``-o`` sets the option called *name* (in lower case)."""
    words = [a.value or "" for pair in call.options for a in pair if a is not None]
    return any(name in word.lower() for word in words)


def own_sources(dockerfile: Dockerfile, run: Instruction, command: Command) -> bool:
    """Whether nothing before *command* can have brought package sources beside those of the image."""
    marks = knowledge.table("apt")["marks"]
    if mentioned(dockerfile, run, command, *marks["sources"]):
        return False
    for instruction in (*earlier(dockerfile, run), run):
        if instruction.onbuild:
            return False
        if instruction.name in ("COPY", "ADD"):
            words = instruction.exec_form or [part.text for part in instruction.parts]
            target = instruction.state.resolve(words[-1]) if words and "$" not in words[-1] else None
            if target is None or target in (".", "/", "/etc", "/usr") or target.startswith("/etc/apt"):
                return False
        if instruction.name == "ENV" and "APT_CONFIG" in instruction.args.text:
            return False
        if instruction.name == "RUN" and not _plain(instruction, command, marks):
            return False
    return True


def _plain(instruction: Instruction, until: Command, marks: dict[str, list[str]]) -> bool:
    """Whether the commands of a RUN, as far as *until*, are all programs rather than scripts."""
    script = instruction.script
    if isinstance(script, Opaque):
        return False
    for command in script.commands:
        if command.span == until.span:
            break
        arguments, _ = unwrapped(command)
        if not command.arguments:
            continue
        name = arguments[0].value if arguments else None
        if name is None or name in marks["scripts"]:
            return False
        if "/" in name and not name.startswith(tuple(marks["system"])):
            return False
    return True
