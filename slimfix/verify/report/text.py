"""Lines for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.report import printable
from slimfix.verify.findings import Comparison
from slimfix.verify.report import (
    Report,
    blamed_line,
    count,
    explained,
    figures,
    headline,
    layer_name,
    rest_line,
    shared_layers,
    size,
    smoke_line,
)


def render(report: Report) -> str:
    """The report as text, with a line end."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    settled = report.settled
    found = settled.comparison
    yield f"{printable(report.path)}: {headline(report)}"
    for reason in settled.verdict.reasons:
        yield f"  because {printable(reason)}"
    if found.failure is not None:
        yield from (f"    | {printable(line)}" for line in found.failure.tail)
    measured = list(figures(found))
    width = max((len(one.name) for one in measured), default=0)
    for one in measured:
        yield f"  {one.name:{width}}  {one.before:>9} -> {one.after:>9}  {one.change}".rstrip()
    if found.touched is not None:
        yield f"  the edit was in {printable(found.touched)}"
    yield from _layers(found)
    if found.after is not None:
        yield f"  config: {count(len(found.config), 'difference') if found.config else 'the same'}"
    for line in explained(found):
        yield f"  {line}"
    for smoke in found.smoke:
        yield f"  {smoke_line(smoke)}"
    for step in settled.rewrite.steps:
        yield f"  fix: line {step.before[0]}: {step.rule.name}: {printable(step.fix.message)}"
    for blamed in settled.blamed:
        yield f"  to blame: {blamed_line(blamed)}"
    rest = rest_line(report)
    if rest is not None:
        yield f"  {rest}"
    for note in found.notes:
        yield f"  note: {printable(note)}"
    yield f"  built with {report.engine}"


def _layers(found: Comparison) -> Iterator[str]:
    """The layers above those that both images share."""
    if found.after is None:
        return
    shared = shared_layers(found)
    for name, image in (("before", found.before.image), ("after", found.after.image)):
        for layer in image.layers[shared:]:
            yield f"  layer {name:6}  {size(layer.size):>8}  {layer_name(layer, 70)}"
