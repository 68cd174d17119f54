"""Write the tables of slimfix/knowledge as modules beside their TOML, which is what people edit.

``python scripts/compile_tables.py [--check]``: with ``--check`` nothing is written, and the exit code is 1 if
a file is missing, stale or of no table any more.
"""

from __future__ import annotations

import sys
from pathlib import Path

from slimfix import knowledge

FOLDER = Path(knowledge.__file__).parent


def wanted() -> dict[Path, str]:
    """Each file of compiled/ with what it should hold."""
    found = {
        FOLDER / "compiled" / "__init__.py": '"""The tables as scripts/compile_tables.py makes them."""\n'
    }
    for path in sorted(FOLDER.rglob("*.toml")):
        name = path.relative_to(FOLDER).with_suffix("").as_posix()
        source = path.read_bytes()
        text = f'"""Made of {name}.toml by scripts/compile_tables.py."""\n\n'
        text += f'CHECKSUM = "{knowledge.checksum(source)}"\nTABLE = {knowledge.parsed(source)!r}\n'
        found[Path(knowledge.module_path(name))] = text
    return found


def stale() -> list[Path]:
    """The files that are not as they should be."""
    files = wanted()
    there = {path for path in (FOLDER / "compiled").glob("*") if path.suffix}
    wrong = [path for path, text in files.items() if path not in there or path.read_text("utf-8") != text]
    return wrong + sorted(there - set(files))


def main() -> int:
    """Bring the files up to date, or say which are not."""
    if "--check" in sys.argv[1:]:
        for path in stale():
            print(f"{path.name} is not what scripts/compile_tables.py makes")
        return 1 if stale() else 0
    files = wanted()
    (FOLDER / "compiled").mkdir(exist_ok=True)
    for path in stale():
        if path in files:
            path.write_text(files[path], "utf-8", newline="\n")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
