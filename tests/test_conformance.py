"""slimfix reads a Dockerfile as BuildKit's parser does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slimfix.dockerfile import Dockerfile, ParseError
from slimfix.text import decode
from tests.conformance import BOTH_REFUSE, DIFFERS, NOT_COMPARED, REFUSED_LATER, SAME, compare

CORPUS = sorted(Path(__file__).parents[1].glob("corpus/*/Dockerfile"))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.parent.name)
def test_corpus(path: Path) -> None:
    outcome = compare(path.read_bytes(), str(path))
    assert outcome.kind in (SAME, NOT_COMPARED), outcome


def test_corpus_is_there() -> None:
    assert len(CORPUS) > 40
    compared = [p for p in CORPUS if compare(p.read_bytes(), str(p)).kind == SAME]
    assert len(compared) > len(CORPUS) - 5


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("FROM a\nRUN b\n", SAME),
        ("RUN b\n", REFUSED_LATER),
        ("", BOTH_REFUSE),
        ("FROM a\nRUN <<E\n", BOTH_REFUSE),
        ("FROM a\nENV x\n", BOTH_REFUSE),
        ("FROM a\nRUN cat << E\nx\nE\n", NOT_COMPARED),
        ('FROM a\nCMD ["b"] c\n', NOT_COMPARED),
        ("FROM a\nRUN echo $((1 << 3))\nUSER b\n", SAME),
        ("FROM a\nRUN cat <<'a b' <<\\'c <<\"d'e\"\n1\na b\n2\n'c\n3\nd'e\nUSER b\n", SAME),
        ("FROM a\nINCLUDE b\n", SAME),
        ("FROM a\nARG b\\ \\\n", SAME),
        ("FROM a\nenv \\ \\\n", REFUSED_LATER),
        ("FROM a\nONBUILD run cat <<E\nx\nE\nUSER b\n", SAME),
    ],
)
def test_outcomes(source: str, kind: str) -> None:
    outcome = compare(source.encode())
    assert outcome.kind == kind, outcome


words = st.sampled_from(
    [
        "a",
        "bb",
        "--x",
        "--y=z",
        "x=1",
        "k='a",
        "b'",
        'k="c',
        'd"',
        "&&",
        ";",
        "|",
        "#",
        "#c",
        "'",
        '"',
        "$v",
        "${v}",
        "[",
        "]",
        '["a",',
        '""]',
        "é",
        "\\",
        "`",
        "\\#",
        "\\\\",
        "``",
        "<<<b",
        "1<2",
        "as",
        "AS",
        "CMD",
        "NONE",
    ]
)
space = st.sampled_from([" ", "  ", "\t", " \t "])
names = st.sampled_from(
    [
        "FROM",
        "RUN",
        "COPY",
        "ADD",
        "ENV",
        "ARG",
        "LABEL",
        "CMD",
        "ENTRYPOINT",
        "EXPOSE",
        "USER",
        "WORKDIR",
        "VOLUME",
        "SHELL",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "MAINTAINER",
        "ONBUILD",
        "run",
        "Copy",
        "from",
        "env",
        "INCLUDE",
    ]
)
comment = st.builds(
    "{}#{}".format, st.sampled_from(["", " ", "\t"]), st.sampled_from(["", " c", " c \\", " `"])
)
blank = st.sampled_from(["", " ", "\t"])
between = st.lists(comment | blank, max_size=2)


@st.composite
def instruction(draw: st.DrawFn, mark: str) -> list[str]:
    """The lines of one instruction: continued, with comments and blank lines within, and heredocs."""
    name = draw(names)
    text = draw(st.sampled_from(["", "", " ", "\t"])) + name
    bodies: list[str] = []
    lines: list[str] = []
    if name.upper() == "ONBUILD":
        text += draw(space) + draw(names)
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.integers(0, 9))
        if kind < 2:
            text += draw(st.sampled_from([" ", ""])) + mark + draw(st.sampled_from(["", "", " ", "\t "]))
            lines += [text, *draw(between)]
            text = draw(st.sampled_from(["", " ", "  "]))
        elif kind == 2 and name.upper() in ("RUN", "COPY", "ADD"):
            tabs = draw(st.sampled_from(["", "-"]))
            word = draw(st.sampled_from(["E", "EOF", "a.b"]))
            quote = draw(st.sampled_from(["", "'", '"']))
            text += f" {draw(st.sampled_from(['', '', '3']))}<<{tabs}{quote}{word}{quote}"
            bodies += draw(
                st.lists(st.sampled_from(["x", "\ty", "", "# c", "RUN z \\", "EOF ", "<<Q"]), max_size=3)
            )
            bodies.append(("\t" if tabs and draw(st.booleans()) else "") + word)
        else:
            text += draw(space) + draw(words)
    return [*lines, text, *bodies]


@st.composite
def sources(draw: st.DrawFn) -> bytes:
    """A whole Dockerfile, more often right than not."""
    mark = draw(st.sampled_from(["\\", "\\", "`"]))
    lines: list[str] = []
    if mark == "`":
        lines.append(draw(st.sampled_from(["# escape=`", "#escape = `", "# Escape=` "])))
    elif draw(st.booleans()):
        lines += draw(st.lists(st.sampled_from(["# syntax=x", "# escape=\\", "# c", ""]), max_size=3))
        lines += draw(st.sampled_from([[], ["# check=skip=all"]]))
    lines += draw(st.sampled_from([["FROM a"], ["ARG v=1", "FROM a AS b"], []]))
    for _ in range(draw(st.integers(0, 5))):
        lines += draw(between)
        lines += draw(instruction(mark))
    lines += draw(between)
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    text = end.join(lines) + draw(st.sampled_from(["", end]))
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text.encode()


def test_made_files_are_read_alike() -> None:
    kinds: Counter[str] = Counter()

    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(sources())
    def check(data: bytes) -> None:
        outcome = compare(data)
        kinds[outcome.kind] += 1
        assert outcome.kind != DIFFERS, outcome.detail

    check()
    assert kinds[SAME] > 40


@settings(max_examples=300, deadline=None)
@given(st.text() | st.binary().map(decode))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = Dockerfile(text)
    except ParseError as error:
        assert error.line >= 0
    else:
        assert "".join(found.source(tile.span) for tile in found.tiles) == text
