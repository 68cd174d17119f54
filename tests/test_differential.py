"""Merged RUNs do what the separate ones did: run in real shells, each command failing in turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.engine import rewrite
from slimfix.rules import select
from slimfix.rules._parts import part
from slimfix.shell import Opaque
from slimfix.text import decode, encode

from .shells.harness import Shell, differences
from .test_rules import ROWS

CORPUS = sorted((Path(__file__).parent.parent / "corpus").glob("*/Dockerfile"))
POSIX = (Shell.BASH, Shell.DASH, Shell.ASH)


def groups(dockerfile: Dockerfile) -> list[list[Instruction]]:
    """The RUNs of a file in stretches that nothing interrupts."""
    result: list[list[Instruction]] = [[]]
    for instruction in dockerfile.instructions:
        if instruction.name == "RUN" and not isinstance(instruction.script_text, Opaque):
            result[-1].append(instruction)
        elif result[-1]:
            result.append([])
    return [group for group in result if group]


def script(instruction: Instruction) -> str:
    text = instruction.script_text
    assert not isinstance(text, Opaque)
    return text.text


def _traced_alike(instructions: list[Instruction]) -> bool:
    """Whether one ``set -x`` does not come to hold for other commands, whose trace is then new."""
    heads = {found.options for found in map(part, instructions) if found}
    return len(heads) < 2 or not any("x" in head for head in heads)


def compare(text: str) -> int:
    """Compare every stretch that merge-runs changed; the number of them."""
    result = rewrite(text, select(["merge-runs"]))
    if not result.changed:
        return 0
    before, after = groups(Dockerfile(result.before)), groups(Dockerfile(result.after))
    assert len(before) == len(after)
    compared = 0
    for old, new in zip(before, after):
        scripts = list(map(script, old)), list(map(script, new))
        if scripts[0] == scripts[1]:
            continue
        shell = old[0].state.shell
        shells = (Shell.BASH_PIPEFAIL,) if "pipefail" in shell.options else POSIX
        if shell.name == "bash" and "pipefail" not in shell.options:
            shells = (Shell.BASH,)
        if shells is POSIX and any(word in text for text in scripts[0] for word in ("<<<", "pipefail")):
            shells = (Shell.BASH,)  # no other could read it, merged or not
        known = {n: v for n, v in old[0].state.environment().items() if v is not None and n != "PATH"}
        found = differences(*scripts, shells=shells, env=known, stderr=_traced_alike(old))
        assert not found, f"{found}\n{scripts[0]}\n{scripts[1]}"
        compared += 1
    return compared


CHANGED = [row for row in ROWS if row.rule.name == "merge-runs" and row.before != row.after]


def test_variables_of_the_file_are_set() -> None:
    """``set -u`` of the first then stops nothing in the second, and they are merged."""
    runs = "RUN set -u && a\nRUN case $V in 1) a ;; *) ! for v in 1 2; do a; done ;; esac\n"
    assert compare(f"FROM alpine:3.20\nENV V=0\n{runs}") == 1
    assert compare(f"FROM alpine:3.20\n{runs}") == 0


@pytest.mark.parametrize("row", CHANGED, ids=[row.title for row in CHANGED])
def test_case_rows(row) -> None:  # type: ignore[no-untyped-def]
    assert compare(row.before) > 0


@pytest.mark.parametrize("path", CORPUS, ids=[path.parent.name for path in CORPUS])
def test_corpus(path: Path) -> None:
    text = decode(path.read_bytes())
    assert encode(text) == path.read_bytes()
    compare(text)


def test_the_naive_join_is_caught() -> None:
    """What the harness is for: this is the join that slimfix does not make."""
    assert differences(["set -e; a; b", "c"], ["{ set -e; a; b; } && c"], shells=POSIX)
    assert differences(["cd /x && a", "b"], ["cd /x && a && b"], shells=POSIX)
    assert not differences(["cd /x && a", "b"], ["(cd /x && a) && b"], shells=POSIX)
