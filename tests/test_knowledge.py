"""Tables read in parts say what the whole says, and compiled ones what the TOML says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import slimfix.knowledge
from slimfix import knowledge

TABLES = sorted(path.stem for path in Path(slimfix.knowledge.__file__).parent.glob("*.toml"))


@pytest.mark.parametrize("name", TABLES)
def test_parts_are_the_whole(name: str) -> None:
    whole = knowledge.table(name)
    assert knowledge.entry(name) == whole
    for key, value in whole.items():
        if isinstance(value, dict):
            assert knowledge.entry(name, key) == value
            for inner in [inner for inner, held in value.items() if isinstance(held, dict)]:
                assert knowledge.entry(name, key, inner) == value[inner]


def test_what_is_not_there() -> None:
    assert knowledge.entry("alpine_packages", "package", "no such package") is None
    assert knowledge.entry("alpine_packages", "no such key") is None
    with pytest.raises(FileNotFoundError):
        knowledge.entry("no-such-table", "package")


def test_compiled_tables_are_fresh() -> None:
    """If not: ``python scripts/compile_tables.py``."""
    script = Path(__file__).parent.parent / "scripts" / "compile_tables.py"
    assert subprocess.run([sys.executable, script, "--check"]).returncode == 0


def test_a_table_that_changed_is_read_from_its_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge, "_HERE", str(tmp_path))
    monkeypatch.setattr(knowledge, "_COMPILED", "tables_of_a_test")
    monkeypatch.setitem(sys.modules, "tables_of_a_test", ModuleType("tables_of_a_test"))
    monkeypatch.setattr(
        sys.modules["tables_of_a_test"], "__path__", [str(tmp_path / "compiled")], raising=False
    )
    (tmp_path / "compiled").mkdir()
    (tmp_path / "x.toml").write_text("a = 1\n")
    assert knowledge.table.__wrapped__("x") == {"a": 1}
    path = Path(knowledge.module_path("x"))
    noted = knowledge.checksum(b"a = 1\n")
    path.write_text(f'CHECKSUM = "{noted}"\nTABLE = {{"a": "compiled"}}\n')
    assert knowledge.table.__wrapped__("x") == {"a": "compiled"}
    made = path.stat().st_mtime

    def edited(text: bytes, seconds: int) -> Any:
        (tmp_path / "x.toml").write_bytes(text)
        os.utime(tmp_path / "x.toml", (made + seconds, made + seconds))
        return knowledge.table.__wrapped__("x")

    assert edited(b"a = 1\r\n", 0) == {"a": "compiled"}
    assert edited(b"a = 1\r\n", 60) == {"a": "compiled"}
    assert edited(b"a = 2\n", 60) == {"a": 2}
    assert edited(b"a = 2\n", -60) == {"a": "compiled"}, "whoever makes the modules has seen it"
