"""Remove what only the build needed, in the layer that installed it (Alpine, `pip install`).

Before:
    RUN apk add --no-cache gcc musl-dev libffi-dev && pip install cffi
After:
    RUN apk add --no-cache libgcc libffi \\
        && apk add --no-cache --virtual .build-deps gcc musl-dev libffi-dev && pip install cffi \\
        && apk del --no-network .build-deps

Fix safety: assumed. Nothing at run time may call the compiler; the run-time libraries are pinned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix import knowledge
from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Saving, Skip
from slimfix.knowledge import alpine
from slimfix.layout import layout
from slimfix.rules._managers import calls, manager, runs
from slimfix.shell import Opaque
from slimfix.shell.nodes import AndOr, Sequence, Simple
from slimfix.text import Edit, Span

CODE = "SF201"
ORDER = 50
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*?(?=[<>=~]|$)")
_BUILDS = re.compile(
    r"(?<![\w-])(pip[\d.]*|npm|yarn|pnpm|gem|bundle|make|cargo|go|poetry|pipenv|uv|setup\.py|cython|numba)(?![\w-])"
    r"|\.sh\b|(?:^|\s)\./"
)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every RUN that installs build-only packages and then calls `pip install`."""
    for run in runs(dockerfile, "apk"):
        script = run.script
        if isinstance(script, Opaque) or run.flags or run.heredocs or run.stage is None or run.onbuild:
            continue
        root = script.root
        if isinstance(root, Sequence) and len(root.items) == 1 and root.terminators[0] in ("", "\n"):
            root = root.items[0]
        if not isinstance(root, AndOr) or "||" in root.operators:
            continue
        if not all(isinstance(i, Simple) and i.words for i in root.items):
            continue
        if any(c.name in ("exec", "exit", "trap") for c in script.commands):
            continue
        adds = [(c, k) for c, k in calls(run, manager("apk")) if k.verb and k.verb.value == "add"]
        pips = [c for c, k in calls(run, manager("pip")) if k.verb and k.verb.value == "install"]
        wanted = [(c, k) for c, k in adds if not k.option("-t", "--virtual") and not c.nesting]
        names = [m[0] for _, k in wanted for o in k.operands if (m := _NAME.match(o.value or ""))]
        build = [name for name in names if alpine.build_only(name)]
        if not build or not pips or pips[-1].span.start < adds[0][0].span.start:
            continue
        command, call = wanted[0]
        reason = _obstacle(dockerfile, run, build)
        if len(adds) > 1:
            reason = "more than one apk add, or a virtual group already"
        elif call.wrapped or call.unknown or len(names) != len(call.operands):
            reason = "a package is not plain text"
        elif any("@" in (o.value or "") for o in call.operands) or call.option("-X", "--repository"):
            reason = "a package from another repository"
        elif any(command.span.contains(c) for c in run.comments):
            reason = "a comment stands between the packages"
        elif command.node.redirects or command.node.assignments:
            reason = "apk add has a redirection or an assignment"
        pinned: list[str] = []
        base = run.stage.root
        among = alpine.releases(base.alpine_release, base.name, base.tag)
        for name in build:
            found = alpine.pins(name, among)
            if found is None:
                reason = reason or f"the run-time packages of {name} are not known for this release"
            pinned += found or ()
        if ".build-deps-2" in dockerfile.text:
            reason = reason or "the names for a group are taken"
        if reason:
            yield Skip(reason, command.span)
            continue
        look = layout(dockerfile)
        group = ".build-deps-2" if ".build-deps" in dockerfile.text else ".build-deps"
        head = " ".join(["apk add", *(a.raw for pair in call.options for a in pair if a is not None)])
        pairs = list(zip(names, (o.raw for o in call.operands)))
        rest = [raw for name, raw in pairs if name not in build]
        stay = list(dict.fromkeys([*(p for p in pinned if p not in names), *rest]))
        single = "\n" not in dockerfile.source(run.text_span)
        joint = (look._replace(leading=True) if single else look).joint()
        new = f"{head} --virtual {group} " + " ".join(raw for name, raw in pairs if name in build)
        if stay:
            new = f"{head} {' '.join(stay)}{joint}{new}"
        end = script.span(root).end
        edits = (Edit(command.span, new), Edit(Span(end, end), f"{joint}apk del --no-network {group}"))
        brought = {c for name in build for c in alpine.commands(name)}
        tools = sorted(brought & {"gcc", "g++", "make", "cargo"})
        opened = [p for p in pinned if p in knowledge.names("alpine_packages", "opened-by-name")]
        assumption = (
            f"nothing at run time calls {' or '.join(tools) or 'what ' + ', '.join(build) + ' bring'}"
        )
        if opened:
            assumption += f" or opens {' or '.join(opened)} by name"
        size = sum((alpine.package(name) or {}).get("size", 0) for name in build)
        yield Fix(
            edits,
            "remove the build-only packages after pip install",
            command.span,
            Safety.ASSUMED,
            assumption,
            Saving(size, "Alpine package index") if size else None,
            removes=(command.span,),
        )


def _obstacle(dockerfile: Dockerfile, run: Instruction, build: list[str]) -> str | None:
    """What else needs the packages."""
    assert run.stage is not None
    if run.stage.used_by or any(i.onbuild for i in run.stage.instructions):
        return "another stage or an ONBUILD trigger may need the build packages"
    tools = {c for name in build for c in alpine.commands(name)} | set(build)
    if run.stage.root.name.rpartition("/")[2] == "python":  # that image has a Python of its own
        tools = {tool for tool in tools if not re.match(r"(python|pip|pydoc|idle|2to3)[\d.]*$", tool)}
    for later in run.stage.instructions:
        text = dockerfile.source(later.span)
        after = later.name == "RUN" and later.index > run.index
        if after or later.name in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            used = tools & set(re.findall(r"[\w.+-]+", text))
            if used or (after and _BUILDS.search(text)):
                return f"{later.name} later calls {min(used) if used else 'something that may build'}"
    return None
