"""Remove what only the build needed, in the layer that installed it (dnf).

Compilers, build tools and headers that `dnf install` brings for one build stay in the image for ever, unless
the same RUN removes them. The removal is written behind the build, and takes what came in as their
dependencies along (`clean_requirements_on_remove`). The libraries that a program links came in so, too: what
the -devel packages need, as dnf itself says, and what a compiler brings for its programs, is kept.

Only where the base image is known to have dnf 4, and all other packages are known to need no compiler: dnf
would remove with it whatever needs it, and make stays, since openssl may. For yum, microdnf and dnf 5 there
is only ever a reason.

Before:
    FROM rockylinux:9
    RUN dnf install -y gcc python3-pip && pip3 install a
    CMD ["python3", "app.py"]
After:
    FROM rockylinux:9
    RUN dnf install -y gcc python3-pip && pip3 install a \\
        && dnf mark install libgomp \\
        && dnf remove -y --setopt=clean_requirements_on_remove=1 gcc
    CMD ["python3", "app.py"]

Fix safety: assumed. Nothing at run time may call the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Safety, Skip
from slimfix.rules import _dnf_plan
from slimfix.rules._managers import runs
from slimfix.shell import Opaque

CODE = "SF203"
ORDER = 52
WORDS = ("dnf", "yum")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every RUN that installs packages with dnf which only its own build needs."""
    for word in WORDS:
        for run in runs(dockerfile, word):
            if isinstance(run.script, Opaque) or run.onbuild or (word == "yum" and "dnf" in run.logical.text):
                continue
            found = list(_dnf_plan.installs(run.script))
            work = _dnf_plan.read(dockerfile, run, found) if found else None
            if isinstance(work, str):
                yield Skip(work, found[0][0].span)
            elif work is not None:
                yield Fix(
                    tuple(work.edits()),
                    "remove the build packages after their last use",
                    work.first.span,
                    Safety.ASSUMED,
                    work.assumption,
                )
