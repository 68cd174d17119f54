"""One folder for everything that a process of the bot keeps on the disk for a while.

It is gone when the process ends, and where that was killed, when the next one starts: a lock on a file in it,
which no end of a process outlasts, tells whether somebody still needs it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PREFIX = "slimfix-bot-"
LOCK = ".lock"
GRACE = 3600.0
"""Seconds after which a folder without a lock is nobody's: a new one gets its own at once."""


@contextlib.contextmanager
def scratch() -> Iterator[str]:
    """The folder, in which all temporary files of this process lie while the block lasts."""
    before = tempfile.tempdir
    sweep(tempfile.gettempdir())
    place = tempfile.mkdtemp(prefix=PREFIX)
    try:
        with open(os.path.join(place, LOCK), "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tempfile.tempdir = place
            yield place
    finally:
        tempfile.tempdir = before
        shutil.rmtree(place, ignore_errors=True)


def sweep(directory: str) -> list[str]:
    """Delete what killed processes of this user have left in a directory; the names of it."""
    gone = []
    for place in sorted(Path(directory).glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            found = place.lstat()
            if not place.is_dir() or place.is_symlink() or found.st_uid != os.getuid():
                continue
            lock = _lock(place)
            if lock is None and time.time() - found.st_mtime < GRACE:
                continue
            with lock or contextlib.nullcontext():
                if lock is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its process is there
                shutil.rmtree(place, ignore_errors=True)
                gone.append(place.name)
    return gone


def _lock(place: Path) -> IO[bytes] | None:
    try:
        return open(os.open(place / LOCK, os.O_RDWR | os.O_NOFOLLOW), "r+b")
    except FileNotFoundError:
        return None
