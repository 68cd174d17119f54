"""Markdown for a pull request, in what GitHub, GitLab and Gitea all read: a table, lists, a fold."""

from __future__ import annotations

from collections.abc import Iterator

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

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]<>()#+!|~@&"})


def render(report: Report) -> str:
    """The report as Markdown, with a line end."""
    return "\n".join(_lines(report)) + "\n"


def text(raw: str) -> str:
    """Text that says what it says, whatever characters are in it."""
    return printable(" ".join(raw.split())).translate(_SPECIAL)


def code(raw: str) -> str:
    """Text as code, in a table cell, too."""
    plain = printable(" ".join(raw.split())).replace("|", "\\|")
    fence = "`"
    while fence in plain:
        fence += "`"
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain}{space}{fence}"


def _lines(report: Report) -> Iterator[str]:
    settled = report.settled
    found = settled.comparison
    yield f"### {code(report.path)}: {text(headline(report))}"
    yield ""
    for reason in settled.verdict.reasons:
        yield f"- {text(reason)}"
    if settled.verdict.reasons:
        yield ""
    measured = list(figures(found))
    if measured:
        yield "| | before | after | change |"
        yield "|---|--:|--:|--:|"
        for one in measured:
            yield f"| {one.name} | {one.before} | {one.after} | {one.change} |"
        yield ""
    if found.after is not None and not found.config:
        yield "- The image config is the same."
    for line in (*explained(found), *map(smoke_line, found.smoke)):
        yield f"- {text(line)}"
    if found.touched is not None:
        yield f"- The edit before the rebuild was in {code(found.touched)}."
    for blamed in settled.blamed:
        yield f"- **To blame:** {text(blamed_line(blamed))}"
    rest = rest_line(report)
    if rest is not None:
        yield f"- {text(rest)}"
    for note in found.notes:
        yield f"- Note: {text(note)}"
    yield ""
    yield from _failure(found)
    yield from _layers(found)
    yield f"Built with {text(report.engine)} by `slimfix verify`."


def _failure(found: Comparison) -> Iterator[str]:
    if found.failure is not None:
        yield "```text"
        yield from (printable(line).replace("```", "'''") for line in found.failure.tail)
        yield "```"
        yield ""


def _layers(found: Comparison) -> Iterator[str]:
    if found.after is None:
        return
    shared = shared_layers(found)
    yield "<details><summary>Layers</summary>"
    yield ""
    yield "| | size | compressed | made by |"
    yield "|---|--:|--:|---|"
    for name, image in (("before", found.before.image), ("after", found.after.image)):
        for number, layer in enumerate(image.layers):
            where = "both" if number < shared else name
            if where == "both" and name == "after":
                continue
            made = code(layer_name(layer))
            yield f"| {where} | {size(layer.size)} | {size(layer.compressed)} | {made} |"
    yield ""
    yield "</details>"
    yield ""
