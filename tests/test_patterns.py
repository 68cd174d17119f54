"""Patterns that are compiled when they are needed."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import pytest

import slimfix
from slimfix.patterns import lazy

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
