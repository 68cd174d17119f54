"""What became of every repository: for people, for programs, and as one page for a browser."""

from __future__ import annotations

import html
import json
import time
from collections import Counter
from collections.abc import Sequence

from slimfix.bot.outcome import Outcome
from slimfix.report.text import size

Row = tuple[float, "Outcome | None", str]
"""When, what (None while it is at work), and the repository."""


def render(rows: Sequence[Row], style: str) -> str:
    """The rows as ``text``, ``json`` or ``html``."""
    return {"text": _text, "json": _json, "html": _html}[style](rows)


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds))


def _lines(row: Row) -> list[str]:
    _, outcome, name = row
    if outcome is None:
        return ["at work or waiting"]
    return [line.removeprefix(f"{outcome.repository}: ") for line in outcome.lines()] or [name]


def _counts(rows: Sequence[Row]) -> str:
    kinds = Counter("at work" if o is None else "failed" if o.failed else "done" for _, o, _ in rows)
    return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "no repository yet"


def _text(rows: Sequence[Row]) -> str:
    lines = [f"{_when(row[0])}  {row[2]}: {line}" for row in rows for line in _lines(row)]
    return "\n".join([*lines, _counts(rows)]) + "\n"


def _json(rows: Sequence[Row]) -> str:
    found = [
        {"repository": name, "time": when, "outcome": None if outcome is None else json.loads(outcome.json())}
        for when, outcome, name in rows
    ]
    return json.dumps({"version": 1, "repositories": found}, indent=2) + "\n"


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;text-align:left;vertical-align:top;"
    "border-bottom:1px solid #8884}.failed{color:#c00}@media(prefers-color-scheme:dark){body{background:#111;"
    "color:#ddd}a{color:#8bf}.failed{color:#f77}}"
)


def _html(rows: Sequence[Row]) -> str:
    body = []
    for row in rows:
        when, outcome, name = row
        told = "<br>".join(_linked(line) for line in _lines(row))
        saving = size(outcome.saving) if outcome and outcome.saving else ""
        kind = ' class="failed"' if outcome and outcome.failed else ""
        cells = (html.escape(name), told, saving, f"{_when(when)}&nbsp;UTC")
        body.append(f"<tr{kind}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>slimfix bot</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>slimfix bot</h1><p>{html.escape(_counts(rows))}</p>\n"
        "<table><thead><tr><th>Repository</th><th>What became of it</th><th>Saving</th><th>When</th></tr>"
        "</thead>\n"
        f"<tbody>\n{chr(10).join(body)}\n</tbody></table></body></html>\n"
    )


def _linked(line: str) -> str:
    words = []
    for word in line.split(" "):
        text = html.escape(word)
        words.append(f'<a href="{text}">{text}</a>' if word.startswith(("https://", "http://")) else text)
    return " ".join(words)
