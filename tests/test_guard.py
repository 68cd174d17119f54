"""The guard refuses what a careless rule would do, whatever rule that is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slimfix.dockerfile import Dockerfile
from slimfix.engine import rewrite
from slimfix.fix import Fix, Parting
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


PARTED = """\
FROM a
LABEL k=v
ENV A=1 B=2
ARG C
WORKDIR /w
COPY x .
RUN make
EXPOSE 80
USER u
CMD ["x"]
"""
NEW = "FROM b\nENV A=1\nWORKDIR /w\nCOPY --from=build /w/x /w/x\nLABEL k=v\n"


def parting(new: str, unset: tuple[str, ...] = ("B",), declared: bool = True, stage: int = 0) -> Rule:
    """A rule that makes two stages of one: *new* is what stands before EXPOSE."""

    def check(dockerfile: Dockerfile) -> Iterator[Fix]:
        first, label = dockerfile.instructions[:2]
        expose = next(i for i in dockerfile.instructions if i.name == "EXPOSE")
        if len(dockerfile.stages) == 1:
            edits = (
                Edit(Span(*[first.text_span.end] * 2), " AS build"),
                Edit(label.span, ""),
                Edit(Span(*[expose.span.start] * 2), new),
            )
            told = Parting(stage, frozenset(unset)) if declared else None
            yield Fix(edits, "part", first.text_span, parting=told)

    return Rule("careless", "SF000", 1, check)


def test_a_stage_is_parted_as_the_fix_says() -> None:
    after = rewrite(PARTED, [parting(NEW)]).after
    assert after == PARTED.replace("LABEL k=v\n", "").replace("FROM a", "FROM a AS build").replace(
        "EXPOSE", f"{NEW}EXPOSE"
    )


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (parting(NEW, declared=False), "the stages would be others"),
        (parting(NEW, stage=1), "other stages would come to be"),
        (parting(""), "other stages would come to be"),
        (parting(NEW.replace("ENV A=1\n", "")), "told another ENV"),
        (parting(NEW.replace("A=1", "A=3")), "told another ENV"),
        (parting(NEW, unset=()), "told another ENV"),
        (parting(NEW.replace("WORKDIR /w\n", "")), "told another WORKDIR"),
        (parting(NEW.replace("LABEL k=v\n", "")), "told another LABEL"),
        (parting(f"{NEW}EXPOSE 81\n"), "told another EXPOSE"),
        (parting(f"{NEW}VOLUME /v\n"), "told another VOLUME"),
        (parting(f"{NEW}ENTRYPOINT x\n"), "told another ENTRYPOINT"),
        (parting(f"{NEW}RUN make\n"), "the new stage would hold RUN"),
        (parting(f"{NEW}COPY a b\n"), "the new stage would hold COPY"),
        (parting(f"{NEW}COPY --from=c a b\n"), "the new stage would hold COPY"),
        (parting(f"{NEW}ONBUILD LABEL a=b\n"), "the new stage would hold LABEL"),
        (parting(NEW.replace("FROM b", "FROM build")), "the new stage would not be the image"),
        (parting(f"{NEW}USER v\n"), "would find another state"),
    ],
)
def test_a_stage_is_not_parted_otherwise(rule: Rule, problem: str) -> None:
    result = rewrite(PARTED, [rule])
    assert not result.changed
    assert [problem in skipped.reason for skipped in result.skipped] == [True], result.skipped


def test_no_command_moves_into_the_new_stage() -> None:
    later = PARTED.replace("CMD", "RUN late\nCMD")
    result = rewrite(later, [parting(NEW)])
    assert not result.changed
    assert "the new stage would hold RUN" in result.skipped[0].reason


def test_a_variable_that_only_an_argument_tells() -> None:
    text = PARTED.replace("ARG C\n", "ARG C\nENV D=$C\n")
    result = rewrite(text, [parting(NEW.replace("ENV A=1\n", "ENV A=1\nENV D=$C\n"))])
    assert not result.changed
    assert "the value of D is not known" in result.skipped[0].reason


def test_the_image_is_told_no_more_by_other_rules() -> None:
    def check(dockerfile: Dockerfile) -> Iterator[Fix]:
        end = len(dockerfile.text)
        if "LABEL" not in dockerfile.text:
            yield Fix((Edit(Span(end, end), "LABEL a=b\n"),), "tell", dockerfile.instructions[0].text_span)

    result = rewrite("FROM a\nRUN b\n", [Rule("careless", "SF000", 1, check)])
    assert not result.changed
    assert "told something else" in result.skipped[0].reason


def across(between: str, moved: str) -> bool:
    """Whether the guard lets a command in front of, or the last RUN behind, what stands in between."""

    def check(dockerfile: Dockerfile) -> Iterator[Fix]:
        one, middle, two = dockerfile.instructions[1:4]
        if middle.name == "RUN" or two.name != "RUN":
            return
        if moved == "command":
            end = one.text_span.end
            edits = (Edit(Span(end, end), f" && {two.args.text}"), Edit(two.span, ""))
        else:  # the instruction in between goes to the end, and the RUN behind it stands as it was
            edits = (Edit(middle.span, ""), Edit(Span(*[two.span.end] * 2), dockerfile.source(middle.span)))
        yield Fix(edits, "move", one.text_span)

    return rewrite(f"FROM a\nRUN b\n{between}\nRUN c\nCMD d\n", [Rule("careless", "SF000", 1, check)]).changed


@pytest.mark.parametrize("moved", ["command", "instruction"])
def test_what_a_command_is_told_stays(moved: str) -> None:
    assert moved == "command" or across("LABEL x=1", moved)
    for between in ("ENV x=1", "ARG x=1", "USER x", "WORKDIR /x", 'SHELL ["/x", "-c"]'):
        assert not across(between, moved), between
