"""Which instructions a COPY can move behind, and what is read until then."""

from __future__ import annotations

from typing import NamedTuple

from slimfix import knowledge
from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.words import expand
from slimfix.layout import insert_after
from slimfix.manifests.site import Site
from slimfix.rules._copy_run import Found, Judged, installing, judge
from slimfix.rules._copy_tree import Tree, resolve
from slimfix.rules._copy_write import Target
from slimfix.shell import Opaque, Script
from slimfix.shell.nodes import AndOr, Sequence, Simple
from slimfix.text import Edit, Span


class Plan(NamedTuple):
    """A COPY that can go behind an install."""

    files: tuple[str, ...]
    assumptions: tuple[str, ...]
    tools: tuple[str, ...]
    target: Target
    edits: tuple[Edit, ...]
    """Further edits, in the RUN."""


def plan(dockerfile: Dockerfile, tree: Tree) -> Plan | str | None:
    """Where the COPY of *tree* can go; why it must stay; None where nothing is to be gained."""
    copy = tree.copy
    assert copy.stage is not None and dockerfile.context is not None
    site = tree.site(dockerfile.context)
    table = knowledge.table("manifests")["run"]
    found: list[Found] = []
    entered: list[str] = []
    last: Instruction | None = None
    target: Target | None = None
    extra: tuple[Edit, ...] = ()
    reason: str | None = None
    for instruction in copy.stage.instructions:
        if instruction.index <= copy.index or instruction.onbuild or instruction.name in table["passed"]:
            continue
        if instruction.name != "RUN":
            reason = _other(instruction, tree, dockerfile)
            if reason is None:
                continue
            break
        seen = judge(instruction, site)
        if seen.reason is None and not any(f.reads.early for f in seen.installs):
            found += seen.installs
            entered += seen.entered
            last = instruction if found else last  # what does not look into the tree may as well go first
            continue
        reason = seen.reason
        if seen.installs:
            ended = _end(dockerfile, instruction, seen)
            if isinstance(ended, str):
                reason = ended
            else:
                found += seen.installs
                target, extra = ended
        break
    if target is None and last is not None:
        target = Target(last)
    files = tuple(dict.fromkeys(file for one in found for file in one.reads.files))
    if target is None:
        later = [
            i for i in copy.stage.instructions if i.index > copy.index and i.name == "RUN" and not i.onbuild
        ]
        return reason if any(map(installing, later)) else None
    if _done(copy, site, files):
        return None
    return _judged(tree, files, entered, target) or Plan(
        files,
        tuple(dict.fromkeys(a for one in found for a in one.reads.assumptions)),
        tuple(one.tool for one in found),
        target,
        extra,
    )


def _judged(tree: Tree, files: tuple[str, ...], entered: list[str], target: Target) -> str | None:
    """A last reason against it."""
    if any(mark in file for file in files for mark in " \t\n*?[\\$\"'"):
        return "a name of a manifest would have to be quoted"
    if tree.copy.name == "ADD" and any(
        f.endswith((".tgz", ".gz", ".tar", ".bz2", ".xz", ".zst")) for f in files
    ):
        return "ADD would unpack a manifest"
    for directory in entered:
        if not any(file.startswith(directory + "/") for file in files):
            return f"the RUN enters {directory}, of which it reads no file"
    state = target.last.state
    if (
        any("$" in (f.value or "") for f in tree.copy.flags)
        and state.variables() != tree.copy.state.variables()
    ):
        return "a variable in the flags of the COPY may change before the install"
    if "$" in tree.dest and expand(tree.dest, state.variables(), tree.copy.escape) != expand(
        tree.dest, tree.copy.state.variables(), tree.copy.escape
    ):
        return f"{tree.dest} means something else behind the install"
    return None


def _done(copy: Instruction, site: Site, files: tuple[str, ...]) -> bool:
    """Whether an earlier RUN of the stage has installed from these manifests already."""
    assert copy.stage is not None
    read = {
        file
        for run in copy.stage.instructions
        if run.index < copy.index and run.name == "RUN" and not run.onbuild and installing(run)
        for one in judge(run, site).installs
        for file in one.reads.files
    }
    return set(files) <= read


