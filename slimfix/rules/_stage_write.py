"""The text of a new last stage, and what moves into it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.knowledge import table
from slimfix.layout import layout
from slimfix.records import NamedTuple
from slimfix.rules._build_place import comments_above
from slimfix.rules._stage_read import Reading, environment
from slimfix.text import Edit, Span

_MOVES = ("CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "STOPSIGNAL")
_NAMES = ("build", "builder", "build-stage")


class Product(NamedTuple):
    """What goes into the new stage."""

    base: str
    copies: tuple[tuple[str, str], ...]
    """Paths in the builder, and in the new stage; those of directories are the same."""
    assumption: str
    """What else must hold, that nobody who reads the file can know."""


class Written(NamedTuple):
    """The change of a file."""

    edits: tuple[Edit, ...]
    unset: frozenset[str]


def written(reading: Reading, product: Product, language: str) -> Written | str:
    """The edits that part a stage, or why they cannot be made."""
    dockerfile, stage = reading.dockerfile, reading.stage
    name = _name(dockerfile)
    patterns = table("stages")[language]["env"]
    names = {n for _, n, _ in environment(stage) if any(re.fullmatch(p, n) for p in patterns)}
    unset = frozenset(n for n in names if not _told(reading, n))
    head = _head(reading, product, name, unset)
    if isinstance(head, str):
        return head
    text, last = dockerfile.text, reading.last
    moving = [i for i in stage.instructions if i.name in _MOVES and i.index < last.index]
    after = next((i for i in stage.instructions if i.index > last.index), None)
    late = _late(reading, unset)
    if late:
        return late
    edits = [_named(dockerfile, stage.instructions[0], name)]
    lines = list(head)
    for each in moving:
        start = comments_above(text, each.span.start)
        lines.append(text[start : each.text_span.end].replace("\r", ""))
        edits.append(Edit(Span(start, _end(text, start, each.span.end)), ""))
    body = "\n".join(lines)
    if after is None:
        at = len(text)
        opening = "\n" if text.endswith("\n") else "\n\n"
        edits.append(Edit(Span(at, at), f"{opening}{body}" + ("\n" if text.endswith("\n") else "")))
    else:
        at = comments_above(text, after.span.start)
        blank = bool(re.search(r"\n[ \t]*\r?\n$", text[:at]))
        edits.append(Edit(Span(at, at), f"{'' if blank else chr(10)}{body}\n{chr(10) if blank else ''}"))
    return Written(tuple(sorted(edits)), unset)


def _end(text: str, start: int, end: int) -> int:
    """Where what moves away ends: one of two blank lines around it goes along."""
    blank = re.match(r"[ \t]*\r?\n", text[end:])
    return end + blank.end() if blank and re.search(r"(?:^|\n)[ \t]*\r?\n$", text[:start]) else end


def _name(dockerfile: Dockerfile) -> str:
    taken = {stage.name for stage in dockerfile.stages} | {
        stage.base.reference for stage in dockerfile.stages
    }
    return next(name for name in (*_NAMES, *map("build-{}".format, range(99))) if name not in taken)


def _named(dockerfile: Dockerfile, line: Instruction, name: str) -> Edit:
    """The FROM with the name of the builder; a name that it had goes to the new stage."""
    first = line.part_span(line.parts[0])
    word = "as" if dockerfile.source(line.keyword_span).islower() else "AS"
    if len(line.parts) == 3:
        return Edit(line.part_span(line.parts[2]), name)
    return Edit(Span(first.end, first.end), f" {word} {name}")


def _head(reading: Reading, product: Product, name: str, unset: frozenset[str]) -> list[str] | str:
    """The lines of the new stage up to what moves into it."""
    dockerfile, stage = reading.dockerfile, reading.stage
    keyword = layout(dockerfile).keyword
    line = stage.instructions[0]
    known = {"PATH"}
    result = [
        f"{keyword('FROM')} {product.base}"
        + (f" {keyword('AS')} {line.parts[2].text}" if len(line.parts) == 3 else "")
    ]
    state = dockerfile.end(stage)
    before = reading.last.state
    for each, variable, value in environment(stage):
        used = set(re.findall(r"\$\{?(\w+)", value))
        if variable in unset or each.index > reading.last.index:
            known.add(variable)
            continue
        if (
            not used <= known
            or used & unset
            or "\n" in value
            or (variable != "PATH" and dict(state.env).get(variable, "") is None)
        ):
            return f"the value of {variable} is not known"
        known.add(variable)
        legacy = "=" not in each.args.text.split(None, 1)[0]
        result.append(f"{keyword('ENV')} {variable}{' ' if legacy else '='}{value}")
    if before.workdir != ".":
        result.append(f"{keyword('WORKDIR')} {before.workdir}")
    return [*result, *_copies(reading, product, name, keyword("COPY"))]


def _copies(reading: Reading, product: Product, name: str, copy: str) -> Iterator[str]:
    """The COPY lines: files of one directory that go into one come together."""
    together: dict[str, list[str]] = {}
    for source, target in product.copies:
        same = (source in reading.files or "*" in source) and posixpath.basename(
            source
        ) == posixpath.basename(target)
        place = posixpath.dirname(target).rstrip("/") + "/" if same else target
        together.setdefault(place, []).append(source)
    for place, sources in together.items():
        yield f"{copy} --from={name} {' '.join(sources)} {place}"


def _told(reading: Reading, name: str) -> bool:
    """Whether a file that the stage copies names a variable, as a program does that reads it."""
    texts = (reading.text(path) or "" for path in reading.files)
    return any(re.search(rf"[\"'`{{]{name}[\"'`}}]", text) for text in texts)


def _late(reading: Reading, unset: frozenset[str]) -> str | None:
    """An instruction behind the last one that builds, that asks for what only the build has."""
    arguments = {name for name, _ in reading.last.state.args} | unset
    for each in reading.stage.instructions:
        if each.index > reading.last.index or each.name in _MOVES:
            if any(re.search(rf"\$\{{?{name}\b", each.args.text) for name in arguments):
                return f"{each.name} needs a variable of the build"
    return None
