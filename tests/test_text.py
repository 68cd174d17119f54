"""Source text: bytes survive, places are true, edits touch nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimfix.changes import Changes
from slimfix.text import (
    Edit,
    EditConflict,
    Lines,
    Span,
    apply,
    decode,
    encode,
    fitted,
    newline_at,
    ordered,
    split_lines,
)

texts = st.text(st.sampled_from("ab\n\r é\udc80"), max_size=40)


@st.composite
def edited(draw: st.DrawFn, new: str = "xy", newlines: bool = False) -> tuple[str, list[Edit]]:
    """A text and edits of it that do not meet, in any order."""
    text = draw(texts.map(lambda t: t if newlines else t.replace("\n", "").replace("\r", "")))
    places: set[int] = draw(st.sets(st.integers(0, len(text)), max_size=8))
    cuts = sorted(places)
    edits = []
    while cuts:
        start = cuts.pop(0)
        paired: bool = draw(st.booleans())
        end = cuts.pop(0) if paired and cuts else start
        edits.append(Edit(Span(start, end), draw(st.text(st.sampled_from(new), max_size=3))))
    return text, draw(st.permutations(edits))


@given(st.binary())
def test_any_bytes_come_back(data: bytes) -> None:
    assert encode(decode(data)) == data


@given(texts)
def test_split_lines_joined_is_the_text(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert all(line.endswith("\n") for line in lines[:-1])
    assert all(line and "\n" not in line[:-1] for line in lines)


@given(texts)
def test_lines_count_from_one(text: str) -> None:
    lines = Lines(text)
    line, column = 1, 1
    for i, c in enumerate(text):
        assert lines.at(i) == (line, column)
        line, column = (line + 1, 1) if c == "\n" else (line, column + 1)
    assert lines.at(len(text)) == (line, column)


def test_line_ranges() -> None:
    lines = Lines("ab\ncd\nef")
    assert lines.range(Span(0, 3)) == (1, 1)
    assert lines.range(Span(0, 4)) == (1, 2)
    assert lines.range(Span(3, 3)) == (2, 2)
    assert lines.range(Span(4, 8)) == (2, 3)
    assert lines.range(Span(8, 8)) == (3, 3)


@given(edited())
def test_apply_is_the_same_as_editing_from_the_end(made: tuple[str, list[Edit]]) -> None:
    text, edits = made
    expected = text
    for span, new in sorted(edits, reverse=True):
        expected = expected[: span.start] + new + expected[span.end :]
    assert apply(text, edits) == expected


@given(edited(new="xy\n", newlines=True))
def test_new_line_ends_follow_the_file(made: tuple[str, list[Edit]]) -> None:
    text, edits = made
    expected = text
    for span, new in sorted(edits, reverse=True):
        new = new.replace("\n", newline_at(text, span.start))
        expected = expected[: span.start] + new + expected[span.end :]
    assert apply(text, edits) == expected
    assert apply(text, fitted(text, edits)) == expected


@given(edited(new="xy\n", newlines=True))
def test_untouched_characters_map_back(made: tuple[str, list[Edit]]) -> None:
    text, edits = made
    fit = fitted(text, edits)
    new = apply(text, edits)
    changes = Changes(fit)
    touched = {i for span, _ in edits for i in range(*span)}
    mapped = [changes.original(i) for i in range(len(new))]
    position = 0
    sources: list[tuple[int, bool]] = []
    for span, replacement in fit:
        sources += [(i, True) for i in range(position, span.start)]
        sources += [(span.start, False)] * len(replacement)
        position = span.end
    sources += [(i, True) for i in range(position, len(text))]
    assert mapped == [offset for offset, _ in sources]
    kept = [offset for offset, untouched in sources if untouched]
    assert kept == [i for i in range(len(text)) if i not in touched]
    assert changes.original(len(new)) == len(text)


@given(edited(new="xy\n", newlines=True))
def test_untouched_characters_map_forth(made: tuple[str, list[Edit]]) -> None:
    text, edits = made
    fit = fitted(text, edits)
    new = apply(text, edits)
    changes = Changes(fit)
    for i in range(len(text)):
        inside = [edit for edit in fit if edit.span.start <= i < edit.span.end]
        assert changes.touch(Span(i, i + 1)) == bool(inside)
        if not inside:
            assert new[changes.moved(i)] == text[i]
            assert changes.original(changes.moved(i)) == i
        at = [edit for edit in fit if edit.span.start == i]
        assert changes.at(i) == (at[0] if at else None)
        if at and at[0].span.end == i:
            assert new[changes.moved(i, before=True) :].startswith(at[0].text)
        if inside and inside[0].span.start < i:
            assert new[: changes.moved(i)].endswith(inside[0].text)


def test_crlf_and_mixed() -> None:
    assert apply("a\r\nb\r\n", [Edit(Span(3, 3), "x\n")]) == "a\r\nx\r\nb\r\n"
    assert apply("a\r\nb", [Edit(Span(4, 4), "\nx")]) == "a\r\nb\r\nx"
    assert apply("a\r\nb\n", [Edit(Span(3, 4), "x\ny")]) == "a\r\nx\ny\n"
    assert apply("ab", [Edit(Span(1, 1), "\n")]) == "a\nb"
    assert apply("a\r\n", [Edit(Span(0, 0), "x\r\n")]) == "x\r\na\r\n"


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(Span(0, 2), "x"), Edit(Span(1, 3), "y")],
        [Edit(Span(1, 1), "x"), Edit(Span(1, 1), "y")],
        [Edit(Span(0, 3), "x"), Edit(Span(1, 1), "y")],
        [Edit(Span(1, 1), "x"), Edit(Span(1, 2), "y")],
        [Edit(Span(0, 9), "x")],
        [Edit(Span(2, 1), "x")],
        [Edit(Span(-1, 0), "x")],
    ],
)
def test_conflicts_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(EditConflict):
        apply("abcd", edits)


def test_neighbours_do_not_conflict() -> None:
    edits = [Edit(Span(1, 2), "y"), Edit(Span(0, 1), "x")]
    assert ordered(edits) == edits[::-1]
    assert apply("abc", edits) == "xyc"


def test_spans() -> None:
    assert Span(0, 3).contains(Span(3, 3)) and not Span(0, 3).contains(Span(2, 4))
