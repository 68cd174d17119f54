"""Copy what an install reads before the rest, so that a change of code keeps the installed layer.

`COPY . .` before `npm ci` or `pip install -r requirements.txt` installs everything again at every edit. The
manifests of the build context are read to see what the install needs: lock files, included files, workspaces,
patches, settings, install scripts. They are copied first, and the COPY of the whole tree follows the install.
Where a RUN installs and then goes on with `&&`, it is cut in two; where the tool can leave the project itself
for later (`poetry install --no-root`), it first does that.

Left alone is whatever cannot be shown: a local package, a script that may read other files, a command between
the COPY and the install that may, a directory of the context that would be laid over an installed one.

Before:
    COPY . .
    RUN pip install -r requirements.txt
After:
    COPY requirements.txt .
    RUN pip install -r requirements.txt
    COPY . .

Fix safety: safe when the files show everything that the install reads; assumed, with the assumption, when a
script's reads or a file of another checkout count; unsafe where `go mod download` is added in front of a
`go build`. Needs the build context: the directory of the Dockerfile, another that a compose file names, or
`--context DIR`.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.rules._copies import whole_directory
from slimfix.rules._installers import installing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from slimfix.rules._copy_plan import Plan
    from slimfix.rules._copy_tree import Tree

CODE = "SF301"
ORDER = 30
WORDS = ("copy", "\nadd", "\n add", "  add", "\tadd")

_LINES = 25


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every COPY of a whole directory that stands before an install."""
    for copy in dockerfile.instructions:
        words = whole_directory(copy)
        if words is None or copy.stage is None:
            continue
        after = [
            i for i in copy.stage.instructions if i.index > copy.index and i.name == "RUN" and not i.onbuild
        ]
        if not any(map(installing, after)):
            if any("go" in run.args.text for run in after):
                yield from _go(dockerfile, copy, words)
            continue
        if dockerfile.context is None:
            unknown = dockerfile.context_problem or "the build context is not known; --context DIR names it"
            yield Skip(unknown, copy.text_span)
            continue
        from slimfix.rules._copy_tree import tree  # what most files never come to

        found = tree(copy, *words, dockerfile.context)
        if isinstance(found, str):
            yield Skip(found, copy.text_span)
        elif found is not None:
            yield from _split(dockerfile, found)


def _go(dockerfile: Dockerfile, copy: Instruction, words: tuple[str, str]) -> Iterator[Fix]:
    from slimfix.rules._copy_go import download
    from slimfix.rules._copy_tree import Tree, tree

    found = tree(copy, *words, dockerfile.context) if dockerfile.context is not None else None
    fix = download(dockerfile, found) if isinstance(found, Tree) else None
    if fix is not None:
        yield fix


def _split(dockerfile: Dockerfile, tree: Tree) -> Iterator[Fix | Skip]:
    from slimfix.rules._copy_plan import plan
    from slimfix.rules._copy_tree import copied
    from slimfix.rules._copy_write import edits, manifest_lines

    copy = tree.copy
    made = plan(dockerfile, tree)
    if made is None:
        return
    if isinstance(made, str):
        if not tree.source:  # of a folder it is not even known that it has to do with the install
            yield Skip(made, copy.text_span)
        return
    if tree.problem is not None:
        yield Skip(tree.problem, copy.text_span)
        return
    assert dockerfile.context is not None
    there = copied(tree, dockerfile.context)
    missing = [file for file in made.files if file not in there]
    lines = manifest_lines(dockerfile, tree, missing)
    if len(lines) > _LINES:
        yield Skip(f"it would take {len(lines)} COPY instructions", copy.text_span)
        return
    assumption = "; ".join(made.assumptions) or None
    yield Fix(
        (*edits(dockerfile, tree, lines, made.target), *made.edits),
        f"copy what {_tools(made)} reads before the rest",
        copy.text_span,
        Safety.SAFE if assumption is None else Safety.ASSUMED,
        assumption,
    )


def _tools(made: Plan) -> str:
    return " and ".join(dict.fromkeys(made.tools))
