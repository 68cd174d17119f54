"""Commands that do not look into a tree that was copied before them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from slimfix import knowledge
from slimfix.globs import match
from slimfix.manifests.site import Site
from slimfix.patterns import lazy
from slimfix.records import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILE_TEST = lazy(r"-[a-zA-Z]|-[no]t|-ef")
_COMPARISONS = frozenset(("=", "==", "!=", "-eq", "-ne", "-gt", "-ge", "-lt", "-le"))
_SUBSTITUTION = lazy(r"s([^\w\s\\])((?!\1).)*\1((?!\1).)*\1[gI0-9]*")
"""A sed script of one substitution, which reads and writes no further file."""


class Place(NamedTuple):
    """Where a command runs."""

    site: Site
    directory: str | None
    """Absolute; None if that is not known."""

    def outside(self, word: str | None) -> bool:
        """Whether a word is surely no path in the tree; one without a slash counts as a name."""
        if word is None:
            return False
        if word.startswith("-"):
            word = word.partition("=")[2]
        if "://" in word or word.startswith("@"):
            return True
        named = "/" not in word and word not in (".", "..") and not word.endswith((".gem", ".tgz"))
        return self.away(word) or (named and word[:1] != "~" and not self.fits(word))

    def fits(self, word: str) -> bool:
        """Whether a word without a slash is the name of a file in the tree, or a pattern that one fits."""
        at = self.directory or ""
        inside = self.site.locate(at) if at.startswith("/") else None
        if inside is None:
            return False
        context = self.site.context
        return any(context.kind(path) != "dir" for path in context.glob(posixpath.join(inside, word)))

    def made(self, path: str | None) -> bool:
        """Whether a directory is away, or new in the tree from the first part on, whichever comes first."""
        if path is None or self.away(path):
            return path is not None
        if path[:1] in ("-", "~") or not (path[:1] == "/" or (self.directory or "").startswith("/")):
            return False
        inside = self.site.locate(posixpath.join(self.directory or "/", path))
        below = posixpath.relpath(inside, self.site.source or ".") if inside is not None else "."
        first = below.split("/")[0]
        top = posixpath.join(self.site.source, first)
        return first not in (".", "..") and self.site.root != "/" and not self.site.context.exists(top)

    def away(self, path: str) -> bool:
        """Whether a path lies neither in the tree nor above it."""
        if path[:1] == "~" or (path[:1] != "/" and not (self.directory or "").startswith("/")):
            return False
        path = posixpath.normpath(posixpath.join(self.directory or "/", path)).rstrip("/") + "/"
        if self.site.root == "/":  # the tree holds none of the system's own directories
            return path.split("/")[1] in knowledge.table("manifests")["tree"]["system"]
        root = self.site.root.rstrip("/") + "/"
        return not path.startswith(root) and not root.startswith(path)

    def holds(self, path: str) -> bool:
        """Whether the tree has something at a path, or may have."""
        if path[:1] != "/" and not (self.directory or "").startswith("/"):
            return True
        inside = self.site.locate(posixpath.join(self.directory or "/", path))
        return inside is not None and (self.site.context.exists(inside) and inside != self.site.source)


def neutral(name: str, values: Sequence[str | None], place: Place) -> bool:
    """Whether a command does not look into the tree.

    Args:
        name: its name, without a directory.
        values: its words; None for what is not known.
        place: where it runs.
    """
    table = knowledge.table("manifests")["neutral"]
    if name in ("[", "test"):
        asked = values[:-1] if name == "[" else values
        compared = len(asked) == 3 and asked[1] in _COMPARISONS
        if compared or not any(v is None or _FILE_TEST.fullmatch(v) for v in asked):
            return True
    if name == "sed":
        scripts = [v for v in values if v is not None and _SUBSTITUTION.fullmatch(v)]
        values = [v for v in values if v not in (*scripts[:1], "-i", "-e", "-E", "-r", "-n")]
        return len(scripts) == 1 and all(v is not None and v[:1] == "/" and place.away(v) for v in values)
    if name == "mkdir" and all(v in ("-p", "--parents") or place.made(v) for v in values):
        return True
    if name in (".", "source"):
        return (
            len(values) == 1 and (values[0] or "").endswith("/bin/activate") and place.away(values[0] or "")
        )
    if name in table["venv"] and list(values[: len(table["venv"][name])]) == table["venv"][name]:
        words = values[len(table["venv"][name]) :]
        return all((v or "").startswith("--") or place.made(v) for v in words)
    if name in table["fetch"]:
        return _fetches(table["fetch"][name], values, place)
    if name == "php" and values[:1] == ["--"]:
        return _installs_composer(table["composer"], values[1:], place)
    if name in table["paths"]:
        operands = [v for v in values if v is None or v[:1] != "-"]
        if name in table["first_is_no_path"]:
            operands = operands[1:]
        return all(v is not None and place.away(v) for v in operands)
    if name not in table["any"]:
        verbs = table["verbs"].get(name)
        if verbs is None or not values or values[0] not in verbs:
            return False
        if any(v is not None and v.startswith(("--local", "--location=p")) for v in values):
            return False
        if values[0] in ("install", "i", "add") and not any(v is None or v[:1] != "-" for v in values[1:]):
            return False  # without a name, the project itself is meant
    return all(map(place.outside, values))


def _fetches(table: Mapping[str, Any], values: Sequence[str | None], place: Place) -> bool:
    """Whether a call of curl or wget reads no file, and writes none that may lie in the tree."""
    written = table["stdout"]
    waiting = list(values)
    while waiting:
        word = waiting.pop(0)
        if word is None:
            return False
        option, equals, value = word.partition("=")
        short = re.fullmatch(rf"-[{table['letters']}]*{table['short']}(.*)", word)
        if short is not None:
            option, equals, value = table["output"], short[1], short[1]
        if word in table["flags"] or re.fullmatch(rf"-[{table['letters']}]+", word) or "://" in word:
            continue
        if not word.startswith("-") or option not in (*table["values"], table["output"]):
            return False
        following = value if equals else waiting.pop(0) if waiting else None
        if following is None:
            return False
        if option == table["output"]:
            if following != "-" and not place.away(following):
                return False
            written = True
    return bool(written)


def _installs_composer(table: Mapping[str, Any], values: Sequence[str | None], place: Place) -> bool:
    """Whether these are words for the installer of Composer, which is told to write elsewhere."""
    directories = [v[len(table["directory"]) :] for v in values if v and v.startswith(table["directory"])]
    rest = [v for v in values if v is None or not v.startswith(table["directory"])]
    known = all(v is not None and any(match(option, v) for option in table["options"]) for v in rest)
    return known and len(directories) == 1 and place.away(directories[0])
