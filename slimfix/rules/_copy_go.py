"""A ``go mod download`` of its own, where a Dockerfile leaves the modules to ``go build``."""

from __future__ import annotations

import posixpath

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety
from slimfix.layout import layout
from slimfix.manifests import Cannot
from slimfix.manifests.go import modules
from slimfix.manifests.site import Gather
from slimfix.rules._copy_run import judge
from slimfix.rules._copy_tree import Tree, resolve
from slimfix.rules._copy_write import before_comments, indent_of, indented, manifest_lines
from slimfix.rules._installers import called, tools
from slimfix.shell import Opaque
from slimfix.text import Edit, Span

_BUILDS = frozenset(("build", "install", "test", "vet"))


def download(dockerfile: Dockerfile, tree: Tree) -> Fix | None:
    """A fix that downloads the modules before the tree is copied; None where that is not the case to make.

    It is unsafe, since it adds a command: the build may need fewer modules than go.mod names, and one that
    it does not need may be out of reach.
    """
    copy = tree.copy
    context = dockerfile.context
    if copy.stage is None or context is None or tree.problem is not None or _downloads(copy):
        return None
    place = resolve(copy, ".")
    run = _first_build(copy, tree, dockerfile)
    if run is None or place is None or resolve(run, ".") != place or run.flag_values("mount"):
        return None
    try:
        gather = Gather(tree.site(context))
        directory = gather.site.locate(place)
        if directory is None or gather.there(posixpath.join(directory, "vendor")):
            return None
        gather.alone(directory, "go.work")
        if gather.there(posixpath.join(directory, "go.work")):
            return None
        gather.need(posixpath.join(directory, "go.sum"))
        modules(gather, directory, "")
    except Cannot:
        return None
    if tree.left_out(gather.files):
        return None
    lines = manifest_lines(dockerfile, tree, sorted(gather.files))
    lines.append(f"{layout(dockerfile).keyword('RUN')} go mod download")
    start = before_comments(dockerfile, copy)
    text = indent_of(dockerfile, copy) + indented(dockerfile, copy, lines) + "\n"
    message = "download the Go modules before the rest is copied"
    return Fix((Edit(Span(start, start), text),), message, copy.text_span, Safety.UNSAFE)


def _downloads(copy: Instruction) -> bool:
    """Whether the stage downloads modules by itself."""
    stage = copy.stage
    while stage is not None:
        for run in stage.instructions:
            if run.name == "RUN" and not isinstance(run.script, Opaque):
                for command in run.script.commands:
                    words = command.values[1:3]
                    if words in (("mod", "download"), ("mod", "vendor")) or words[:1] == ("get",):
                        return True
        stage = stage.parent
    return False


def _first_build(copy: Instruction, tree: Tree, dockerfile: Dockerfile) -> Instruction | None:
    """The RUN behind the COPY that begins with a build by Go; nothing before it may look into the tree."""
    assert copy.stage is not None and dockerfile.context is not None
    site = tree.site(dockerfile.context)
    for run in copy.stage.instructions:
        if run.index <= copy.index or run.onbuild or run.name != "RUN":
            continue
        if isinstance(run.script, Opaque):
            return None
        seen = judge(run, site)
        if seen.reason is None:
            continue
        for command in run.script.commands[seen.known : seen.known + 1]:
            call = called(command, tools()["go"])
            verb = call.verb.value if call is not None and call.verb is not None else None
            if verb in _BUILDS and not any(c.name == "cd" for c in run.script.commands[: seen.known]):
                return run
        return None
    return None
