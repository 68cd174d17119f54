"""Build the cases of ``tests/builds`` before and after on a real engine, and print what was saved.

    python scripts/build_suite.py                      all of them, as a Markdown table
    python scripts/build_suite.py --quick              the short half
    python scripts/build_suite.py python-flask-copy-first alpine-c-program
    python scripts/build_suite.py --json out.json --results tests/builds/RESULTS.md
    python scripts/build_suite.py --from out.json --results tests/builds/RESULTS.md    build nothing

Any engine that answers will do. The exit status is 1 unless every rewrite is verified. Sizes and savings
hardly depend on the machine; the times do, and where a rebuild takes a second its ratio says little.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from slimfix.verify import engines
from slimfix.verify.archive import LayerCache
from slimfix.verify.cli import terminable
from slimfix.verify.report import size
from slimfix.verify.verdict import VERIFIED
from tests.engine import suite
from tests.engine.suite import Row

Figures = dict[str, Any]
"""One case, as ``--json`` writes it."""
HEAD = "| case | before | after | saved | rebuild | verdict |\n|---|--:|--:|--:|--:|---|"
LONG = 5
"""Seconds from which on the time of a rebuild says something."""


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
    parser.add_argument("--results", metavar="FILE", help="write the table to this file, too")
    parser.add_argument(
        "--from", dest="given", nargs="+", metavar="FILE", help="build nothing: take what --json wrote"
    )
    options = parser.parse_args()
    rows: list[Figures] = []
    print(HEAD, flush=True)
    if options.given:
        rows = told(options.given)
        print("\n".join(map(line, rows)))
    else:
        with contextlib.suppress(KeyboardInterrupt), terminable():
            build(options, engines.find(options.engine), rows)
    print("\n" + summary(rows))
    if options.results:
        Path(options.results).write_text(results(rows))
    return int(not all(map(good, rows)))


def told(files: list[str]) -> list[Figures]:
    """What earlier runs found, by name; the last word on a case counts."""
    found: dict[str, Figures] = {}
    for file in files:
        for text in Path(file).read_text().splitlines():
            row: Figures = json.loads(text)
            found[row["case"]] = row
    return [found[name] for name in sorted(found)]


def good(row: Figures) -> bool:
    """Whether the rewrite of a case is verified by smoke commands that work, or there is none."""
    return not row["smoke"] and row["verdict"] in (VERIFIED, suite.NOTHING)


def build(options: argparse.Namespace, engine: engines.Engine, rows: list[Figures]) -> None:
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
        rows.append(figures(row, engine))
        print(line(rows[-1]), flush=True)
        for text in details(row):
            print(f"    {row.case.name}: {text}", file=sys.stderr, flush=True)
        if options.json:
            with open(options.json, "a") as file:
                file.write(json.dumps(rows[-1]) + "\n")


def figures(row: Row, engine: engines.Engine) -> Figures:
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
        "smoke": list(suite.smoke_fails(row)),
        "seconds": round(row.seconds, 1),
        "engine": f"{engine.kind} {engine.version}",
    }


def line(row: Figures) -> str:
    """One row of the table."""
    cells = [row["case"], "", "", "", "", row["verdict"].replace("|", "/")[:300]]
    if row["before"] is not None:
        cells[1] = size(row["before"])
    if row["after"] is not None:
        cells[2], cells[3] = size(row["after"]), f"{share(row):.1f} %"
        before, after = row["rebuild"]
        if before and after:
            cells[4] = f"{after / before:.2f}"
    return "| " + " | ".join(cells) + " |"


def share(row: Figures) -> float:
    """How much is saved, in per cent."""
    before, after = float(row["before"]), float(row["after"])
    return 100 * (1 - after / before)


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


def summary(rows: list[Figures]) -> str:
    """How many, and what they save."""
    rewritten = [row for row in rows if row["verdict"] != suite.NOTHING]
    text = f"{sum(map(good, rewritten))} of {len(rewritten)} rewrites verified"
    text += f"; {len(rows) - len(rewritten)} left as they are"
    shares = [share(row) for row in rewritten if row["after"] is not None]
    if shares:
        every = shares + [0.0] * (len(rows) - len(rewritten))
        before, after = (sum(row[side] for row in rewritten if row["after"]) for side in ("before", "after"))
        text += f"; saved {statistics.mean(shares):.1f} % on average of those rewritten"
        text += f" ({statistics.mean(every):.1f} % of all), {statistics.median(shares):.1f} % in the median"
        text += f", {size(before - after)} of {size(before)} together"
    times = [row["rebuild"] for row in rewritten]
    ratios = [after / before for before, after in times if before and after]
    long = [after / before for before, after in times if before and after and before >= LONG]
    if ratios:
        text += f"; a rebuild after an edit takes {statistics.median(ratios):.2f} of the time in the median"
    if long:
        text += f", {statistics.median(long):.2f} where it took more than {LONG} s ({len(long)} cases)"
    return text + "."


def results(rows: list[Figures]) -> str:
    """A page with the table."""
    missing = sorted({case.name for case in suite.cases()} - {row["case"] for row in rows})
    left = f"Not built for this table: {', '.join(missing)}.\n\n" if missing else ""
    used = ", ".join(sorted({row["engine"] for row in rows if row.get("engine")}))
    return f"""# What the build suite saves

Each directory here is a Dockerfile with its context. It was built as it is and as slimfix writes it, with
{used or "a container engine"}; both images were compared file by file, and the smoke commands of the case
were run in both. `rebuild` is the time of a rebuild after an edit in the context, after by before; where
that takes a second or two it says little. Made by

    python scripts/build_suite.py --json out.json --results tests/builds/RESULTS.md

{summary(rows)}

{left}{HEAD}
{chr(10).join(map(line, rows))}
"""


if __name__ == "__main__":
    sys.exit(main())
