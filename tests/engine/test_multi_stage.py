"""multi-stage on a real engine: what is built in one stage and in two does the same, and ships no compiler.

The images of compilers are stand-ins under their official names, made here of debian:bookworm-slim and
Debian's own compilers, where no image of that name is there; the two of Python are the engine's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.rules import select

FILES = Path(__file__).parent / "stages"
PREFIX = "slimfix-test-stages"
MB = 10**6
_APT = "mkdir -p /usr/share/man/man1 && apt-get update && apt-get install -y --no-install-recommends"
_GO = f"""\
RUN {_APT} ca-certificates gcc golang-go libc6-dev tzdata zip \\
    && cp -rL /usr/lib/go-1.19 /usr/local/go && mkdir -p /usr/local/go/lib/time \\
    && cd /usr/share/zoneinfo && zip -q -0 -r /usr/local/go/lib/time/zoneinfo.zip . \\
    && apt-get purge -y --auto-remove golang-go && rm -rf /var/lib/apt/lists/*
ENV GOPATH=/go GOTOOLCHAIN=local PATH=/go/bin:/usr/local/go/bin:$PATH
WORKDIR /go
"""
_MAVEN = "maven libmaven-compiler-plugin-java libmaven-jar-plugin-java libmaven-resources-plugin-java"
STAND_INS = {
    "golang:1.19-bookworm": _GO,
    "rust:1.63-bookworm": f"RUN {_APT} ca-certificates cargo libc6-dev\nENV CARGO_HOME=/usr/local/cargo\n",
    "eclipse-temurin:17": f"RUN {_APT} openjdk-17-jdk-headless\n",
    "eclipse-temurin:17-jre": f"RUN {_APT} openjdk-17-jre-headless\n",
    "maven:3.8-eclipse-temurin-17": f"RUN {_APT} openjdk-17-jdk-headless {_MAVEN} libsurefire-java\n",
}


class Case(NamedTuple):
    """What of an image must be gone, and by how many megabytes it must shrink: rather less than was seen."""

    images: tuple[str, ...]
    gone: str
    less: int


CASES = {
    "go": Case(("golang:1.19-bookworm",), "go", 200),
    "go-cgo": Case(("golang:1.19-bookworm",), "gcc", 200),
    "rust": Case(("rust:1.63-bookworm",), "cargo", 200),
    "java": Case(("eclipse-temurin:17", "eclipse-temurin:17-jre"), "javac", 50),
    "maven": Case(("maven:3.8-eclipse-temurin-17", "eclipse-temurin:17-jre"), "mvn", 50),
    "python": Case((), "gcc", 50),
}

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        shutil.which("docker") is None
        or subprocess.run(["docker", "version"], capture_output=True, check=False).returncode != 0,
        reason="no Docker engine answers",
    ),
]


def docker(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """A call of the client."""
    return subprocess.run(["docker", *arguments], input=text, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[set[str]]:
    """The stand-ins that were made, which go again at the end; and so do the images of the tests."""
    made: set[str] = set()
    yield made
    listed = docker("images", "-q", "--filter", f"reference={PREFIX}*").stdout.split()
    for name in [*listed, *made]:
        docker("rmi", "-f", name)


def provide(name: str, made: set[str]) -> None:
    """Make a stand-in where no image of that name is there."""
    if docker("image", "inspect", name).returncode:
        done = docker(
            *("build", "--network=host", "-t", name, "-"),
            text=f"FROM debian:bookworm-slim\n{STAND_INS[name]}",
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        made.add(name)


def build(directory: Path, text: str, tag: str) -> str:
    """Build a text as the Dockerfile of a directory; the tag."""
    (directory / "Dockerfile").write_text(text)
    done = docker("build", "--network=host", "-t", f"{PREFIX}-{tag}", str(directory))
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return f"{PREFIX}-{tag}"


def told(tag: str) -> dict[str, Any]:
    """What an image says of how it is to be run."""
    config: dict[str, Any] = json.loads(docker("image", "inspect", tag).stdout)[0]["Config"]
    kept = ("Cmd", "Entrypoint", "ExposedPorts", "Healthcheck", "Labels", "User", "Volumes", "WorkingDir")
    return {name: config.get(name) for name in kept}


def size(tag: str) -> int:
    """Bytes of an image."""
    return int(docker("image", "inspect", "-f", "{{.Size}}", tag).stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_does_the_same_in_two_stages(name: str, tmp_path: Path, stand_ins: set[str]) -> None:
    case = CASES[name]
    for image in case.images:
        provide(image, stand_ins)
    shutil.copytree(FILES / name, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / "Dockerfile").read_text()
    reader = Reader(context=BuildContext.local(tmp_path))
    result = rewrite(text, select(["multi-stage"]), reader, Safety.UNSAFE)
    assert len(result.steps) == 1, result.skipped
    first, second = build(tmp_path, text, name), build(tmp_path, result.after, f"{name}-parted")
    old, new = docker("run", "--rm", first), docker("run", "--rm", second)
    assert old.returncode == 0, old.stderr
    assert (new.returncode, new.stdout) == (0, old.stdout), new.stderr
    wrong = [docker("run", "--rm", tag, "no-such-argument") for tag in (first, second)]
    assert wrong[0].returncode == wrong[1].returncode
    assert told(first) == told(second)
    for tag, found in ((first, 0), (second, 1)):
        look = docker("run", "--rm", "--entrypoint", "sh", tag, "-c", f"command -v {case.gone}")
        assert bool(look.returncode) == bool(found)
    print(f"{name}: {size(first) / MB:.0f} MB before, {size(second) / MB:.0f} MB after: {old.stdout.strip()}")
    assert size(first) - size(second) > case.less * MB


@pytest.mark.slow
def test_what_is_left_out_is_missed(tmp_path: Path, stand_ins: set[str]) -> None:
    """Without the files beside the sources the same program fails, so the tests above can fail."""
    provide("golang:1.19-bookworm", stand_ins)
    shutil.copytree(FILES / "go", tmp_path, dirs_exist_ok=True)
    text = (tmp_path / "Dockerfile").read_text()
    reader = Reader(context=BuildContext.local(tmp_path))
    after = rewrite(text, select(["multi-stage"]), reader, Safety.UNSAFE).after
    lines = [line for line in after.splitlines(keepends=True) if "/src/pages" not in line]
    assert "".join(lines) != after
    found = docker("run", "--rm", build(tmp_path, "".join(lines), "careless"))
    assert found.returncode != 0
    assert "pages/page.html" in found.stderr
