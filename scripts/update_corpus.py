"""Store the diff that slimfix makes of every corpus file; ``--check`` compares it with the stored one."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from slimfix.context import BuildContext
from slimfix.dockerfile import ParseError
from slimfix.engine import Reader, rewrite
from slimfix.rules import all_rules
from slimfix.text import decode, encode, split_lines

CORPUS = Path(__file__).resolve().parents[1] / "corpus"


def diff(path: Path) -> bytes:
    """The unified diff of a Dockerfile and its rewrite, empty when nothing changes."""
    text = decode(path.read_bytes())
    reader = Reader(context=BuildContext.local(str(path.parent)))
    try:
        after = rewrite(text, all_rules(), reader).after
    except ParseError as error:
        return f"refused: {error}\n".encode()
    lines = difflib.unified_diff(split_lines(text), split_lines(after), "a/Dockerfile", "b/Dockerfile")
    return encode("".join(lines))


def main() -> int:
    """Write or check; the exit code is 1 if a stored diff is stale."""
    stale = []
    for path in sorted(CORPUS.glob("*/Dockerfile")):
        stored, made = path.with_name("expected.diff"), diff(path)
        if not stored.exists() or stored.read_bytes() != made:
            stale.append(path.parent.name)
            if "--check" not in sys.argv:
                stored.write_bytes(made)
    print(*(f"stale: {name}" for name in stale), sep="\n", end="\n" if stale else "")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
