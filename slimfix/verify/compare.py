"""Build two Dockerfiles in one context, and compare what comes of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from slimfix import files
from slimfix.context import BuildContext
from slimfix.text import decode, encode
from slimfix.verify import archive, configs, elf, needs, smoke, touch
from slimfix.verify.archive import Image, LayerCache
from slimfix.verify.engines import Built, Engine, EngineError, Options
from slimfix.verify.explain import Noise, explain
from slimfix.verify.findings import Comparison, Failure, Side, Smoke
from slimfix.verify.workspace import Workspace

TAIL = 15
"""Lines of a failed build that are kept."""


class Request(NamedTuple):
    """What to build and how to try it."""

    path: str
    """The Dockerfile's place, as given."""
    directory: str
    """The build context."""
    options: Options = Options()
    smoke: tuple[tuple[str, ...], ...] = ()
    """Commands, each as its words."""
    rebuild: bool = True
    """Whether to time a rebuild after an edit."""
    touch: str | None = None
    """The file of the context to edit; chosen when None."""
    weigh: bool = True
    """Whether to find out the compressed sizes, which takes longest of what is not building."""


class CannotBuild(EngineError):
    """The Dockerfile does not build as it is, so that there is nothing to compare with."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"the build fails before any rewrite, at step {failure.step}")
        self.failure = failure


Progress = Callable[[str, str], None]
"""Told what is being done, and a line of output if there is one."""


def no_progress(phase: str, line: str) -> None:
    """Say nothing."""


class Bench:
    """Builds and compares texts of one Dockerfile against the text that it has now.

    The first image is built once, however many texts are compared with it.
    """

    def __init__(
        self,
        request: Request,
        before: str,
        workspace: Workspace,
        progress: Progress = no_progress,
        cache: LayerCache | None = None,
    ) -> None:
        self.request = request
        self.workspace = workspace
        self.engine: Engine = workspace.engine
        self.progress = progress
        self.cache: LayerCache = {} if cache is None else cache
        self.notes: list[str] = []
        self.touched: str | None = None
        self._text = before
        self._context = _context(request)
        self._copy: str | None = None
        self._noise: Noise | None = None
        self._again: str | None = None
        self._before: Side | None = None

    def before(self) -> Side:
        """The image of the Dockerfile as it is.

        Raises:
            CannotBuild: it does not build.
            EngineError: the engine cannot do what is asked.
        """
        if self._before is None:
            side = self._side("before", self._text)
            if isinstance(side, Failure):
                raise CannotBuild(side)
            self._before = side
            if not elf.available():
                self.notes.append("shared libraries were not looked at: install slimfix[verify]")
            missing = needs.missing_program(side.image)
            if missing is not None:
                self.notes.append(f"{missing}, which the image is to run, is not found in it before either")
        return self._before

    def compare(self, text: str, what: str = "after") -> Comparison:
        """Build *text* and compare its image with that of the Dockerfile as it is.

        Raises:
            EngineError: the engine cannot do what is asked; of a failing build the result tells.
        """
        before = self.before()
        after = self._side(what, text)
        if isinstance(after, Failure):
            return Comparison(before, None, after, touched=self.touched, notes=tuple(self.notes))
        self.progress(f"{what}: comparing", "")
        one, other = before.image, after.image
        found = explain(one, other, self._noise)
        ran = self._smoke(before.tag, after.tag)
        for tried in ran:
            if tried.before[0] > 0:
                self._note(f"{' '.join(tried.command)} fails before, too, and shows little")
        if self._noise is None and (found.paths or any(map(smoke.differs, ran))):
            self._measure_noise(one)
        if self._noise is not None and self._again is not None:
            found = explain(one, other, self._noise)
            again = self._again
            ran = tuple(self._weighed(each, again) if smoke.differs(each) else each for each in ran)
        return Comparison(
            before,
            after,
            None,
            configs.differences(one.config, other.config),
            found,
            needs.lost(one, other),
            ran,
            self.touched,
            tuple(self.notes),
        )

    # -- building ------------------------------------------------------------------------------

    def _side(self, what: str, text: str) -> Side | Failure:
        dockerfile = self._write(what, text)
        tag, built = self._build(f"{what}: clean build", dockerfile, self.request.directory, what, False)
        if not built.ok:
            return _failure(built)
        self.progress(f"{what}: reading the image", "")
        image = self._read(tag)
        rebuild = self._rebuild(what, dockerfile, image) if self.request.rebuild else None
        return Side(tag, image, built.seconds, rebuild)

    def _write(self, what: str, text: str) -> str:
        """Put the text where the builder can read it: beside no file of the user's."""
        path = self.workspace.path(f"{what}.Dockerfile")
        with open(path, "wb") as file:
            file.write(encode(text))
        own = _own_ignore(self.request.path)
        if own is not None:
            with open(path + ".dockerignore", "wb") as file:
                file.write(own)
        return path

    def _build(self, phase: str, dockerfile: str, context: str, what: str, cache: bool) -> tuple[str, Built]:
        self.progress(phase, "")
        tag = self.workspace.tag(what)
        built = self.workspace.build(
            dockerfile, context, tag, self.request.options, cache, lambda line: self.progress(phase, line)
        )
        return tag, built

    def _read(self, tag: str) -> Image:
        try:
            images = archive.read(
                self.engine.saved([tag], self.workspace.directory), self.cache, self.request.weigh
            )
            return images[tag] if tag in images else next(iter(images.values()))
        except (archive.ArchiveError, StopIteration) as error:
            raise EngineError(str(error) or "the engine saved no image") from None

    def _rebuild(self, what: str, dockerfile: str, image: Image) -> float | None:
        """Seconds of a build after an edit in the context; None where that cannot be done."""
        copied = self._edited(image)
        if copied is None:
            return None
        tag, built = self._build(f"{what}: rebuild after an edit", dockerfile, copied, f"{what}-again", True)
        self.workspace.forget(tag)
        if not built.ok:
            self._note(f"the rebuild after an edit of {self.touched} failed, at step {built.step}")
            return None
        return built.seconds

    def _edited(self, image: Image) -> str | None:
        """A copy of the context with one file edited."""
        if self._copy is None:
            self._copy = ""
            try:
                wanted = self.request.touch
                self.touched = wanted if wanted is not None else touch.choose(self._context, image.tree)
                if self.touched is None:
                    self._note("no rebuild was timed: the context has no source file to edit")
                elif self._context.kind(self.touched) != "file":
                    raise EngineError(f"{self.touched}: no such file in the build context")
                else:
                    copied = self.workspace.path("context")
                    touch.copy(self.request.directory, self._context, copied)
                    touch.edit(os.path.join(copied, self.touched))
                    self._copy = copied
            except touch.Uncopied as error:
                self._note(f"no rebuild was timed: {error}")
        return self._copy or None

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    # -- comparing -----------------------------------------------------------------------------

    def _measure_noise(self, image: Image) -> None:
        """Build the first file once more: what differs then differs by itself."""
        dockerfile = self._write("before", self._text)
        phase = "before: second build, to see what differs by itself"
        tag, built = self._build(phase, dockerfile, self.request.directory, "before-again", False)
        if not built.ok:
            self._note("the Dockerfile did not build a second time")
            return
        self._noise, self._again = Noise(image.tree, self._read(tag).tree), tag

    def _smoke(self, before: str, after: str) -> tuple[Smoke, ...]:
        found = []
        for command in self.request.smoke:
            self.progress(f"running {command[0]} in both", "")
            found.append(smoke.both(self.workspace, command, before, after, self.request.options))
        return tuple(found)

    def _weighed(self, ran: Smoke, again: str) -> Smoke:
        return smoke.weighed(self.workspace, ran, again, self.request.options)


def _failure(built: Built) -> Failure:
    lines: Sequence[str] = [line for line in built.output.splitlines() if line.strip()]
    return Failure(built.step or "1, before anything was run", tuple(lines[-TAIL:]))


def _context(request: Request) -> BuildContext:
    home, name = os.path.split(request.path)
    if os.path.realpath(home or ".") == os.path.realpath(request.directory):
        return BuildContext.local(request.directory, name)
    own = _own_ignore(request.path)
    return BuildContext.local(request.directory, None, decode(own) if own is not None else None)


def _own_ignore(path: str) -> bytes | None:
    try:
        return files.read_bytes(path + ".dockerignore")
    except files.Unusable:
        return None
