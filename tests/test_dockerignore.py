"""Docker's ignore rules and COPY's globs. Each row says what docker does with these lines and this path."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimfix.dockerignore import DockerIgnore
from slimfix.globs import BadPattern, clean, has_wildcard, match

EXCLUDED = [
    # plain names, from the root only
    ("notes", "notes"),
    ("notes", "notes/today/one.md"),
    ("notes/", "notes/one.md"),
    ("/notes", "notes"),
    ("//notes//", "notes/one.md"),
    ("./notes", "notes"),
    ("src/../notes", "notes"),
    ("lib/gen", "lib/gen/x"),
    (".git", ".git/HEAD"),
    ("Dockerfile", "Dockerfile"),
    (".dockerignore", ".dockerignore"),
    ("a(1)/b+c$", "a(1)/b+c$"),
    ("with space", "with space"),
    # one star, a question mark, a class
    ("*", "anything"),
    ("*", "any/thing"),
    ("*.md", "README.md"),
    ("*/temp*", "x/temporary"),
    ("*/*/temp*", "x/y/temp.txt"),
    ("temp?", "tempa"),
    ("temp?", "temp1/file"),
    ("[a-c]x", "bx"),
    ("[^a-c]x", "dx"),
    ("data[.]json", "data.json"),
    ("caf?", "café"),
    (r"a\*b", "a*b"),
    (r"a\\b", r"a\b"),
    ("v1.*", "v1.2"),
    # two stars
    ("**", "a"),
    ("**", "a/b/c"),
    ("**/*.pyc", "x.pyc"),
    ("**/*.pyc", "a/b/x.pyc"),
    ("**/cache", "cache/x"),
    ("**/cache", "a/b/cache/x"),
    ("**cache", "mycache"),
    ("a/**/z", "a/z"),
    ("a/**/z", "a/b/c/z"),
    ("a/**", "a/b"),
    ("a**", "abc/d"),
    ("**/a/**/b", "x/a/y/z/b"),
    ("**/*.tar*", "d/x.tar.gz"),
    # exceptions, in order
    ("*.md\n!README.md", "other.md"),
    ("!README.md\n*.md", "README.md"),
    ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md"),
    ("*\n!src", "lib/a.py"),
    ("**\n!web\nweb/secret", "web/secret/key"),
    ("docs\n!docs/README.md", "docs/other"),
    # lines
    ("\ufeffnotes", "notes"),
    ("notes\r\nlib\r\n", "notes"),
    ("  notes\t", "notes"),
    ("# notes\nlib", "lib"),
    (" # notes", "# notes"),
    ("\n\n\nlib\n\n", "lib"),
    ("lib\n! /lib/kept", "lib/other"),
    # what the second reading of a line does
    ("./ lib", "lib"),
    # the answer for a directory holds below it, and was asked for only where it could change something
    ("a/b\n!a", "a/b"),
    # braces are no alternatives
    ("*.{log,tmp}", "x.{log,tmp}"),
]

KEPT = [
    ("", "a"),
    ("# notes", "notes"),
    ("notes", "src/notes"),
    ("notes", "notes2"),
    ("notes", "."),
    ("**", ""),
    (".", "a"),
    ("/", "a"),
    ("..", "a"),
    ("../a", "a"),
    ("*.md", "docs/README.md"),
    ("*/temp*", "temp"),
    ("temp?", "temp"),
    ("temp?", "temp12"),
    ("[^a-c]x", "bx"),
    ("a.c", "abc"),
    ("a*c", "a/c"),
    ("a?c", "a/c"),
    (r"a\*b", "axb"),
    ("**/cache", "mycache"),
    ("a/**", "a"),
    ("a/**/z", "a/bz"),
    ("a/**/z", "a/b/cz"),
    ("**/*.pyc", "x.py"),
    ("*.md\n!README.md", "README.md"),
    ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md"),
    ("docs\n!docs/README.md", "docs/README.md"),
    ("docs/\n!docs/README.md", "docs/README.md"),
    ("*\n!src", "src/deep/a.py"),
    ("*\n!src/*.py", "src/a.py"),
    ("**\n!web", "web/x/y"),
    ("*\n!*.txt", "requirements.txt"),
    ("lib\n! /lib/kept", "lib/kept"),
    ("lib\n/!lib", "lib"),
    ("*\n!!x", "!x"),
    ("*.{log,tmp}", "x.log"),
    ("Notes", "notes"),
]

REFUSED = [
    "!",
    "!/",
    "a\n!  ",
    "[",
    "a[b",
    "[]a]",
    "[-]",
    "[a-]",
    "[^]",
    "trailing\\",
    "\\",
    # a regular expression, to Docker
    r"**\bin",
    r"bin\Debug",
    "*.log|*.tmp",
    "^*.log",
    "x{2}*",
    "[*]",
    "[z-a]",
    "[[:alpha:]]",
]


@pytest.mark.parametrize("text, path", EXCLUDED)
def test_excluded(text: str, path: str) -> None:
    assert DockerIgnore.parse(text).excludes(path)


@pytest.mark.parametrize("text, path", KEPT)
def test_kept(text: str, path: str) -> None:
    assert not DockerIgnore.parse(text).excludes(path)


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(BadPattern):
        DockerIgnore.parse(text)


def test_odd_characters_are_text_while_no_wildcard_is_near() -> None:
    rules = DockerIgnore.parse("a|b\nx{2}\n^c")
    assert [rules.excludes(path) for path in ("a|b", "x{2}", "^c", "a", "xx", "c")] == [True] * 3 + [
        False
    ] * 3


def test_lines_as_docker_keeps_them() -> None:
    text = "one\n/two\n/a/file/\n\n# no\n! /kept/./x\n  three/../four  \n"
    assert DockerIgnore.parse(text).patterns == ("one", "two", "a/file", "!kept/x", "four")


def test_a_rule_is_asked_about_a_directory_only_while_it_matters() -> None:
    # At "a" the second rule could change nothing, so it does not hold below "a" either.
    rules = DockerIgnore.parse("a\n!a/b\na")
    assert rules.excludes("a") and not rules.excludes("a/b") and rules.excludes("a/c")


@pytest.mark.parametrize(
    "text, directory, may",
    [
        ("*\n!src/app", "src", True),
        ("*\n!src/app/**", "src", True),
        ("*\n!**/*.py", "anything", True),
        ("*\n!src", "lib", False),
        ("*\n!src/app", "src2", False),
        ("*", "src", False),
    ],
)
def test_may_keep_below(text: str, directory: str, may: bool) -> None:
    assert DockerIgnore.parse(text).may_keep_below(directory) is may


@pytest.mark.parametrize("pattern", ["*" + "a*" * 40 + "b", "**/" * 40 + "b", "*a**b" * 20 + "c"])
def test_a_hostile_pattern_takes_no_time(pattern: str) -> None:
    assert not DockerIgnore.parse(pattern).excludes("ab" * 1000 + "d")
    assert not match(pattern, "ab" * 1000 + "d")


GLOBS = [
    ("", "", True),
    ("abc", "abc", True),
    ("*", "abc", True),
    ("*", "", True),
    ("*", "a/b", False),
    ("**", "a/b", False),
    ("**/x", "a/x", True),
    ("**/x", "x", False),
    ("a*/b", "abc/b", True),
    ("a*/b", "a/c/b", False),
    ("a*b?c*x", "abxbbxdbxebxczzx", True),
    ("a*b?c*x", "abxbbxdbxebxczzy", False),
    ("requirements*.txt", "requirements.txt", True),
    ("requirements*.txt", "requirements-dev.txt", True),
    ("requirements*.txt", "requirements/dev.txt", False),
    ("package[.]json", "package.json", True),
    ("[^a]", "b", True),
    ("[^a]", "a", False),
    ("a[^x]c", "a/c", True),
    ("[a-ζ]*", "α", True),
    (r"[\-x]", "-", True),
    (r"[\]]", "]", True),
    (r"\d", "d", True),
    ("a|b", "a|b", True),
    ("a.c", "abc", False),
    ("?", "é", True),
    ("*x", "xxx", True),
    ("a*a", "a", False),
]


@pytest.mark.parametrize("pattern, name, fits", GLOBS)
def test_match(pattern: str, name: str, fits: bool) -> None:
    assert match(pattern, name) is fits


@pytest.mark.parametrize("pattern", ["[", "a[", "[]", "[-x]", "[x-]", "[a-b-c]", "[^bc", "\\", "[\\"])
def test_match_refuses(pattern: str) -> None:
    with pytest.raises(BadPattern):
        match(pattern, "a")


def test_has_wildcard() -> None:
    assert all(map(has_wildcard, ["*", "a?", "[a]b", r"\\*"]))
    assert not any(map(has_wildcard, ["", "a/b.c", r"a\*", "{a,b}", "]"]))


@pytest.mark.parametrize(
    "path, result",
    [("", ""), (".", ""), ("/", ""), ("../..", ""), ("./a//b/", "a/b"), ("/a/../../b", "b"), ("//a", "a")],
)
def test_clean(path: str, result: str) -> None:
    assert clean(path) == result


lines = st.text("ab*?/.!#[]^-\\ {}1|é\n", max_size=30)
names = st.text("ab.*é-", min_size=1, max_size=4).filter(lambda name: name.strip("."))
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(st.one_of(lines, st.text()), st.one_of(paths, st.text()))
def test_nothing_but_bad_pattern_is_raised(text: str, path: str) -> None:
    try:
        rules = DockerIgnore.parse(text)
    except BadPattern:
        return
    rules.excludes(path)
    rules.may_keep_below(path)


@given(st.one_of(lines, st.text()), st.one_of(paths, st.text()))
def test_match_raises_nothing_else(pattern: str, name: str) -> None:
    try:
        match(pattern, name)
    except BadPattern:
        return


@given(lines, paths)
def test_how_a_path_is_written_does_not_matter(text: str, path: str) -> None:
    try:
        rules = DockerIgnore.parse(text)
    except BadPattern:
        return
    expected = rules.excludes(path)
    for same in (f"./{path}", f"{path}/", f"/{path}", f"{path}/.", f"x/../{path}", path.replace("/", "//")):
        assert rules.excludes(same) is expected
        assert DockerIgnore.parse(text).excludes(same) is expected


@given(lines, paths)
def test_without_exceptions_all_below_an_excluded_directory_is_excluded(text: str, path: str) -> None:
    try:
        rules = DockerIgnore.parse(text.replace("!", ""))
    except BadPattern:
        return
    if path != posixpath.basename(path) and rules.excludes(posixpath.dirname(path)):
        assert rules.excludes(path)


@given(lines, paths)
def test_a_last_line_decides(text: str, path: str) -> None:
    literal = "".join("\\" + char if char == "*" else char for char in path)
    try:
        assert DockerIgnore.parse(f"{text}\n{literal}").excludes(path)
        assert not DockerIgnore.parse(f"{text}\n!{literal}").excludes(path)
    except BadPattern:
        return


@given(st.lists(paths, max_size=4), paths)
def test_order_of_rules_without_exceptions_does_not_matter(patterns: list[str], path: str) -> None:
    try:
        one, other = DockerIgnore.parse("\n".join(patterns)), DockerIgnore.parse("\n".join(patterns[::-1]))
    except BadPattern:
        return
    assert one.excludes(path) is other.excludes(path)


@given(st.text("ab*./", max_size=6), st.text("ab./", max_size=8))
def test_patterns_with_one_star_are_matched_as_all_others(pattern: str, name: str) -> None:
    # A class of one letter says the same, and takes the long way.
    other = "".join(f"[{char}]" if char in "ab" else char for char in pattern)
    assert match(pattern, name) == match(other, name)
