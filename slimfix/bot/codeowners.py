"""Whom to ask for a review: the owners of code, by the rules of GitHub's CODEOWNERS.

The last pattern that matches a path counts; patterns are those of ``.gitignore`` but for ``!`` and ``[ ]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from slimfix.search import ignore_spec

MAX_BYTES = 3 << 20
"""GitHub ignores a larger file."""
MAX_REVIEWERS = 5
"""More are not asked: who is asked with all others does not feel asked."""

_OWNER = re.compile(r"@[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*\Z")


def reviewers(text: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The owners of *paths* (``user`` or ``owner/team``, without ``@``), the most concerned first."""
    if len(text) > MAX_BYTES:
        return ()
    rules = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words and not words[0].startswith(("!", "[")) and "[" not in words[0]:
            rules.append((ignore_spec([words[0]]), [word[1:] for word in words[1:] if _OWNER.match(word)]))
    counts: dict[str, int] = {}
    for path in paths:
        for spec, owners in reversed(rules):
            if spec.match_file(path):
                for owner in owners:
                    counts[owner] = counts.get(owner, 0) + 1
                break
    order = sorted(counts, key=lambda owner: -counts[owner])
    return tuple(order[:MAX_REVIEWERS])
