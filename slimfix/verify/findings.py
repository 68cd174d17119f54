"""What a comparison found: frozen records, and nothing that says what they mean."""

from __future__ import annotations

from typing import NamedTuple

from slimfix.verify.archive import Image
from slimfix.verify.configs import Difference
from slimfix.verify.needs import Lost


class Failure(NamedTuple):
    """A build that did not succeed."""

    step: str
    tail: tuple[str, ...]
    """The last lines of what the builder printed."""


class Side(NamedTuple):
    """One image, and how long it took."""

    tag: str
    image: Image
    seconds: float
    """A clean build, without any cached layer."""
    rebuild: float | None = None
    """A build after an edit in the context, with what the builder had in its cache."""


class Smoke(NamedTuple):
    """A command that was run in both images: exit status and output of each."""

    command: tuple[str, ...]
    before: tuple[int, str]
    after: tuple[int, str]
    stable: bool = True
    """False if the first image, asked twice, gave two outputs."""


class Package(NamedTuple):
    """A package that is in one image only, or in two versions."""

    name: str
    before: str | None
    after: str | None
    files: int = 0
    size: int = 0
    """Bytes of its files that vanished."""


class Path(NamedTuple):
    """A path that differs, and how."""

    path: str
    what: str
    """``vanished``, ``appeared``, or in words what changed."""
    size: int = 0


class Group(NamedTuple):
    """Paths that are set apart: how many, and by how many bytes the image shrinks by them."""

    paths: int = 0
    size: int = 0


class Files(NamedTuple):
    """Where the two trees differ."""

    paths: tuple[Path, ...] = ()
    """What nothing explains."""
    packages: tuple[Package, ...] = ()
    caches: Group = Group()
    records: Group = Group()
    bytecode: Group = Group()
    unstable: tuple[str, ...] = ()
    """Paths that also differ between two builds of the one file."""


class Comparison(NamedTuple):
    """Two Dockerfiles, built and compared."""

    before: Side
    after: Side | None
    """None if it did not build."""
    failure: Failure | None = None
    config: tuple[Difference, ...] = ()
    files: Files = Files()
    lost: tuple[Lost, ...] = ()
    smoke: tuple[Smoke, ...] = ()
    touched: str | None = None
    """The file whose edit the rebuilds are about."""
    notes: tuple[str, ...] = ()
    """What could not be looked at."""
