"""Every value of every manifest in tests/contexts, put in turn to one of another type: never an exception."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.rules import select
from tests.test_manifest_first import ROWS, Row
from tests.test_manifests_odd import toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RULE = select(["manifest-first"])
ODD: tuple[Any, ...] = (
    1,
    True,
    "",
    "x",
    [],
    [1],
    ["x"],
    [[]],
    [{}],
    {},
    {"x": 1},
    {"x": []},
    {"x": {"x": 1}},
)


def toml_document(held: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in held.items())


KINDS: dict[str, tuple[Callable[[str], Any], Callable[[Any], str]]] = {
    ".json": (json.loads, json.dumps),
    ".lock": (json.loads, json.dumps),
    ".toml": (tomllib.loads, toml_document),
    "Pipfile": (tomllib.loads, toml_document),
}


def places(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the values of a document stand, those within others too."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield (*above, key)
            yield from places(inner, (*above, key))


def documents(row: Row) -> Iterator[tuple[str, Any, Callable[[Any], str]]]:
    for name, text in row.files.items():
        for ending, (load, dump) in KINDS.items():
            if name.endswith(ending) and isinstance(text, str):
                try:
                    yield name, load(text), dump
                except ValueError:
                    continue


HELD = [(row, *found) for row in ROWS for found in documents(row)]


def test_documents_come_back() -> None:
    """What is written of an unchanged manifest is that manifest."""
    assert len(HELD) > 100
    for _, name, held, dump in HELD:
        load = next(load for ending, (load, _) in KINDS.items() if name.endswith(ending))
        assert load(dump(held)) == held


@pytest.mark.parametrize(("row", "name", "held", "dump"), HELD, ids=[f"{r.title}: {n}" for r, n, *_ in HELD])
def test_one_value_is_odd(row: Row, name: str, held: Any, dump: Callable[[Any], str]) -> None:
    for place in places(held):
        for odd in ODD:
            changed = copy.deepcopy(held)
            inner = changed
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = odd
            context = BuildContext.of({**row.files, name: dump(changed)})
            result = rewrite(row.before, RULE, Reader(context=context), Safety.UNSAFE)
            assert result.changed or result.skipped or not row.reason, (place, odd)
