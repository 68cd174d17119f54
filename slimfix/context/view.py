"""The view that the builder has of a source of files."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping

from slimfix.context.sources import FileSource, Kind, Link, Local, Memory
from slimfix.dockerignore import DockerIgnore
from slimfix.globs import BadPattern, clean, has_wildcard, match, tokens_of

_LIMIT = 1 << 20
_LINK_HOPS = 40


class BuildContext:
    """What COPY and ADD can see."""

    def __init__(
        self,
        source: FileSource,
        dockerfile_name: str | None = "Dockerfile",
        ignore_text: str | None = None,
        problem: str | None = None,
    ) -> None:
        """A view of *source*.

        *dockerfile_name* is the Dockerfile's path in the context: BuildKit takes the rules from
        ``<name>.dockerignore`` where there is one, else from ``.dockerignore``. It is None for a
        Dockerfile that lies elsewhere; *ignore_text* is then what its own ignore file says, if any.
        *problem* says why it is not known which files these are, if so.
        """
        self._source = source
        self._dockerfile = dockerfile_name
        self._ignore_text = ignore_text
        self._loaded: tuple[DockerIgnore, str | None] | None = (DockerIgnore(), problem) if problem else None
        self._kinds: dict[str, Kind | None] = {"": "dir"}
        self._kept: dict[str, bool] = {}

    @classmethod
    def local(
        cls,
        directory: str | os.PathLike[str],
        dockerfile_name: str | None = "Dockerfile",
        ignore_text: str | None = None,
    ) -> BuildContext:
        """The context in a directory of this machine; see the constructor."""
        return cls(Local(os.fspath(directory)), dockerfile_name, ignore_text)

    @classmethod
    def of(
        cls,
        files: Mapping[str, str | bytes | Link],
        dockerfile_name: str | None = "Dockerfile",
        ignore_text: str | None = None,
    ) -> BuildContext:
        """A context of these paths and contents; a path with a slash at its end is a directory."""
        return cls(Memory(files), dockerfile_name, ignore_text)

    @classmethod
    def unknown(cls, problem: str) -> BuildContext:
        """The context of a Dockerfile of which it is not known where that is."""
        return cls(Memory({}), None, problem=problem)

    def ignoring(self, ignore_text: str) -> BuildContext:
        """The same files with another ignore file."""
        return BuildContext(self._source, self._dockerfile, ignore_text)

    @property
    def problem(self) -> str | None:
        """Why the files cannot be known; every path counts as hidden then. Mostly None."""
        return self._rules()[1]

    @property
    def ignore_file(self) -> tuple[str, str]:
        """The path and the text of the ignore file that counts; the text is ``""`` where there is none.

        Raises:
            BadPattern: it cannot be read; :attr:`problem` is set then.
        """
        if self._ignore_text is not None:
            return "", self._ignore_text
        return self._rule_file()

    def ignored(self, path: str) -> bool:
        """Whether the ignore rules hide *path*, be it there or not."""
        rules, problem = self._rules()
        return problem is not None or rules.excludes(path)

    def kind(self, path: str) -> Kind | None:
        """What the builder finds at *path*, a link as itself; None for nothing."""
        at = clean(path)
        parent, _, name = at.rpartition("/")
        place = self._follow(parent)
        if place is None:
            return None
        return self._visible(f"{place}/{name}" if place else name)

    def exists(self, path: str) -> bool:
        """Whether the builder finds anything at *path*, if only a dangling link."""
        return self.kind(path) is not None

    def is_dir(self, path: str) -> bool:
        """Whether the builder finds a directory at *path*, or a link to one."""
        return self._directory(clean(path)) is not None

    def read_bytes(self, path: str, limit: int = _LIMIT) -> bytes | None:
        """The bytes of the file at *path*; None if the builder sees none or it is too long."""
        place = self._follow(clean(path))
        if place is None or self._raw_kind(place) != "file":
            return None
        return self._source.read(place, limit)

    def read_text(self, path: str, limit: int = _LIMIT) -> str | None:
        """The text of the file at *path*, without a BOM; None also if it is not UTF-8."""
        data = self.read_bytes(path, limit)
        try:
            return None if data is None else data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    def iterdir(self, path: str = ".") -> tuple[str, ...]:
        """The paths of what the builder finds in a directory, sorted; empty if it is not one."""
        at = clean(path)
        place = self._directory(at)
        if place is None:
            return ()
        return tuple(_join(at, name) for name in self._names(place))

    def glob(self, pattern: str) -> tuple[str, ...]:
        """What a source of COPY stands for: the paths that it matches, in the builder's order.

        A directory that matches stands for all below it. Without a wildcard the answer is the path
        itself, if it is there. Links before the first wildcard are followed, later ones are not.
        A malformed glob matches nothing, as in the builder.
        """
        parts = clean(pattern).split("/")
        fixed = next((i for i, part in enumerate(parts) if has_wildcard(part)), len(parts))
        if fixed == len(parts):
            path = "/".join(parts)
            return (path or ".",) if self._follow(path) is not None else ()
        base = self._directory("/".join(parts[:fixed]))
        if base is None:
            return ()
        try:
            # Only a class can match a slash; without such a one each level must fit its own part.
            pattern = "/".join(parts[fixed:])
            if any(token.members and token.members.has("/") for token in tokens_of(pattern)):
                return tuple(self._matches(base, "", pattern))
            return tuple(self._matches_by_level(base, parts[fixed:]))
        except BadPattern:
            return ()

    def _matches_by_level(self, place: str, parts: list[str]) -> Iterator[str]:
        for name in self._names(place):
            if not match(parts[0], name):
                continue
            path = _join(place, name)
            if len(parts) == 1:
                yield path
            elif self._raw_kind(path) == "dir":
                yield from self._matches_by_level(path, parts[1:])

    def _matches(self, base: str, below: str, pattern: str) -> Iterator[str]:
        for name in self._names(_join(base, below)):
            path = _join(below, name)
            if match(pattern, path):
                yield _join(base, path)
            elif self._raw_kind(_join(base, path)) == "dir":
                yield from self._matches(base, path, pattern)

    def _directory(self, path: str) -> str | None:
        """The place of the directory at *path*, if the builder finds one there."""
        place = self._follow(path)
        return place if place is not None and self._raw_kind(place) == "dir" else None

    def _names(self, place: str) -> list[str]:
        names = sorted(self._source.names(place))
        return [name for name in names if self._visible(_join(place, name)) is not None]

    def _raw_kind(self, place: str) -> Kind | None:
        if place not in self._kinds:
            self._kinds[place] = self._source.kind(place)
        return self._kinds[place]

    def _visible(self, place: str) -> Kind | None:
        """The kind of a place whose parents are no links, if the builder sees it."""
        kind = self._raw_kind(place)
        if kind is None or not place or not self.ignored(place):
            return kind
        return kind if kind == "dir" and self._keeps_some(place) else None

    def _keeps_some(self, place: str) -> bool:
        """Whether something is kept in an excluded directory, which is made all the same then."""
        if place not in self._kept:
            rules, problem = self._rules()
            self._kept[place] = (
                problem is None
                and rules.may_keep_below(place)
                and any(self._visible(_join(place, name)) for name in self._source.names(place))
            )
        return self._kept[place]

    def _follow(self, path: str, raw: bool = False) -> str | None:
        """The place that *path* leads to when each link on the way, and at its end, is followed.

        None if that is nothing, leaves the context, or (unless *raw*) passes what the rules hide.
        """
        kind_of = self._raw_kind if raw else self._visible
        waiting = path.split("/")[::-1]
        place = ""
        hops = 0
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not place:
                    return None
                place = posixpath.dirname(place)
                continue
            if self._raw_kind(place) != "dir":
                return None
            step = _join(place, part)
            kind = kind_of(step)
            if kind is None:
                return None
            if kind != "link":
                place = step
                continue
            target = self._source.target(step)
            hops += 1
            if hops > _LINK_HOPS or not target or target.startswith("/"):
                return None
            waiting += target.split("/")[::-1]
        return place

    def _rules(self) -> tuple[DockerIgnore, str | None]:
        if self._loaded is None:
            try:
                self._loaded = DockerIgnore.parse(self._rule_text()), None
            except BadPattern as error:
                self._loaded = DockerIgnore(), f"the ignore file cannot be read: {error}"
        return self._loaded

    def _rule_text(self) -> str:
        """The text of the ignore file that counts; raises BadPattern if it is beyond us."""
        return self._ignore_text if self._ignore_text is not None else self._rule_file()[1]

    def _rule_file(self) -> tuple[str, str]:
        """The ignore file in the context that counts, by path and text."""
        own = [f"{self._dockerfile}.dockerignore"] if self._dockerfile is not None else []
        for name in [*own, ".dockerignore"]:
            if self._raw_kind_at(name) is None:
                continue
            place = self._follow(clean(name), raw=True)
            if place is None:
                raise BadPattern(f"{name} is a link that leads nowhere in the build context")
            if self._raw_kind(place) != "file":
                continue
            data = self._source.read(place, _LIMIT)
            if data is None:
                raise BadPattern(f"{name} is too long or unreadable")
            return name, data.decode("utf-8", "surrogateescape")
        return ".dockerignore", ""

    def _raw_kind_at(self, name: str) -> Kind | None:
        parent, _, last = clean(name).rpartition("/")
        place = self._follow(parent, raw=True)
        return None if place is None else self._raw_kind(_join(place, last))


def _join(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory and name else directory or name
