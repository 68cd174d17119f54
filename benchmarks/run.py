"""Time and memory of slimfix next to hadolint and tally, on the same files, one after the other.

``python benchmarks/run.py DIR_OR_FILE... [--small FILE] [--rounds N]``

For one small file (a whole process each, so start-up counts most) and for all files together
(``--jobs 2``). The tools take turns in every round, so that whatever else the machine does falls
on each of them alike; what is printed is the median of the rounds. Needs the ``bench`` extra. The modules
of slimfix are compiled first, as pip does where a package is installed.
A peak below some 13 MiB cannot be seen: a process begins with that of the one that starts it.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

CHILD = """
import json, resource, subprocess, sys, time
with open(sys.argv[1]) as file:
    command = json.load(file)
begun = time.perf_counter()
code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
seconds = time.perf_counter() - begun
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, code]))
"""


class Run(NamedTuple):
    """One process: how long it took, and the largest resident size of it or a child of it."""

    seconds: float
    kilobytes: int
    code: int


def measure(command: Sequence[str]) -> Run:
    """Run *command* below a process of its own, whose other children are none."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(list(command), file)
        file.flush()
        out = subprocess.run([sys.executable, "-c", CHILD, file.name], capture_output=True, check=True)
    seconds, kilobytes, code = json.loads(out.stdout)
    return Run(seconds, kilobytes // (1024 if sys.platform == "darwin" else 1), code)


def dockerfiles(paths: Sequence[str]) -> list[str]:
    """The files named, and those below the folders named whose name says Dockerfile."""
    found: list[str] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            below = sorted(p for p in path.rglob("*") if p.is_file() and "dockerfile" in p.name.lower())
            found += [str(p) for p in below if p.suffix not in (".jinja2", ".template")]
        else:
            found.append(name)
    return found


def runs_something(path: str) -> bool:
    """Whether there is any shell to read."""
    return b"\nRUN " in Path(path).read_bytes()


def commands(several: bool) -> dict[str, list[str]]:
    """How each tool is called; those that are not installed are left out."""
    jobs = ["--jobs", "2"] if several else []
    found = {"slimfix": [sys.executable, "-m", "slimfix", "--diff", *jobs]}
    here = os.path.dirname(sys.executable)
    for tool, options in (
        ("hadolint", ["--no-fail"]),
        ("tally", ["lint", "--slow-checks=off", "--no-config"]),
    ):
        program = shutil.which(tool, path=os.pathsep.join((here, os.environ.get("PATH", ""))))
        if program is None:
            print(f"{tool}: not installed, left out", file=sys.stderr)
        else:
            found[tool] = [program, *options]
    return found


def readable(command: Sequence[str], files: list[str]) -> list[str]:
    """*files* without those on which the tool stops (exit status above 1): it would drop the others."""
    if not files or measure([*command, *files]).code in (0, 1):
        return files
    if len(files) == 1:
        return []
    half = len(files) // 2
    return readable(command, files[:half]) + readable(command, files[half:])


def compare(title: str, tools: dict[str, list[str]], files: list[str], rounds: int) -> None:
    """Measure every tool in turn, *rounds* times, and print medians and ratios to slimfix."""
    runs: dict[str, list[Run]] = {tool: [] for tool in tools}
    for _ in range(rounds):
        for tool, command in tools.items():
            runs[tool].append(measure([*command, *files]))
    print(f"\n{title}: {len(files)} file(s), {rounds} rounds, medians")
    base = statistics.median(run.seconds for run in runs["slimfix"])
    for tool, measured in runs.items():
        seconds = statistics.median(run.seconds for run in measured)
        spread = f"{min(r.seconds for r in measured):.3f} to {max(r.seconds for r in measured):.3f}"
        memory = statistics.median(run.kilobytes for run in measured) / 1024
        codes = sorted({run.code for run in measured})
        print(
            f"  {tool:9} {seconds:8.3f} s ({spread}), {seconds / base:5.2f} x slimfix,"
            f" peak {memory:6.1f} MiB, exit {codes}"
        )


def main() -> None:
    """Read the command line and print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="+")
    parser.add_argument("--small", help="the one small file; by default the smallest that has a RUN")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    compileall.compile_dir(os.path.join(os.path.dirname(__file__), "..", "slimfix"), quiet=1)
    files = dockerfiles(options.path)
    tools = commands(True)
    kept = readable(tools["tally"], files) if "tally" in tools else files
    if len(kept) < len(files):
        print(f"{len(files) - len(kept)} of {len(files)} files left out: tally stops on them")
    small = options.small or min(filter(runs_something, kept), key=os.path.getsize)
    print(f"the small file is {small}")
    compare("One small file", commands(False), [small], options.rounds)
    compare("All files", tools, kept, max(3, options.rounds // 2))


if __name__ == "__main__":
    main()
