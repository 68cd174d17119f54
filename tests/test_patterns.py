"""Patterns that are compiled when they are needed."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import slimfix
from slimfix.knowledge import managers, table
from slimfix.patterns import Names, lazy

MODULES = [
    each.name
    for each in pkgutil.walk_packages(slimfix.__path__, "slimfix.")
    if not each.name.startswith(("slimfix.bot", "slimfix.verify", "slimfix.__main__"))
]


def test_compiled_once_for_each_method(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[tuple[Any, ...]] = []
    real = re.compile

    def noted(*given: Any) -> Any:
        compiled.append(given)
        return real(*given)

    monkeypatch.setattr(re, "compile", noted)
    found = lazy(r"(a+)B", re.IGNORECASE)
    assert compiled == []
    for _ in range(3):
        assert found.match("aab") is not None
        assert found.sub("-", "xaabx") == "x-x"
    assert compiled == [(r"(a+)B", re.IGNORECASE)] * 2
    assert (found.groups, found.pattern) == (1, r"(a+)B")


def test_bytes() -> None:
    assert lazy(rb"\d+").findall(b"a1b22") == [b"1", b"22"]


def test_wrong_pattern() -> None:
    with pytest.raises(re.error):
        lazy("(").match("")


def test_every_pattern_of_the_package_compiles() -> None:
    known = type(lazy(""))
    found = 0
    for name in MODULES:
        for value in vars(importlib.import_module(name)).values():
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, known):
                    assert isinstance(each.flags, int)
                    found += 1
    assert found > 50


def patterns_of(table: object) -> list[str]:
    """Every list of names in a table."""
    if isinstance(table, dict):
        own = [str(each) for each in table.get("programs", ()) if isinstance(each, str)]
        return own + [each for value in table.values() for each in patterns_of(value)]
    return []


NAMES = [
    "gcc-12",
    "g++",
    "g++-9.1",
    "pip3.11",
    "pip3",
    "python3.11",
    "node",
    "nodejs",
    "a.b",
    "install2.r",
    *("a", "b", "ab", "ac", "abc", "bc", "bb", "aab", "aac", "x", "xx", "x1", "AB"),
    "",
    "-",
]
MADE = ["ab?c", "a|bc", "(?:a|b)c", "a{2}b", r"a\.b", "[ab]c", "a-b", "a.*", "b+", r"x\d*", "(?i)ab"]


def test_names_are_those_that_the_patterns_match() -> None:
    tables = ("consumers", "archives", "cleaners", *(f"managers/{word}" for word in managers.words()))
    patterns = [*MADE, *(each for name in tables for each in patterns_of(table(name)))]
    assert len(patterns) > 200
    words = [
        *NAMES,
        *patterns,
        *(each.replace("\\", "") + tail for each in patterns for tail in ("", "x", "1")),
    ]
    for pattern in patterns:
        held = Names([pattern]).hold
        assert [w for w in words if held(w)] == [w for w in words if re.fullmatch(pattern, w)], pattern


@given(st.lists(st.sampled_from(MADE), max_size=3), st.text("abcABC.-1", max_size=4))
def test_names_of_several_patterns(patterns: list[str], name: str) -> None:
    assert Names(patterns).hold(name) == any(re.fullmatch(pattern, name) for pattern in patterns)
