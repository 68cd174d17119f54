"""What is being done, on standard error: one line that changes on a terminal, a line a phase elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time

from slimfix.console import err
from slimfix.report import printable
from slimfix.verify.engines import step_of


class Progress:
    """Told of every phase, and of every line that a builder prints."""

    def __init__(self, quiet: bool = False, verbose: bool = False) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._live = (
            not quiet
            and not verbose
            and sys.stderr is not None
            and sys.stderr.isatty()
            and os.environ.get("TERM") != "dumb"
        )
        self._phase = ""
        self._step = ""
        self._started = time.monotonic()

    def __call__(self, phase: str, line: str) -> None:
        """Show where we are. *line*: what a builder has just printed, or nothing."""
        if self._quiet:
            return
        if phase != self._phase:
            self._phase, self._step, self._started = phase, "", time.monotonic()
            if not self._live:
                err(printable(phase))
        step = step_of(line) if line else None
        self._step = step or self._step
        if self._verbose and line:
            err(f"  {printable(line)}")
        elif self._live:
            self._show()

    def done(self) -> None:
        """Clear the line."""
        if self._live:
            self._write("\r\x1b[K")
            self._live = False

    def _show(self) -> None:
        seconds = time.monotonic() - self._started
        text = f"{printable(self._phase)}, {seconds:.0f} s"
        if self._step:
            text += f": step {printable(self._step)}"
        self._write("\r\x1b[K" + text[: shutil.get_terminal_size().columns - 1])

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
