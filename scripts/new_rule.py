"""Start a new rule: ``python scripts/new_rule.py merge-runs SF103 30``.

Writes ``slimfix/rules/merge_runs.py`` and ``tests/rules/merge-runs.cases`` for you to fill in. There
is no list to add the rule to: the package finds it by itself.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from slimfix.rules import all_rules

ROOT = Path(__file__).resolve().parent.parent


RULE = '''\
"""Say what it does, in the imperative, in one line.

Say why that is better, and when a place is left alone.

Before:
    RUN true
After:
    RUN true
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Skip

CODE = "{code}"
ORDER = {order}


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every place that it is about."""
    for _ in dockerfile.instructions:
        yield from ()
'''

CASES = """\
== what it is about
FROM scratch
COPY a /
-- same
"""


def main() -> None:
    """Write the two files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", help="the rule's name, with hyphens")
    parser.add_argument("code", help="its code: SF and three digits")
    parser.add_argument("order", type=int, help="when it runs: a lower one runs first")
    given = parser.parse_args()
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", given.name):
        parser.error("the name must be lower-case words with hyphens between them")
    if not re.fullmatch(r"SF\d{3}", given.code):
        parser.error("the code must be SF and three digits")
    for rule in all_rules():
        if given.name == rule.name or given.code == rule.code:
            parser.error(f"taken: {rule.name} is {rule.code}")
    module = given.name.replace("-", "_")
    files = {
        ROOT / "slimfix" / "rules" / f"{module}.py": RULE.format(code=given.code, order=given.order),
        ROOT / "tests" / "rules" / f"{given.name}.cases": CASES,
    }
    for path in files:
        if path.exists():
            parser.error(f"{path.relative_to(ROOT)} is there already")
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
