"""The guard refuses what a careless rule would do, whatever rule that is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slimfix.dockerfile import Dockerfile
from slimfix.engine import rewrite
from slimfix.fix import Fix
from slimfix.rules import Rule
from slimfix.text import Edit, Span


def joining(joint: str, opening: str = "", closing: str = "") -> Rule:
    """A rule that joins two RUNs with no thought."""

    def check(dockerfile: Dockerfile) -> Iterator[Fix]:
        runs = [i for i in dockerfile.instructions if i.name == "RUN"]
        if len(runs) == 2:
            one, two = runs
            edits = [Edit(Span(one.text_span.end, two.args.span(0, 1).start), closing + joint)]
            if opening:
                edits.append(Edit(Span(*[one.args.span(0, 1).start] * 2), opening))
            yield Fix(tuple(edits), "join", one.text_span)

    return Rule("careless", "SF000", 1, check)


AND = joining(" && ")
SUBSHELL = joining(" && ", "(", ")")
LINES = joining("; ")


@pytest.mark.parametrize(
    ("rule", "one", "two"),
    [
        (AND, "a", "b"),
        (AND, "cd /x && a", "cd /y && b"),
        (AND, "cd /x && a", "cd /y/$z && b"),
        (AND, "set -e; a; b", "c"),
        (SUBSHELL, "cd /x && a", "b"),
        (SUBSHELL, "umask 077; a", "b"),
        (AND, "notNamed=1 && a $notNamed", "b"),
        (AND, "set -u; a", "b"),
        (LINES, "set -e; a", "b"),
        (LINES, "set -e; a; (b && c)", "d && e"),
        (LINES, "set -ex; a", "set -ex; b"),
    ],
)
def test_lets_pass(rule: Rule, one: str, two: str) -> None:
    assert rewrite(f"FROM a\nRUN {one}\nRUN {two}\n", [rule]).changed


@pytest.mark.parametrize(
    ("rule", "one", "two"),
    [
        (AND, "cd /x && a", "b"),
        (AND, "cd /x && a", "cd y && b"),
        (AND, "cd /x && a", "cd && b"),
        (AND, "a=1 && b $a", "c $a"),
        (AND, "a=1 && b $a", "c ${a:-2}"),
        (AND, "LANG=C && a", "b"),
        (AND, "ownName=1 && a", "b"),
        (AND, "http_proxy=x && a", "b"),
        (AND, "export a=1", "b"),
        (AND, "umask 077 && a", "b"),
        (AND, "ulimit -n 5; a", "b"),
        (AND, "trap x EXIT; a", "b"),
        (AND, "alias b=c", "b"),
        (AND, "b() { c; }; b", "b"),
        (AND, ". ./env", "a"),
        (AND, "set -u; a", "b $c"),
        (AND, "set -f; a", "b *"),
        (AND, "for LANG in x; do a; done", "b"),
        (SUBSHELL, "set -e; a; b", "c"),
        (LINES, "a", "b"),
        (LINES, "set -e; a && b", "c"),
        (LINES, "set -e; if a; then b; fi; c && d", "e"),
        (LINES, "set -e; { a && b; }", "c"),
        (AND, "a", "b || c"),
        (AND, "a", "b; c"),
        (joining(" || "), "a", "b"),
        (joining(" | "), "a", "b"),
        (joining(" & "), "a", "b"),
        (joining(" && ! "), "a", "b"),
        (joining(" && exit 0 && "), "a", "b"),
        (joining(" && "), "a # c", "b"),
        (joining(" # c "), "a", "b"),
        (joining(" && if false; then ", closing=""), "a", "b"),
        (joining(" "), "a", "b"),
    ],
)
def test_refuses(rule: Rule, one: str, two: str) -> None:
    result = rewrite(f"FROM a\nENV ownName=x\nRUN {one}\nRUN {two}\n", [rule])
    assert not result.changed
    assert [skip.kind for skip in result.skipped] == ["guard"]


@pytest.mark.parametrize(
    ("before", "find", "replace"),
    [
        ("FROM a\nRUN b\nUSER c\nRUN d\n", "USER c\n", ""),
        ("FROM a\nRUN b\nENV c=d\nRUN d\n", "ENV c=d\n", ""),
        ("FROM a\nRUN b\nRUN c\n", "RUN c\n", ""),
        ("FROM a\n# c\nRUN b\n", "# c\n", ""),
        ("FROM a\nRUN b \\\n  # c\n  d\n", "  # c\n", ""),
        ("FROM a\nRUN b # c\n", " # c", ""),
        ("FROM a\nRUN b\n", "RUN b", "RUNS b"),
        ("FROM a\nRUN b\nRUN c\n", "RUN b\n", "RUN b <<E\n"),
        ("FROM a\nRUN b\nRUN c\n", "RUN b\nRUN c\n", "RUN c\nRUN b\n"),
        ("FROM a\nRUN b && c\n", "b && c", "c && b"),
        ("FROM a AS x\nRUN b\nFROM x\nRUN c\n", "FROM x\nRUN c\n", "RUN c\nFROM x\n"),
    ],
)
def test_refuses_to_lose_or_move(before: str, find: str, replace: str) -> None:
    def check(dockerfile: Dockerfile) -> Iterator[Fix]:
        at = dockerfile.text.find(find)
        if at >= 0 and dockerfile.text == before:
            span = Span(at, at + len(find))
            yield Fix((Edit(span, replace),), "change", span)

    result = rewrite(before, [Rule("careless", "SF000", 1, check)])
    assert not result.changed, result.after
