"""Tables read in parts say what the whole says."""

from __future__ import annotations

from pathlib import Path

import pytest

import slimfix.knowledge
from slimfix import knowledge

TABLES = sorted(path.stem for path in Path(slimfix.knowledge.__file__).parent.glob("*.toml"))


@pytest.mark.parametrize("name", TABLES)
def test_parts_are_the_whole(name: str) -> None:
    whole = knowledge.table(name)
    for key, value in whole.items():
        if not isinstance(value, dict):
            continue  # a value before the first table has no header to find it by
        keys = knowledge.names(name, key)
        plain = {k: v for k, v in value.items() if k not in keys}
        assert (knowledge.entry(name, key) or {}).items() >= plain.items()
        for inner in keys:
            assert knowledge.entry(name, key, inner) == value[inner]


def test_what_is_not_there() -> None:
    assert knowledge.entry("alpine_packages", "package", "no such package") is None
    assert knowledge.entry("alpine_packages", "no such key") is None
    with pytest.raises(FileNotFoundError):
        knowledge.entry("no-such-table", "package")
