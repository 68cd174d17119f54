"""What ``pip install`` reads: requirement and constraint files, and whatever those lead to.

Facts from pip's manual (the requirements file format, the options of ``pip install``) and, where that is
silent, from what pip 26 does: how lines are joined, how encodings are told, which names are paths.

The reader is our own. pip's is not importable as a library, and its copies and stand-ins cost a dependency,
tens of milliseconds and a data model of packages, when the one thing to know here is whether a line leads to
a file. What does not look like a name, a version or a remote URL is taken to be local, and so unknown.
"""

from __future__ import annotations

import codecs
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence

from slimfix.context import BuildContext
from slimfix.globs import clean
from slimfix.manifests import Cannot, Reads, Unknown
from slimfix.manifests.pip_options import EFFECTS, options_of
from slimfix.patterns import lazy

Locate = Callable[[str], "str | None"]
"""From an absolute path in the image to the path in the context that it was copied from, else None."""

_ARCHIVES = (".whl", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".xz", ".txz", ".lz", ".tlz", ".lzma")
_REMOTE = lazy(r"((git|hg|svn|bzr)\+)?(https?|ssh|git|hg|svn|bzr|s?ftp|lp|static-http)://", re.IGNORECASE)
_NAMED = lazy(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(?P<rest>.*)", re.DOTALL)
_COMMENT = lazy(r"(^|\s+)#.*$")
_CODING = lazy(rb"coding[:=]\s*([-\w.]+)")
_PYLOCK = lazy(r"pylock(\.[^.]+)?\.toml(\[.*\])?$")
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LIMIT = 4 << 20
_DEPTH = 20


def reads(
    words: Sequence[str | None],
    directory: str | None,
    locate: Locate,
    context: BuildContext,
    environment: Mapping[str, str | None] | None = None,
) -> Reads | Unknown:
    """What ``pip install`` reads from the build context.

    Args:
        words: the arguments after ``install``, None for one that is not literal. One that is so in part,
            and surely one word, may be given with ``${NAME}`` for what is not known.
        directory: where in the image it runs, absolute; None if that is not known.
        locate: where in the context a path of the image comes from.
        context: what the builder sees.
        environment: the variables that are set there, as far as known; None for a value that is not
            literal. pip takes every option from a ``PIP_...`` variable too.
    """
    reader = _Reader(locate, context)
    try:
        if context.problem is not None:
            raise Cannot(context.problem)
        reader.take_configuration(environment or {})
        reader.take_environment(environment or {}, directory)
        reader.take_words(words, directory)
    except Cannot as why:
        return Unknown(str(why))
    return Reads(tuple(reader.files))


class _Reader:
    def __init__(self, locate: Locate, context: BuildContext) -> None:
        self._locate = locate
        self._context = context
        self._seen: set[str] = set()
        self._open: list[str] = []
        self.files: list[str] = []

    def take_configuration(self, environment: Mapping[str, str | None]) -> None:
        """Raise if the context brings a file from which pip takes options or credentials."""
        home = environment.get("HOME") or "/root"
        places = [f"{home}/.config/pip/pip.conf", f"{home}/.pip/pip.conf", f"{home}/.netrc", "/etc/pip.conf"]
        if environment.get("VIRTUAL_ENV"):
            places.append(f"{environment['VIRTUAL_ENV']}/pip.conf")
        for place in places:
            path = self._locate(_resolve(place, "/"))
            if path is not None and self._context.exists(path):
                raise Cannot(f"{path} is copied to where pip reads its settings")

    def take_environment(self, environment: Mapping[str, str | None], base: str | None) -> None:
        """Follow the options that ``PIP_...`` variables set; pip passes over names that it lacks."""
        for name, value in environment.items():
            if value == "" or not name.startswith("PIP_"):
                continue
            if name == "PIP_CONFIG_FILE" and value != "/dev/null":
                raise Cannot("PIP_CONFIG_FILE names a file that may set any option")
            option = "--" + name[len("PIP_") :].lower().replace("_", "-")
            for part in [None] if value is None else value.split():
                self._apply(name, EFFECTS.get(option, "flag"), part, base)

    def take_words(self, words: Sequence[str | None], base: str | None) -> None:
        """Follow a command line."""
        for option, effect, value in options_of(words):
            self._apply(option, effect, value, base)

    def _apply(self, option: str, effect: str, value: str | None, base: str | None) -> None:
        """Follow one option or requirement; relative paths start from *base*."""
        if effect in ("flag", "value"):
            return
        if effect == "project":
            raise Cannot(f"{option} reads dependencies from a project file")
        if value is None:
            if effect == "index":
                return
            raise Cannot(f"the value of {option} is not literal")
        if effect == "editable":
            raise Cannot(f"{option} {value} is an editable install")
        if effect == "requirement":
            check_requirement(value)
        elif effect == "requirements":
            self._read(value, base)
        elif effect == "path":
            if "$" in value or self._locate(_resolve(value, base)) is not None:
                raise Cannot(f"{option} {value} may lie in the copied tree")
        elif not _REMOTE.match(value) and not (effect == "index" and value.startswith("${")):
            raise Cannot(f"{option} {value} is not a remote address")

    def _read(self, value: str, base: str | None) -> None:
        """Read a requirement or constraint file, and what it includes."""
        if value.lower().startswith(("http://", "https://")):
            return
        if "$" in value or value[:1] == "~" or value.lower().startswith("file:"):
            raise Cannot(f"where {value} lies is not known")
        image_path = _resolve(value, base)
        if image_path in self._open:
            raise Cannot(f"{value} includes itself")
        if image_path in self._seen:
            return
        located = self._locate(image_path)
        if located is None:
            raise Cannot(f"{image_path} does not come from the build context")
        path = clean(located)
        lines = _lines(self._text(path))
        if len(self._open) == _DEPTH:
            raise Cannot(f"{path} is included too deeply")
        self._seen.add(image_path)
        self._open.append(image_path)
        if path not in self.files:
            self.files.append(path)
        for number, line in lines:
            self._take_line(line, f"{path}:{number}", posixpath.dirname(image_path))
        self._open.pop()

    def _take_line(self, line: str, place: str, base: str) -> None:
        # Options begin at the first word with a dash; before it quotes and backslashes mean themselves.
        words = line.split(" ")
        first = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
        try:
            check_requirement(" ".join(words[:first]))
            for option, effect, value in options_of(_split(" ".join(words[first:]))):
                # pip passes over words left between the options of a line.
                if effect != "requirement":
                    self._apply(option, effect, value, base)
        except Cannot as why:
            # Of files that include each other, the innermost has the line that is meant.
            raise why if why.placed else Cannot(f"{place}: {why}", placed=True) from None

    def _text(self, path: str) -> str:
        """The text of a file of the context, decoded as pip does."""
        name = path or "."
        parts = path.split("/")
        kind = self._context.kind(path)
        if kind is None and self._context.ignored(path):
            raise Cannot(f"{name} is excluded by .dockerignore")
        if kind is None:
            raise Cannot(f"{name} is not in the build context")
        if any(self._context.kind("/".join(parts[: i + 1])) == "link" for i in range(len(parts))):
            raise Cannot(f"{name} is reached through a symbolic link")
        if kind != "file":
            raise Cannot(f"{name} is not a file")
        if _PYLOCK.search(parts[-1]):
            raise Cannot(f"{name} is a lock file, which may name local packages")
        data = self._context.read_bytes(path, _LIMIT)
        if data is None:
            raise Cannot(f"{name} cannot be read or is too long")
        try:
            return _decode(data)
        except (LookupError, ValueError):
            raise Cannot(f"the encoding of {name} is not known") from None


def check_requirement(text: str) -> None:
    """Raise unless *text* names a package of an index, or a remote address."""
    text = text.strip()
    if not text or _REMOTE.match(text):
        return
    named = _NAMED.match(text)
    if named:
        rest = named["rest"]
        if rest.startswith("@") and _REMOTE.match(rest[1:].strip()):
            return
        bare = text.partition(";")[0].strip()
        archive = bare.lower().endswith(_ARCHIVES) or named["name"].lower().endswith(_ARCHIVES)
        if (not rest or rest[0] in "<>=!~;(") and "/" not in bare and not archive:
            return
    if "$" in text:
        raise Cannot(f"{text} depends on a variable")
    raise Cannot(f"{text} may be a local path")


def _resolve(value: str, base: str | None) -> str:
    """The absolute path in the image that *value* means."""
    if not value.startswith("/") and base is None:
        raise Cannot(f"{value} is relative to a directory that is not known")
    return posixpath.normpath(posixpath.join(base or "/", value)).replace("//", "/")


def _split(options: str) -> list[str]:
    if not re.search(r"[\\'\"]", options):
        return options.split()
    import shlex  # seldom needed, and not free

    try:
        return shlex.split(options)
    except ValueError:
        raise Cannot("its quotes do not close") from None


def _decode(data: bytes) -> str:
    """A mark, else a coding comment in the first two lines, else UTF-8; raises as ``decode`` does."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    for line in data.split(b"\n")[:2]:
        coding = _CODING.search(line) if line.startswith(b"#") else None
        if coding:
            return data.decode(coding[1].decode("ascii"))
    # pip goes on to the locale of the image, which is not ours to know.
    return data.decode("utf-8")


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that say something, joined and without comments, with the number of their first line."""
    lines: list[tuple[int, str]] = []
    held = ""
    start = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        start = start if held else number
        comment = _COMMENT.match(line)
        if line.endswith("\\") and not comment:
            held += line.strip("\\")
            continue
        # A comment ends what was continued into it, and is no part of it.
        joined = _COMMENT.sub("", held + (" " + line if comment else line)).strip()
        if joined:
            lines.append((start, joined))
        held = ""
    return lines
