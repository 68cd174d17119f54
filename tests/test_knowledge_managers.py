"""The tables of package managers: what must hold of each, so that a new one needs no code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slimfix.knowledge.managers import Manager, manager, mentioned, words

from .engine.test_clean_caches import CASES as SEEN

CASES = Path(__file__).parent / "rules"
TABLES = [manager(word) for word in words()]
OWN = {"apk": "apk-no-cache", "pip": "pip-no-cache-dir", "apt": "package-lists", "opkg": "package-lists"}
"""Managers whose rows stand in the table of another rule."""


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_table(table: Manager) -> None:
    assert table.source and table.programs
    assert bool(table.fills) == bool(table.flag or table.clean)
    assert not (table.flag and table.clean)
    assert table.lists or table.cache
    assert not (table.reused and not table.assumes), "what is read again is worthless on an assumption only"
    patterns = [*table.programs, *table.lacks, *table.only, *table.unless, *table.needs, *table.mount_if]
    for verb in (*table.fills, *table.cleaned_by, *table.purpose, *table.purges):
        patterns += verb.split()
    for pattern in patterns:
        re.compile(pattern)
    for clean in (table.clean, table.lists.clean if table.lists else ""):
        assert "\n" not in clean and "||" not in clean, "no failure is hidden"
        assert not re.search(r'(?:^|\s)"?\$\w+"?/', clean), "an unset variable must not lead to /"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_found_by_its_word(table: Manager) -> None:
    for pattern in table.programs:
        assert table.name in pattern.replace("\\", ""), "the file's name is in every call"
    assert table in mentioned(f"RUN {table.name} install")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_rows(table: Manager) -> None:
    own = OWN.get(table.name)
    path = CASES / f"{own}.cases" if own else CASES / "package-cache" / f"{table.name}.cases"
    text = path.read_text()
    if table.name == "opkg":
        text = "".join(block for block in text.split("\n== ") if "opkg" in block)
    assert len(re.findall(r"^-- becomes", text, re.MULTILINE)) >= 6
    assert len(re.findall(r"^-- same", text, re.MULTILINE)) >= 6


def test_what_is_not_named_is_not_read() -> None:
    assert [table.name for table in mentioned("FROM debian\nRUN apt-get update\n")] == ["apt"]


def test_seen_is_what_the_builds_show() -> None:
    assert {table.name for table in TABLES if table.seen} == {case.name.partition(",")[0] for case in SEEN}
