"""Tiles: kinds and places of the lines of a Dockerfile, and the files that are refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slimfix.dockerfile import Dockerfile, ParseError
from slimfix.dockerfile.shadow import instructions
from slimfix.dockerfile.tiles import MAX_LINE, _Reader, tiles
from slimfix.dockerfile.words import json_list


def kinds(source: str) -> list[tuple[str, str]]:
    found, _ = tiles(source)
    assert "".join(source[slice(*tile.span)] for tile in found) == source
    return [(tile.kind, source[slice(*tile.span)]) for tile in found]


def test_kinds() -> None:
    source = "\ufeff# syntax=x\n# check=skip=all\n# note\n\nFROM a\n \t\n  # b\nRUN c \\\n# d\n\n e\n#end"
    assert kinds(source) == [
        ("bom", "\ufeff"),
        ("directive", "# syntax=x\n"),
        ("directive", "# check=skip=all\n"),
        ("comment", "# note\n"),
        ("blank", "\n"),
        ("instruction", "FROM a\n"),
        ("blank", " \t\n"),
        ("comment", "  # b\n"),
        ("instruction", "RUN c \\\n# d\n\n e\n"),
        ("comment", "#end"),
    ]


def test_comments_within_are_kept_apart() -> None:
    source = "FROM a\nRUN b \\\n  # one\n \\\n# two \\\n c\n"
    tile = tiles(source)[0][1]
    assert [source[slice(*comment)] for comment in tile.comments] == ["  # one", "# two \\"]
    assert tile.logical is not None and tile.logical.text == "RUN b   c"
    assert Dockerfile(source).comments == ["# one", "# two \\"]


def test_heredoc_bodies() -> None:
    source = "FROM a\nCOPY <<A <<-'B' c/\n# x\nRUN y\nA\n\tz \\\n\tB\nUSER d\n"
    copy = Dockerfile(source).instructions[1]
    assert [i.name for i in Dockerfile(source).instructions] == ["FROM", "COPY", "USER"]
    bodies = [(source[slice(*d.body)], source[slice(*d.terminator)]) for d in copy.heredocs]
    assert bodies == [("# x\nRUN y\n", "A\n"), ("\tz \\\n", "\tB\n")]
    assert [(d.marker.name, d.marker.strip_tabs, d.marker.expand) for d in copy.heredocs] == [
        ("A", False, True),
        ("B", True, False),
    ]
    assert source[slice(*copy.span)] == source[7 : source.index("USER")]
    assert source[slice(*copy.text_span)] == "COPY <<A <<-'B' c/"


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("", "no instructions", 0),
        ("\n\n", "no instructions", 0),
        ("# a\n\n# b\n", "no instructions", 0),
        ("# escape=`\n", "no instructions", 0),
        ("FROM a\n\nRUN <<EOF\nx\n", "unterminated heredoc EOF", 3),
        ("FROM a\nCOPY <<A <<B c\nA\n", "unterminated heredoc B", 2),
        ("# escape=`\n# escape=`\nFROM a\n", "only one escape parser directive", 2),
        ("# syntax=a\n# syntax=b\nFROM a\n", "only one syntax parser directive", 2),
        ("# escape=x\nFROM a\n", "invalid escape token", 1),
        ("FROM a\nRUN b\n# " + "x" * MAX_LINE + "\n", "line longer than", 3),
        ("FROM a\nENV x\n", "must have two arguments", 2),
        ("FROM a\nENV x=1 y\n", "can't find =", 2),
        ("FROM a\nRUN [1]\n", "comprised of strings", 2),
        ("FROM a\nSHELL sh\n", "JSON form", 2),
        ("FROM a b\n", "one or three arguments", 1),
        ("FROM a AS -\n", "invalid name for build stage", 1),
        ("FROM a\nCOPY x\n", "at least two arguments", 2),
        ("FROM a\nONBUILD FROM b\n", "isn't allowed as an ONBUILD trigger", 2),
        ("FROM a\nUSER\n", "requires at least one argument", 2),
        ("RUN a\nFROM b\n", "FROM is missing", 1),
        ("ARG a\n", "FROM is missing", 1),
    ],
)
def test_refused(source: str, message: str, line: int) -> None:
    with pytest.raises(ParseError, match=message) as caught:
        Dockerfile(source)
    assert caught.value.line == line


def test_longest_line_is_read() -> None:
    line = "RUN echo " + "x" * (MAX_LINE - 20)
    assert Dockerfile(f"FROM a\n{line}\n").instructions[1].logical.text == line
    many = "FROM a\nRUN b \\\n" + " c \\\n" * 20_000 + " d\n"
    assert len(Dockerfile(many).instructions) == 2


def test_directives_end_at_the_first_other_line() -> None:
    source = "# note\n# escape=`\nFROM a\nRUN b \\\n c\n"
    assert kinds(source)[1][0] == "comment"
    assert Dockerfile(source).escape == "\\"
    assert len(Dockerfile(source).instructions) == 2


LINES = [
    "FROM a",
    "RUN b \\",
    "c",
    "# d",
    " # e \\",
    "",
    " \t",
    "\\",
    "f \\  ",
    "g \\\\",
    "h `",
    "COPY <<X y",
    "X",
]


@given(st.lists(st.sampled_from(LINES), min_size=1), st.sampled_from("\\`"))
def test_plain_instructions_are_those_of_dockerfile_parse(lines: list[str], escape: str) -> None:
    head = 1 if escape == "`" else 0
    text = [line + "\n" for line in ([f"# escape={escape}"] * head + lines)]
    reader = _Reader(text, escape, 0, head)
    plain = reader.plain()
    if plain is not None:
        assert instructions(reader.looked, (), head, escape) == plain


def test_most_instructions_are_plain() -> None:
    lines = ["# syntax=x\n", "FROM a\n", "\n", "# b\n", "RUN c \\\n", " d \\\n", " e\n", "CMD f \\\n"]
    assert _Reader(lines, "\\", 0, 1).plain() == [(1, 1), (4, 6), (7, 7)]
    assert _Reader([*lines[:5], "# g\n", *lines[5:]], "\\", 0, 1).plain() is None


WORDS = st.text(st.sampled_from("a,] \\n\u00e9\n\t\x7f\udc80"), max_size=3)


@given(
    st.text(st.sampled_from('["a,\\] \u00e9\n\t\x7f\udc80'), max_size=12)
    | st.lists(WORDS, max_size=3).map(lambda words: "[" + ", ".join(f'"{word}"' for word in words) + "]")
)
@example('["a","b c" , "\u00e9"] ')
@example('[ "a" ]x')
@example('["a",]')
def test_exec_forms_are_what_json_reads(text: str) -> None:
    try:
        wanted = json.loads(text) if text.lstrip().startswith("[") else None
    except ValueError:
        wanted = None
    if isinstance(wanted, list) and all(isinstance(word, str) for word in wanted):
        assert json_list(text) == wanted
    elif wanted is None:
        assert json_list(text) is None
