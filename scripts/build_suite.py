"""Build the cases of ``tests/builds`` before and after on a real engine, and print what was saved.

    python scripts/build_suite.py                      all of them, as a Markdown table
    python scripts/build_suite.py --quick              the short half
    python scripts/build_suite.py python-flask-copy-first alpine-c-program

Any engine that answers will do. The exit status is 1 unless every rewrite is verified.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from slimfix.verify import engines
from slimfix.verify.archive import LayerCache
from slimfix.verify.cli import terminable
from slimfix.verify.report import saved, size
from tests.engine import suite
from tests.engine.suite import Row


def main() -> int:
    """Print the table; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="CASE")
    parser.add_argument("--quick", action="store_true", help="the cases that are marked quick")
    parser.add_argument("--fast", action="store_true", help="all but those that are marked slow")
    parser.add_argument("--bisect", action="store_true", help="look for the fix to blame")
    parser.add_argument("--no-rebuild", action="store_true", help="time no rebuild")
    parser.add_argument("--engine", default="auto", choices=("auto", *engines.NAMES))
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="begin no case after this time")
    parser.add_argument("--json", metavar="FILE", help="add a line for each case to this file, too")
    options = parser.parse_args()
    engine = engines.find(options.engine)
    print(f"Built with {engine.kind} {engine.version}.\n")
    print("| case | before | after | saved | rebuild | verdict |")
    print("|---|--:|--:|--:|--:|---|", flush=True)
    rows: list[Row] = []
    with contextlib.suppress(KeyboardInterrupt), terminable():
        build(options, engine, rows)
    print()
    print(summary(rows))
    return int(not all(good(row) for row in rows))


def good(row: Row) -> bool:
    """Whether the rewrite of a case is verified by smoke commands that work, or there is none."""
    if suite.smoke_fails(row):
        return False
    return row.settled.verdict.status == 0 if row.settled else row.problem == suite.NOTHING


def build(options: argparse.Namespace, engine: engines.Engine, rows: list[Row]) -> None:
    """Build the cases that are wanted, and print a row for each."""
    started = time.monotonic()
    cache: LayerCache = {}
    for case in suite.cases():
        if options.names and case.name not in options.names:
            continue
        if (options.quick and not case.quick) or (options.fast and case.slow):
            continue
        if options.budget is not None and time.monotonic() - started > options.budget:
            print(f"| {case.name} | | | | | not begun: out of time |")
            continue
        row = suite.run(case, engine, cache, not options.no_rebuild, options.bisect)
        rows.append(row)
        print(line(row), flush=True)
        for told in details(row):
            print(f"    {row.case.name}: {told}", file=sys.stderr, flush=True)
        if options.json:
            with open(options.json, "a") as file:
                file.write(json.dumps(figures(row)) + "\n")


def figures(row: Row) -> dict[str, object]:
    """One case for a program."""
    found = row.settled.comparison if row.settled else None
    after = found.after if found else None
    return {
        "case": row.case.name,
        "verdict": row.settled.verdict.name if row.settled else row.problem,
        "before": found.before.image.size if found else None,
        "after": after.image.size if after else None,
        "rebuild": [found.before.rebuild if found else None, after.rebuild if after else None],
        "clean": [found.before.seconds if found else None, after.seconds if after else None],
        "seconds": round(row.seconds, 1),
    }


def line(row: Row) -> str:
    """One row of the table."""
    if row.settled is None:
        return f"| {row.case.name} | | | | | {row.problem.replace('|', '/')[:300]} |"
    found = row.settled.comparison
    before, after = found.before, found.after
    cells = [row.case.name, size(before.image.size)]
    if after is None:
        cells += ["", "", ""]
    else:
        cells += [size(after.image.size), f"{saved(found) * 100:.1f} %"]
        again = before.rebuild is not None and after.rebuild is not None and before.rebuild
        cells.append(
            f"{after.rebuild / before.rebuild:.2f}" if again and after.rebuild and before.rebuild else ""
        )
    cells.append(row.settled.verdict.name)
    return "| " + " | ".join(cells) + " |"


def details(row: Row) -> list[str]:
    """What one has to know of a case that is not as it should be."""
    told = list(suite.smoke_fails(row))
    if row.settled is not None:
        told += row.settled.verdict.reasons
        told += row.settled.comparison.notes
        told += [f"to blame: {one.rule}: {one.message}" for one in row.settled.blamed]
        failure = row.settled.comparison.failure
        told += failure.tail if failure is not None else ()
    return told


def summary(rows: list[Row]) -> str:
    """The last line: how many, and what they save."""
    measured = [row.settled.comparison for row in rows if row.settled and row.settled.comparison.after]
    rewritten = [row for row in rows if row.problem != suite.NOTHING]
    verified = sum(map(good, rewritten))
    text = f"{verified} of {len(rewritten)} rewrites verified; {len(rows) - len(rewritten)} left as they are"
    if measured:
        shares = [saved(found) * 100 for found in measured]
        text += f"; saved {statistics.mean(shares):.1f} % on average"
        text += f", {statistics.median(shares):.1f} % in the median"
        ratios = [
            found.after.rebuild / found.before.rebuild
            for found in measured
            if found.after and found.after.rebuild and found.before.rebuild
        ]
        if ratios:
            text += (
                f"; a rebuild after an edit takes {statistics.median(ratios):.2f} of the time in the median"
            )
    return text + "."


if __name__ == "__main__":
    sys.exit(main())
