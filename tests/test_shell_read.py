"""Shell text is read into commands with true places, or declared opaque; never misread."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimfix.dockerfile import Dockerfile
from slimfix.shell import Logical, Opaque, Script
from slimfix.shell.nodes import Compound, Sequence, Simple
from slimfix.shell.read import MAX_DEPTH, MAX_LENGTH, read
from slimfix.text import Span

COMMANDS: list[tuple[str, list[tuple[str | None, str]]]] = [
    ("a b", [("a", "")]),
    ("a && b || c; d &", [("a", "condition"), ("b", "condition"), ("c", "condition"), ("d", "background")]),
    ("a | b", [("a", "pipeline"), ("b", "pipeline")]),
    ("! grep x y", [("grep", "negated")]),
    ("( cd x && make )", [("cd", "subshell"), ("make", "subshell")]),
    ("{ a; b; }", [("a", "group"), ("b", "group")]),
    (
        "if a; then b; elif c; then d; else e; fi",
        [("a", "if condition"), ("b", "if"), ("c", "if condition"), ("d", "if"), ("e", "if")],
    ),
    ("while a; do b; done", [("a", "loop condition"), ("b", "loop")]),
    ("until a; do b; done", [("a", "loop condition"), ("b", "loop")]),
    ("for x in 1 2; do b $x; done", [("b", "loop")]),
    ("for x in 1 2; do b $x; done && c", [("b", "loop"), ("c", "")]),
    ("for x; do b; done", [("b", "loop")]),
    ("f() { a; }; f", [("a", "function group"), ("f", "")]),
    ("function f { a; }", [("a", "function group")]),
    (
        "case $x in a) one ;; b|c) two && three ;; *) four ;; esac",
        [
            (":", "case"),
            (":", "case"),
            ("one", "case"),
            (":", "case"),
            ("two", "case"),
            ("three", "case"),
            (":", "case"),
            ("four", "case"),
        ],
    ),
    ("case $x in (a) one;; esac; two", [(":", "case"), (":", "case"), ("one", "case"), ("two", "")]),
    ("case $x in\n  a) one\n  ;;\nesac\ntwo", [(":", "case"), (":", "case"), ("one", "case"), ("two", "")]),
    (
        'case "$(uname -m)" in x86_64) a ;; *) exit 1 ;; esac && b',
        [
            ("uname", "case substitution"),
            (":", "case"),
            (":", "case"),
            ("a", "case"),
            (":", "case"),
            ("exit", "case"),
            ("b", ""),
        ],
    ),
    ("case x in a) ;; esac", [(":", "case"), (":", "case")]),
    (
        "case x in a) case y in b) inner ;; esac ;; esac",
        [(":", "case"), (":", "case"), (":", "case case"), (":", "case case"), ("inner", "case case")],
    ),
    ("[[ -f x && $y == z* ]] && a", [("a", "")]),
    ("[[ $x =~ ^(a|b)$ ]] || b", [("b", "condition")]),
    ("(( x > 1 )) && a", [("a", "")]),
    ("((x++)); a", [("a", "")]),
    ("echo $((1 + 2)) && a", [("echo", ""), ("a", "")]),
    ("echo $(( (1+2) * 3 ))", [("echo", "")]),
    ("arr=(a b c) && echo ${arr[0]}", [(None, ""), ("echo", "")]),
    ("arr+=(d)", [(None, "")]),
    ("arr=($(ls x)) && b", [("ls", "substitution"), (None, ""), ("b", "")]),
    ("time make -j4 && b", [("make", ""), ("b", "")]),
    ("time -p make", [("make", "")]),
    ("cat <<EOF\nhi $x\nEOF\nb", [("cat", ""), ("b", "")]),
    ("cat <<'EOF' > x\nhi $x\nEOF", [("cat", "")]),
    ("cat <<EOF && b\nhi\nEOF", [("cat", ""), ("b", "")]),
    ("cat <<-EOF\n\thi\n\tEOF\nb", [("cat", ""), ("b", "")]),
    ("cat <<A; cat <<B\n1\nA\n2\nB\nc", [("cat", ""), ("cat", ""), ("c", "")]),
    ("cat <<< word && b", [("cat", ""), ("b", "")]),
    ("a `b c` d", [("b", "substitution"), ("a", "")]),
    ('a "`b`"', [("b", "substitution"), ("a", "")]),
    (
        "a $(b && c || d)",
        [
            ("b", "substitution condition"),
            ("c", "substitution condition"),
            ("d", "substitution condition"),
            ("a", ""),
        ],
    ),
    (
        'a "$(b "$(c | d)" )"',
        [
            ("c", "substitution substitution pipeline"),
            ("d", "substitution substitution pipeline"),
            ("b", "substitution"),
            ("a", ""),
        ],
    ),
    ("x=$(a; b) && c", [("a", "substitution"), ("b", "substitution"), (None, ""), ("c", "")]),
    ("x=1 y=2 a b", [("a", "")]),
    ("x=1", [(None, "")]),
    ("a # note\nb", [("a", ""), ("b", "")]),
    ("a && # note\nb", [("a", ""), ("b", "")]),
    ("a > x 2>&1 < y", [("a", "")]),
    ("> x", [(None, "")]),
    ("a &> x", [("a", "")]),
    ("a >> x || true", [("a", "condition"), ("true", "condition")]),
    ("{ a; } > x", [("a", "group")]),
    ("a 'it''s' \"d\" \\e", [("a", "")]),
    ("a *.x ~ {b,c}", [("a", "")]),
    ("$PIP install x", [(None, "")]),
    ("a |& b", [("a", "pipeline"), ("b", "pipeline")]),
    ("set -eux; a; b", [("set", ""), ("a", ""), ("b", "")]),
    ("a=b command c", [("command", "")]),
    ("if ! a; then b; fi", [("a", "if condition negated"), ("b", "if")]),
    ("a && { b || c; }", [("a", ""), ("b", "group condition"), ("c", "group condition")]),
    ("a & b", [("a", "background"), ("b", "")]),
    ("a ${x:-$(b)}", [("b", "substitution"), ("a", "")]),
    ('echo "a # b" && c', [("echo", ""), ("c", "")]),
    ("a b#c", [("a", "")]),
    ("if [ -f x ]; then a; fi", [("[", "if condition"), ("a", "if")]),
    ('while read -r l; do a "$l"; done < x', [("read", "loop condition"), ("a", "loop")]),
    ("a && \\\n b", [("a", ""), ("b", "")]),
    ('eval "$(b)"', [("b", "substitution"), ("eval", "")]),
    ("trap 'rm x' EXIT; a", [("trap", ""), ("a", "")]),
    (". ./x && a", [(".", ""), ("a", "")]),
    ("echo $'a\\'b' && c", [("echo", ""), ("c", "")]),
    ("a\tb", [("a", "")]),
    ("x() ( a )", [("a", "function subshell")]),
]

OPAQUE = [
    ("# only", "shell not understood"),
    ("diff <(a) <(b)", "shell not understood (a word at 5)"),
    ("a; ; b", "shell not understood"),
    ("a 'open", "shell not understood"),
    ("a $(b", "shell not understood (no ))"),
    ("case x in", "shell not understood (case without in)"),
    ("if a; then b", "shell not understood"),
    ("cat <<EOF\nx", "shell not understood (here-document without its EOF)"),
    ("a )", "shell not understood"),
    ("[[ x", "shell not understood (no ]])"),
    ("a `b \\`c\\``", "shell not understood (a backslash in backquotes)"),
    ("", "empty command"),
    ("  \n ", "empty command"),
    ("coproc a", "shell not understood"),
    ("select x in a; do b; done", "shell not understood"),
    ("for ((i=0;i<3;i++)); do a; done", "shell not understood"),
    ("a\r\nb", "shell not understood (a word at 0)"),
]


def script(text: str) -> Script | Opaque:
    return Script.read(Logical.of(text, [Span(0, len(text))]))


def check_spans(found: Script, source: str) -> None:
    """Every word stands where it says, and within its command."""
    for command in found.commands:
        node = command.node
        assert source[slice(*command.span)] == found.text[node.start : node.end]
        if command.name == ":" and "case" in command.nesting:
            continue  # stands for the subject or a pattern of the case
        for word in (*node.words, *node.assignments):
            assert found.text[word.start : word.end] == word.raw
            assert node.start <= word.start < word.end <= node.end
        for argument in command.arguments:
            assert source[slice(*argument.span)] == argument.raw


@pytest.mark.parametrize(("text", "expected"), COMMANDS)
def test_commands(text: str, expected: list[tuple[str, str]]) -> None:
    found = script(text)
    assert isinstance(found, Script), found
    assert [(command.name, " ".join(command.nesting)) for command in found.commands] == expected
    check_spans(found, text)


@pytest.mark.parametrize(("text", "reason"), OPAQUE)
def test_opaque(text: str, reason: str) -> None:
    found = script(text)
    assert isinstance(found, Opaque), found
    assert found.reason.startswith(reason)


def test_words() -> None:
    found = script("a 'it''s' \"d e\" \\f *.x $y ~/z \"*\" --k='v w'")
    assert isinstance(found, Script)
    (command,) = found.commands
    assert command.values == ("a", "its", "d e", "f", "*.x", None, "~/z", "*", "--k=v w")
    assert [a.glob for a in command.arguments] == [False] * 4 + [True, False, True, False, False]


def test_redirects_and_heredocs() -> None:
    text = "cat 2>&1 >out <<'E' <in\nhi $x\nE\nb"
    found = script(text)
    assert isinstance(found, Script)
    node = found.commands[0].node
    assert [word.raw for word in node.words] == ["cat"]
    by_operator = {redirect.operator: redirect for redirect in node.redirects}
    assert set(by_operator) == {">&", ">", "<", "<<"}
    assert by_operator["<<"].heredoc == "hi $x\nE\n"
    assert by_operator["<<"].body is not None
    assert text[slice(*by_operator["<<"].body)] == "hi $x\nE\n"
    target = by_operator[">"].target
    assert target is not None and target.value == "out"


def test_comments_are_not_commands() -> None:
    text = "a # one && b\n# two\nc 'x # y' z#w"
    tree = read(text)
    assert not isinstance(tree, Opaque)
    assert [text[slice(*comment)] for comment in tree.comments] == ["# one && b", "# two"]


def test_case_and_tests_are_compounds() -> None:
    for text, kind in [
        ("case x in a) b ;; esac", "case"),
        ("case x in a) b ;; esac > y", "case"),
        ("f() { a; }", "function"),
        ("[[ -f x ]]", "test"),
        ("(( 1 ))", "test"),
        ("( a )", "subshell"),
        ("{ a; }", "group"),
        ("if a; then b; fi", "if"),
    ]:
        tree = read(text)
        assert not isinstance(tree, Opaque)
        assert isinstance(tree.root, Compound) and tree.root.kind == kind, text
        assert (tree.root.start, tree.root.end) == (0, len(text))


@pytest.mark.parametrize(
    "text",
    [
        "a && case x in b) c ;; esac",
        "a; case x in b) c ;; esac",
        "a | case x in b) c ;; esac",
        "a; b | [[ c ]]",
        "! case x in b) c ;; esac",
        "f() { a; }",
        "if a; then case x in b) c ;; esac; fi",
        "{ a; } > b",
        "a && cat <<E",
    ],
)
def test_the_whole_ends_where_the_text_ends(text: str) -> None:
    tree = read(text + "\nx\nE\n" if text.endswith("<<E") else text)
    assert not isinstance(tree, Opaque)
    assert (tree.root.start, tree.root.end) == (0, len(text))


def test_lists_bind_as_in_the_shell() -> None:
    tree = read("a && b; c || d & e")
    assert not isinstance(tree, Opaque) and isinstance(tree.root, Sequence)
    assert tree.root.terminators == (";", "&", "")
    assert [type(item).__name__ for item in tree.root.items] == ["AndOr", "AndOr", "Simple"]
    assert isinstance(tree.root.items[2], Simple)


def test_places_over_continued_lines() -> None:
    source = "FROM a\nRUN apk add \\\n  # why\n  gcc \\\n\n  mu\\\nsl && \\\n  b `c d`\n"
    found = Dockerfile(source).instructions[1].script
    assert isinstance(found, Script)
    assert [command.name for command in found.commands] == ["apk", "c", "b"]
    assert found.commands[0].values == ("apk", "add", "gcc", "musl")
    raws = [source[slice(*argument.span)] for argument in found.commands[0].arguments]
    assert raws == ["apk", "add", "gcc", "mu\\\nsl"]
    assert source[slice(*found.commands[1].span)] == "c d"


PIECES = [
    "a",
    "b",
    "$x",
    "'",
    '"',
    "`",
    "$(",
    ")",
    "(",
    "{",
    "}",
    ";",
    "&&",
    "||",
    "|",
    "&",
    "\n",
    "#",
    "\\",
    "!",
    "[[",
    "]]",
    "((",
    "))",
    "$((",
    "case",
    "in",
    "esac",
    ";;",
    "if",
    "then",
    "fi",
    "for",
    "do",
    "done",
    "while",
    "<<",
    "<<E",
    "<<'E'",
    "E\n",
    ">",
    "<",
    "2>&1",
    "x=",
    "x=(",
    "time",
    "é",
    "\r",
    "\t",
    "${",
    "function",
    "f()",
    "<(",
    "\\\n",
    "*",
    "~",
    "=",
    ":",
]


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.just(" "), max_size=25).map("".join) | st.text(max_size=30))
def test_nothing_is_raised_and_spans_are_true(text: str) -> None:
    found = script(text)
    if isinstance(found, Script):
        check_spans(found, text)
    else:
        assert found.reason


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([text for text, _ in COMMANDS]), min_size=1, max_size=4))
def test_constructs_one_after_another(texts: list[str]) -> None:
    """Joined by line ends, scripts hold the same commands in the same order."""
    text = "\n".join(texts)
    found = script(text)
    assert isinstance(found, Script), (found, text)
    names = [name for part in texts for name, _ in dict(COMMANDS)[part]]
    assert [command.name for command in found.commands] == names
    check_spans(found, text)


@pytest.mark.parametrize(
    "around", ["( {} )", "{{ {}; }}", "$({})", "if a; then {}; fi", '"$({})"', "x $( ( {} ) )"]
)
def test_deep_nesting_is_not_raised(around: str) -> None:
    for depth in (3, MAX_DEPTH - 1, MAX_DEPTH + 1, 300):
        text = "a"
        for _ in range(depth):
            text = around.format(text)
        found = script(text)
        assert isinstance(found, (Script, Opaque))
        if depth == 3:
            assert isinstance(found, Script) and found.commands
        if depth > MAX_DEPTH:
            assert isinstance(found, Opaque)


def test_long_scripts_are_read_in_time() -> None:
    words = " ".join(f"package-{i}" for i in range(5000))
    begun = time.perf_counter()
    found = script(f"apt-get update && apt-get install -y {words} && rm -rf x")
    assert isinstance(found, Script)
    assert len(found.commands[1].arguments) == 5003
    assert time.perf_counter() - begun < 30
    quoted = script("a " + " ".join(f"'q{i}'$x" for i in range(2000)))
    assert isinstance(quoted, Script) and len(quoted.commands[0].arguments) == 2001
    assert time.perf_counter() - begun < 60
    assert script("a " * MAX_LENGTH) == Opaque("script too long")


def test_no_text_takes_all_the_memory() -> None:
    """bashlex's expansion of these never ends, and grows; a process of its own keeps that from the others."""
    pytest.importorskip("resource", reason="the memory of a process cannot be limited here")
    texts = ["a'${b'", "a\n~${\\~;\n$", "/;#<$if '%${ ]]'fi ~", "X='${a%%['q r'z]*}' f |& g"]
    program = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from slimfix.shell.read import read\n"
        f"print([type(read(text)).__name__ for text in {texts!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['Tree', 'Opaque', 'Tree', 'Tree']\n"
