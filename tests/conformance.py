"""Compares slimfix's reading of Dockerfiles with that of BuildKit's own parser.

``python -m tests.conformance DIR_OR_FILE...`` prints the counts, and each difference.

The parser comes from PyPI's ``dockerfile``, which is BuildKit's parser compiled for Python. It only
splits a file: what a build refuses later (a file without FROM, say) it reads without complaint, so
a refusal of ours in that later step is counted, and is no difference.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dockerfile

from slimfix.dockerfile import Dockerfile, Instruction, ParseError, words
from slimfix.dockerfile.tiles import tiles
from slimfix.text import Lines, decode, encode

SAME = "same"
BOTH_REFUSE = "both refuse"
REFUSED_LATER = "same, refused by slimfix in a later step"
NOT_COMPARED = "not compared (bytes outside UTF-8, or a form that the library's older parser reads otherwise)"
DIFFERS = "DIFFERS"

_STRINGS = frozenset(("RUN", "CMD", "ENTRYPOINT", "SHELL", "USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER"))
_MAYBE_JSON = frozenset(("RUN", "CMD", "ENTRYPOINT", "SHELL", "ADD", "COPY", "VOLUME"))
_LISTS = frozenset(("ADD", "COPY", "VOLUME", "FROM", "EXPOSE"))
_KNOWN = _STRINGS | _LISTS | {"ENV", "LABEL", "ARG", "HEALTHCHECK"}
_OPERATOR = re.compile(r"<<(-?)[ \t]*(\S*)")


class Outcome(NamedTuple):
    """What came out for one file."""

    kind: str
    detail: str = ""


class Reading(NamedTuple):
    """One instruction, in the terms that both readers know."""

    name: str
    trigger: str
    """The name of the instruction behind ONBUILD, in upper case."""
    first: int
    last: int
    flags: tuple[str, ...]
    value: tuple[str, ...]
    text: str
    heredocs: tuple[tuple[str, int, str], ...]
    """Name, file descriptor and body of each heredoc."""


def compare(data: bytes, path: str | None = None) -> Outcome:
    """Read *data* (the bytes of *path*, if that is given) in both ways."""
    if path is None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "Dockerfile")
            Path(path).write_bytes(data)
            return compare(data, path)
    theirs: list[Any] | None
    try:
        theirs, refusal = list(dockerfile.parse_file(path)), ""
    except dockerfile.GoParseError as error:
        theirs, refusal = None, str(error)
    except UnicodeDecodeError:
        return Outcome(NOT_COMPARED)
    text = decode(data)
    complaint: ParseError | None = None
    try:
        whole = Dockerfile(text)
    except ParseError as error:
        complaint = error
    else:
        if problem := _cover(whole):
            return Outcome(DIFFERS, problem)
    if theirs is None:
        if complaint is None:
            return Outcome(DIFFERS, f"BuildKit alone refuses: {refusal}")
        return Outcome(BOTH_REFUSE)
    try:
        ours, marked, newer = _ours(text)
    except ParseError as error:
        return Outcome(DIFFERS, f"slimfix alone refuses: {error} (line {error.line})")
    if newer:
        return Outcome(NOT_COMPARED, newer)
    if problem := _first_difference(ours, [_theirs(command) for command in theirs]) or marked:
        return Outcome(DIFFERS, problem)
    return Outcome(REFUSED_LATER, str(complaint)) if complaint else Outcome(SAME)


def _cover(ours: Dockerfile) -> str:
    """What is wrong with the tiles as a whole, or nothing."""
    position = 0
    for tile in ours.tiles:
        if tile.span.start != position or tile.span.end <= position:
            return f"tiles do not meet at {position}"
        position = tile.span.end
    if "".join(ours.source(tile.span) for tile in ours.tiles) != ours.text:
        return "joined, the tiles are not the source"
    for instruction in ours.instructions:
        for i, character in enumerate(instruction.logical.text):
            if ours.text[instruction.logical.offset(i)] != character:
                return f"{instruction!r}: character {i} does not map back"
    return ""


def _ours(text: str) -> tuple[list[Reading], str, str]:
    """The instructions as slimfix splits them, and what is wrong with a heredoc's properties.

    Also the first form in it that the library's parser, older than today's BuildKit, reads otherwise.
    """
    found, escape = tiles(text)
    lines = Lines(text)
    result: list[Reading] = []
    problem = newer = ""
    for tile in found:
        if tile.kind != "instruction":
            continue
        instruction = Instruction(text, tile, len(result), escape)
        first, last = lines.range(instruction.span)
        docs = [
            (doc.marker.name, doc.marker.fd, text[doc.body.start : doc.body.end])
            for doc in instruction.heredocs
        ]
        problem = problem or _markers(instruction)
        newer = newer or _newer(instruction)
        result.append(
            Reading(
                "ONBUILD" if instruction.onbuild else instruction.name,
                instruction.name if instruction.onbuild else "",
                first,
                last,
                () if instruction.onbuild else tuple(map(_flag, instruction.flags)),
                _value(instruction),
                instruction.logical.text.strip(),
                tuple(docs),
            )
        )
    return result, problem, newer


def _newer(instruction: Instruction) -> str:
    """A form that the library does not know as today's BuildKit does, or nothing."""
    if any(doc.marker.spaced for doc in instruction.heredocs):
        return "<< NAME"
    text = instruction.args.text
    if instruction.name == "HEALTHCHECK":
        text = text.partition(text.split()[0])[2].strip() if text else ""
    if text.startswith("[") and instruction.name in (*_MAYBE_JSON, "HEALTHCHECK"):
        with contextlib.suppress(ValueError):
            _, end = json.JSONDecoder().raw_decode(text)
            if text[end:].strip():
                return "text after a JSON list"
    return ""


