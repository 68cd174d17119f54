"""A COPY or ADD that lays a whole directory of the context into the image."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from slimfix import knowledge
from slimfix.context import BuildContext
from slimfix.dockerfile import Instruction
from slimfix.dockerfile.words import expand
from slimfix.dockerignore import DockerIgnore
from slimfix.globs import BadPattern, clean, has_wildcard
from slimfix.manifests.site import Site
from slimfix.records import NamedTuple
from slimfix.rules._copies import words_of
from slimfix.shell import Opaque

_FLAGS = {"chown", "chmod", "link", "exclude"}


class Tree(NamedTuple):
    """A directory of the context as a COPY lays it out."""

    copy: Instruction
    dest: str
    """The destination as written."""
    root: str
    """The directory that it means, absolute."""
    source: str
    """The directory of the context, ``""`` for all of it."""
    problem: str | None = None
    """Why files alone would not make the same directory."""

    def left_out(self, files: Iterable[str]) -> str | None:
        """The first of some files (of the context) that ``--exclude`` may keep out of the tree."""
        given = self.copy.flag_values("exclude")
        if not given:
            return None
        try:
            rules = DockerIgnore.parse(
                "\n".join([*given, *(f"**/{pattern.lstrip('/')}" for pattern in given)])
            )
        except BadPattern:
            return ", ".join(given)
        below = [(file, posixpath.relpath(file, self.source or ".")) for file in files]
        return next((f for f, path in below if f.endswith("/") or rules.excludes(path)), None)

    def site(self, context: BuildContext) -> Site:
        """The tree with the files in it."""
        return Site(context, self.source, self.root)


def tree(copy: Instruction, source: str, dest: str, context: BuildContext) -> Tree | str | None:
    """The tree of a COPY; why it is beyond us; or None if it copies no directory."""
    if any(mark in source for mark in "$\"'\\") or has_wildcard(source):
        return None
    inside = clean(source)
    if inside and context.kind(inside) != "dir":
        return None
    odd = next((f for f in copy.flags if f.name not in _FLAGS), None)
    if odd is not None:
        return f"--{odd.name} of the COPY is beyond us"
    if copy.comments:
        return "a comment stands within the COPY"
    plain = expand(dest, copy.state.variables(), copy.escape)
    if plain is None or any(mark in dest for mark in "\"'\\"):
        return f"where {dest} lies is not known"
    root = resolve(copy, plain)
    if root is None:
        return "the working directory is not known, since the base image sets it"
    problem = None
    if inside and not _made(copy, root):
        problem = f"{root} takes its mode from {inside}, which a file alone would not give it"
    elif copy.flag("chmod") is not None and not _made(copy, root):
        problem = f"{root} takes its mode from --chmod, which a file alone would not give it"
    elif copy.flag("chown") is not None and not _made(copy, root) and not _top(posixpath.dirname(root)):
        # The classic builder gives the new directories above a file to the user, those above a tree to root.
        problem = f"the COPY may have to make {posixpath.dirname(root)}, whose owner would be another"
    found = Tree(copy, dest, root, inside, problem)
    return _odd_place(found, context) or found


def resolve(instruction: Instruction, path: str) -> str | None:
    """The absolute path in the image that *path* means there; None if that is not known."""
    found = instruction.state.resolve(path)
    if found is None or found.startswith("/"):
        return found
    base = instruction.stage.root if instruction.stage is not None else None
    table = knowledge.table("manifests")["workdir"]
    if base is None or base.name not in table:
        return None
    kinds = [table[key] for key in table if key.startswith(f"{base.name} ") and key.split(" ")[1] in base.tag]
    return posixpath.normpath(posixpath.join((kinds or [table[base.name]])[0], found))


def _made(copy: Instruction, root: str) -> bool:
    """Whether the directory *root* is surely there before the COPY."""
    workdir = resolve(copy, ".") or ""
    return workdir == root or workdir.startswith(root.rstrip("/") + "/")


def _top(directory: str) -> bool:
    """Whether a directory is there in every image: the root, or one of the system at the root."""
    return directory == "/" or directory[1:] in knowledge.table("manifests")["tree"]["system"]


def _odd_place(tree: Tree, context: BuildContext) -> str | None:
    """Why files in this place may matter to any command at all."""
    table = knowledge.table("manifests")["tree"]
    below = tree.root.strip("/")
    names = [posixpath.basename(path) for path in context.iterdir(tree.source or ".")]
    if not below:
        taken = sorted(set(names) & set(table["system"]))
        if taken:
            return f"the COPY lays {taken[0]} over that of the image"
    elif below in table["taken"] or below.split("/")[0] in table["own"]:
        return f"{tree.root} is a directory of the system"
    user_home = below == "root" or (below.startswith("home/") and below.count("/") == 1)
    home = dict(tree.copy.state.environment()).get("HOME")
    home = home or _home_of_user(tree)
    no_user = not below and tree.copy.state.user in ("", "root", "0")
    if not no_user and (user_home or not below or home == tree.root):
        hidden = [n for n in names if n.startswith(".") and n not in table["idle"]]
        if hidden:
            return f"{tree.root} may be a home directory, where {hidden[0]} holds settings"
    return None


def _home_of_user(tree: Tree) -> str | None:
    """The directory of the tree, if a RUN makes it the home directory of a user."""
    stage = tree.copy.stage
    while stage is not None:
        for run in stage.instructions:
            if run.name == "RUN" and not isinstance(run.script, Opaque):
                for command in run.script.commands:
                    if command.name in ("useradd", "adduser", "usermod") and tree.root in command.values:
                        return tree.root
        stage = stage.parent
    return None


def copied(tree: Tree, context: BuildContext) -> set[str]:
    """The files of the tree that the instructions right before its COPY have put into the same place."""
    site = tree.site(context)
    flags = [(f.name, f.value) for f in tree.copy.flags]
    found: set[str] = set()
    for earlier in _just_before(tree.copy):
        placed = None
        if flags == [(f.name, f.value) for f in earlier.flags] and not earlier.heredocs:
            placed = _placed(site, earlier, words_of(earlier))
        if placed is None:
            break
        found |= placed
    return found


def _placed(site: Site, earlier: Instruction, words: list[str]) -> set[str] | None:
    """The files that a COPY puts where the tree has them too; None if it does anything else."""
    dest = resolve(earlier, words[-1]) if "$" not in words[-1] else None
    paths = [path for source in words[:-1] for path in site.context.glob(source)]
    if dest is None or any(site.context.kind(path) != "file" for path in paths):
        return None
    into = words[-1].endswith(("/", ".")) or len(paths) > 1
    for path in paths:
        if site.locate(f"{dest}/{posixpath.basename(path)}" if into else dest) != path:
            return None
    return set(paths)


def _just_before(copy: Instruction) -> Iterator[Instruction]:
    assert copy.stage is not None
    for earlier in reversed([i for i in copy.stage.instructions if i.index < copy.index]):
        if earlier.name not in ("COPY", "ADD") or earlier.onbuild or earlier.flag("from") is not None:
            return
        yield earlier
