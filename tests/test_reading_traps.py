"""The shapes that broke other rewriters: what slimfix must read in each of them."""

from __future__ import annotations

import pytest

from slimfix.dockerfile import Dockerfile
from slimfix.shell import Opaque, Script
from slimfix.text import decode, encode


def read(source: str) -> Dockerfile:
    found = Dockerfile(source)
    assert "".join(found.source(tile.span) for tile in found.tiles) == source
    return found


def commands(source: str, index: int = 1) -> list[str]:
    """The simple commands of one instruction, unknown words as ``?``."""
    script = read(source).instructions[index].script
    assert isinstance(script, Script), script
    return [" ".join("?" if v is None else v for v in c.values) for c in script.commands]


def reason(source: str, index: int = 1) -> str:
    script = read(source).instructions[index].script
    assert isinstance(script, Opaque)
    return script.reason


def names(source: str) -> list[str]:
    return [i.name for i in read(source).instructions]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("RUN apk add \\\n# note\n gcc\n", ["apk add gcc"]),
        ("RUN apk add \\\n   # note, and RUN x \\\n gcc\n", ["apk add gcc"]),
        ("RUN apk add \\\n\n\n gcc\n", ["apk add gcc"]),
        ("RUN apk add \\  \n gcc \\\t\n && b\n", ["apk add gcc", "b"]),
        ("RUN apt-get install \\\n a \\\n # for x\n b\n", ["apt-get install a b"]),
        (
            "RUN apt-get update && \\\n  # note\n  apt-get install -y a\n",
            ["apt-get update", "apt-get install -y a"],
        ),
        ("RUN\ta\tb\n", ["a b"]),
        ("\t RUN a\n", ["a"]),
        ("RUN a # note\n", ["a"]),
        ("RUN a 'b # c'\n", ["a b # c"]),
        ("RUN b='\\\n gcc \\\n mk \\\n' && apk add $b && apk del $b\n", ["", "apk add ?", "apk del ?"]),
        ("RUN a", ["a"]),
        ("run a && \\\r\n  b\r\n", ["a", "b"]),
        ("RUN a && \\\r\n# note\r\n\r\n  b\n", ["a", "b"]),
    ],
)
def test_continued_lines(run: str, expected: list[str]) -> None:
    assert commands("FROM x\n" + run) == expected
    assert commands("FROM x\n" + run + ("\n" if not run.endswith("\n") else "") + "USER y\n") == expected


def test_a_continuation_may_end_the_file() -> None:
    for end in ("\\", "\\\n", "\\\n\n", "\\\n# note\n"):
        assert commands("FROM x\nRUN a " + end) == ["a"]


def test_backtick_files() -> None:
    source = "# escape=`\nFROM a\nRUN b `\n  && c \\d `\n# note\n  e\nUSER f\n"
    assert names(source) == ["FROM", "RUN", "USER"]
    assert commands(source) == ["b", "c d e"]
    assert read(source).escape == "`"
    # a backslash at the line's end is then an ordinary character
    assert names("# escape=`\nFROM a\nRUN b \\\nUSER c\n") == ["FROM", "RUN", "USER"]


def test_directives_stay_the_first_lines() -> None:
    found = read("# syntax=docker/dockerfile:1\n# check=skip=all\n# escape=`\nFROM a\n")
    assert [tile.kind for tile in found.tiles] == ["directive"] * 3 + ["instruction"]


def test_bytes_survive() -> None:
    data = b"\xef\xbb\xbf# \xff\xfe\r\nFROM a\nRUN b \\\r\n\t# \xe9\n\n && c\t \r\n \nUSER d"
    found = read(decode(data))
    assert encode("".join(found.source(tile.span) for tile in found.tiles)) == data
    assert [i.name for i in found.instructions] == ["FROM", "RUN", "USER"]
    assert found.tiles[0].kind == "bom"
    assert found.instructions[2].args.text == "d"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("RUN <<EOF\na\nb && c\nEOF\n", ["a", "b", "c"]),
        ("RUN <<-EOF\n\ta\n\t\tb\n\tEOF\n", ["a", "b"]),
        ("RUN <<'EOF'\na $x\nEOF\n", ["a ?"]),
        ('RUN <<"a b"\nc\na b\n', ["c"]),
        ("RUN <<EOF sh\na\nEOF\n", ["sh"]),
        ("RUN cat <<EOF && next\na\nEOF\n", ["cat", "next"]),
        ("RUN cat <<A > x && cat <<B > y\n1\nA\n2\nB\n", ["cat", "cat"]),
        ("RUN cat <<EOF && \\\n next\na\nEOF\n", ["cat", "next"]),
        ("RUN <<EOF\n#!/bin/bash -e\na\nEOF\n", ["a"]),
        ("RUN --mount=type=cache,target=/x <<EOF\na\nEOF\n", ["a"]),
        ("RUN echo $((1 << 3)) && a\n", ["echo ?", "a"]),
        ("RUN echo '<<EOF' && a\n", ["echo <<EOF", "a"]),
        ("RUN cat <<< x && a\n", ["cat", "a"]),
    ],
)
def test_heredocs(source: str, expected: list[str]) -> None:
    assert commands("FROM a\n" + source + "RUN last\n") == expected
    assert names("FROM a\n" + source + "RUN last\n") == ["FROM", "RUN", "RUN"]
    assert commands("FROM a\n" + source + "RUN last\n", 2) == ["last"]


