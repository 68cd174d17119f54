"""Images from the stream that ``docker save`` writes, read without unpacking anything to the disk.

Two forms are known: the older one (``<id>/layer.tar``, ``manifest.json`` at the end) and the OCI
layout that Docker writes since version 25 (``blobs/sha256/...``). Both hold a ``manifest.json``
that names config and layers of each image. Layers come in any order, so each is read on its own
and they are laid over one another at the end. Facts: Docker image specification v1.2, OCI image
specification (layer.md: whiteouts), and the streams of Docker 20.10 to 28 and podman.
"""

from __future__ import annotations

import json
import posixpath
import tarfile
from collections.abc import Iterable
from typing import IO, Any, NamedTuple

from slimfix.verify.layer import Layer, Peeked, read_layer
from slimfix.verify.tree import Entry, Tree

_JSON = 64 << 20


class LayerSize(NamedTuple):
    """What one layer weighs."""

    size: int
    """Bytes of the files in it, as ``docker history`` counts."""
    compressed: int
    """Bytes of its tar after gzip, as it is pushed; 0 if that was not measured."""
    command: str
    """What made it, as the image's history tells."""


class Image(NamedTuple):
    """One image, read."""

    config: dict[str, Any]
    """What a container is started with: ``Env``, ``Cmd``, ``User``, ..."""
    platform: str
    tree: Tree
    layers: tuple[LayerSize, ...]
    texts: dict[str, bytes]
    """The contents of package databases and the like, by path."""

    @property
    def size(self) -> int:
        """Bytes, as ``docker images`` counts."""
        return sum(layer.size for layer in self.layers)

    @property
    def compressed(self) -> int:
        """Bytes as pushed, every layer counted."""
        return sum(layer.compressed for layer in self.layers)


class ArchiveError(Exception):
    """The stream is not what it should be."""


LayerCache = dict[tuple[str, int], Layer]
"""Layers read before, by name (which an engine derives from the content) and length."""


def read(streams: Iterable[IO[bytes]], cache: LayerCache, weigh: bool = True) -> dict[str, Image]:
    """The images in some archives, by tag.

    Args:
        streams: as ``docker save`` writes them.
        cache: layers read before; new ones are added.
        weigh: False does not compress the layers, and leaves their compressed size at 0.

    Raises:
        ArchiveError: an archive is damaged, or of a form that is not known.
    """
    images: dict[str, Image] = {}
    try:
        for stream in streams:
            images.update(_read(stream, cache, weigh))
    except (tarfile.TarError, EOFError, OSError, KeyError, ValueError) as error:
        raise ArchiveError(f"the saved image cannot be read: {error}") from None
    return images


def _read(stream: IO[bytes], cache: LayerCache, weigh: bool) -> dict[str, Image]:
    documents: dict[str, Any] = {}
    layers: dict[str, Layer] = {}
    links: dict[str, str] = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            name = posixpath.normpath(member.name)
            if member.issym() or member.islnk():
                base = posixpath.dirname(name) if member.issym() else ""
                links[name] = posixpath.normpath(posixpath.join(base, member.linkname))
                continue
            data = archive.extractfile(member) if member.isfile() else None
            if data is None or name.endswith(("/VERSION", "/json")):
                continue
            if (name, member.size) in cache:
                layers[name] = cache[name, member.size]
                continue
            peeked = Peeked(data)
            if peeked.head[:1] in (b"{", b"["):
                documents[name] = json.loads(peeked.read(_JSON))
            elif name.endswith(".tar") or name.startswith("blobs/"):
                layers[name] = cache[name, member.size] = read_layer(peeked, weigh)
    manifest = documents.get("manifest.json")
    if not isinstance(manifest, list):
        raise ArchiveError("the saved image has no manifest.json")
    images = {}
    for one in manifest:
        config = documents[links.get(one["Config"], one["Config"])]
        parts = [layers[_followed(name, links)] for name in one["Layers"]]
        image = _image(config, parts)
        images.update(dict.fromkeys(one.get("RepoTags") or (), image))
    return {tag.removeprefix("localhost/"): image for tag, image in images.items()}


def _followed(name: str, links: dict[str, str]) -> str:
    for _ in range(9):
        if name not in links:
            break
        name = links[name]
    return name


def _image(document: dict[str, Any], layers: list[Layer]) -> Image:
    history = [one.get("created_by", "") for one in document.get("history", ()) if not one.get("empty_layer")]
    if len(history) != len(layers):
        history = [""] * len(layers)
    sizes = tuple(LayerSize(layer.size, layer.compressed, command) for layer, command in zip(layers, history))
    platform = f"{document.get('os', '')}/{document.get('architecture', '')}"
    tree, texts = _stacked(layers)
    return Image(document.get("config") or {}, platform, tree, sizes, texts)


def _stacked(layers: list[Layer]) -> tuple[Tree, dict[str, bytes]]:
    """The layers laid over one another."""
    tree: dict[str, Entry] = {}
    texts: dict[str, bytes] = {}
    children: dict[str, set[str]] = {}

    def remove(path: str) -> None:
        for child in tuple(children.pop(path, ())):
            remove(child)
        tree.pop(path, None)
        texts.pop(path, None)

    def add(path: str, entry: Entry) -> None:
        parent = posixpath.dirname(path)
        if parent and parent not in tree:
            add(parent, Entry("dir", 0o755))  # some builders leave directories out
        tree[path] = entry
        children.setdefault(parent, set()).add(path)

    for layer in layers:
        for directory in layer.opaque:
            for child in tuple(children.pop(directory, ())):
                remove(child)
        for path in layer.removed:
            remove(path)
            children.get(posixpath.dirname(path), set()).discard(path)
        for path, entry in layer.entries.items():
            if entry.kind == "hard":
                entry = layer.entries.get(entry.content) or tree.get(entry.content) or entry
            if entry.kind != "dir":
                remove(path)
            add(path, entry)
        texts.update(layer.texts)
    return tree, texts
