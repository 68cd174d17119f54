"""The whole Dockerfiles of the corpus: what slimfix makes of each is stored beside it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.rules import all_rules
from slimfix.text import decode

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "corpus").glob("*/Dockerfile"))


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("update_corpus", ROOT / "scripts" / "update_corpus.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", FILES, ids=[path.parent.name for path in FILES])
def test_stored_diff(path: Path) -> None:
    assert script().diff(path) == path.with_name("expected.diff").read_bytes()


@pytest.mark.parametrize("path", FILES, ids=[path.parent.name for path in FILES])
def test_second_run_changes_nothing(path: Path) -> None:
    reader = Reader(context=BuildContext.local(str(path.parent)))
    once = rewrite(decode(path.read_bytes()), all_rules(), reader)
    assert not [skip for skip in once.skipped if skip.kind == "guard"]
    assert rewrite(once.after, all_rules(), reader).after == once.after


def test_there_are_enough() -> None:
    assert len(FILES) >= 40
