"""Remove what only the build needed, in the layer that installed it (Alpine).

Compilers, make tools and headers are often most of an image, and a later `apk del` saves nothing, since
they still lie in the layer below. So the build-only packages of an `apk add` go into a virtual group,
which is deleted at the end of the same RUN, behind `pip install`, `npm ci`, `bundle install`, `pecl install`,
`make` or whatever else consumes them. Where a COPY, WORKDIR or ENV that cannot matter stands between the two,
they are installed in the RUN that consumes them.

A library that came in only as a dependency of its -dev package would go with it, so the run-time packages
are named first, from a table made from Alpine's package index. For a -dev package that the table lacks,
scanelf asks the built files, or it stays. Which packages these are depends on the release: a base image
that does not tell it counts as any that it can be.

Left alone: what a later RUN, a stage FROM this one, an ONBUILD trigger, CMD, ENTRYPOINT, HEALTHCHECK or a
script that they call may need; packages from a variable; stages that do not ship.

Before:
    RUN apk add --no-cache gcc musl-dev libffi-dev && pip install cffi
After:
    RUN apk add --no-cache libgcc libffi \\
        && apk add --no-cache --virtual .build-deps gcc musl-dev libffi-dev && pip install cffi \\
        && apk del --no-network .build-deps

Fix safety: assumed. Nothing at run time may call what is removed; each fix says what that is.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Skip
from slimfix.rules._apk_add import adds, deleted
from slimfix.rules._managers import runs
from slimfix.shell import Opaque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from slimfix.rules._build_plan import Planned

CODE = "SF201"
ORDER = 50
WORDS = ("apk",)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `apk add` of build-only packages that stay in the image, together for each RUN that consumes."""
    together: dict[int, list[Planned]] = {}
    for run in runs(dockerfile, "apk"):
        if run.onbuild or isinstance(run.script, Opaque):
            continue
        gone, unknown = deleted(run)
        for add in adds(run):
            names = [name for p in add.packages if p.build and not set(p.names) & gone for name in p.names]
            if names and add.group not in gone:
                from slimfix.rules._build_plan import plan  # most files have no build packages

                reason = "apk del gets its packages from a variable" if unknown else add.problem
                found = reason or plan(dockerfile, add, list(dict.fromkeys(names)))
                if isinstance(found, str):
                    yield Skip(found, add.command.span)
                else:
                    together.setdefault(found.target.run.index, []).append(found)
    for plans in together.values():
        made = _fix(dockerfile, plans)
        yield Skip(made, plans[0].add.command.span) if isinstance(made, str) else made


def _fix(dockerfile: Dockerfile, plans: list[Planned]) -> Fix | str:
    """The fix for what one RUN consumes, or the reason why there is none."""
    from slimfix.rules import _build_fix as write
    from slimfix.rules._build_consumers import consumers
    from slimfix.rules._build_later import nobody
    from slimfix.rules._build_plan import official, releases
    from slimfix.rules._build_scan import places, recipe

    target, scan = plans[0].target, None
    unknown = [name for plan in plans for name in plan.unknown]
    if unknown:
        found = places(target.run, consumers(target.script))
        if isinstance(found, str):
            plans = [sure for plan in plans if (sure := plan.without_unknown()).names]
        else:
            scan = recipe(dockerfile, target, found)
        if not plans:
            return f"the run-time packages of {unknown[0]} are not known for this release, and {found}"
    edits = write.edits_of(dockerfile, plans, scan)
    if isinstance(edits, str):
        return edits
    add = plans[0].add
    who = nobody(dockerfile, target.run)
    return write.fix(
        dockerfile, edits, plans, write.assumption(who, plans, releases(dockerfile, add), official(add))
    )
