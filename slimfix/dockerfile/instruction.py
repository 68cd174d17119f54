"""One instruction of a Dockerfile, read on demand."""

from __future__ import annotations

from functools import cached_property

from slimfix.dockerfile import words
from slimfix.dockerfile.heredoc import is_whole
from slimfix.dockerfile.state import Base, State
from slimfix.dockerfile.tiles import Heredoc, Tile
from slimfix.dockerfile.words import Flag, Part
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.shell.logical import Logical
from slimfix.shell.read import Opaque
from slimfix.shell.script import Script
from slimfix.text import Span

_SHEBANG = lazy(r"#!\s*(?:/\S*/)?(?:env\s+)?(sh|bash|dash|ash)\b[^\n]*(?:\n|\Z)")


class Mount(NamedTuple):
    """What a ``--mount`` of a RUN says (docs.docker.com/reference/dockerfile, ``RUN --mount``)."""

    kind: str
    """``bind`` where it does not say, ``cache``, ``tmpfs``, ``secret`` or ``ssh``."""
    target: str
    """As it is written; ``""`` where it does not say."""
    source: str
    """The stage or image behind ``from``, in lower case; ``""`` for the build context."""


class Stage:
    """A build stage: what lies between one FROM and the next."""

    def __init__(self, index: int, name: str, base: Base, parent: Stage | None) -> None:
        self.index = index
        self.name = name
        """In lower case, as Docker compares it; ``""`` without ``AS``."""
        self.base = base
        self.parent = parent
        """The earlier stage that this one is FROM, if any."""
        self.ships = False
        """Whether its layers are part of the image that is built."""
        self.used_by: list[Stage] = []
        """The stages that are FROM this one."""
        self.instructions: list[Instruction] = []

    @property
    def root(self) -> Base:
        """The image at the bottom: the base of the first stage in the chain."""
        return self.parent.root if self.parent else self.base


class Instruction:
    """An instruction with its place, its parts and the state it finds."""

    def __init__(self, source: str, tile: Tile, index: int, escape: str) -> None:
        assert tile.logical is not None
        self._source = source
        self.tile = tile
        self.span = tile.span
        """The whole lines, heredoc bodies and the last line end among them."""
        self.index = index
        self.escape = escape
        self.logical = tile.logical
        self.heredocs: tuple[Heredoc, ...] = tile.heredocs
        self.state = State()
        self.stage: Stage | None = None
        text = self.logical.text
        name, after = words.keyword(text)
        self.onbuild = name.upper() == "ONBUILD" and bool(text[after:].strip())
        """Whether it is the trigger of an ONBUILD; name and parts are then those of the trigger."""
        start = len(text) - len(text.lstrip())
        if self.onbuild:
            start = after
            name, length = words.keyword(text[after:])
            after += length
        self.name = name.upper()
        self.keyword_span = self.logical.span(start, start + len(name))
        found, begin = words.flags(text, after, escape)
        self.flags: tuple[Flag, ...] = tuple(found)
        self.args = self.logical.slice(begin, len(text)).strip()
        """What follows the flags."""

    def __repr__(self) -> str:
        return f"<{self.name} {self.args.text[:40]!r}>"

    @property
    def text_span(self) -> Span:
        """From the first character of the keyword (``ONBUILD`` too) to the last one of the text.

        Heredoc bodies and the line end are not part of it.
        """
        text = self.logical.text
        return self.logical.span(len(text) - len(text.lstrip()), len(text.rstrip()))

    @property
    def comments(self) -> tuple[Span, ...]:
        """Comment lines within the instruction."""
        return self.tile.comments

    def flag(self, name: str) -> str | None:
        """The value of a flag (``""`` for one without), or None when it is absent."""
        for flag in self.flags:
            if flag.name == name:
                return flag.value or ""
        return None

    def flag_values(self, name: str) -> list[str]:
        """The values of a flag that may be repeated, such as ``--mount``."""
        return [flag.value or "" for flag in self.flags if flag.name == name]

    @cached_property
    def mounts(self) -> tuple[Mount, ...]:
        """The mounts of a RUN."""
        found = []
        for value in self.flag_values("mount"):
            pairs = (field.partition("=")[::2] for field in value.split(","))
            fields = {name.strip().lower(): text for name, text in pairs}
            target = fields.get("target") or fields.get("dst") or fields.get("destination") or ""
            found.append(Mount(fields.get("type", "bind"), target, fields.get("from", "").lower()))
        return tuple(found)

    @cached_property
    def exec_form(self) -> list[str] | None:
        """The strings of an exec form, None for anything else.

        Raises:
            ValueError: a JSON array with something other than strings.
        """
        return words.json_list(self.args.text)

    @cached_property
    def parts(self) -> list[Part]:
        """The words of the arguments, split at white space; of a COPY in JSON form, its strings."""
        return words.split(self.args.text)

    def part_span(self, part: Part) -> Span:
        """Where a part stands in the file."""
        return self.args.span(part.start, part.end)

    @property
    def heredoc_script(self) -> bool:
        """Whether a RUN consists of a heredoc alone, whose body is then the script."""
        return self.name == "RUN" and len(self.heredocs) == 1 and is_whole(self.args.text)

    @cached_property
    def script_text(self) -> Logical | Opaque:
        """The text that the shell of a RUN, CMD or ENTRYPOINT reads."""
        if self.exec_form is not None:
            return Opaque("exec form")
        if not self.state.shell.posix:
            return Opaque(f"{self.state.shell.name or 'unknown'} is not a POSIX shell")
        if not self.heredocs:
            return self.args
        if any("\r" in self._source[h.body.start : h.body.end] for h in self.heredocs):
            return Opaque("carriage returns in a heredoc")
        return self._heredoc_text()

    def _heredoc_text(self) -> Logical | Opaque:
        if self.heredoc_script:
            heredoc = self.heredocs[0]
            start, end = heredoc.body
            body = self._source[start:end]
            if body.startswith("#!"):
                match = _SHEBANG.match(body)
                if match is None:
                    return Opaque("a heredoc script for another program")
                start += match.end()
            return Logical.of(self._source, self._lines(start, end, heredoc.marker.strip_tabs))
        text = self.args
        spans = [text.span(i, i + 1) for i in range(len(text.text))]
        for heredoc in self.heredocs:
            terminator = self._source[heredoc.terminator.start : heredoc.terminator.end].rstrip("\r\n")
            spans.append(Span(heredoc.body.start - 1, heredoc.body.end))
            spans.append(Span(heredoc.terminator.start, heredoc.terminator.start + len(terminator)))
        return Logical.of(self._source, spans)

    def _lines(self, start: int, end: int, strip_tabs: bool) -> list[Span]:
        if not strip_tabs:
            return [Span(start, end)]
        spans = []
        while start < end:
            stop = self._source.find("\n", start, end) + 1 or end
            line = self._source[start:stop]
            spans.append(Span(start + len(line) - len(line.lstrip("\t")), stop))
            start = stop
        return spans

    @cached_property
    def script(self) -> Script | Opaque:
        """What a RUN (or CMD, ENTRYPOINT in shell form) does, or why that is not known."""
        text = self.script_text
        if isinstance(text, Opaque):
            return text
        return Script.read(text)
