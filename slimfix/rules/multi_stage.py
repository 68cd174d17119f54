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
from importlib import import_module

from slimfix.dockerfile import Dockerfile, Stage
from slimfix.fix import Fix, Parting, Safety, Skip
from slimfix.knowledge import table

CODE = "SF211"
ORDER = 45
WORDS = ("golang", "rust", "maven", "gradle", "temurin", "python")

_LANGUAGES = ("go", "rust", "java", "python")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """The last stage, if it builds a program and ships all that it was built with."""
    stage = dockerfile.stages[-1]
    language = _language(stage)
    if language is None or not stage.ships:
        return
    found = _parted(dockerfile, stage, language)
    if isinstance(found, str):
        yield Skip(f"one stage, which ships its compiler: {found}", stage.instructions[0].text_span)
    else:
        yield found


def _language(stage: Stage) -> str | None:
    """What the base image of a stage compiles or installs, if that is more than the program needs."""
    name, tag = stage.base.name.rpartition("/")[2], stage.base.tag
    found = next((each for each in _LANGUAGES if name in table("stages")[each]["images"]), None)
    lean = {"python": ("slim", "alpine"), "java": ("jre",)}.get(found or "", ())
    return None if stage.parent is not None or any(word in tag for word in lean) else found


def _parted(dockerfile: Dockerfile, stage: Stage, language: str) -> Fix | str:
    """The fix that parts a stage, or the reason why there is none."""
    # Few files come to this, and reading the modules takes some milliseconds.
    from slimfix.rules._stage_read import read
    from slimfix.rules._stage_write import written

    reading = read(dockerfile, stage, language)
    if isinstance(reading, str):
        return reading
    made = import_module(f"slimfix.rules._stage_{language}").product(reading)
    text = made if isinstance(made, str) else written(reading, made, language)
    if isinstance(text, str):
        return text
    run = next(i for i in reversed(stage.instructions) if i.name == "RUN")
    return Fix(
        text.edits,
        "build in a stage of its own, and ship what was built",
        run.text_span,
        Safety.UNSAFE,
        made.assumption,
        parting=Parting(stage.index, text.unset),
    )
