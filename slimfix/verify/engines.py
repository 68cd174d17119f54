"""The container engines, each through its own client.

==========  =============================================================================
docker      ``docker build``: the classic builder, or BuildKit where the client chooses it
buildx      ``docker buildx build --load``
podman      ``podman build --format docker``, so that HEALTHCHECK and SHELL are not dropped
buildah     ``buildah build --format docker --layers``; containers by ``from`` and ``run``
==========  =============================================================================

Which client there is on PATH and which engine it talks to (DOCKER_HOST, contexts) is the user's affair.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple

from slimfix.verify import process
from slimfix.verify.process import Done

NAMES = ("docker", "buildx", "podman", "buildah")
"""In the order in which they are tried."""
ANSWER = 30.0
"""Seconds that an engine has to answer a small question."""

# What the builders print before a step: classic, podman and buildah; then BuildKit.
_STEP = re.compile(r"^(?:\[[^\]]*\] )?step (\d+/\d+) ?: (.*)$", re.IGNORECASE)
_BUILDKIT = re.compile(r"^#\d+ \[(?:(.+?) +)?(\d+/\d+)\] (.*)$")
_BUILDKIT_FAILED = re.compile(r"^ > \[(?:.+? +)?(\d+/\d+)\] (.*?):?$")


class EngineError(Exception):
    """The engine cannot do what is asked; the message is one clear line."""


class Options(NamedTuple):
    """What every build of a comparison is given."""

    build_args: tuple[str, ...] = ()
    target: str | None = None
    network: str | None = None
    platform: str | None = None
    extra: tuple[str, ...] = ()
    """Further arguments of the client's build command, as they are."""
    timeout: float | None = None


class Built(NamedTuple):
    """One run of a builder."""

    ok: bool
    seconds: float
    step: str
    """The step that failed, or the last one that was begun."""
    output: str


class Engine(NamedTuple):
    """A client that answers."""

    kind: str
    program: str
    version: str

    @property
    def docker(self) -> bool:
        """Whether it is Docker's client."""
        return self.kind in ("docker", "buildx")

    def build_command(
        self, dockerfile: str, context: str, tag: str, options: Options, cache: bool
    ) -> list[str]:
        """The arguments that build *dockerfile* and call the image *tag*."""
        command = [self.program]
        if self.kind == "buildx":
            command += ["buildx", "build", "--load", "--progress=plain"]
        elif self.kind == "docker":
            command += ["build", "--force-rm"]
        elif self.kind == "podman":
            command += ["build", "--format", "docker", "--force-rm"]
        else:
            command += ["build", "--format", "docker", "--force-rm", "--layers"]
        command += ["--tag", tag, "--file", dockerfile]
        if not cache:
            command.append("--no-cache")
        for name, value in (
            ("--network", options.network),
            ("--target", options.target),
            ("--platform", options.platform),
        ):
            if value is not None:
                command += [name, value]
        for value in options.build_args:
            command += ["--build-arg", value]
        return [*command, *options.extra, context]

    def build(
        self,
        dockerfile: str,
        context: str,
        tag: str,
        options: Options,
        *,
        cache: bool,
        line: Callable[[str], None] = lambda text: None,
    ) -> Built:
        """Build; what the builder prints goes to *line* as it comes.

        Raises:
            EngineError: it took too long, or the engine has no space left.
        """
        command = self.build_command(dockerfile, context, tag, options, cache)
        step, begun = "", ""

        def seen(text: str) -> None:
            nonlocal step, begun
            begun = step_of(text) or begun
            failed = _BUILDKIT_FAILED.match(text)
            step = f"{failed[1]} {failed[2]}" if failed else step
            line(text)

        try:
            done = process.follow(command, seen, options.timeout, children=not self.docker)
        except process.TimedOut:
            at = f", at step {begun}" if begun else ""
            raise EngineError(f"the build was stopped after {options.timeout:g} s{at}") from None
        ended = Built(not done.code, done.seconds, step or begun, done.out)
        if not ended.ok:
            full = [text for text in done.out.splitlines() if "no space left on device" in text.lower()]
            if full:
                raise EngineError(f"no space left for the build: {full[0].strip()}")
        return ended

    def run(
        self,
        image: str,
        command: Sequence[str],
        name: str,
        network: str | None = None,
        timeout: float | None = None,
    ) -> Done:
        """Run a command in a new container called *name*, in the place of what the image would run.

        Raises:
            EngineError: it took too long. The container may then still be there.
        """
        net = ["--network", network] if network else []
        # Their own log, with the time in it, is no output of the command.
        client = [self.program] if self.docker else [self.program, "--log-level", "fatal"]
        try:
            if self.kind == "buildah":
                self._ask("from", "--pull=false", "--name", name, image)
                return process.call([*client, "run", *net, name, "--", *command], timeout)
            entrypoint = ["--entrypoint", command[0]]
            arguments = [
                "run",
                "--rm",
                "--no-healthcheck",
                "--name",
                name,
                *net,
                *entrypoint,
                image,
                *command[1:],
            ]
            return process.call([*client, *arguments], timeout)
        except process.TimedOut:
            what = process.shown(command)
            raise EngineError(f"stopped after {timeout:g} s in the container: {what}") from None

    def saved(self, images: Sequence[str], directory: str) -> Iterator[IO[bytes]]:
        """The images as archives in the form of ``docker save``, one or more streams.

        *directory* takes a file where the client can write to no pipe.

        Raises:
            EngineError: the engine cannot give them.
        """
        if self.kind == "buildah":
            for number, image in enumerate(images):
                path = os.path.join(directory, f"image-{number}.tar")
                self._ask("push", image, f"docker-archive:{path}:{image}", timeout=None)
                with open(path, "rb") as file:
                    yield file
                os.unlink(path)
            return
        form = [] if self.docker else ["--format", "docker-archive", "--multi-image-archive"]
        try:
            with process.reading([self.program, "save", *form, *images]) as stream:
                yield stream
        except process.Failed as error:
            raise EngineError(f"{self.kind} cannot save the image: {_first_line(str(error))}") from None

    def images(self) -> set[str]:
        """The ids of all images, those between two layers, too."""
        listed = self._ask("images", "--all", "--quiet", "--no-trunc")
        return {line.strip().removeprefix("sha256:") for line in listed.splitlines()}

    def containers(self) -> set[str]:
        """The ids of all containers, running or not."""
        whole = "--notruncate" if self.kind == "buildah" else "--no-trunc"
        return set(self._ask("ps", "--all", "--quiet", whole).split())

    def remove_containers(self, names: Sequence[str]) -> None:
        """Remove containers, running or not; those that are gone are no problem."""
        force = [] if self.kind == "buildah" else ["--force"]
        for name in names:
            self._try("rm", *force, name)

    def remove_images(self, names: Sequence[str]) -> list[str]:
        """Remove images by tag or id; those that could not be."""
        return [name for name in names if not self._try("rmi", name)]

    def _try(self, *arguments: str) -> bool:
        try:
            return process.call([self.program, *arguments], 120).code == 0
        except (process.TimedOut, OSError):
            return False

    def _ask(self, *arguments: str, timeout: float | None = 300) -> str:
        try:
            done = process.call([self.program, *arguments], timeout)
        except process.TimedOut:
            raise EngineError(f"{self.kind} does not answer ({arguments[0]})") from None
        if done.code:
            raise EngineError(f"{self.kind} {arguments[0]}: {_first_line(done.err)}")
        return done.out


