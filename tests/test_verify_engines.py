"""Engines: what is asked of each client, what their builders print, and what is said when none answers."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from slimfix.verify import engines, process
from slimfix.verify.engines import Engine, EngineError, Options, step_of
from slimfix.verify.made import Made

OPTIONS = Options(("A=1", "B=two words"), "prod", "host", "linux/arm64", ("--pull",))


@pytest.mark.parametrize(
    "kind, start",
    [
        ("docker", ["x", "build", "--force-rm"]),
        ("buildx", ["x", "buildx", "build", "--load", "--progress=plain"]),
        ("podman", ["x", "build", "--format", "docker", "--force-rm"]),
        ("buildah", ["x", "build", "--format", "docker", "--force-rm", "--layers"]),
    ],
)
def test_build_command(kind: str, start: list[str]) -> None:
    engine = Engine(kind, "x", "1")
    rest = ["--tag", "t:1", "--file", "/w/D"]
    assert engine.build_command("/w/D", "ctx", "t:1", Options(), True) == [*start, *rest, "ctx"]
    assert engine.build_command("/w/D", "ctx", "t:1", OPTIONS, False) == [
        *(*start, *rest, "--no-cache", "--network", "host", "--target", "prod", "--platform", "linux/arm64"),
        *("--build-arg", "A=1", "--build-arg", "B=two words", "--pull", "ctx"),
    ]


@pytest.mark.parametrize(
    "line, step",
    [
        ("Step 3/7 : RUN apk add curl", "3/7 RUN apk add curl"),
        ("STEP 3/7: RUN apk add curl", "3/7 RUN apk add curl"),
        ("[1/2] STEP 3/7: RUN apk add curl", "3/7 RUN apk add curl"),
        ("#8 [stage-1 3/3] RUN rm x; ln /x /z", "3/3 RUN rm x; ln /x /z"),
        ("#8 [3/3] RUN true", "3/3 RUN true"),
        ("#8 sha256:36d1ab72fa", None),
        ("#4 [internal] load build context", None),
        (" ---> Running in 58c8d7ca4814", None),
        ("First step 3/7 : no", None),
        ("", None),
    ],
)
def test_steps_of_every_builder(line: str, step: str | None) -> None:
    assert step_of(line) == step


def test_images_that_the_classic_builder_made() -> None:
    made = Made()
    for line in (
        "Step 1/5 : FROM alpine:3.23 AS b",
        " ---> db7cad803e83",
        "Step 2/5 : RUN a",
        " ---> Using cache",
        " ---> aaaaaaaaaaaa",
        "Step 3/5 : RUN b",
        " ---> Running in e95676e33cdf",
        " ---> ffffffffffff is what the command prints",
        "Removing intermediate container e95676e33cdf",
        " ---> bbbbbbbbbbbb",
        "Step 4/5 : COPY x y",
        " ---> cccccccccccc",
        "Successfully built cccccccccccc",
    ):
        made.hear(line)
    assert made.ids == ["bbbbbbbbbbbb", "cccccccccccc"]
    assert made.containers == []
    for line in (" ---> Running in 111111111111", " ---> Running in 222222222222"):
        made.hear(line)
    made.hear("\x1b[0mRemoving intermediate container 111111111111")
    assert made.containers == ["222222222222"]


def test_no_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="none of docker, podman and buildah is on PATH"):
        engines.find("auto")
    for name in engines.NAMES:
        with pytest.raises(EngineError, match=f"{name}: the program .* is not on PATH"):
            engines.find(name)


@pytest.mark.parametrize("text, words", [("echo no >&2; exit 3", ": no"), ("exec nowhere", "")])
def test_a_client_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, words: str) -> None:
    program = tmp_path / "podman"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=f"podman: no engine answers.*{words}"):
        engines.find("auto")


needs_docker = pytest.mark.skipif(shutil.which("docker") is None, reason="needs Docker's client")


@needs_docker
def test_no_engine_at_the_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    with pytest.raises(
        EngineError, match=r"^docker: no engine answers at unix://.*no\.sock; is it running\?$"
    ):
        engines.find("docker")


@needs_docker
def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
        with pytest.raises(EngineError, match="no engine answers at tcp"):
            engines.find("docker")


def test_a_program_is_stopped_when_its_time_is_up() -> None:
    with pytest.raises(process.TimedOut):
        process.call(["sh", "-c", "sleep 60 & wait"], 0.3)
    lines: list[str] = []
    with pytest.raises(process.TimedOut):
        process.follow(["sh", "-c", "echo begun; sleep 60"], lines.append, 0.5)
    assert lines == ["begun"]
    slow = ["sh", "-c", "echo begun; sleep 60"]
    with pytest.raises(process.TimedOut), process.reading(slow, 0.5) as stream:
        assert stream.read() == b"begun\n"


def test_a_program_that_does_not_heed_a_polite_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE", 0.3)
    with pytest.raises(process.TimedOut):
        process.call(["sh", "-c", "trap '' INT TERM; while :; do sleep 1; done"], 0.3)


def test_output_comes_line_by_line() -> None:
    lines: list[str] = []
    done = process.follow(["printf", "a\\r\\nb 10%%\\rb 100%%\\n\\377\\nlast"], lines.append)
    assert lines == ["a", "b 100%", "\ufffd", "last"]
    assert done.code == 0 and done.out == "\n".join(lines)


def test_a_stream_that_ends_badly() -> None:
    bad = ["sh", "-c", "echo no such image >&2; exit 1"]
    with pytest.raises(process.Failed, match="no such image"), process.reading(bad) as stream:
        stream.read(10)
    with process.reading(["sh", "-c", "echo much; echo more"]) as stream:
        assert stream.read(2) == b"mu"
