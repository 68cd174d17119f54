"""``slimfix verify`` with buildx, podman and buildah: each builds, compares, explains, and leaves nothing.

What is not there is skipped. podman and buildah take their images from the Docker engine that answers, if
they have none; where their own settings let them run nothing (a container without all capabilities, say),
root gives them a store and settings of their own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from slimfix.verify import engines
from slimfix.verify.engines import Engine
from tests.engine.conftest import IMAGE, Verify, command, environment
from tests.engine.test_verify import heeds_interrupts

pytestmark = pytest.mark.engine

KINDS = ("buildx", "podman", "buildah")
SETTINGS = {
    "CONTAINERS_CONF": """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
{runtime}
""",
    "CONTAINERS_STORAGE_CONF": """\
[storage]
driver = "overlay"
graphroot = "{home}/graph"
runroot = "{home}/run"
""",
    "CONTAINERS_REGISTRIES_CONF": "unqualified-search-registries = []\n",
}
STAGES = """\
FROM {image} AS build
RUN echo one > /one
RUN echo two > /two

FROM {image}
LABEL slimfix-test={label}
COPY --from=build /one /two /
WORKDIR /app
COPY app.conf run.sh ./
RUN echo three > /three
RUN echo four > /four
ENV MODE=production
HEALTHCHECK CMD test -e /four
CMD ["/app/run.sh"]
"""


def _run(*arguments: str, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, env={**os.environ, **given}, capture_output=True, text=True, errors="replace"
    )


def _problem(kind: str, place: Path, given: Mapping[str, str]) -> str:
    """Why the client can build and run nothing; ``""`` if it can."""
    if kind != "buildx" and _run(kind, "inspect", "--type", "image", IMAGE, given=given).returncode:
        archive = place / "base.tar"
        if _run("docker", "save", "-o", str(archive), IMAGE, given={}).returncode:
            return f"has no image {IMAGE}, and no Docker engine gives it"
        loaded = _run(kind, "pull", f"docker-archive:{archive}", given=given)
        if loaded.returncode:
            return f"cannot load {IMAGE}: {loaded.stderr[-300:]}"
    (place / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN true\n")
    build = ["docker", "buildx", "build", "--load"] if kind == "buildx" else [kind, "build", "--force-rm"]
    tag = f"slimfix-probe-{os.getpid()}"
    done = _run(*build, "--network", "host", "-t", tag, str(place), given=given)
    if not done.returncode and kind == "podman":
        done = _run(kind, "run", "--rm", "--network", "host", tag, "true", given=given)
    program = "docker" if kind == "buildx" else kind
    _run(program, "rmi", tag, given=given)
    return f"builds or runs nothing here: {done.stderr.strip()[-300:]}" if done.returncode else ""


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str] | str]]:
    """What each client needs in its environment, or why it cannot be tried."""
    found: dict[str, dict[str, str] | str] = {}
    home = tmp_path_factory.mktemp("containers")
    own = {name: str(home / name) for name in SETTINGS}
    runtime = next(filter(shutil.which, ("runc", "crun")), None)
    for name, text in SETTINGS.items():
        words = {"home": str(home), "runtime": f'runtime = "{runtime}"' if runtime else ""}
        for key, value in words.items():
            text = text.replace(f"{{{key}}}", value)
        (home / name).write_text(text)
    for kind in KINDS:
        if shutil.which("docker" if kind == "buildx" else kind) is None:
            found[kind] = "is not installed"
        elif kind == "buildx" and _run("docker", "buildx", "version", given={}).returncode:
            found[kind] = "docker has no such plugin here"
        else:
            problem = _problem(kind, tmp_path_factory.mktemp(kind), {})
            found[kind] = problem or {}
            if problem and kind != "buildx" and os.geteuid() == 0:
                problem = _problem(kind, tmp_path_factory.mktemp(kind), own)
                found[kind] = problem or own
    yield found
    for kind in ("podman", "buildah"):
        if found[kind] == own:  # its mounts go with it
            _run(kind, "rmi", "--all", "--force", given=own)
            shutil.rmtree(home / "graph", ignore_errors=True)


@pytest.fixture(params=KINDS)
def client(
    request: pytest.FixtureRequest,
    environments: dict[str, dict[str, str] | str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Engine]:
    """Each of the engines; after the test it has the images and containers that it had."""
    kind: str = request.param
    given = environments[kind]
    if isinstance(given, str):
        pytest.skip(f"{kind} {given}")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = engines.find(kind)
    before = _there(found)
    yield found
    assert _there(found) == before


def _there(engine: Engine) -> set[str]:
    """Images and containers; those of ours on an engine that others use, too."""
    if engine.kind == "buildx":
        listed = _run("docker", "images", "-aq", "--filter", f"label=slimfix-test={LABEL}", given={})
        running = _run("docker", "ps", "-aq", "--filter", f"label=slimfix-test={LABEL}", given={})
        return set((listed.stdout + running.stdout).split())
    found = engine.images() | engine.containers()
    if engine.kind == "podman":
        found |= set(_run("podman", "ps", "--all", "--external", "--quiet", given={}).stdout.split())
    return found


LABEL = f"{os.getpid()}-{os.urandom(4).hex()}"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A build context with a Dockerfile of two stages."""
    (tmp_path / "app.conf").write_text("a = 1\n")
    (tmp_path / "run.sh").write_text("#!/bin/sh\ncat /app/app.conf\n")
    (tmp_path / "run.sh").chmod(0o755)
    put(tmp_path, "Dockerfile")
    return tmp_path


