"""Run a command in both images, and keep how it ended and what it said."""

from __future__ import annotations

from slimfix.verify.engines import EngineError, Options
from slimfix.verify.findings import Smoke
from slimfix.verify.workspace import Workspace

TIMEOUT = 120.0
"""Seconds that a smoke command may take where nothing else is said."""


def both(workspace: Workspace, command: tuple[str, ...], before: str, after: str, options: Options) -> Smoke:
    """Run *command* in two images. Where the outputs differ, the first is asked once more.

    Raises:
        EngineError: in the first image it does not come to an end.
    """
    first = _run(workspace, before, command, options)
    try:
        second = _run(workspace, after, command, options)
    except EngineError as error:
        second = (-1, str(error))
    stable = True
    if first != second and first[0] == second[0]:
        stable = _run(workspace, before, command, options) == first
    return Smoke(command, first, second, stable)


def _run(workspace: Workspace, image: str, command: tuple[str, ...], options: Options) -> tuple[int, str]:
    name = workspace.container()
    timeout = min(options.timeout or TIMEOUT, TIMEOUT)
    done = workspace.engine.run(image, command, name, options.network, timeout)
    # Container names, and with them host names, differ from run to run.
    return done.code, (done.out + done.err).replace(name, "CONTAINER")
