"""Remove what only the build needed, in the layer that installed it (Debian and Ubuntu).

Compilers, make tools and headers that `apt-get install` brings for one build stay in the image for ever,
some hundred megabytes of them, unless the same RUN removes them. The removal is written behind the build.
What was built keeps its libraries: those behind the -dev packages are installed by name (libpq5 for
libpq-dev), or, where the release of the base image is not known, marked as wanted by what apt itself says.

An install in a RUN of its own is moved into the next RUN where that builds, past WORKDIR, ENV and a COPY
that cannot matter to it. Where it brings more than a build needs, or a RUN in between needs that, it becomes
two: what runs stays where it is.

On a base image that is known to hold no build packages they are purged. On any other, what it held before
is noted first, and only what this RUN brought can go.

Tools that a program may call too (git, curl, gnupg) go only if the base image is known, the build context
is in sight, nothing in it calls them, and what the image starts calls no tools of its own.

Before:
    FROM python:3.12-slim-bookworm
    RUN apt-get update && apt-get install -y gcc libpq-dev && pip install a
    CMD ["python", "app.py"]
After:
    FROM python:3.12-slim-bookworm
    RUN apt-get update && apt-get install -y libatomic1 libgomp1 libpq5 gcc libpq-dev && pip install a \\
        && apt-get purge -y --auto-remove gcc libpq-dev
    CMD ["python", "app.py"]

Fix safety: assumed. Nothing at run time may call the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Safety, Saving, Skip
from slimfix.knowledge import debian
from slimfix.rules import _apt_move, _apt_plan, _apt_split
from slimfix.rules._apt_calls import installs
from slimfix.rules._managers import runs
from slimfix.shell import Opaque
from slimfix.text import Edit

CODE = "SF202"
ORDER = 51
WORDS = ("apt",)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every RUN that installs packages which only its own build needs."""
    for run in runs(dockerfile, "apt"):
        if isinstance(run.script, Opaque) or run.stage is None or run.onbuild:
            continue
        found = list(installs(run.script))
        if not found:
            continue
        work = _apt_plan.read(dockerfile, run, found)
        edits: tuple[Edit, ...] = ()
        where, changed = "after their last use", tuple(one.command.span for one in found)
        if work == _apt_plan.NO_BUILD:
            other = _apt_move.moved(dockerfile, run)
            if isinstance(other, str):
                instead = _apt_split.parted(dockerfile, run, found)
                other = other if isinstance(instead, str) and other != work else instead
            work = other.work if isinstance(other, _apt_move.Moved) else other
            if isinstance(other, _apt_move.Moved):
                changed = (other.changed,)
                edits, where = other.edits, "in the RUN that uses them, and remove them there"
                if other.past:
                    where += f" (each change of what line {other.past} copies installs them anew)"
        if work is None:
            continue
        if isinstance(work, str):
            yield Skip(work, found[0].command.span)
            continue
        what = "the build packages" if work.build else " and ".join(work.tools)
        yield Fix(
            edits or tuple(work.edits()),
            f"install {what} {where}" if edits else f"remove {what} {where}",
            found[0].command.span,
            Safety.ASSUMED,
            work.assumption,
            Saving(work.size, debian.SOURCE) if work.size else None,
            removes=changed,
        )