def step_of(line: str) -> str | None:
    """The number and text of the step that a line of a builder's output begins, if it does."""
    match = _STEP.match(line)
    if match:
        return f"{match[1]} {match[2].strip()}"
    match = _BUILDKIT.match(line)
    return f"{match[2]} {match[3].strip()}" if match else None


def find(name: str = "auto") -> Engine:
    """The engine of that name, or for ``auto`` the first that answers.

    Raises:
        EngineError: there is none; the message says what stands in the way.
    """
    wanted = ("docker", "podman", "buildah") if name == "auto" else (name,)
    problems: list[str] = []
    for kind in wanted:
        program = shutil.which("docker" if kind == "buildx" else kind)
        if program is None:
            continue
        found = _answer(kind, program)
        if isinstance(found, Engine):
            return found
        problems.append(found)
    if problems:
        raise EngineError("; ".join(problems))
    if name == "auto":
        raise EngineError("no container engine: none of docker, podman and buildah is on PATH")
    raise EngineError(f"{name}: the program {'docker' if name == 'buildx' else name} is not on PATH")


def _answer(kind: str, program: str) -> Engine | str:
    """The engine, or why it does not answer."""
    question = ["version", "--format", "{{.Server.Version}}"]
    if kind == "podman":
        question = ["version", "--format", "{{.Client.Version}}"]
    elif kind == "buildah":
        question = ["--version"]
    try:
        done = process.call([program, *question], ANSWER)
        if not done.code and kind == "buildx":
            builder = process.call([program, "buildx", "version"], ANSWER)
            if builder.code:
                return "buildx: docker has no buildx plugin here"
    except process.TimedOut:
        return f"{kind} did not answer within {ANSWER:g} s"
    except OSError as error:
        return f"{kind} cannot be started: {(error.strerror or str(error)).lower()}"
    if done.code:
        return _refusal(kind, done.err)
    return Engine(kind, program, done.out.strip().removeprefix("buildah version ").partition(" ")[0])


def _refusal(kind: str, said: str) -> str:
    host = os.environ.get("DOCKER_HOST", "")
    place = f" at {host}" if host and kind in ("docker", "buildx") else ""
    if "permission denied" in said.lower():
        return f"{kind}: no permission to talk to the engine{place}"
    if "cannot connect" in said.lower() or "connection refused" in said.lower():
        return f"{kind}: no engine answers{place}; is it running?"
    return f"{kind}: no engine answers{place}: {_first_line(said)}"


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "it does not say why"
