"""Build in one stage, and ship only what was built, in a small image of its own.

The image of a compiler is some hundred megabytes; what it makes is often one file. So the stage becomes a
builder, and a new last stage takes from it the program, the files beside the sources that it may read, and
what the Dockerfile tells the image: variables, directory, ports, labels, user and start command. It stands on
a bare system of the same family, with the shell and the C library that the program was built with.

This is done for Go (`go build`), Rust (`cargo build`), Java (Maven, Gradle or javac, on Eclipse Temurin) and
for Python where all that pip installs is known to need no library of the full image. It is done only if the
build context is in sight, every command of the stage is known to leave nothing else that the program needs,
and the start command plainly calls what was built.

Before:
    FROM golang:1.22-bookworm
    WORKDIR /src
    COPY app.go go.mod ./
    RUN go build -o /usr/local/bin/app app.go
    EXPOSE 8080
    CMD ["app"]
After:
    FROM golang:1.22-bookworm AS build
    WORKDIR /src
    COPY app.go go.mod ./
    RUN go build -o /usr/local/bin/app app.go

    FROM debian:bookworm-slim
    WORKDIR /src
    COPY --from=build /usr/local/bin/app /usr/local/bin/app
    EXPOSE 8080
    CMD ["app"]

Fix safety: unsafe, and off by default. The program may call or read what only the builder's image has.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Parting, Safety, Skip
from slimfix.knowledge import table
from slimfix.rules import _stage_go, _stage_java, _stage_python, _stage_rust
from slimfix.rules._stage_read import read
from slimfix.rules._stage_write import written

CODE = "SF211"
ORDER = 45
WORDS = ("golang", "rust", "maven", "gradle", "temurin", "python")

_LANGUAGES = {
    "go": _stage_go.product,
    "rust": _stage_rust.product,
    "java": _stage_java.product,
    "python": _stage_python.product,
}


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """The last stage, if it builds a program and ships all that it was built with."""
    stage = dockerfile.stages[-1]
    if not stage.ships or stage.parent is not None:
        return
    name = stage.base.name.rpartition("/")[2]
    language = next((each for each in _LANGUAGES if name in table("stages")[each]["images"]), None)
    if language is None or (
        language == "python" and ("slim" in stage.base.tag or "alpine" in stage.base.tag)
    ):
        return
    if "jre" in stage.base.tag:
        return
    at = stage.instructions[0].text_span
    reading = read(dockerfile, stage, language)
    made = reading if isinstance(reading, str) else _LANGUAGES[language](reading)
    if isinstance(reading, str) or isinstance(made, str):
        yield Skip(f"one stage, which ships its compiler: {made}", at)
        return
    text = written(reading, made, language)
    if isinstance(text, str):
        yield Skip(f"one stage, which ships its compiler: {text}", at)
        return
    run = next((i for i in reversed(stage.instructions) if i.name == "RUN"), stage.instructions[0])
    yield Fix(
        text.edits,
        "build in a stage of its own, and ship what was built",
        run.text_span,
        Safety.UNSAFE,
        made.assumption,
        parting=Parting(stage.index, text.unset),
    )
