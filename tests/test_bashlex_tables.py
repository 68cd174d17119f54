"""The tables that bashlex ships are those that its generator makes, up to the numbering of states."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from slimfix.shell import _bashlex

DUMP = """
import copy, importlib, importlib.util, json, sys

spec = importlib.util.find_spec("bashlex")
package = sys.modules["bashlex"] = importlib.util.module_from_spec(spec)
yacc = importlib.import_module("bashlex.yacc")
tables = []
begin = yacc.LRParser.__init__

def init(self, made, handler):  # bashlex corrects the tables afterwards: keep them as they were made
    tables.append(copy.deepcopy((made.lr_action, made.lr_goto)))
    tables.append([[p.str, p.name, p.len] for p in made.lr_productions])
    begin(self, made, handler)

yacc.LRParser.__init__ = init
spec.loader.exec_module(package)
import bashlex.parsetab as shipped

def plain(tables):
    return [[[state, dict(row)] for state, row in table.items()] for table in tables]

print(json.dumps({
    "generated": [plain(tables[0]), tables[1]],
    "shipped": [plain((shipped._lr_action, shipped._lr_goto)), [p[:3] for p in shipped._lr_productions]],
}))
"""
Table = dict[int, dict[str, int]]


@pytest.fixture(scope="module")
def dump() -> Any:
    """Both tables, from a process that imports bashlex plainly, and so generates them."""
    command = [sys.executable, "-c", DUMP]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(run.stdout.splitlines()[-1])


def test_productions_are_the_same(dump: Any) -> None:
    assert dump["shipped"][1] == dump["generated"][1]


def test_tables_are_the_same_but_for_numbering(dump: Any) -> None:
    ours: list[Table] = [dict(table) for table in dump["shipped"][0]]
    theirs: list[Table] = [dict(table) for table in dump["generated"][0]]
    number = {0: 0}
    waiting = [0]
    while waiting:
        a = waiting.pop()
        b = number[a]
        pairs = []
        for step in (0, 1):
            mine, other = ours[step].get(a, {}), theirs[step].get(b, {})
            assert mine.keys() == other.keys(), f"state {a}"
            for symbol, target in mine.items():
                if step == 0 and (target is None or target <= 0):
                    assert target == other[symbol], f"state {a}: {symbol} reduces by another production"
                else:
                    pairs.append((target, other[symbol]))
        for target, other_target in pairs:
            assert other_target >= 0
            if target in number:
                assert number[target] == other_target, f"state {target} is two states"
            else:
                number[target] = other_target
                waiting.append(target)
    assert len(set(number.values())) == len(number), "two states are one"
    assert len(ours[0]) == len(theirs[0])
    assert len(number) > 0.95 * len(ours[0])  # precedence leaves a few states that nothing leads to


def test_shipped_tables_are_taken() -> None:
    code = """
from slimfix.shell import _bashlex
_bashlex.parse("a")
import sys
assert "bashlex.parsetab" in sys.modules
import bashlex.parser, bashlex.parsetab
assert bashlex.parser.yaccparser.action[0] is bashlex.parsetab._lr_action[0]
assert bashlex.parser.yaccparser.goto[0] is bashlex.parsetab._lr_goto[0]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_generator_remains_for_a_release_with_another_grammar() -> None:
    assert _bashlex._tables({"p_error": None, "p_something_new": None}) is None
