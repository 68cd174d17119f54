"""The reader of plain scripts says what bashlex says, or leaves the script to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimfix.dockerfile import Dockerfile
from slimfix.shell import Script, _bashlex, _plain
from slimfix.shell._convert import Tree, _Converter, parse
from slimfix.shell._word_scanner import Unreadable
from slimfix.shell.blank import Blanked, blank

TOKENS = [
    token
    for line in (
        "if then else elif fi for in do done while until case esac select function time coproc ! [[ ]] [ ]",
        "{ } ( ) ; && || | & |& ;; > >> < <> >| >x 2>x 2>>x 2>&1 >&2 5>&- <<<x &>x 1234>x",
        "a b c A=b a+=1 = == 1 - : -x export local #x x#y \\; {} {a a} !a a! *.c ~ ~/x % é a{b,c} a[1]=b",
        "$ $x $1 $@ $! $$ ${x} ${y:-z} ${a%%-*} ${#a} ${a/b/c} ${x}y $(b) `d` $((1+2)) $'a' a=(1) \\",
    )
    for token in line.split()
]
TOKENS += ["'q r'", "''", '""', '"d $x"', '"$"', '"${x:-a b}"', '"`d`"', "x='$((1))'", "$(b; c)", "\n"]
TOKENS += [
    " \\\n",
    "\\\n ",
    "\\\n",
    '${1:-"b c"}',
    "${x/.*/}",
    "${1#-}",
    "${a:-$b}",
    "${a:-${b}}",
    '"${1:-"a"}"',
]
TOKENS += ['"${1:-"b"}"', '"a\nb"', "'a\nb'", '"${a[@]}"', "${a[*]}", '"a\\\n b"']
TOKENS += ["${!a}", '"${!1}"', '"${a%\\"}"', "${a%\\'}", '${a//$(b)/"$(c)"}', '"${a/\\//b}"', "${!a[@]}"]
TOKENS += ['"a$"', '"$."', '"$ "', '"($)"', '"${a:-"\\\\s*"}"', '"$']
TOKENS += ["f()", "f ()", "f ( )", "function f", "f() {", "()", "f(", "function"]
TOKENS += ["#", "# c", "# c\n", "#\n", "\n# c", ";#"]
TOKENS += ["\n\n", "awk '/=/ { $(f) }'", "e='$(f)'", "${a%%[a-z]*}", "${a:-b=c,d}"]
SIMPLE = [
    "a \\\n  b",
    "\"c\n d\" 'e\n'",
    'x=${1:-"b c"} y',
    "a",
    "b -c 'd e'",
    "X=1 Y='2 3' f",
    "e >/dev/null 2>&1",
    'g "$h" ${i:-j} < k',
    "l $(m | n) `o`",
]


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    shapes = [
        "{} && {}",
        "{} || {}",
        "{}; {}",
        "{} & {}",
        "{} | {}",
        "{}|{}",
        "{};",
        "! {}",
        "({})",
        "{{ {}; }}",
        "( {} ) 2>z",
        "{{ {}; }} >z",
        "if {}; then {}; fi",
        "if {}; then {}; elif {}; then {}; else {}; fi",
        "for i in a $b; do {}; done",
        "while {}; do {}; done",
        "until {}; do {} & done",
        "{}\n{}",
        "{} &&\n{}",
        "{}; \n{}\n",
        "if {}\nthen {}\n{}\nelse\n{}; fi",
        "case $a in b) {} ;; c|d) {}; {} ;; *) {} ; esac",
        "{{\n{}\n}}",
        "{} \\\n",
        "{} && \\\n {}",
        "{} \\\n&& {}",
        "if {}; then \\\n  {}; \\\nfi",
        "f() {{ {}; }}",
        "f() {{\n{}\n}}\n{}",
        "function f {{ {}; }}; {}",
        "function f() {{ {}; }} >x && {}",
        "f () ( {} )",
        "f()\n{{\n {}\n}}\n\n{}",
        "if {}; then ({}) else {{ {}; }} fi",
        "{{ ({}) }}",
        "while ({}) do {{ {}; }} done",
        "if {}; then if {}; then {}; fi fi",
        "# c\n\n{}",
        "{} # c\n{}",
        "{} # c\n # d\n{} # e",
        "{} && # c\n{}",
        "{{ # c\n{}\n# d\n}}",
        "if {} # c\nthen # d\n{}\n# e\nfi # f",
        "{}; # c\n{}",
        "{} & # c\n{}",
        "for i in a # c\ndo {}; done",
    ]

    def fill(shape: str) -> st.SearchStrategy[str]:
        count = shape.replace("{{", "").count("{}")
        return st.tuples(*[inner] * count).map(lambda found: shape.format(*found))

    return st.sampled_from(shapes).flatmap(fill)


SCRIPTS = st.recursive(st.sampled_from(SIMPLE), joined, max_leaves=8)


def outcome(text: str, blanked: Blanked, parse: Callable[[str], Any]) -> Tree | str:
    """The tree, or the error: of the text itself, or of a substitution in it, which is read on its own."""
    try:
        return _Converter(text, blanked, 0).tree(parse(blanked.text))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def same(text: str) -> bool:
    """Compare the two; False if the plain reader leaves the text to bashlex."""
    try:
        blanked = blank(text)
    except Unreadable:
        return False
    if any(kind == "array" for _, _, kind in blanked.holes) or _plain.trees(blanked.text) is None:
        return False
    assert outcome(text, blanked, _plain.trees) == outcome(text, blanked, _bashlex.parse)
    return True


@settings(max_examples=400, deadline=None)
@given(SCRIPTS)
def test_scripts(text: str) -> None:
    same(text)


@settings(max_examples=400, deadline=None)
@given(SCRIPTS, st.data())
def test_scripts_with_a_token_put_in(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 2))
    same(text[:at] + data.draw(st.sampled_from([*TOKENS, " "])) + text[at + gone :])


@settings(max_examples=800, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=9), st.sampled_from([" ", "", "  "]))
def test_any_tokens(tokens: list[str], between: str) -> None:
    same(between.join(tokens))


@pytest.mark.parametrize(
    "text",
    [
        *SIMPLE,
        " a ",
        "a;",
        "(a)|b",
        "if a; then b; elif c; then d; else e; fi >f",
        "for i in a b; do c & done",
        "#!/bin/sh\nset -e\n\n# a\nif b # c\nthen\n  # d\n  e\nfi",
        "if a; then ( b ) else if c; then d; fi fi",
        "f() {\n  a # b\n}\nfunction g { f; }\nfunction h ()\n( g )\nh",
    ]
    + ["x='$((1))'", "! a | { b; (c; ! d;) 2>&1; } && while e; do f; done || g;", "h=1 \"$i\"\\ 'j'${k}"],
)
def test_read_without_bashlex(text: str) -> None:
    assert same(text)


@pytest.mark.parametrize(
    "text",
    ["a {", "{ a", "a > 5>&-", "a } if", "coproc a", "a &> b", "a |& b", "f() a", "function f() a"],
)
def test_left_to_bashlex(text: str) -> None:
    assert not same(text)


def test_the_corpus_is_mostly_plain() -> None:
    """Else nothing would be won, and the other tests here could pass with a reader that reads nothing."""
    found = [
        same(instruction.script.text)
        for path in sorted((Path(__file__).parent.parent / "corpus").glob("*/Dockerfile*"))
        for instruction in Dockerfile(path.read_text(encoding="utf-8", errors="surrogateescape")).instructions
        if instruction.name == "RUN" and isinstance(instruction.script, Script)
    ]
    assert len(found) > 100
    assert sum(found) > 0.8 * len(found)


def test_plain_scripts_do_not_import_bashlex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bashlex, "_load", lambda: pytest.fail("bashlex was asked"))
    assert parse("set -ex; for i in a; do if b; then c | d; fi; done && e").root is not None


@pytest.mark.parametrize(
    "text",
    ["x" * 50_000 + "(", '"' + "$aaaa" * 300, '"' + "\\a" * 5_000, "'a" * 999, "x=" + "''" * 9_999 + "`"],
)
def test_no_text_takes_long(text: str) -> None:
    """Each would take years if the pattern of a word could match it in more than one way."""
    assert _plain.trees(text) is None
