"""How the house is built, as far as no tool checks it."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import slimfix
from slimfix.rules import Rule, all_rules

PACKAGE = Path(slimfix.__file__).parent
RULES = sorted(path for path in (PACKAGE / "rules").glob("*.py") if not path.name.startswith("_"))
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_no_rule_imports_another(path: Path) -> None:
    rules = {f"slimfix.rules.{other.stem}" for other in RULES}
    assert not rules & set(imported(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_can_be_read_at_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: str(rule.name))
def test_what_is_read_of_a_rule_is_what_it_says(rule: Rule) -> None:
    module = importlib.import_module(f"slimfix.rules.{rule.name.replace('-', '_')}")
    assert (rule.code, rule.order) == (module.CODE, module.ORDER)
    assert rule.words == getattr(module, "WORDS", ())
    assert rule.doc == module.__doc__


def test_codes_are_used_once() -> None:
    codes = [rule.code for rule in all_rules()]
    assert len(codes) == len(set(codes))
