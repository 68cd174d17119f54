"""Run a command in both images, and keep how it ended and what it said."""

from __future__ import annotations

from slimfix.verify.engines import EngineError, Options
from slimfix.verify.findings import Smoke
from slimfix.verify.workspace import Workspace

TIMEOUT = 120.0
"""Seconds that a smoke command may take where nothing else is said."""

NOT_RUN = 125
"""What docker, podman and buildah end with when they themselves fail, and not what they run."""


def both(workspace: Workspace, command: tuple[str, ...], before: str, after: str, options: Options) -> Smoke:
    """Run *command* in two images. Where the outputs differ, the first is asked once more.

    Raises:
        EngineError: in the first image it does not come to an end, or the engine cannot even start it.
    """
    first = _run(workspace, before, command, options)
    said = first[1].strip().splitlines()
    if first[0] == NOT_RUN and any(line.startswith(("docker: ", "Error: ")) for line in said):
        raise EngineError(f"the engine runs no container of the image: {said[0]}")
    try:
        second = _run(workspace, after, command, options)
    except EngineError as error:
        second = (-1, str(error))
    stable = True
    if first != second and first[0] == second[0]:
        stable = _run(workspace, before, command, options) == first
    return Smoke(command, first, second, stable)


def weighed(workspace: Workspace, smoke: Smoke, again: str, options: Options) -> Smoke:
    """The same in the light of *again*, what a second build of the first file gave.

    Raises:
        EngineError: the command does not come to an end in it.
    """
    return smoke._replace(stable=_run(workspace, again, smoke.command, options) == smoke.before)


def differs(smoke: Smoke) -> bool:
    """Whether only the output differs, and that not by itself."""
    return smoke.stable and smoke.before[0] == smoke.after[0] and smoke.before[1] != smoke.after[1]


def _run(workspace: Workspace, image: str, command: tuple[str, ...], options: Options) -> tuple[int, str]:
    name = workspace.container()
    timeout = min(options.timeout or TIMEOUT, TIMEOUT)
    done = workspace.engine.run(image, command, name, options.network, timeout)
    # Container names, and with them host names, differ from run to run.
    return done.code, (done.out + done.err).replace(name, "CONTAINER")
