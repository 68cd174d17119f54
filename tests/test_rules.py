"""The case table of every rule, each row as written and in the disguises that Docker allows."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import dockerfile as buildkit
import pytest

from slimfix.config import SHARED
from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.rules import Rule, all_rules

CASES = Path(__file__).parent / "rules"


class Case(NamedTuple):
    rule: Rule
    title: str
    before: str
    after: str
    context: BuildContext | None
    options: dict[str, Any]


def read_cases(rule: Rule) -> Iterator[Case]:
    """The rows of a rule's case file, or of all the files in the folder of its name."""
    folder = CASES / rule.name
    files = sorted(folder.glob("*.cases")) if folder.is_dir() else [CASES / f"{rule.name}.cases"]
    text = "\n".join(file.read_text() for file in files)
    for block in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        title, body = block.split("\n", 1)
        match = re.fullmatch(
            r"(?P<before>.*?)(?:^-- options\n(?P<options>.*?))?(?:^-- context\n(?P<context>.*?))?"
            r"^-- (?:same\s*|becomes\n(?P<after>.*?)\s*)",
            body,
            flags=re.MULTILINE | re.DOTALL,
        )
        assert match is not None, title
        context = None
        if match["context"] is not None:
            lines = [line.split(": ", 1) for line in match["context"].splitlines() if line.strip()]
            context = BuildContext.of({name: value.replace("\\n", "\n") for name, value in lines})
        given = tomllib.loads(match["options"] or "")
        shared = {key: given.pop(key) for key in SHARED if key in given}
        options = {rule.name: given, **shared}
        before = match["before"]
        after = before if match["after"] is None else match["after"] + "\n"
        yield Case(rule, title, before, after, context, options)


ROWS = [case for rule in all_rules() for case in read_cases(rule)]
IDS = [f"{case.rule.name}: {case.title}" for case in ROWS]
HEREDOC = re.compile(r"<<")
ONBUILD_STAYS = (
    "apt-get-update",
    *("build-deps", "build-deps-apt", "build-deps-dnf", "late-cleanup", "manifest-first", "multi-stage"),
    *("npm-omit-dev", "package-lists"),
)
"""Rules that leave triggers alone: what comes after one is unknown."""


def run(case: Case, before: str) -> str:
    """What the rule alone makes of *before*; a second run must change nothing more."""
    reader = Reader(context=case.context, options=case.options)
    result = rewrite(before, [case.rule], reader, Safety.UNSAFE)
    assert not [s for s in result.skipped if s.kind == "guard"]
    assert rewrite(result.after, [case.rule], reader, Safety.UNSAFE).after == result.after
    buildkit.parse_string(result.after)
    return result.after


@pytest.mark.parametrize("case", ROWS, ids=IDS)
def test_as_written(case: Case) -> None:
    assert run(case, case.before) == case.after


@pytest.mark.parametrize("case", ROWS, ids=IDS)
def test_with_crlf(case: Case) -> None:
    if HEREDOC.search(case.before):
        assert run(case, case.before.replace("\n", "\r\n")) == case.before.replace("\n", "\r\n")
    else:
        assert run(case, case.before.replace("\n", "\r\n")) == case.after.replace("\n", "\r\n")


@pytest.mark.parametrize("case", ROWS, ids=IDS)
def test_without_last_line_end(case: Case) -> None:
    assert run(case, case.before.rstrip("\n")) == case.after.rstrip("\n")


@pytest.mark.parametrize("case", [c for c in ROWS if not HEREDOC.search(c.before)])
def test_with_backtick_escape(case: Case) -> None:
    def turned(text: str) -> str:
        return "# escape=`\n" + re.sub(r"\\$", "`", text, flags=re.MULTILINE)

    assert run(case, turned(case.before)) == turned(case.after)


@pytest.mark.parametrize("case", [c for c in ROWS if "-same" not in c.title and c.before != c.after])
def test_inside_onbuild(case: Case) -> None:
    def turned(text: str) -> str:
        return re.sub(r"^(?=(?:RUN|COPY|ENV|WORKDIR|USER|ARG) )", "ONBUILD ", text, flags=re.MULTILINE)

    if case.rule.name in ONBUILD_STAYS:
        assert run(case, turned(case.before)) == turned(case.before)
    else:
        assert run(case, turned(case.before)) == turned(case.after)


@pytest.mark.parametrize("case", [c for c in ROWS if c.before != c.after])
def test_suppressed(case: Case) -> None:
    whole = f"# slimfix: ignore-file={case.rule.name}\n" + case.before
    assert run(case, whole) == whole
    inline = re.sub(
        r"^(?=(?:RUN|COPY|ADD) )", f"# slimfix: ignore={case.rule.code}\n", case.before, flags=re.MULTILINE
    )
    assert run(case, inline) == inline


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: str(rule.name))
def test_as_many_rows_that_stay(rule: Rule) -> None:
    rows = list(read_cases(rule))
    stay = sum(case.before == case.after for case in rows)
    assert stay >= len(rows) // 2 - 1
    assert stay < len(rows)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: str(rule.name))
def test_documentation_example(rule: Rule) -> None:
    match = re.search(r"Before:\n(?P<before>.*?)\nAfter:\n(?P<after>.*?)\n\n(?=\S)", rule.doc, re.DOTALL)
    assert match is not None
    before, after = (
        "FROM python:3.12-alpine\nWORKDIR /app\n"
        + re.sub(r"^    ", "", match[key], flags=re.MULTILINE)
        + "\n"
        for key in ("before", "after")
    )
    files = {"requirements.txt": "cffi\n", "app.py": "", "go.mod": "module app\n", "app.go": "package main\n"}
    context = BuildContext.of(files, dockerfile_name="Dockerfile")
    assert rewrite(before, [rule], Reader(context=context), Safety.UNSAFE).after == after
