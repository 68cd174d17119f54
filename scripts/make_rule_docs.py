"""Write ``docs/rules/*.md`` from the rules' docstrings; with ``--check``, only say what is stale."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from slimfix import knowledge
from slimfix.knowledge.managers import manager, words
from slimfix.propose_dockerignore import DOC
from slimfix.rules import IGNORE_FILE, Rule, all_rules

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs" / "rules"


def page(rule: Rule) -> str:
    """The page of one rule."""
    return f"# {rule.name} ({rule.code})\n\n{_markdown(rule.doc.strip())}\n"


def _markdown(doc: str) -> str:
    """Text with its indented examples in fences."""
    result: list[str] = []
    example: list[str] = []
    for line in [*doc.splitlines(), ""]:
        if line.startswith("    "):
            example.append(line[4:])
            continue
        if example:
            result += ["", "```dockerfile", *example, "```", ""]
            example = []
        if re.fullmatch(r"\w[\w ,]*:", line) and result and result[-1]:
            result.append("")
        result.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(result)).strip()


def index(rules: list[Rule]) -> str:
    """The page that lists the rules."""
    rows = [
        f"| [{r.name}]({r.name}.md) | {r.code} | {r.summary.replace('|', chr(92) + '|')} |" for r in rules
    ]
    more = f"[{IGNORE_FILE}]({IGNORE_FILE}.md) is no rule of Dockerfiles, but is named like one."
    return "\n".join(["# Rules", "", "| Rule | Code | |", "| --- | --- | --- |", *rows, "", more, ""])


def managers() -> str:
    """The page that lists the package managers, and what is known of each from where."""
    rows = []
    for table in map(manager, words()):
        how = "seen in a build" if table.seen else "as documented"
        clean = f"`{table.flag or table.clean or (table.lists.clean if table.lists else '')}`"
        rows.append(f"| {table.name} | {clean} | {how} | {_cell('; '.join(table.source))} |")
    head = ["# Package managers", "", "| Manager | What leaves no cache | How it is known | Sources |"]
    return "\n".join([*head, "| --- | --- | --- | --- |", *rows, ""])


def ignore_file() -> str:
    """The page of ignore files."""
    rows: dict[str, tuple[list[str], bool]] = {}
    for entry in knowledge.table("dockerignore")["entry"]:
        names, sure = rows.setdefault(entry["why"], ([], entry["sure"]))
        names.append(f"`{entry['name']}`")
        rows[entry["why"]] = names, sure and entry["sure"]
    told = "`slimfix --dockerignore` proposes it; so does the bot, as a commit of its own, for what git has."
    told += f" Its name is `{IGNORE_FILE}` in `ignore`, `select` and `# slimfix: ignore-file=`."
    head = f"# {IGNORE_FILE}\n\n{DOC.strip()}\n\n{told}\n\n| What | Why | Written as |\n| --- | --- | --- |\n"
    cells = (
        f"| {', '.join(names)} | {_cell(why)} | {'a line' if sure else 'a comment'} |\n"
        for why, (names, sure) in rows.items()
    )
    return head + "".join(cells)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def pages() -> dict[str, str]:
    """Every page by its file name."""
    rules = sorted(all_rules(), key=lambda rule: rule.code)
    return {
        "README.md": index(rules),
        "managers.md": managers(),
        f"{IGNORE_FILE}.md": ignore_file(),
        **{f"{rule.name}.md": page(rule) for rule in rules},
    }


def main() -> None:
    """Write or check the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is stale")
    check = parser.parse_args().check
    wanted = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    stale = sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))
    for name in stale:
        print(f"{'stale' if check else 'written' if name in wanted else 'removed'}: docs/rules/{name}")
        if check:
            continue
        if name in wanted:
            DOCS.mkdir(parents=True, exist_ok=True)
            (DOCS / name).write_text(wanted[name], encoding="utf-8")
        else:
            (DOCS / name).unlink()
    sys.exit(int(check and bool(stale)))


if __name__ == "__main__":
    main()
