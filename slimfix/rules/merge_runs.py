"""Merge consecutive `RUN` instructions into one, where that provably does the same.

Each RUN makes a layer, and what a later one deletes still lies in the earlier. Two neighbours become
`a && b` when nothing that the first leaves in its shell can reach the second: no directory, variable,
option, trap, function, background job or service, and no program that replaced itself. Where only a
directory, variable or umask would leak, the first is put in a subshell. Scripts of the form
`set -e; a; b` are joined under one `set`, where every command goes on to count. Comments between the
two stay with the second, as comment lines of the merged RUN, and so does one at the end of the first.

The setting `policy = "saving"` merges only where a later command deletes or rewrites what an earlier
one made, or installs from an index that an earlier one fetched; the default is `"all"`.

Left apart are RUNs with different flags, users, directories or shells (any other instruction between
them), exec form, heredocs, stages that do not ship, and whatever is not understood.

Before:
    RUN apk add --no-cache curl
    # fetch the list
    RUN curl -fsSO https://example.org/list
After:
    RUN apk add --no-cache curl && \\
        # fetch the list
        curl -fsSO https://example.org/list

Clears hadolint's DL3059.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Skip
from slimfix.patterns import lazy
from slimfix.rules import _join, _saving, _seam
from slimfix.rules._parts import Part, part
from slimfix.shell import Opaque
from slimfix.text import Span

CODE = "SF401"
ORDER = 40
OPTIONS = {"policy": ("all", "saving")}

_PRAGMA = lazy(r"#\s*(?:hadolint|tally|shellcheck|checkov|slimfix:|check=)", re.IGNORECASE)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every stretch of RUNs that can become one."""
    chain: list[Part] = []
    for instruction in dockerfile.instructions:
        reason = _extended(dockerfile, chain, instruction)
        if reason is None:
            continue
        if reason:
            yield Skip(f"not merged with the RUN before it: {reason}", instruction.text_span)
        yield from _fixes(dockerfile, chain)
        following = part(instruction) if _ships(instruction) else None
        chain = [following] if following else []
    yield from _fixes(dockerfile, chain)


def _fixes(dockerfile: Dockerfile, chain: list[Part]) -> Iterator[Fix]:
    """The merge of scripts that can be joined, or of those among them whose merge saves something."""
    saving = dockerfile.options.get("merge-runs", {}).get("policy") == "saving"
    for stretch in _saving.stretches(chain) if saving else [chain]:
        if len(stretch) > 1:
            yield _merged(dockerfile, stretch)


def _ships(instruction: Instruction) -> bool:
    return instruction.name == "RUN" and instruction.stage is not None and instruction.stage.ships


def _extended(dockerfile: Dockerfile, chain: list[Part], second: Instruction) -> str | None:
    """Add a RUN to those of *chain*; else why not, ``""`` where that goes without saying."""
    first = dockerfile.neighbours(second)[0]
    if first is None or first.name != "RUN" or not _ships(second) or first.stage is not second.stage:
        return ""
    reason = _differ(dockerfile, first, second)
    if reason:
        return reason
    found = part(second)
    if found is None or not chain:
        script = first.script if isinstance(first.script, Opaque) else second.script
        return script.reason if isinstance(script, Opaque) else ""
    reason = _join.apart(chain, found)
    if reason is None:
        chain.append(found)
    return reason


def _differ(dockerfile: Dockerfile, first: Instruction, second: Instruction) -> str | None:
    """What keeps two neighbours apart whatever their scripts say."""
    if first.onbuild != second.onbuild:
        return "one is an ONBUILD trigger"
    if [(f.name, f.value) for f in first.flags] != [(f.name, f.value) for f in second.flags]:
        return "their flags differ"
    if first.heredocs or second.heredocs:
        return "one holds a heredoc"
    if first.state != second.state:
        return "they find different states"
    comments = _seam.comments(dockerfile, Span(first.span.end, second.span.start))
    comments += [dockerfile.source(c) for c in (*first.comments, *second.comments)]
    comments.append(dockerfile.source(Span(0, first.span.start)).rstrip().rpartition("\n")[2])
    for script in (first.script, second.script):
        if not isinstance(script, Opaque):
            comments += [script.text[start:end] for start, end in script.tree.comments]
    if any(_PRAGMA.match(comment.strip()) for comment in comments):
        return "a comment for a tool stands with one of them"
    return None


def _merged(dockerfile: Dockerfile, chain: list[Part]) -> Fix:
    message = f"merge {len(chain)} consecutive RUN instructions"
    first, last = chain[0].instruction, chain[-1].instruction
    at = Span(first.text_span.start, last.text_span.end)
    heads = zip(chain, _join.pieces(chain))
    repeated = tuple(one.script.span(one.head) for one, piece in heads if one.head and piece.headless)
    return Fix(tuple(_seam.edits(dockerfile, chain)), message, at, removes=repeated)
