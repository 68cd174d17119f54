"""Images made in memory, in the forms in which ``docker save`` writes them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any, Union

from slimfix.verify import archive
from slimfix.verify.archive import Image

Content = Union[str, bytes, "Special", None]
"""A file; a directory when None."""


class Special:
    """What is no plain file."""

    def __init__(
        self,
        data: bytes = b"",
        *,
        link: str | None = None,
        hard: str | None = None,
        mode: int = 0o644,
        owner: int = 0,
        xattr: Mapping[str, str] | None = None,
        mtime: int = 0,
    ) -> None:
        self.data, self.link, self.hard, self.mode = data, link, hard, mode
        self.owner, self.xattr, self.mtime = owner, xattr or {}, mtime


Files = Mapping[str, Content]


def layer(files: Files) -> bytes:
    """A layer's tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            data = b""
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            else:
                one = content if isinstance(content, Special) else Special(_bytes(content))
                info.mode, info.uid, info.gid, info.mtime = one.mode, one.owner, one.owner, one.mtime
                info.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in one.xattr.items()}
                if one.link is not None:
                    info.type, info.linkname = tarfile.SYMTYPE, one.link
                elif one.hard is not None:
                    info.type, info.linkname = tarfile.LNKTYPE, one.hard
                else:
                    data, info.size = one.data, len(one.data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def legacy(
    layers: Sequence[bytes], config: Mapping[str, Any] | None = None, tag: str = "t:1", twice: bool = False
) -> bytes:
    """As Docker up to 24 writes it; with *twice*, the last layer is a link to the first."""
    documents = {
        "manifest.json": json.dumps([_manifest([f"l{n}/layer.tar" for n in range(len(layers))], tag)])
    }
    documents["config.json"] = json.dumps(_config(config, len(layers)))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for number in reversed(range(len(layers))):
            name = f"l{number}/layer.tar"
            if twice and number == len(layers) - 1:
                info = tarfile.TarInfo(name)
                info.type, info.linkname = tarfile.SYMTYPE, "../l0/layer.tar"
                tar.addfile(info)
            else:
                _add(tar, name, layers[number])
            _add(tar, f"l{number}/VERSION", b"1.0")
            _add(tar, f"l{number}/json", b"{}")
        for name, text in documents.items():
            _add(tar, name, text.encode())
    return out.getvalue()


def oci(layers: Sequence[bytes], config: Mapping[str, Any] | None = None, tag: str = "t:1") -> bytes:
    """As Docker from 25 on writes it; layers may be compressed."""
    blobs = [*layers, json.dumps(_config(config, len(layers))).encode()]
    names = [f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}" for blob in blobs]
    manifest = {**_manifest(names[:-1], tag), "Config": names[-1]}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, blob in sorted(zip(names, blobs)):
            _add(tar, name, blob)
        _add(tar, "index.json", b"{}")
        _add(tar, "manifest.json", json.dumps([manifest]).encode())
        _add(tar, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    return out.getvalue()


def _manifest(layers: Sequence[str], tag: str) -> dict[str, Any]:
    return {"Config": "config.json", "RepoTags": [tag], "Layers": list(layers)}


def _config(config: Mapping[str, Any] | None, layers: int) -> dict[str, Any]:
    history: list[dict[str, Any]] = [{"created_by": f"/bin/sh -c step {number}"} for number in range(layers)]
    history.insert(1, {"created_by": "ENV", "empty_layer": True})
    return {"architecture": "amd64", "os": "linux", "config": dict(config or {}), "history": history}


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def image(files: Files, config: Mapping[str, Any] | None = None) -> Image:
    """An image of one layer."""
    return archive.read([io.BytesIO(legacy([layer(files)], config))], {})["t:1"]


def gzipped(data: bytes) -> bytes:
    """The data after gzip."""
    return gzip.compress(data, mtime=0)