def put(context: Path, name: str, old: str = "", new: str = "") -> None:
    text = STAGES.format(image=IMAGE, label=LABEL)
    assert old in text
    (context / name).write_text(text.replace(old, new) if old else text)


@pytest.fixture
def again(client: Engine, verify: Verify) -> Verify:
    """Runs ``slimfix verify`` with that engine."""

    def run(*arguments: str, **more: str) -> object:
        return verify("--engine", client.kind, "--network", "host", *arguments, **more)

    return run  # type: ignore[return-value]  # what it gives is what verify gives


def test_verified(again: Verify, context: Path, client: Engine) -> None:
    status, out, err = again("--smoke", "/app/run.sh", "--smoke", "cat /one /four")
    assert status == 0, out + err
    assert out.startswith("Dockerfile: verified: ")
    assert f"built with {client.kind} {client.version}" in out
    assert "config: the same" in out
    assert "/app/run.sh: exit status 0 and the same output in both" in out
    assert "cat /one /four: exit status 0 and the same output in both" in out
    assert "the edit was in app.conf" in out and "rebuild after an edit" in out


@pytest.mark.parametrize(
    "old, new, status, reason",
    [
        ("RUN echo four > /four\n", "RUN echo four > /four && cat /nowhere\n", 2, "RUN echo four"),
        ("WORKDIR /app", "RUN rm /usr/lib/libz.so.1*\nWORKDIR /app", 2, "library libz.so.1 is gone; "),
        ("RUN echo three > /three\n", "", 1, "/three vanished"),
        ("MODE=production", "MODE=test", 1, "ENV MODE: 'production' became 'test'"),
        ("test -e /four", "test -e /one", 1, "HEALTHCHECK"),
        ("app.conf run.sh", "run.sh", 2, "/app/run.sh: exit status 0 before, exit status 1 after"),
    ],
    ids=["failing build", "missing library", "lost file", "changed ENV", "changed HEALTHCHECK", "smoke"],
)
def test_bad_rewrites_are_caught_and_explained(
    again: Verify, context: Path, old: str, new: str, status: int, reason: str
) -> None:
    put(context, "Other", old, new)
    told = again("--against", "Other", "--no-rebuild", "-q", "--smoke", "/app/run.sh")
    assert told.status == status, told
    reasons = [line for line in told.out.splitlines() if line.startswith("  because ")]
    assert any(reason in line for line in reasons), told.out
    if "fails at step" in told.out:
        assert any(line.startswith("    | ") and "/nowhere" in line for line in told.out.splitlines())


def test_a_build_that_hangs(again: Verify, context: Path) -> None:
    put(context, "Other", "RUN echo three > /three", "RUN echo three > /three && sleep 601")
    status, out, err = again("--against", "Other", "-q", "--no-rebuild", "--timeout", "12")
    assert (status, out) == (2, "")
    assert err.startswith("Dockerfile: the build was stopped after 12 s, at step ") and "sleep 601" in err
    assert not _asleep("601")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(client: Engine, context: Path, number: int) -> None:
    put(context, "Dockerfile", "RUN echo four > /four", "RUN echo asleep && sleep 602")
    arguments = command("verify", "-v", "--engine", client.kind, "--network", "host")
    process = subprocess.Popen(
        arguments,
        cwd=context,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=heeds_interrupts,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip().endswith("asleep") and "RUN" not in line:
            break
    process.send_signal(number)
    err = process.stderr.read()
    assert process.wait(60) == 2
    assert err.splitlines()[-1] == "Dockerfile: interrupted; what had been made on the engine was removed"
    assert not _asleep("602")


def _asleep(seconds: str) -> list[str]:
    """The processes that sleep for so long, the steps of stopped builds among them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().split(b"\0")[:2] == [b"sleep", seconds.encode()]:
                found.append(path.parent.name)
    return found


def test_what_a_step_prints_removes_nothing_of_the_user(again: Verify, client: Engine, context: Path) -> None:
    image = "docker" if client.kind == "buildx" else client.kind
    told = _run(image, "inspect", "--type", "image", "--format", "{{.Id}}", IMAGE, given={})
    if client.kind == "buildah":
        told = _run(image, "images", "--quiet", "--no-trunc", IMAGE, given={})
    short = told.stdout.strip().removeprefix("sha256:")[:12]
    assert len(short) == 12
    put(
        context, "Dockerfile", "RUN echo four", f"RUN echo '--> {short}' && echo ' ---> {short}' && echo four"
    )
    assert again("-q", "--no-rebuild").status == 0  # the fixture sees whether the image is still there
