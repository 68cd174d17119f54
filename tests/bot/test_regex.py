"""Go's regular expressions, against Python's where both mean the same, and those made to last."""

from __future__ import annotations

import random
import re

import pytest

from slimfix.bot.regex import BadRegex, Regex

CASES = [
    (r".*\.go", "a/b.go", True),
    (r".*\.go", "a/b.gox", False),
    (r"docs/(aws|google|azure)/[^/]*\.(md|txt)", "docs/aws/x.md", True),
    (r"docs/(aws|google|azure)/[^/]*\.(md|txt)", "docs/aws/y/x.md", False),
    (r"[]a]+", "]a", True),
    (r"[a-c-]+", "a-c", True),
    (r"[\w.]+", "a_1.b", True),
    (r"[^\d]", "7", False),
    (r"x{,2}", "x{,2}", True),
    (r"a{2,3}?", "aaa", True),
    (r"(?:x|y)*z", "xyxyz", True),
    (r"\w+", "é", False),
    (r"a|b|", "", True),
    (r".", "\n", False),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), CASES)
def test_what_matches(pattern: str, text: str, expected: bool) -> None:
    assert Regex(pattern).matches(text) is expected


@pytest.mark.parametrize(
    "pattern",
    [r"a**", r"(a", r"a)", r"\pL", r"[[:alpha:]]", r"(?i)a", r"(?P<x>a)", r"*", r"[b-a]", r"[a", r"a\\"[:2]]
    + [
        r"a{1001}",
        r"(a{1000}){1000}",
        r"((){1000}){1000}",
        "(" * 60 + ")" * 60,
        r"a^b",
        r"a{2}*",
    ],
)
def test_what_is_not_read(pattern: str) -> None:
    with pytest.raises(BadRegex):
        Regex(pattern)


def test_as_pythons_where_both_mean_the_same() -> None:
    dice = random.Random(8)
    atoms = ["a", "b", ".", "[ab]", "[^a]", r"\w", "(a|b)", "(?:ab)", "(a|)"]
    ends = ["", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"]
    for _ in range(4000):
        pattern = "".join(dice.choice(atoms) + dice.choice(ends) for _ in range(dice.randint(1, 4)))
        if dice.random() < 0.3:
            pattern = f"({pattern}){dice.choice(['*', '+', '?', ''])}|{dice.choice(atoms)}"
        text = "".join(dice.choice("abc") for _ in range(dice.randint(0, 6)))
        assert Regex(pattern).matches(text) == bool(re.fullmatch(pattern, text)), (pattern, text)


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*" * 40 + "b", "(" * 45 + "a" + ")*" * 45 + "b", "a*" * 99]
)
def test_made_to_last(pattern: str) -> None:
    """Another engine would be at it for years; this test would never end."""
    assert Regex(pattern).matches("a" * 400 + "c") is False
