"""The pull requests that the documentation shows are those that the bot opens."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="the extra slimfix[bot] is not installed")

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "docs" / "bot" / "examples"


def test_they_are_current() -> None:
    script = ROOT / "scripts" / "make_bot_examples.py"
    spec = importlib.util.spec_from_file_location("make_bot_examples", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stored = {path.name: path.read_text("utf-8") for path in PLACE.glob("*.md")}
    assert stored == module.examples(), "run scripts/make_bot_examples.py and read the difference"


def test_each_is_judged_and_every_link_leads_somewhere() -> None:
    judged = (PLACE.parent / "REVIEW.md").read_text("utf-8")
    for path in PLACE.glob("*.md"):
        assert f"examples/{path.name}" in judged
    for path in ROOT.joinpath("docs", "bot").rglob("*.md"):
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", path.read_text("utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
