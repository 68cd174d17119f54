"""A comparison told: as text, JSON, Markdown (for a pull request) or one HTML page that stands alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from slimfix.report import printable
from slimfix.verify.archive import LayerSize
from slimfix.verify.blame import Blamed, Settled
from slimfix.verify.findings import Comparison, Smoke
from slimfix.verify.verdict import ended

FORMATS = {"text": ".txt", "json": ".json", "markdown": ".md", "html": ".html"}
"""The forms, each with the suffix of its files."""


class Report(NamedTuple):
    """Everything that is told of one Dockerfile."""

    path: str
    engine: str
    settled: Settled
    against: str | None = None
    """The file that was compared with, where it was not slimfix's own rewrite."""


class Figure(NamedTuple):
    """One measure of both images, in words."""

    name: str
    before: str
    after: str
    change: str


def render(report: Report, form: str) -> str:
    """The report in one of :data:`FORMATS`."""
    from importlib import import_module

    text: str = import_module(f"{__name__}.{form}").render(report)
    return text


def figures(found: Comparison) -> Iterator[Figure]:
    """The measures that there are of both images."""
    if found.after is None:
        return
    before, after = found.before, found.after
    one, other = before.image, after.image
    yield _sizes("image size", one.size, other.size)
    if one.compressed and other.compressed:
        yield _sizes("compressed size", one.compressed, other.compressed)
    yield Figure("layers", str(len(one.layers)), str(len(other.layers)), "")
    yield _times("clean build", before.seconds, after.seconds)
    if before.rebuild is not None and after.rebuild is not None:
        yield _times("rebuild after an edit", before.rebuild, after.rebuild)


def saved(found: Comparison) -> float:
    """The share of the first image's size that the second one lacks; negative if it is larger."""
    if found.after is None or not found.before.image.size:
        return 0.0
    return 1 - found.after.image.size / found.before.image.size


def _sizes(name: str, before: int, after: int) -> Figure:
    return Figure(name, size(before), size(after), percent(before, after))


def _times(name: str, before: float, after: float) -> Figure:
    # On a busy machine a second more or less says nothing.
    change = percent(before, after) if abs(after - before) >= 1 else ""
    return Figure(name, f"{before:.1f} s", f"{after:.1f} s", change)


def size(number: int) -> str:
    """A number of bytes in the unit that suits it, with one decimal, in units of a thousand as Docker's."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if abs(number) >= 1000**power:
            return f"{number / 1000**power:.1f} {unit}"
    return f"{number} B"


def percent(before: float, after: float) -> str:
    """How much more or less the second is."""
    if not before:
        return ""
    text = f"{(after / before - 1) * 100:+.1f} %"
    return "0.0 %" if text in ("+0.0 %", "-0.0 %") else text


def shared_layers(found: Comparison) -> int:
    """How many layers at the bottom both images have in common: as large, and made by the same."""
    if found.after is None:
        return 0
    count = 0
    for one, other in zip(found.before.image.layers, found.after.image.layers):
        if (one.size, one.command) != (other.size, other.command):
            break
        count += 1
    return count


def layer_name(layer: LayerSize, length: int = 100) -> str:
    """What made a layer, shortened, as one would write it in a Dockerfile."""
    text = printable(" ".join(layer.command.split()))
    text = text.removeprefix("/bin/sh -c #(nop) ").removesuffix(" # buildkit")
    if text.startswith("/bin/sh -c "):
        text = "RUN " + text.removeprefix("/bin/sh -c ")
    text = text or "(base image)"
    return text if len(text) <= length else text[: length - 1] + "…"


def explained(found: Comparison) -> Iterator[str]:
    """What differs and is no cause for worry, a line each."""
    files = found.files
    gone = [one for one in files.packages if one.after is None]
    if gone:
        names = ", ".join(one.name for one in gone[:6]) + (
            f" and {len(gone) - 6} more" if len(gone) > 6 else ""
        )
        yield f"{count(len(gone), 'package')} gone, {size(sum(one.size for one in gone))}: {names}"
    groups = (("caches", files.caches), ("records", files.records), ("bytecode", files.bytecode))
    for name, group in groups:
        if group.paths:
            by = f", {size(abs(group.size))} {'less' if group.size > 0 else 'more'}" if group.size else ""
            yield f"{name}: differences in {count(group.paths, 'path')}{by}"
    if files.unstable:
        paths = count(len(files.unstable), "path")
        yield f"by chance, as between two builds of one file: differences in {paths}"


def smoke_line(smoke: Smoke) -> str:
    """How a smoke command went, in words."""
    command = printable(" ".join(smoke.command))
    if smoke.before[0] != smoke.after[0]:
        return f"{command}: {ended(smoke.before[0])} before, {ended(smoke.after[0])} after"
    output = "the same output" if smoke.before[1] == smoke.after[1] else "another output"
    if not smoke.stable:
        output = "an output that is never the same"
    return f"{command}: exit status {smoke.before[0]} and {output} in both"


def blamed_line(blamed: Blamed) -> str:
    """A fix to blame, in words."""
    first, last = blamed.lines
    at = f"line {first}" if first == last else f"lines {first} to {last}"
    more = f" (and {blamed.fixes - 1} more of this rule)" if blamed.fixes > 1 else ""
    why = blamed.reasons[0] if blamed.reasons else ""
    return (
        f"{blamed.rule} ({blamed.code}), {at}: {printable(blamed.message)}{more}; with it, {printable(why)}"
    )


def headline(report: Report) -> str:
    """The one line that says it all."""
    settled = report.settled
    found = settled.comparison
    text = settled.verdict.name
    if found.after is not None:
        text += f": {size(found.before.image.size)} became {size(found.after.image.size)}"
        text += f" ({percent(found.before.image.size, found.after.image.size)})"
    return text


def rest_line(report: Report) -> str | None:
    """What remains without the fixes to blame, in words."""
    settled = report.settled
    if settled.rest is None or settled.rest_comparison is None or settled.rest_verdict is None:
        return None
    found = settled.rest_comparison
    if found.after is None:
        return None
    change = percent(found.before.image.size, found.after.image.size)
    sizes = f"{size(found.before.image.size)} became {size(found.after.image.size)} ({change})"
    return f"without what is to blame: {settled.rest_verdict.name}: {sizes}"


def count(number: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