def _other(instruction: Instruction, own: Tree, dockerfile: Dockerfile) -> str | None:
    """Why a COPY cannot pass another instruction; None for a COPY to quite another place."""
    if instruction.name not in ("COPY", "ADD"):
        return f"{instruction.name} comes between the COPY and the install"
    if instruction.exec_form is not None or not instruction.parts:
        return "another COPY comes between"
    plain = expand(instruction.parts[-1].text, instruction.state.variables(), instruction.escape)
    place = resolve(instruction, plain) if plain is not None else None
    if place is None:
        return f"where another {instruction.name} goes is not known"
    one, other = place.rstrip("/") + "/", own.root.rstrip("/") + "/"
    if one.startswith(other) or other.startswith(one):
        return f"another {instruction.name} into {own.root} comes between the COPY and the install"
    return None


def _end(dockerfile: Dockerfile, run: Instruction, seen: Judged) -> tuple[Target, tuple[Edit, ...]] | str:
    """How a RUN ends that only begins with an install."""
    two_step = [one for one in seen.installs if one.reads.early]
    items = _list(run.script)
    if two_step:
        return _two_steps(dockerfile, run, seen, items)
    if items is None:
        return f"{seen.reason}, and the RUN cannot be cut before it"
    return _cut(dockerfile, run, seen, items)


def _list(script: Script | Opaque) -> tuple[Simple, ...] | None:
    """The commands of a script that is ``a && b && c``, None for another."""
    if isinstance(script, Opaque):
        return None
    root = script.root
    if isinstance(root, Sequence) and len(root.items) == 1 and root.terminators[0] in ("", "\n"):
        root = root.items[0]
    if isinstance(root, Simple):
        return (root,)
    if not isinstance(root, AndOr) or set(root.operators) != {"&&"}:
        return None
    nodes = tuple(item for item in root.items if isinstance(item, Simple))
    return nodes if len(nodes) == len(root.items) else None


def _words(key: str) -> frozenset[str]:
    return frozenset(knowledge.table("manifests")["run"][key])


def _head(dockerfile: Dockerfile, run: Instruction) -> str:
    """``RUN`` with its flags, up to the first command."""
    return dockerfile.source(Span(run.text_span.start, run.args.span(0, 1).start))


def _cut(
    dockerfile: Dockerfile, run: Instruction, seen: Judged, items: tuple[Simple, ...]
) -> tuple[Target, tuple[Edit, ...]] | str:
    """Cut ``install && rest`` in two."""
    script = run.script
    assert isinstance(script, Script) and seen.reason is not None
    commands = script.commands
    last = seen.known - 1
    if not all(one.command.node in items for one in seen.installs) or len(commands) != len(items):
        return seen.reason
    if any(c.name in _words("state") or not c.arguments for c in commands[: last + 1]):
        return f"{seen.reason}, and what comes before it in the RUN counts for it too"
    for command in commands[last + 1 :]:
        words = [v.rpartition("/")[2] for v in command.values[:3] if v is not None]
        if _words("cleaning") & set(words):
            return f"`{' '.join(words)}` in the same RUN may clean up behind the install"
    cut = Span(script.span(items[last]).end, script.span(items[last + 1]).start)
    if "#" in dockerfile.source(cut):
        return "a comment stands where the RUN would be cut"
    return Target(run, (_head(dockerfile, run),), cut), ()


def _two_steps(
    dockerfile: Dockerfile, run: Instruction, seen: Judged, items: tuple[Simple, ...] | None
) -> tuple[Target, tuple[Edit, ...]] | str:
    """Let the install leave the project itself for later, and do the rest behind the COPY."""
    one = seen.installs[-1]
    script = run.script
    assert isinstance(script, Script)
    if len(seen.installs) > 1 or items is None or one.call.verb is None or run.comments:
        return "the RUN does more than install"
    place = next((i for i, item in enumerate(items) if item is one.command.node), None)
    if (
        place is None
        or one.moved
        or any(c.name in _words("state") or not c.arguments for c in script.commands[: place + 1])
    ):
        return "what comes before the install in the RUN counts for it too"
    rest = script.commands[place + 1 :]
    if len(script.commands) != len(items) or any(
        _words("cleaning") & {v.rpartition("/")[2] for v in c.values[:3] if v is not None} for c in rest
    ):
        return "the RUN may clean up behind the install"
    again = one.reads.later or dockerfile.source(one.command.span)
    cut = Span(one.command.span.end, one.command.span.end)
    words = " ".join(one.reads.early)
    tail = (_head(dockerfile, run) + again,)
    if one.call.verb.span.end == cut.start:
        return Target(run, tail, cut, f" {words}"), ()
    return Target(run, tail, cut), (insert_after(one.call.verb, words),)
