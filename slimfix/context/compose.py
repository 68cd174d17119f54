"""The build context of a Dockerfile, where a compose file names another one than its directory.

A service is built with ``build: DIR``, or with ``build: {context: DIR, dockerfile: FILE}``, FILE being a path
in DIR. So only a ``dockerfile`` that is a path with a slash (or that is no plain word) can give a Dockerfile
another context than the directory in which it stands; where no compose file has one, none is parsed.

Compose files are looked for beside the Dockerfile and above it, up to the root of the repository. One such
as ``compose.override.yaml`` lies over the first of its directory: what it does not say of a build, that one
says. ``additional_contexts`` are for ``FROM`` and ``COPY --from``, and ``dockerfile_inline`` is no file.

Source: the Compose Build Specification and "Merge" of the Compose Specification.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache

from slimfix.context.sources import Local
from slimfix.patterns import lazy
from slimfix.records import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol
else:
    Protocol = object

_FIRST = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""The order in which ``docker compose`` looks for its file."""
_NAME = lazy(r"(docker-)?compose([.-][\w.-]+)?\.ya?ml")
LIMIT = 256 << 10
"""Bytes of the largest compose file that is read."""
_ENTRIES = 10_000
_HARMLESS = lazy(r"(?<![\w.-])dockerfile:[ \t]+['\"]?(?:\./)?[\w.-]+['\"]?[ \t\r]*(?:#[^\n]*)?(?=\n|\Z)")
_ELSEWHERE = lazy(r"\w+://|git@|github\.com/|service:|docker-image:")


class Found(NamedTuple):
    """What the compose files say of a Dockerfile."""

    directory: str | None = None
    """The context; None where none is named."""
    problem: str | None = None
    """Why it cannot be told, a clause without a full stop."""


class _Unread(Exception):
    """A compose file that cannot be read; the message says why."""


class Files(Protocol):
    """Where compose files and contexts lie. Paths are absolute, with the separators of this system."""

    def names(self, directory: str) -> Iterable[str]:
        """The names in a directory; none if it cannot be read."""

    def text(self, place: str) -> str | None:
        """The text of a compose file; None if it cannot be read."""

    def real(self, path: str) -> str:
        """The path without links and dots."""

    def is_directory(self, path: str) -> bool:
        """Whether a directory stands there."""

    def is_root(self, directory: str) -> bool:
        """Whether it is the root of a repository."""

    def below(self, directory: str, path: str) -> str:
        """Where a *path* of a compose file in *directory* leads."""


_GIT = ".git"
_SETTLED = 2.0
"""Seconds without a change after which one more would show in a directory's time of change."""


class Disk:
    """The :class:`Files` of this machine."""

    def names(self, directory: str) -> Iterable[str]:
        try:
            changed = os.stat(directory).st_mtime
            listed = _listed if time.time() - changed > _SETTLED else _listed.__wrapped__
            return listed(directory, changed)
        except OSError:
            return ()

    def text(self, place: str) -> str | None:
        directory, name = os.path.split(os.path.realpath(place))
        return decoded(Local(directory).read(name, LIMIT))

    def real(self, path: str) -> str:
        return os.path.realpath(path)

    def is_directory(self, path: str) -> bool:
        return os.path.isdir(path)

    def is_root(self, directory: str) -> bool:
        return _GIT in self.names(directory)

    def below(self, directory: str, path: str) -> str:
        return os.path.join(directory, os.path.expanduser(path))


@lru_cache(maxsize=1024)
def _listed(directory: str, changed: float) -> tuple[str, ...]:
    """The compose files in a directory, and ``.git``. Cached: hundreds of Dockerfiles may lie below it.

    Args:
        directory: where it is.
        changed: when something was last added to it or taken from it.

    Raises:
        OSError: it cannot be read.
    """
    return tuple(
        [
            name
            for name in os.listdir(directory)
            if name == _GIT or ("compose" in name and is_compose_name(name))
        ]
    )


def decoded(data: bytes | None) -> str | None:
    """The text of a compose file."""
    return None if data is None else data.decode("utf-8-sig", "replace")


def context_of(dockerfile: str, files: Files = Disk()) -> Found:
    """The context that the compose files name for a Dockerfile."""
    path = os.path.abspath(dockerfile)
    places, root = _places(os.path.dirname(path), files)
    texts = [(place, text) for place in places for text in [files.text(place)]]
    if not any(text is None or _may_name_another(text) for _, text in texts):
        return Found()
    named: dict[str, str] = {}
    try:
        for place, build in _builds(texts):
            context = _context(place, build, path, files)
            if context is not None:
                named.setdefault(files.real(context), os.path.basename(place))
    except _Unread as error:
        return Found(problem=str(error))
    if len(named) > 1:
        names = " and ".join(dict.fromkeys(named.values()))
        return Found(problem=f"{names} name more than one build context for it; --context DIR names one")
    for context, file in named.items():
        top = None if root is None else files.real(root)
        if top is not None and os.path.commonpath([context, top]) != top:
            return Found(problem=f"the build context that {file} names lies outside of the repository")
        if not files.is_directory(context):
            return Found(problem=f"the build context that {file} names is not there")
        return Found(context)
    return Found()