def test_instructions_inside_a_heredoc_are_text() -> None:
    source = "FROM a\nCOPY <<EOF /x\nRUN apk add gcc\n# note\nFROM b\n\nEOF\nRUN c\n"
    found = read(source)
    assert [i.name for i in found.instructions] == ["FROM", "COPY", "RUN"]
    assert len(found.stages) == 1
    assert found.comments == []


def test_heredoc_scripts_that_are_not_shell() -> None:
    assert "another program" in reason("FROM a\nRUN <<E\n#!/usr/bin/env python3\nimport x\nE\n")
    assert "carriage return" in reason("FROM a\nRUN <<E\r\na\r\nE\r\n")


def test_lower_case_and_onbuild() -> None:
    source = "from a as Base\nrun b\nonbuild run --mount=type=bind c && d\nOnBuild Copy . .\nfrom base\n"
    found = read(source)
    assert names(source) == ["FROM", "RUN", "RUN", "COPY", "FROM"]
    assert [i.onbuild for i in found.instructions] == [False, False, True, True, False]
    assert commands(source, 2) == ["c", "d"]
    assert found.instructions[2].flag("mount") == "type=bind"
    assert found.source(found.instructions[2].keyword_span) == "run"
    assert found.stages[1].parent is found.stages[0]


def test_exec_form() -> None:
    source = 'FROM a\nRUN ["apk", "add", "x"]\nCMD [ "b" ]\nRUN [ -f x ] && c\n'
    found = read(source)
    assert [i.exec_form for i in found.instructions[1:]] == [["apk", "add", "x"], ["b"], None]
    assert reason(source) == "exec form"
    assert commands(source, 3) == ["[ -f x ]", "c"]


def test_flags_over_several_lines() -> None:
    source = (
        "FROM a\nRUN --mount=type=cache,target=/c \\\n  # note\n  --mount=type=secret,id=s \\\n"
        "  --network=none \\\n  b --mount=x && \\\n  c\n"
    )
    run = read(source).instructions[1]
    assert run.flag_values("mount") == ["type=cache,target=/c", "type=secret,id=s"]
    assert run.flag("network") == "none" and run.flag("security") is None
    assert commands(source) == ["b --mount=x", "c"]


def test_unknown_instructions_pass() -> None:
    assert names("FROM a\nINCLUDE b \\\n c\nRUN d\n") == ["FROM", "INCLUDE", "RUN"]


def test_shell_holds_until_the_next_from() -> None:
    source = (
        'FROM a AS one\nRUN a\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN b | c\n'
        'SHELL ["powershell", "-Command"]\nRUN d\nFROM z\nRUN e\nFROM one\nRUN f\n'
    )
    found = read(source)
    runs = [i for i in found.instructions if i.name == "RUN"]
    assert [i.state.shell.name for i in runs] == ["sh", "bash", "powershell", "sh", "powershell"]
    assert [i.state.shell.posix for i in runs] == [True, True, False, True, False]
    assert "pipefail" in runs[1].state.shell.options
    assert [isinstance(i.script, Script) for i in runs] == [True, True, False, True, False]
    assert "not a POSIX shell" in reason(source, 5)


def test_state() -> None:
    source = (
        'ARG v=3.18\nFROM alpine:$v\nENV A=1 B="$A x"\nENV C d e\nARG D=2\n'
        "USER app\nWORKDIR /srv\nWORKDIR w\n"
        "RUN a\nWORKDIR $HOME\nRUN b\nFROM c\nRUN d\n"
    )
    found = read(source)
    first, second, third = [i.state for i in found.instructions if i.name == "RUN"]
    assert found.stages[0].base.alpine_release == (3, 18)
    assert (first.user, first.workdir) == ("app", "/srv/w")
    assert first.environment() == {"A": "1", "B": None, "C": "d e", "D": "2"}
    assert second.workdir is None
    assert (third.user, third.workdir, third.env) == ("", ".", ())
    assert [s.ships for s in found.stages] == [False, True]


def test_many_lines_are_read_in_time() -> None:
    source = "FROM a\n" + "RUN b && \\\n  # c\n  d\n" * 1500
    found = read(source)
    assert len(found.instructions) == 1501
    assert commands(source, 1500) == ["b", "d"]
