"""How far build-deps and build-deps-apt reach on a directory of Dockerfiles, and what holds them back.

    python scripts/build_deps_reach.py DIRECTORY               a Markdown report
    python scripts/build_deps_reach.py DIRECTORY --list 3      with the places of the three first reasons
    python scripts/build_deps_reach.py DIRECTORY --after FILE  also write what each file becomes

Without `--context` each Dockerfile is read as if it had been given alone. A file counts as one that has
build-only packages in a stage that ships when `apk add` or `apt-get install` names one there, and no
`apk del`, `apt-get purge` or the like of the same RUN takes it away again (by name or by a variable).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from slimfix.context import BuildContext
from slimfix.dockerfile import Dockerfile, ParseError
from slimfix.engine import Reader, Rewrite, rewrite
from slimfix.knowledge import alpine, debian
from slimfix.rules import all_rules
from slimfix.rules._apk_add import adds, deleted
from slimfix.rules._apt_calls import installs, removed
from slimfix.rules._managers import runs
from slimfix.shell import Opaque
from slimfix.text import decode

RULES = {"apk": "build-deps", "apt": "build-deps-apt"}


class Found(NamedTuple):
    """What a Dockerfile installs in stages that ship."""

    build: set[str]
    """The managers by which build-only packages come to stay."""
    unknown: list[tuple[str, str]]
    """Manager and name of each package that the tables do not know."""
    known: int


def main() -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--list", type=int, default=0, metavar="N", help="places of the N first reasons")
    parser.add_argument("--after", type=Path, metavar="FILE", help="write what each file becomes, as JSON")
    parser.add_argument("--context", action="store_true", help="the directory of each is its build context")
    parser.add_argument("--only", action="store_true", help="these two rules alone, without the others")
    options = parser.parse_args()
    rules = [rule for rule in all_rules() if not options.only or rule.name in RULES.values()]
    total: Counter[str] = Counter()
    have: Counter[str] = Counter()
    fixed: Counter[str] = Counter()
    partly: Counter[str] = Counter()
    reasons: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    names: dict[str, Counter[str]] = defaultdict(Counter)
    results: dict[str, object] = {}
    for path in files(options.directory):
        text = decode(path.read_bytes())
        try:
            found = read(text)
        except ParseError:
            total["refused"] += 1
            continue
        total["read"] += 1
        total["names"] += found.known + len(found.unknown)
        for manager, name in found.unknown:
            names[manager][name] += 1
        context = BuildContext.local(str(path.parent)) if options.context else None
        result = rewrite(text, rules, Reader(context=context))
        results[str(path.relative_to(options.directory))] = _record(result)
        for manager, rule in RULES.items():
            steps = [step for step in result.steps if step.rule.name == rule]
            if manager not in found.build:
                total["tools alone"] += bool(steps)
                continue
            have[manager] += 1
            fixed[manager] += bool(steps)
            partly[manager] += any(step.fix.saving is None for step in steps)
            if not steps:
                place = str(path.relative_to(options.directory))
                for reason in _reasons(result, rule):
                    reasons[manager][reason].append(place)
    _report(total, have, fixed, partly, names)
    for manager in RULES:
        print(f"\n## {manager}: why not\n\n| files | reason |\n|--:|---|")
        ordered = sorted(reasons[manager].items(), key=lambda item: -len(item[1]))
        for reason, places in ordered:
            print(f"| {len(places)} | {reason} |")
        for reason, places in ordered[: options.list]:
            print(f"\n### {reason}\n\n" + "\n".join(f"- {place}" for place in places))
    if options.after:
        options.after.write_text(json.dumps(results, indent=1, sort_keys=True), encoding="utf-8")
    return 0


def files(directory: Path) -> Iterator[Path]:
    """Every Dockerfile below, by its name, without the templates that a program makes Dockerfiles of."""
    for folder, below, inside in os.walk(directory):
        below[:] = sorted(set(below) - {".git", "node_modules", ".venv"})
        for name in sorted(inside):
            if not name.endswith((".jinja2", ".template")) and re.search(
                "(?:docker|container)file", name, re.IGNORECASE
            ):
                yield Path(folder, name)


def read(text: str) -> Found:
    """What a Dockerfile installs.

    Raises:
        ParseError: it is none.
    """
    dockerfile = Dockerfile(text)
    build: set[str] = set()
    unknown: list[tuple[str, str]] = []
    known = 0
    for manager in RULES:
        for run in runs(dockerfile, manager):
            if isinstance(run.script, Opaque) or run.onbuild or run.stage is None:
                continue
            if manager == "apk":
                gone, more = deleted(run)
                if more:
                    continue
                wanted = [
                    (name, p.build and add.group not in gone and name not in gone)
                    for add in adds(run)
                    for p in add.packages
                    for name in p.names
                ]
                missing = [name for name, _ in wanted if alpine.package(name) is None]
            else:
                gone = removed(run.script)
                if {"", ".*"} & gone:
                    continue  # by a variable, or whatever nothing needs: its author has seen to it
                image = debian.image(run.stage.root.name, run.stage.root.tag)
                wanted = [
                    (w.name, _builds(w.name, image) and w.name not in gone)
                    for install in installs(run.script)
                    for w in install.wanted
                    if w.name
                ]
                missing = [name for name, _ in wanted if debian.package(name) is None]
            if any(stays for _, stays in wanted):
                build.add(manager)
            known += len(wanted) - len(missing)
            unknown += [(manager, name) for name in missing]
    return Found(build, unknown, known)


def _builds(name: str, image: debian.Image) -> bool:
    return debian.kind(name) in debian.BUILD_ONLY and name not in image.present


def _record(result: Rewrite) -> dict[str, object]:
    ours = [step for step in result.steps if step.rule.name in RULES.values()]
    return {
        "after": result.after if ours else "",
        "assumed": [step.fix.assumption for step in ours],
        "skipped": [[s.rule.name, s.reason] for s in result.skipped if s.rule.name in RULES.values()],
    }


def _reasons(result: Rewrite, rule: str) -> list[str]:
    found = [s.reason for s in result.skipped if s.rule.name == rule]
    return list(dict.fromkeys(found)) or ["no reason given"]


def _report(
    total: Counter[str],
    have: Counter[str],
    fixed: Counter[str],
    partly: Counter[str],
    names: dict[str, Counter[str]],
) -> None:
    print(f"{total['read']} Dockerfiles read, {total['refused']} refused.\n")
    print("| manager | build-only packages in a stage that ships | rewritten | of these without a figure |")
    print("|---|--:|--:|--:|")
    for manager in RULES:
        print(f"| {manager} | {have[manager]} | {fixed[manager]} | {partly[manager]} |")
    print(f"\n{total['tools alone']} more files lose tools alone, such as curl.")
    for manager in RULES:
        often = ", ".join(f"{name} ({n})" for name, n in names[manager].most_common(40))
        print(f"\n{len(names[manager])} names of {manager} are not in the tables: {often}")
    print(f"\n{total['names']} names of packages in all.")


if __name__ == "__main__":
    raise SystemExit(main())
