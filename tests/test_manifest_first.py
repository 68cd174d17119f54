"""Small trees and their Dockerfiles: what manifest-first makes of each, or why it makes nothing.

A file of tests/contexts holds rows: a title, a Dockerfile, the tree (a path and its content a line, ``\\n``
for a line end, ``->`` for a symbolic link), and then either the new Dockerfile with what it assumes, or
the reason why it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import dockerfile as buildkit
import pytest

from slimfix.context import BuildContext, Link
from slimfix.dockerfile import Dockerfile
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.globs import clean
from slimfix.rules import select
from slimfix.rules._copies import words_of

FOLDER = Path(__file__).parent / "contexts"
RULE = select(["manifest-first"])


class Row(NamedTuple):
    ecosystem: str
    title: str
    before: str
    files: dict[str, str | bytes | Link]
    after: str
    assumed: tuple[str, ...]
    reason: str | None
    safety: Safety


def rows_of(path: Path) -> Iterator[Row]:
    for block in re.split(r"^== ", path.read_text(), flags=re.MULTILINE)[1:]:
        title, body = block.split("\n", 1)
        parts = re.split(r"^-- (\w+)\n", body, flags=re.MULTILINE)
        held = dict(zip(parts[1::2], parts[2::2]))
        kinds = set(held) - {"tree"}
        assert kinds in ({"stays"}, {"becomes"}, {"becomes", "assuming"}, {"becomes", "unsafe"})
        files: dict[str, str | bytes | Link] = {}
        for line in held["tree"].splitlines():
            if "->" in line.split(":")[0]:
                name, target = line.split(" -> ")
                files[name] = Link(target)
            elif line.strip():
                name, _, text = line.partition(":")
                files[name] = text.strip().replace("\\n", "\n")
        after = held["becomes"].rstrip("\n") + "\n" if "becomes" in held else parts[0]
        assumed = tuple(line for line in held.get("assuming", "").splitlines() if line.strip())
        reason = held["stays"].strip() if "stays" in held else None
        safety = Safety.UNSAFE if "unsafe" in held else Safety.ASSUMED if assumed else Safety.SAFE
        yield Row(path.stem, title, parts[0], files, after, assumed, reason, safety)


ROWS = [row for path in sorted(FOLDER.glob("*.cases")) for row in rows_of(path)]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.ecosystem}: {row.title}" for row in ROWS])
def test_tree(row: Row) -> None:
    reader = Reader(context=BuildContext.of(row.files))
    result = rewrite(row.before, RULE, reader, Safety.UNSAFE)
    assert result.after == row.after, [skip.reason for skip in result.skipped]
    assert not [skip for skip in result.skipped if skip.kind == "guard"]
    buildkit.parse_string(result.after)
    if row.reason is not None:
        assert [skip.reason for skip in result.skipped] == ([row.reason] if row.reason else [])
        return
    (step,) = result.steps
    assert tuple((step.fix.assumption or "").split("; ") if step.fix.assumption else ()) == row.assumed
    assert step.fix.safety == row.safety
    assert rewrite(result.after, RULE, reader, Safety.UNSAFE).after == result.after


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.ecosystem}: {row.title}" for row in ROWS])
def test_without_the_tree(row: Row) -> None:
    result = rewrite(row.before, RULE, Reader(), Safety.UNSAFE)
    assert not result.changed
    if row.reason is None and row.safety is not Safety.UNSAFE:
        assert "the build context is not known; --context DIR names it" in [s.reason for s in result.skipped]


@pytest.mark.parametrize("row", [row for row in ROWS if row.reason is None], ids=lambda row: str(row.title))
def test_hidden_manifests(row: Row) -> None:
    """The same with an ignore file that hides everything: nothing may be split."""
    reader = Reader(context=BuildContext.of({**row.files, ".dockerignore": "*\n"}))
    assert not rewrite(row.before, RULE, reader, Safety.UNSAFE).changed


@pytest.mark.parametrize("row", [row for row in ROWS if row.reason is None], ids=lambda row: str(row.title))
def test_what_is_copied_is_enough(row: Row) -> None:
    """With nothing else in the tree, the install reads the same: no other file has a say."""
    whole = BuildContext.of(row.files)
    after = Dockerfile(row.after)
    copied: set[str] = set()
    for copy in after.instructions:
        words = words_of(copy)
        if copy.name in ("COPY", "ADD") and copy.flag("from") is None:
            copied |= {path for source in words[:-1] if clean(source) for path in whole.glob(source)}
    kept = {
        path: held
        for path, held in row.files.items()
        if path.endswith("ignore") or any(path == c or path.startswith(c + "/") for c in copied)
    }
    result = rewrite(row.before, RULE, Reader(context=BuildContext.of(kept)), Safety.UNSAFE)
    assert result.after == row.after, [skip.reason for skip in result.skipped]


@pytest.mark.parametrize("row", [row for row in ROWS if row.reason is None], ids=lambda row: str(row.title))
def test_an_ignore_file_beyond_us(row: Row) -> None:
    reader = Reader(context=BuildContext.of({**row.files, ".dockerignore": "[\n"}))
    assert not rewrite(row.before, RULE, reader, Safety.UNSAFE).changed


def test_half_of_the_trees_stay() -> None:
    stay = [row for row in ROWS if row.reason is not None]
    assert len(ROWS) >= 60
    assert len(stay) * 2 >= len(ROWS) - 10
