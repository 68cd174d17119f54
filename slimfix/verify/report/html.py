"""One HTML page that needs nothing but itself: no script, no font, no request."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from slimfix.report import printable
from slimfix.verify.findings import Comparison
from slimfix.verify.report import (
    Report,
    blamed_line,
    explained,
    figures,
    headline,
    layer_name,
    rest_line,
    shared_layers,
    size,
    smoke_line,
)
from slimfix.verify.report.chart import chart

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #59636e; --line: #d1d9e0;
  --shared: #8c959f; --before: #b35900; --after: #0969da;
  --good: #1a7f37; --bad: #cf222e; --mid: #9a6700; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e6edf3; --paper: #0d1117; --soft: #9198a1; --line: #3d444d;
  --shared: #6e7681; --before: #f0883e; --after: #58a6ff; --good: #3fb950; --bad: #f85149; --mid: #d29922; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verified { color: var(--good); } .changed { color: var(--mid); } .broken { color: var(--bad); }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft); }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
code, pre { font: .85rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { border: 1px solid var(--line); padding: .6rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font: 14px system-ui, sans-serif; }
.shared { fill: var(--shared); } .before { fill: var(--before); } .after { fill: var(--after); }
svg rect { stroke: var(--paper); stroke-width: 1.5; }
.axis { stroke: var(--line); } footer { margin-top: 2rem; color: var(--soft); }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(report: Report) -> str:
    """The page."""
    return "\n".join(_lines(report)) + "\n"


def _text(raw: str) -> str:
    return escape(printable(raw))


def _lines(report: Report) -> Iterator[str]:
    settled = report.settled
    found = settled.comparison
    title = f"{report.path}: {headline(report)}"
    kind = settled.verdict.name.split()[-1]
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body><main>"
    name, _, rest = headline(report).partition(":")
    yield f"<h1><code>{_text(report.path)}</code></h1>"
    yield f'<p><strong class="{kind}">{_text(name)}</strong>{":" if rest else ""}{_text(rest)}</p>'
    yield from _list(settled.verdict.reasons)
    if found.failure is not None:
        yield "<pre>" + "\n".join(map(_text, found.failure.tail)) + "</pre>"
    if found.after is not None:
        yield "<h2>Layers at a glance</h2>"
        yield chart(found)
    yield from _figures(found)
    told = [*explained(found), *map(smoke_line, found.smoke)]
    if found.after is not None:
        told.insert(0, "the image config is the same" if not found.config else "the image config differs")
    if found.touched is not None:
        told.append(f"the edit before the rebuild was in {found.touched}")
    yield "<h2>What was found</h2>"
    yield from _list([*told, *(f"note: {note}" for note in found.notes)])
    yield from _fixes(report)
    yield from _layers(found)
    yield f"</main><footer>Built with {_text(report.engine)} by slimfix verify.</footer></body></html>"


def _list(lines: list[str] | tuple[str, ...]) -> Iterator[str]:
    if lines:
        yield "<ul>" + "".join(f"<li>{_text(line)}</li>" for line in lines) + "</ul>"


def _figures(found: Comparison) -> Iterator[str]:
    measured = list(figures(found))
    if not measured:
        return
    yield "<h2>Figures</h2><table><thead><tr><th scope='col'>Measure</th>"
    yield "".join(f'<th scope="col" class="number">{word}</th>' for word in ("Before", "After", "Change"))
    yield "</tr></thead><tbody>"
    for one in measured:
        cells = "".join(f'<td class="number">{_text(cell)}</td>' for cell in one[1:])
        yield f'<tr><th scope="row">{_text(one.name)}</th>{cells}</tr>'
    yield "</tbody></table>"


def _fixes(report: Report) -> Iterator[str]:
    settled = report.settled
    if settled.blamed:
        yield "<h2>To blame</h2>"
        rest = rest_line(report)
        yield from _list([*map(blamed_line, settled.blamed), *([rest] if rest else [])])
    if settled.rewrite.steps:
        yield "<h2>Fixes</h2>"
        yield from _list(
            [f"line {s.before[0]}: {s.rule.name}: {s.fix.message}" for s in settled.rewrite.steps]
        )


def _layers(found: Comparison) -> Iterator[str]:
    if found.after is None:
        return
    shared = shared_layers(found)
    yield "<h2>Layers</h2>"
    for name, image in (("Before", found.before.image), ("After", found.after.image)):
        total = size(image.size)
        yield f"<table><caption>{name}: {len(image.layers)} layers, {total}</caption><thead><tr>"
        yield '<th scope="col">Made by</th><th scope="col" class="number">Size</th>'
        yield '<th scope="col" class="number">Compressed</th></tr></thead><tbody>'
        for number, layer in enumerate(image.layers):
            mark = " (in both)" if number < shared else ""
            yield f"<tr><td><code>{_text(layer_name(layer, 400))}</code>{mark}</td>"
            for one in (layer.size, layer.compressed):
                yield f'<td class="number">{size(one)}</td>'
            yield "</tr>"
        yield "</tbody></table>"
