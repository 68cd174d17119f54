"""An install in two: what runs stays where it is, what only builds comes in the later RUN that builds."""

from __future__ import annotations

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.knowledge import debian
from slimfix.patterns import lazy
from slimfix.rules._apt_calls import Install, apt, build_only, installs, verbs
from slimfix.rules._apt_move import Moved, past
from slimfix.rules._apt_plan import NO_BUILD, Work, read
from slimfix.rules._apt_text import joint, relisted
from slimfix.rules._build_between import APT, into, variables
from slimfix.rules._build_later import building, calls
from slimfix.rules._build_place import listed
from slimfix.shell import Script
from slimfix.shell.failure import fates
from slimfix.text import Edit, Span, apply

_APT = lazy(
    r"/(?:etc(?:/(?:apt|ssl|pki|ca-certificates|alternatives|ld\.so).*)?|usr|var(?:/lib)?|lib|bin)?/?"
)
LISTS = "rm -rf /var/lib/apt/lists/*"


def parted(dockerfile: Dockerfile, run: Instruction, found: list[Install]) -> Moved | str:
    """The build packages of *run* installed and removed in the first later RUN that builds; or why not."""
    stage = run.stage
    assert stage is not None
    image = debian.image(stage.root.name, stage.root.tag)
    bringing = [(i, [w for w in i.wanted if build_only(w.name, image)]) for i in found]
    bringing = [(install, goes) for install, goes in bringing if goes]
    if len(bringing) != 1:
        return f"{NO_BUILD}, and several installs bring them"
    install, goes = bringing[0]
    names = [w.name for w in goes]
    if install.command.nesting or install.call.wrapped or install.call.unknown or any(w.pinned for w in goes):
        return f"{NO_BUILD}, and the install is not plain"
    if not _strict(run):
        return f"{NO_BUILD}, and a failure of apt-get would not stop the RUN that installs them"
    target = _target(dockerfile, run, install, names)
    if isinstance(target, str):
        return f"{NO_BUILD}, and {target}"
    cut = relisted(dockerfile, install, (), set(names))
    where = listed(target)
    if isinstance(cut, str) or isinstance(where, str):
        return f"{NO_BUILD}, and {cut if isinstance(cut, str) else where}"
    again = _again(dockerfile, target, install, names)
    first = _planned(dockerfile, target, [cut, *again])
    if isinstance(first, str):
        return first
    pins = tuple(dict.fromkeys(pin for each in first.pins.values() for pin in each))
    if first.asked or first.marked:
        return f"{NO_BUILD}, and what the headers need at run time is not known for this release"
    if len(goes) == len(install.wanted) and set(pins) <= set(debian.pins("gcc", ()) or ()):
        return f"{NO_BUILD}, and nothing of the install would stay"
    stays = relisted(dockerfile, install, pins, set(names))
    assert isinstance(stays, Edit)
    work = _planned(dockerfile, target, [stays, *again])
    if isinstance(work, str) or work.pins:
        return work if isinstance(work, str) else NO_BUILD
    every = [stays, *_back(dockerfile, work, stays, again)]
    return Moved(work, tuple(every), past(dockerfile, run, target), install.command.span)


def _back(dockerfile: Dockerfile, work: Work, before: Edit, again: list[Edit]) -> list[Edit]:
    """The edits in the RUN that builds, in terms of the file as it is."""
    first, last = again
    text = apply(dockerfile.text, [before, first])
    length = len(text) - len(apply(dockerfile.text, [before]))
    shift = len(text) - len(dockerfile.text)
    begin = first.span.start + shift - length
    inner = [e for e in work.edits() if e.span.end < begin + length]
    outer = [
        Edit(Span(e.span.start - shift, e.span.end - shift), e.text) for e in work.edits() if e not in inner
    ]
    added = apply(
        text[begin : begin + length],
        [Edit(Span(e.span.start - begin, e.span.end - begin), e.text) for e in inner],
    )
    outer = [Edit(e.span, e.text + last.text) if e.span == last.span else e for e in outer]
    if last.span not in [e.span for e in outer]:
        outer.append(last)
    return [Edit(first.span, added.replace("\r", "")), *outer]


def _target(
    dockerfile: Dockerfile, run: Instruction, install: Install, names: list[str]
) -> Instruction | str:
    """The first later RUN that builds, if nothing before it may need the packages."""
    assert run.stage is not None
    if run.flags or run.heredocs:
        return "it has flags"
    tools = debian.commands(names) | set(names)
    used = calls(dockerfile, run, tools, install.command.span.end)
    if used:
        return f"this RUN calls {used}"
    for other in run.stage.instructions:
        if other.index <= run.index:
            continue
        if other.onbuild:
            return "an ONBUILD trigger stands in between"
        if other.name == "RUN":
            if isinstance(other.script, Script) and building(dockerfile, other):
                if other.heredocs or any(flag.name != "mount" for flag in other.flags):
                    return "the RUN that builds has other flags"
                if (run.state.user, run.state.shell) != (other.state.user, other.state.shell):
                    return "the RUN that builds has another user or shell"
                if verbs(other.script):
                    return "the RUN that builds calls apt, too"
                return other
            used = calls(dockerfile, other, tools)
            if used or not isinstance(other.script, Script):
                return f"a RUN in between calls {used or 'what is not understood'}"
        elif other.name in ("COPY", "ADD"):
            target = into(other)
            if target is None or _APT.fullmatch(target):
                return f"{other.name} in between may write to the directories of the system"
        elif other.name in ("ENV", "ARG"):
            problem = variables(other, APT, longer=True)
            if problem:
                return problem
    return "nothing that follows is known to build"


def _strict(run: Instruction) -> bool:
    """Whether each call of apt stops the build when it fails, as it will in the other RUN."""
    script = run.script
    assert isinstance(script, Script)
    calling = [command.node for command in script.commands if apt(command)]
    ends = [fate.command for fate in fates(script.root, run.state.shell.options) if fate.fatal]
    return all(node in ends for node in calling)


def _again(dockerfile: Dockerfile, target: Instruction, install: Install, names: list[str]) -> list[Edit]:
    """Install *names* at the begin of *target* as before, and remove the lists at its end."""
    glue = joint(dockerfile, target, "&&")
    start = install.command.node.assignments
    script = target.script
    assert isinstance(script, Script)
    operands = {argument.span.start for argument in install.call.operands}
    words = [a.raw for a in install.command.arguments if a.span.start not in operands]
    text = " ".join([*(word.raw for word in start), *words, *names])
    where = listed(target)
    assert not isinstance(where, str)
    here = target.args.span(0, 1).start
    end = script.span(where.items[-1]).end
    program = words[0]
    return [
        Edit(Span(here, here), f"{program} update && {text}{glue}"),
        Edit(Span(end, end), glue + LISTS),
    ]


def _planned(dockerfile: Dockerfile, target: Instruction, edits: list[Edit]) -> Work | str:
    """The removal in the file as it would be."""
    after = _read(dockerfile, apply(dockerfile.text, sorted(edits, key=lambda edit: edit.span.start)))
    run = after.instructions[target.index]
    if not isinstance(run.script, Script):
        return "the RUN that builds is not understood"
    work = read(after, run, list(installs(run.script)))
    return work if isinstance(work, Work) else (work or NO_BUILD)


def _read(dockerfile: Dockerfile, text: str) -> Dockerfile:
    after = Dockerfile(text, context=dockerfile.context, options=dockerfile.options)
    for old, new in zip(dockerfile.stages, after.stages):
        new.ships = old.ships
    return after