def is_compose_name(name: str) -> bool:
    """Whether compose may read a file of this name."""
    return _NAME.fullmatch(name) is not None


def _places(directory: str, files: Files) -> tuple[list[str], str | None]:
    """The compose files in a directory, and those above it in the repository; the nearest first.

    And the root of the repository, if there is one.
    """
    found: list[str] = []
    at = directory
    while True:
        names = [name for name in files.names(at) if is_compose_name(name)]
        found += [os.path.join(at, name) for name in sorted(names, key=lambda n: (n not in _FIRST, n))]
        if files.is_root(at):
            return found, at
        above = os.path.dirname(at)
        if above == at:  # no repository: only what lies beside the Dockerfile is known to go with it
            return [place for place in found if os.path.dirname(place) == directory], None
        at = above


def _may_name_another(text: str) -> bool:
    """Whether some ``dockerfile`` is more than a plain name."""
    return "dockerfile" in _HARMLESS.sub("", text)


def _builds(texts: list[tuple[str, str | None]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The path of a compose file and a build that it makes, over that of the first of its directory."""
    services = {place: _services(place, text) for place, text in texts}
    for place, own in services.items():
        directory = os.path.dirname(place)
        others = {os.path.basename(p): p for p in services if os.path.dirname(p) == directory}
        first = next((others[name] for name in _FIRST if name in others), place)
        for name, service in own.items():
            build = _build(service)
            if build is None:
                continue
            below = _build(services[first].get(name)) if first != place else None
            yield place, {**(below or {}), **build}
            if below and "context" in build:  # it may be used alone, too
                yield place, build


def _services(place: str, text: str | None) -> dict[str, Any]:
    name = os.path.basename(place)
    if text is None:
        raise _Unread(f"{name} cannot be read, and may name the build context; --context DIR names it")
    try:
        import yaml
    except ImportError:
        raise _Unread(
            f"{name} may name another build context, and PyYAML is not there to read it: "
            "install slimfix[compose], or name it with --context DIR"
        ) from None

    class Loader(yaml.SafeLoader):
        """Takes tags such as ``!reset`` and ``!override`` too, and no merge of merges without end."""

        def flatten_mapping(self, node: Any) -> None:
            super().flatten_mapping(node)
            if len(node.value) > _ENTRIES:
                raise yaml.YAMLError

    def tagged(loader: Any, suffix: str, node: Any) -> Any:
        if suffix == "reset":
            return None
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        return None if isinstance(node, yaml.SequenceNode) else loader.construct_scalar(node)

    Loader.add_multi_constructor("!", tagged)
    try:
        held = yaml.load(text, Loader)  # a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _Unread(f"{name} is malformed, and may name the build context; --context DIR does") from None
    services = held.get("services") if isinstance(held, dict) else None
    if services is None and isinstance(held, dict):  # the first version of the format has no such key
        services = {name: service for name, service in held.items() if isinstance(service, dict)}
    return services if isinstance(services, dict) else {}


def _build(service: object) -> dict[str, Any] | None:
    """The ``build`` of a service with the two keys that count; None if it has none."""
    build = service.get("build") if isinstance(service, dict) else None
    if isinstance(build, str):
        found: dict[str, Any] = {"context": build}
        if isinstance(service, dict) and isinstance(service.get("dockerfile"), str):
            found["dockerfile"] = service["dockerfile"]  # the first version of the format
        return found
    if not isinstance(build, dict) or "dockerfile_inline" in build:
        return None
    return {key: build[key] for key in ("context", "dockerfile") if isinstance(build.get(key), str)}


def _context(place: str, build: dict[str, Any], path: str, files: Files) -> str | None:
    """The context of a build if it is of the Dockerfile at *path*.

    Raises:
        _Unread: a variable keeps us from telling.
    """
    context, file = build.get("context", "."), build.get("dockerfile", "Dockerfile")
    if _ELSEWHERE.match(context):
        return None
    there = files.below(os.path.dirname(place), context)
    own = files.real(os.path.dirname(path))
    if "$" in file and "$" not in context and files.real(there) == own:
        return None  # if it is this one, its context is no other than without the compose file
    if "$" in context + file:
        known = file if "$" not in file else ""
        if not known or os.path.basename(known) == os.path.basename(path):
            raise _Unread(
                f"a variable in {os.path.basename(place)} may name the build context; --context DIR names it"
            )
        return None
    named = files.real(os.path.join(there, file))
    return there if named == files.real(path) else None