def _flag(flag: words.Flag) -> str:
    return f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}"


def _markers(instruction: Instruction) -> str:
    """Compare ``<<-`` and quoting with what stands in the text; the library does not show them."""
    written = [
        (match.group(1) == "-", not re.search(r"['\"]", match.group(2)))
        for match in _OPERATOR.finditer(instruction.logical.text)
        if re.sub(r"['\"\\]", "", match.group(2)) in {doc.marker.name for doc in instruction.heredocs}
    ]
    read = [(doc.marker.strip_tabs, doc.marker.expand) for doc in instruction.heredocs]
    if read and len(written) == len(read) and written != read:
        return f"{instruction!r}: heredocs {read}, written {written}"
    return ""


def _value(instruction: Instruction) -> tuple[str, ...]:
    """The arguments, split as BuildKit's parser splits those of the same name."""
    name, text = instruction.name, instruction.args.text
    if name in _MAYBE_JSON:
        strings = words.json_list(text)
        if strings is not None:
            return tuple(strings)
    if name in _STRINGS:
        return (text,) if text else ()
    if name in _LISTS:
        return tuple(part.text for part in instruction.parts)
    if name in ("ENV", "LABEL"):
        if not words.quoted_words(text, instruction.escape):
            return ()
        return tuple(item for pair in words.pairs(text, instruction.escape) for item in pair)
    if name == "ARG":
        return tuple(part.text for part in words.quoted_words(text, instruction.escape))
    if name == "HEALTHCHECK":
        kind, rest = (*text.split(None, 1), "", "")[:2]
        strings = words.json_list(rest)
        tail = tuple(strings) if strings is not None else ((rest,) if rest else ())
        return (kind.upper(), *tail) if kind else ()
    return ()


def _theirs(command: Any) -> Reading:
    trigger = (command.sub_cmd or "").upper()
    name = (command.cmd or "").upper()
    value = tuple(command.value)
    heredocs = tuple((doc.name, doc.file_descriptor, doc.content) for doc in command.heredocs or ())
    if "HEALTHCHECK" in (name, trigger):
        value = (value[0].upper(), *value[1:]) if value else ()
    return Reading(
        name,
        trigger,
        command.start_line,
        command.end_line,
        tuple(command.flags),
        value,
        command.original or "",
        heredocs,
    )


def _shown(reading: Reading, value: tuple[str, ...]) -> tuple[str, ...]:
    """What the library shows of a value: nothing after a NUL, and nothing of an unknown instruction."""
    known = (reading.trigger or reading.name) in _KNOWN
    return tuple(item.partition("\0")[0] for item in value) if known else ()


def _first_difference(ours: list[Reading], theirs: list[Reading]) -> str:
    for mine, other in zip(ours, theirs):
        for field in Reading._fields:
            a, b = getattr(mine, field), getattr(other, field)
            if field == "text":
                b = b.strip()[: len(a)] if mine.heredocs else b.strip()
            if field == "heredocs" and mine.trigger:
                continue  # the library skips those of a trigger, and does not name them
            if field == "value":
                a, b = _shown(mine, a), _shown(mine, b)
            if field == "last" and mine is ours[-1]:
                b = min(a, b)  # a continuation before the end of the file; BuildKit counts what follows
            if a != b:
                return f"line {mine.first}, {mine.name}: {field} is {a!r}, BuildKit has {b!r}"
    if len(ours) != len(theirs):
        return f"{len(ours)} instructions, BuildKit has {len(theirs)}"
    return ""


def files(paths: Iterable[str]) -> Iterator[str]:
    """The files among and below *paths*, templates left out."""
    for path in paths:
        if os.path.isfile(path):
            yield path
        for folder, _, names in sorted(os.walk(path)):
            for name in sorted(names):
                if not name.endswith((".jinja2", ".template")):
                    yield os.path.join(folder, name)


def main(arguments: list[str] | None = None) -> int:
    """Print the counts for the files named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("path", nargs="+")
    counts: Counter[str] = Counter()
    for path in files(parser.parse_args(arguments).path):
        outcome = compare(Path(path).read_bytes(), path)
        counts[outcome.kind] += 1
        if outcome.kind == DIFFERS:
            print(f"{encode(path).decode('utf-8', 'replace')}: {outcome.detail}")
    for kind, count in sorted(counts.items()):
        print(f"{count:6} {kind}")
    return 1 if counts[DIFFERS] else 0


if __name__ == "__main__":
    sys.exit(main())
