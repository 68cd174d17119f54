"""Which instructions a COPY can move behind, and what is read until then."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix import knowledge
from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.words import expand
from slimfix.manifests.site import Site
from slimfix.records import NamedTuple
from slimfix.rules._copies import words_of
from slimfix.rules._copy_cut import end_of
from slimfix.rules._copy_run import Found, judge
from slimfix.rules._copy_tree import Tree, resolve
from slimfix.rules._copy_write import Target
from slimfix.rules._installers import installing
from slimfix.text import Edit


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
            ended = end_of(dockerfile, instruction, seen)
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
    excluded = tree.left_out([*files, *(f"{directory}/" for directory in entered)])
    if excluded is not None:
        return f"--exclude of the COPY may leave out {excluded}"
    for directory in entered:
        if not any(file.startswith(directory + "/") for file in files):
            return f"the RUN enters {directory}, of which it reads no file"
    state = target.last.state
    if set(re.findall(r"\$\{?(\w+)", " ".join(f.value or "" for f in tree.copy.flags))) & set(
        _set_between(tree.copy, target.last)
    ):
        return "a variable in the flags of the COPY may change before the install"
    if "$" in tree.dest and expand(tree.dest, state.variables(), tree.copy.escape) != expand(
        tree.dest, tree.copy.state.variables(), tree.copy.escape
    ):
        return f"{tree.dest} means something else behind the install"
    return None


def _set_between(copy: Instruction, last: Instruction) -> Iterator[str]:
    """The variables that ARG and ENV set behind a COPY, up to another instruction of its stage."""
    assert copy.stage is not None
    for one in copy.stage.instructions:
        if copy.index < one.index < last.index and one.name in ("ARG", "ENV") and not one.onbuild:
            old_form = one.name == "ENV" and "=" not in one.parts[0].text
            for part in one.parts[:1] if old_form else one.parts:
                yield part.text.partition("=")[0]


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
    if not instruction.parts:
        return "another COPY comes between"
    plain = expand(words_of(instruction)[-1], instruction.state.variables(), instruction.escape)
    place = resolve(instruction, plain) if plain is not None else None
    if place is None:
        return f"where another {instruction.name} goes is not known"
    one, other = place.rstrip("/") + "/", own.root.rstrip("/") + "/"
    if one.startswith(other) or other.startswith(one):
        return f"another {instruction.name} into {own.root} comes between the COPY and the install"
    return None
