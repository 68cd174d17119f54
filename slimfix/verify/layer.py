"""One layer: a tar, read once, hashed and weighed on the way."""

from __future__ import annotations

import hashlib
import io
import posixpath
import re
import tarfile
import zlib
from typing import IO, NamedTuple

from slimfix.verify import elf
from slimfix.verify.tree import Entry

_CHUNK = 1 << 18
_ELF_MAX = 1 << 29
_TEXT_MAX = 1 << 26
GZIP_LEVEL = 6
"""What Go's gzip uses by default, and with it Docker when it pushes."""

# Files that others of our modules want to read: package databases and the linker's directories.
_TEXTS = re.compile(
    r"(?:usr/)?lib/apk/db/installed|var/lib/dpkg/status|var/lib/dpkg/info/[^/]+\.(?:list|postinst)"
    r"|etc/ld\.so\.conf(?:\.d/[^/]+\.conf)?|etc/ld-musl-[^/]+\.path"
)
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_SHEBANG = re.compile(rb"#![ \t]*([^\s]+)(?:[ \t]+([^\s]+))?")


class Layer(NamedTuple):
    """What a layer adds and takes away."""

    entries: dict[str, Entry]
    """An entry of kind ``hard`` stands for a hard link; its content is the path it shares."""
    removed: tuple[str, ...]
    opaque: tuple[str, ...]
    """Directories of which nothing below this layer remains."""
    texts: dict[str, bytes]
    size: int
    compressed: int


class Peeked:
    """A stream whose first bytes are known."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._pending = self.head = stream.read(512)

    def read(self, size: int) -> bytes:
        """The next bytes."""
        if self._pending:
            data, self._pending = self._pending[:size], self._pending[size:]
            return data if len(data) == size else data + self._stream.read(size - len(data))
        return self._stream.read(size)


class Weighed:
    """A stream that counts what gzip makes of it."""

    def __init__(self, stream: IO[bytes], weigh: bool) -> None:
        self._stream = stream
        self._gzip = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31) if weigh else None
        self._compressed = 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        if self._gzip is not None:
            self._compressed += len(self._gzip.compress(data))
        return data

    def weight(self) -> int:
        """Read to the end; the bytes that gzip makes of all, or 0."""
        while self.read(_CHUNK):
            pass
        return self._compressed + len(self._gzip.flush()) if self._gzip is not None else 0


def read_layer(stream: Peeked, weigh: bool = True) -> Layer:
    """Read a layer; one that is compressed with gzip is unpacked on the way.

    Args:
        stream: the layer.
        weigh: whether to find out its compressed size.

    Raises:
        tarfile.TarError: it is no tar, or compressed in a way that Python cannot read.
    """
    plain: IO[bytes] = stream  # type: ignore[assignment]  # all that is asked of it is read()
    if stream.head[:2] == b"\x1f\x8b":
        plain = _Gunzip(stream)  # type: ignore[assignment]  # likewise
    elif stream.head[:4] == b"\x28\xb5\x2f\xfd":
        raise tarfile.ReadError("the layer is compressed with zstd")
    weighed = Weighed(plain, weigh)
    entries: dict[str, Entry] = {}
    removed: list[str] = []
    opaque: list[str] = []
    texts: dict[str, bytes] = {}
    size = 0
    with tarfile.open(fileobj=weighed, mode="r|", errorlevel=1) as archive:  # type: ignore[call-overload]  # likewise
        for member in archive:
            path = posixpath.normpath("/" + member.name).lstrip("/")
            base = posixpath.basename(path)
            if not path:
                continue
            if base == _OPAQUE:
                opaque.append(posixpath.dirname(path))
            elif base.startswith(_WHITEOUT):
                removed.append(posixpath.join(posixpath.dirname(path), base[len(_WHITEOUT) :]))
            else:
                entries[path] = _entry(archive, member, path, texts)
                size += member.size if member.isfile() else 0
    return Layer(entries, tuple(removed), tuple(opaque), texts, size, weighed.weight())


class _Gunzip:
    def __init__(self, stream: Peeked) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(31)
        self._held = b""

    def read(self, size: int) -> bytes:
        while len(self._held) < size:
            data = self._stream.read(_CHUNK)
            if not data:
                break
            self._held += self._inflate.decompress(data)
        data, self._held = self._held[:size], self._held[size:]
        return data


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, texts: dict[str, bytes]) -> Entry:
    extra = tuple(
        sorted((key, value) for key, value in member.pax_headers.items() if key.startswith("SCHILY.xattr."))
    )
    mode, uid, gid = member.mode & 0o7777, member.uid, member.gid
    if member.isdir():
        return Entry("dir", mode, uid, gid, extra=extra)
    if member.issym():
        return Entry("link", 0, uid, gid, content=member.linkname)
    if member.islnk():
        return Entry("hard", content=posixpath.normpath("/" + member.linkname).lstrip("/"))
    data = archive.extractfile(member) if member.isfile() else None
    if data is None:
        return Entry("other", mode, uid, gid, content=f"{member.devmajor}:{member.devminor}", extra=extra)
    head = data.read(_CHUNK)
    digest = hashlib.sha256(head)
    kept = [head] if _wanted(path, head, member.size) else None
    while chunk := data.read(_CHUNK):
        digest.update(chunk)
        if kept is not None:
            kept.append(chunk)
    found = None
    if kept is not None and _TEXTS.fullmatch(path):
        texts[path] = b"".join(kept)
    elif kept is not None:
        found = elf.read(io.BytesIO(b"".join(kept)))
    script = _script(head) if mode & 0o111 else ""
    return Entry("file", mode, uid, gid, member.size, digest.hexdigest(), extra, found, script)


def _wanted(path: str, head: bytes, size: int) -> bool:
    if head[:4] == b"\x7fELF":
        return size <= _ELF_MAX
    return size <= _TEXT_MAX and _TEXTS.fullmatch(path) is not None


def _script(head: bytes) -> str:
    """The program that a script's first line asks for; behind ``env`` it is the bare name."""
    match = _SHEBANG.match(head[:256])
    if match is None:
        return ""
    program = match[1].decode("utf-8", "replace")
    if posixpath.basename(program) == "env" and match[2] and not match[2].startswith(b"-"):
        return match[2].decode("utf-8", "replace")
    return program
