"""Merge consecutive `RUN` instructions into one, where that provably does the same.

Each RUN makes a layer, and what a later one deletes still lies in the earlier. Two neighbours become
`a && b` when nothing that the first leaves in its shell can reach the second: no directory, variable,
option, trap, function, background job or service, and no program that replaced itself. Where only a
directory, variable or umask would leak, the first is put in a subshell. Comments between the two stay
with the second, as comment lines of the merged RUN, and so does a comment at the end of the first.

Left apart are RUNs with different flags, users, directories or shells (any other instruction between
them), exec form, heredocs, `set -e` scripts, stages that do not ship, and whatever is not understood.

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
from slimfix.layout import Layout, body_indent, layout
from slimfix.rules import _join
from slimfix.shell import Script
from slimfix.text import Edit, Span

CODE = "SF401"
ORDER = 40

_PRAGMA = re.compile(r"#\s*(?:hadolint|tally|shellcheck|checkov|slimfix:|check=)", re.IGNORECASE)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every stretch of RUNs that can become one."""
    chain: list[Instruction] = []
    for second in dockerfile.instructions:
        first = dockerfile.neighbours(second)[0]
        reason: str | None = ""
        if first is not None and first.name == second.name == "RUN" and first.stage is second.stage:
            if second.stage is not None and second.stage.ships:
                reason = _apart(dockerfile, first, second) or _join.apart(first, second)
        if reason is None and first is not None:
            chain = [*(chain or [first]), second]
            continue
        if reason:
            yield Skip(f"not merged with the RUN before it: {reason}", second.text_span)
        if chain:
            yield _merged(dockerfile, chain)
        chain = []
    if chain:
        yield _merged(dockerfile, chain)


def _merged(dockerfile: Dockerfile, chain: list[Instruction]) -> Fix:
    habits = layout(dockerfile)
    edits: list[Edit] = []
    for i, one in enumerate(chain):
        before, after = _join.around(chain, i)
        start, end = one.args.span(0, 1).start, _end(one)
        if i == 0 and before:
            edits.append(Edit(Span(start, start), before))
        if i + 1 < len(chain):
            two = chain[i + 1]
            opening = _join.around(chain, i + 1)[0]
            where = Span(end, two.args.span(0, 1).start)
            edits.append(Edit(where, after + _between(dockerfile, one, two, habits) + opening))
        elif after:
            edits.append(Edit(Span(end, end), after))
    message = f"merge {len(chain)} consecutive RUN instructions"
    return Fix(tuple(edits), message, Span(chain[0].text_span.start, chain[-1].text_span.end))


def _end(instruction: Instruction) -> int:
    """Where the last command of a RUN ends; a shell comment may follow."""
    script = instruction.script
    assert isinstance(script, Script)
    return script.span(script.root).end


def _comments(dockerfile: Dockerfile, first: Instruction, second: Instruction) -> list[str]:
    """The comment lines between two neighbours."""
    text = dockerfile.source(Span(first.span.end, second.span.start))
    return [line.strip() for line in text.split("\n") if line.strip()]


def _between(dockerfile: Dockerfile, first: Instruction, second: Instruction, habits: Layout) -> str:
    """The ``&&`` between two RUNs, with the comments that stood there."""
    script = first.script
    assert isinstance(script, Script)
    indent = body_indent(dockerfile, first) or body_indent(dockerfile, second) or habits.indent
    notes = [script.text[a:b].strip() for a, b in script.tree.comments]
    notes += _comments(dockerfile, first, second)
    shown = "".join(f"{indent}{note}\n" for note in notes)
    if habits.leading:
        return f" {dockerfile.escape}\n{shown}{indent}&& "
    return f" && {dockerfile.escape}\n{shown}{indent}"


def _apart(dockerfile: Dockerfile, first: Instruction, second: Instruction) -> str | None:
    """What keeps two neighbours apart whatever their scripts say."""
    if first.onbuild != second.onbuild:
        return "one is an ONBUILD trigger"
    if [(f.name, f.value) for f in first.flags] != [(f.name, f.value) for f in second.flags]:
        return "their flags differ"
    if first.heredocs or second.heredocs:
        return "one holds a heredoc"
    if first.state != second.state:
        return "they find different states"
    comments = [*_comments(dockerfile, first, second)]
    comments += [dockerfile.source(c) for c in (*first.comments, *second.comments)]
    if any(_PRAGMA.match(comment.strip()) for comment in comments):
        return "a comment for a tool stands with one of them"
    before = dockerfile.source(Span(0, first.span.start)).rstrip().rpartition("\n")[2]
    if _PRAGMA.match(before.strip()):
        return "a comment for a tool stands with one of them"
    return None
