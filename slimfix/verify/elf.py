"""Which shared libraries an ELF file asks for, and whether the image has them.

Reading is pyelftools' work (the extra ``slimfix[verify]``), imported when the first ELF file comes.
Where the loaders look: ld.so(8) for glibc; ldso/dynlink.c of musl (``/etc/ld-musl-<arch>.path``, else
``/lib:/usr/local/lib:/usr/lib``; a path of the file that needs it is inherited by what it loads).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from slimfix.verify.tree import Elf, Entry, Tree, resolve

_INCLUDE = re.compile(r"\s*include\s+(\S+)")


def available() -> bool:
    """Whether pyelftools is installed."""
    from importlib.util import find_spec

    return find_spec("elftools") is not None


def read(stream: IO[bytes]) -> Elf | None:
    """What the file asks for; None if it is static, damaged, an object file, or cannot be read here."""
    try:
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile
    except ImportError:
        return None
    try:
        file: Any = ELFFile(stream)
        if file["e_type"] not in ("ET_DYN", "ET_EXEC"):
            return None
        interpreter, dynamic = "", None
        for segment in file.iter_segments():
            if segment["p_type"] == "PT_INTERP":
                interpreter = segment.get_interp_name()
            elif segment["p_type"] == "PT_DYNAMIC":
                dynamic = segment
        if dynamic is None:
            return None
        found: dict[str, list[str]] = {}
        for tag in dynamic.iter_tags():
            value = getattr(tag, tag.entry.d_tag.removeprefix("DT_").lower(), None) if _text(tag) else None
            if value is not None:
                found.setdefault(tag.entry.d_tag, []).append(value)
        path = found.get("DT_RUNPATH") or found.get("DT_RPATH") or []
        search = tuple(part for one in path for part in one.split(":") if part)
        soname = (found.get("DT_SONAME") or [""])[0]
        machine = f"{file['e_machine']}/{file.elfclass}"
        return Elf(tuple(found.get("DT_NEEDED", ())), search, interpreter, machine, soname)
    # pyelftools raises whatever its parser stumbles over when a file is cut short or made up.
    except (ELFError, KeyError, ValueError, TypeError, AttributeError, IndexError, UnicodeDecodeError):
        return None


def _text(tag: Any) -> bool:
    return tag.entry.d_tag in ("DT_NEEDED", "DT_RUNPATH", "DT_RPATH", "DT_SONAME")


class Loader:
    """Finds libraries in an image as its dynamic loader would, as far as that can be told from outside."""

    def __init__(self, tree: Tree, texts: Mapping[str, bytes], searched: Iterable[str] = ()) -> None:
        """*texts*: the loader's configuration files, by path; *searched*: LD_LIBRARY_PATH."""
        self.tree = tree
        self.searched = tuple(searched)
        self.configured = tuple(_configured(texts))
        self._musl = any(path.startswith(("lib/ld-musl-", "usr/lib/ld-musl-")) for path in tree)
        self._by_name: dict[str, list[str]] = {}
        for path, entry in tree.items():
            if entry.kind in ("file", "link") and ".so" in posixpath.basename(path):
                self._by_name.setdefault(posixpath.basename(path), []).append(path)

    def missing(self, path: str) -> list[str]:
        """The libraries, or the interpreter, that the file at *path* asks for in vain."""
        elf = self.tree[path].elf
        if elf is None:
            return []
        lost = [name for name in elf.needed if not self.finds(name, path, elf)]
        if elf.interpreter and resolve(self.tree, elf.interpreter) is None:
            lost.append(elf.interpreter)
        return lost

    def finds(self, name: str, path: str, elf: Elf) -> bool:
        """Whether a library is found for the file at *path*."""
        if self._musl and name.startswith(_IN_MUSL) and "ld-linux" not in elf.interpreter:
            return True
        if "/" in name:
            return resolve(self.tree, posixpath.join("/", posixpath.dirname(path), name)) is not None
        origin = "/" + posixpath.dirname(path)
        own = [part.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for part in elf.search]
        for directory in (*self.searched, *own, *self.configured, *_STANDARD):
            found = resolve(self.tree, posixpath.join(directory, name))
            if found is not None and _fits(self.tree[found], elf):
                return True
        return False

    def elsewhere(self, name: str) -> list[str]:
        """Where else in the image a library of that name lies; a program may load it from there."""
        return self._by_name.get(name, [])


# musl's loader is its libc, and takes these names for itself, whatever follows the point:
# load_library() in musl's ldso/dynlink.c.
_IN_MUSL = tuple(f"lib{name}." for name in ("c", "pthread", "rt", "m", "dl", "util", "xnet"))
# The multiarch directories are those that ld.so.conf names on Debian, and that its loader knows as built.
_STANDARD = (
    "/lib",
    "/usr/lib",
    "/lib64",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib/arm-linux-gnueabihf",
    "/usr/lib/arm-linux-gnueabihf",
    "/lib/i386-linux-gnu",
    "/usr/lib/i386-linux-gnu",
)


def _fits(entry: Entry, elf: Elf) -> bool:
    return entry.elf is None or entry.elf.machine == elf.machine


def _configured(texts: Mapping[str, bytes]) -> Iterator[str]:
    for path, data in sorted(texts.items()):
        text = data.decode("utf-8", "replace")
        if path.startswith("etc/ld-musl-"):
            yield from (part for part in re.split(r"[:\n]", text) if part)
        elif path.startswith("etc/ld.so.conf"):
            for line in text.splitlines():
                words = line.partition("#")[0].strip()
                if words and not _INCLUDE.match(words):
                    yield from (part for part in re.split(r"[:,\s]+", words) if part)
