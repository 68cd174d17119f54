"""What a comparison makes on the engine and on the disk, so that all of it goes again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from slimfix import files
from slimfix.verify.engines import Built, Engine, EngineError, Options
from slimfix.verify.made import Made

_TRIES = 10
"""Times that an image is asked to go, a second apart."""


class Workspace:
    """Names for images and containers that nobody else has, and a directory.

    Only what was made under these names, and the images that a builder said it made on the way, are
    removed: nothing is looked up by pattern. A disk that is full raises an :class:`EngineError`.
    """

    def __init__(self, engine: Engine, keep: bool = False) -> None:
        self.engine = engine
        self.keep = keep
        self.directory = tempfile.mkdtemp(prefix="slimfix-verify-")
        self.name = f"slimfix-verify-{os.getpid()}-{os.urandom(4).hex()}"
        self.tags: list[str] = []
        self._containers: list[str] = []
        self._made: list[str] = []
        # A step may print what looks like the builder's own lines: what was there before is never ours.
        self._there = engine.images() | engine.containers() if engine.kind != "buildx" else set()

    def tag(self, what: str) -> str:
        """A tag for an image that is about to be built."""
        tag = f"{self.name}:{what}-{len(self.tags) + 1}"
        self.tags.append(tag)
        return tag

    def container(self) -> str:
        """A name for a container that is about to be run."""
        self._containers.append(f"{self.name}-{len(self._containers) + 1}")
        return self._containers[-1]

    def build(
        self,
        dockerfile: str,
        context: str,
        tag: str,
        options: Options,
        cache: bool,
        line: Callable[[str], None],
    ) -> Built:
        """As :meth:`Engine.build`; what it leaves behind is remembered, even if it is cut short."""

        def hear(text: str) -> None:
            made.hear(text)
            line(text)

        made = Made(self.engine.kind)
        try:
            return self.engine.build(dockerfile, context, tag, options, cache=cache, line=hear)
        finally:
            self._made += made.ids
            self._containers += [one for one in made.containers if not _known(one, self._there)]

    def forget(self, tag: str) -> None:
        """Remove one image before its time."""
        if tag in self.tags and not self.keep:
            self.engine.remove_images([tag])
            self.tags.remove(tag)

    def path(self, *parts: str) -> str:
        """A path in the directory."""
        return os.path.join(self.directory, *parts)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            place = error.filename if isinstance(error.filename, str) else self.directory
            raise EngineError(f"{place}: {files.reason(error)}") from error

    def close(self) -> None:
        """Remove containers, images and files; a further Ctrl-C does not stop that."""
        with _undisturbed():
            self.engine.remove_containers(self._containers)
            self._containers.clear()
            if not self.keep:
                self.engine.remove_images(self.tags)
                self._remove_made()
            shutil.rmtree(self.directory, ignore_errors=True)

    def _remove_made(self) -> None:
        """Remove the stages that do not ship, which a builder without BuildKit keeps without a name."""
        ours = [one for one in self._made if not _known(one, self._there)]
        # The last made lie on top of the earlier ones. Most went with the tags.
        if ours:
            left = self.engine.images()
            mine = [one for one in dict.fromkeys(reversed(ours)) if _known(one, left)]
            for _ in range(_TRIES):
                mine = self.engine.remove_images(mine)
                # With one that had no name, those below it that have none go, too.
                mine = mine and [one for one in mine if _known(one, self.engine.images())]
                if not mine:
                    break
                time.sleep(1)  # a container of a build that was cut short still holds it
        self._made.clear()


def _known(short: str, ids: set[str]) -> bool:
    return any(one.startswith(short) for one in ids)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and a polite end wait until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)
