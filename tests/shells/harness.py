"""Run the RUN instructions of a Dockerfile in real shells and compare what they do.

    from tests.shells.harness import Shell, differences, run

    assert not differences(["a; b", "c"], ["{ a; b; } && c"])
    assert run(["cd /x && a", "b"], Shell.DASH).calls == (("a",), ("b",))

Every program is a stub that logs its arguments, working directory, exported environment, input
from a pipe or file, umask, ignored signals and changed limits, and prints ``out-NAME``.  It exits
0, or 1 if it was told to.  ``run`` gives the :class:`Outcome` of a sequence of scripts, each in a
fresh shell, up to the first that fails.  ``differences`` asks whether two sequences do the same.

What is made repeatable, and how:

* A pipeline: a stub reads its piped input to the end before it logs, so stages log left to right.
* Background work: its records are taken out of the order of the foreground and sorted; each says
  how many foreground events there were when it ended, and whether it outlived its RUN's shell.
  A background stub stays until its shell has ended, or until every process sleeps (the shell is
  in ``wait``), and ``sleep`` in the foreground lasts until the background has started: so this
  is a fact about the script and not a race.  Work that outlives its shell is let finish for
  300 ms before it is killed; docker would kill it at once, at a moment nobody can know.
* ``$$`` is always 100.  Numbers of lines and processes in the shells' messages are taken out, and
  messages are compared by their letters (with ``set -x`` two stages of a pipeline write at once).

What is left out of the environment: ``_`` and ``SHLVL`` (the shell's own), ``PWD`` (the working
directory says it) and ``OLDPWD`` (bash exports it after a ``cd``; ``cd -`` still shows).

What is not seen, or not repeatable:

* Stubs change nothing: a file that a program would make or remove is not made or removed, and a
  script written by a redirection cannot be run (no ``chmod``).
* ``$!``, ``$RANDOM`` and the clock differ between runs.
* In bash, these may race with what stands beside them: ``>(cmd)``, and the last command of a
  background subshell that has no input of its own to tell it (``a & (b; c) & d`` on one line,
  ``a | (b; c) & d``, or any if a script says ``</dev/null``).
* In bash ``read -t`` beside a background job looks like ``wait``.
"""

from __future__ import annotations

from .compare import Difference, Differences, complete, differences
from .execute import (
    DEFAULT_ENV,
    SHELLS,
    Background,
    Event,
    Fault,
    Outcome,
    Shell,
    run,
)
from .root import IsolationError
from .world import World, inventory

__all__ = [
    "DEFAULT_ENV",
    "SHELLS",
    "Background",
    "Difference",
    "Differences",
    "Event",
    "Fault",
    "IsolationError",
    "Outcome",
    "Shell",
    "World",
    "complete",
    "differences",
    "inventory",
    "run",
]
