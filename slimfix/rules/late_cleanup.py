"""Move a clean-up in a `RUN` of its own up to the `RUN` that it cleans up after.

What a RUN deletes still lies in the layer of the RUN that made it, unless the two are one. A RUN that
does nothing but delete, purge or change owners, and that stands behind instructions which cannot
matter to it, goes up to the RUN before them; `merge-runs` then makes one of the two.

It goes past LABEL, EXPOSE, STOPSIGNAL, HEALTHCHECK, CMD and ENTRYPOINT, and past an ENV whose
variables it does not name and no package manager reads. It stays where it is unless that RUN made
something that it takes away: a path that both name, or a call of the same package manager.

Before:
    RUN apk add --virtual .tools make
    LABEL org.opencontainers.image.title="shop"
    RUN apk del .tools
After:
    RUN apk add --virtual .tools make
    RUN apk del .tools
    LABEL org.opencontainers.image.title="shop"

Clears no finding of hadolint's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction, words
from slimfix.fix import Fix
from slimfix.patterns import lazy
from slimfix.rules._cleaners import cleaner
from slimfix.shell import Opaque
from slimfix.text import Edit, Span, split_lines

CODE = "SF402"
ORDER = 35

_INERT = frozenset(("LABEL", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD", "ENTRYPOINT", "MAINTAINER"))
# What programs read of their own accord: the loader, the shell, locales, proxies, package managers.
_READ = lazy(
    r"PATH|HOME|IFS|LD_\w+|LANG\w*|LC_\w+|TZ|TMP\w*|TEMP|\w*_PROXY|(?:APK|APT|DEBIAN|DEB|DPKG|DNF|YUM|ZYPP|RPM"
    r"|NPM|NODE|YARN|PNPM|PIP|PYTHON|CONDA|MAMBA|GEM|RUBY|BUNDLE|COMPOSER|PHP)\w*",
    re.IGNORECASE,
)


def check(dockerfile: Dockerfile) -> Iterator[Fix]:
    """Every RUN that only cleans up after an earlier one."""
    for late in dockerfile.instructions:
        maker = _maker(dockerfile, late) if late.name == "RUN" else None
        if maker is not None:
            yield _moved(dockerfile, late, maker)


def _maker(dockerfile: Dockerfile, late: Instruction) -> Instruction | None:
    """The RUN before the instructions that *late* can go past, if it cleans up after that."""
    script = late.script
    if late.onbuild or late.stage is None or not late.stage.ships or late.heredocs:
        return None
    if isinstance(script, Opaque):
        return None
    before = dockerfile.neighbours(late)[0]
    if before is None or before.name == "RUN":
        return None
    while before is not None and _passes(before, script.text):
        before = dockerfile.neighbours(before)[0]
    if before is None or before.name != "RUN" or before.onbuild or before.stage is not late.stage:
        return None
    same = [(f.name, f.value) for f in before.flags] == [(f.name, f.value) for f in late.flags]
    if not same or isinstance(before.script, Opaque) or before.heredocs:
        return None
    found = [cleaner(command) for command in script.commands]
    if not all(found):
        return None
    made = before.script.commands
    return before if any(one.after(made) for one in found if one) else None


def _passes(passed: Instruction, text: str) -> bool:
    """Whether a clean-up with this text does the same before *passed* as behind it."""
    if passed.name != "ENV" or passed.onbuild:
        return passed.name in _INERT and not passed.onbuild
    names = [name for name, _ in words.pairs(passed.args.text, passed.escape)]
    return not any(_READ.fullmatch(name) or re.search(rf"\b{re.escape(name)}\b", text) for name in names)


def _moved(dockerfile: Dockerfile, late: Instruction, maker: Instruction) -> Fix:
    text = dockerfile.text
    before = dockerfile.neighbours(late)[0]
    assert before is not None
    gap = split_lines(text[before.span.end : late.span.start])
    above = len(gap)
    while above and gap[above - 1].strip():  # the comment lines right above go with it
        above -= 1
    cut = above
    while cut and not gap[cut - 1].strip():  # and the blank lines that set it off
        cut -= 1
    start, end = before.span.end + len("".join(gap[:cut])), late.span.end
    block = text[before.span.end + len("".join(gap[:above])) : end]
    if not block.endswith("\n"):  # the last line of the file has no end, and is to have none
        block += "\n"
        start = len(text[:start].rstrip("\r\n"))
    edits = (Edit(Span(maker.span.end, maker.span.end), block), Edit(Span(start, end), ""))
    message = "move the clean-up to the RUN that it cleans up after"
    return Fix(edits, message, late.text_span, removes=(late.span,))
