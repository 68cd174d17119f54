"""A logical text knows where each of its characters stands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slimfix.dockerfile import Dockerfile
from slimfix.shell.logical import Logical
from slimfix.text import Span


@st.composite
def logicals(draw: st.DrawFn) -> tuple[str, Logical, list[int]]:
    """A source, a logical text of it, and the offset of each character as it must be."""
    source = draw(st.text(st.sampled_from("ab \t\n\\#é"), max_size=30))
    cuts = sorted(draw(st.lists(st.integers(0, len(source)), max_size=8)))
    spans = [Span(a, b) for a, b in zip(cuts[::2], cuts[1::2])]
    return source, Logical.of(source, spans), [i for span in spans for i in range(*span)]


def check(source: str, logical: Logical, offsets: list[int]) -> None:
    assert logical.text == "".join(source[i] for i in offsets)
    assert [logical.offset(i) for i in range(len(offsets))] == offsets
    if offsets:
        assert logical.offset(len(offsets)) == offsets[-1] + 1


@given(logicals())
def test_each_character_maps_to_itself(made: tuple[str, Logical, list[int]]) -> None:
    check(*made)


@given(logicals(), st.data())
def test_slices_keep_the_way_back(made: tuple[str, Logical, list[int]], data: st.DataObject) -> None:
    source, logical, offsets = made
    for _ in range(3):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(offsets))] * 2)))
        logical, offsets = logical.slice(start, end), offsets[start:end]
        check(source, logical, offsets)


@given(logicals())
def test_strip_keeps_the_way_back(made: tuple[str, Logical, list[int]]) -> None:
    source, logical, offsets = made
    while offsets and source[offsets[0]].isspace():
        offsets = offsets[1:]
    while offsets and source[offsets[-1]].isspace():
        offsets = offsets[:-1]
    check(source, logical.strip(), offsets)


@given(logicals(), st.data())
def test_spans_reach_from_first_to_last(made: tuple[str, Logical, list[int]], data: st.DataObject) -> None:
    _, logical, offsets = made
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(offsets))] * 2)))
    found = logical.span(start, end)
    if start < end:
        assert found == (offsets[start], offsets[end - 1] + 1)
    else:
        assert found.start == found.end


def test_empty() -> None:
    empty = Logical.of("abc", [])
    assert empty.text == "" and empty.strip().text == "" and empty.span(0, 0) == (0, 0)
    assert Logical.of("abc", [Span(1, 1)]).text == ""


def test_span_holds_what_docker_drops() -> None:
    source = "FROM a\nRUN one \\\n  # note\n\n  two\n"
    run = Dockerfile(source).instructions[1]
    assert run.logical.text == "RUN one   two"
    start = run.logical.text.index("one")
    assert source[slice(*run.logical.span(start, len(run.logical.text)))] == "one \\\n  # note\n\n  two"
