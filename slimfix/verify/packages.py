"""Which packages an image holds, and which files are theirs, from the databases of dpkg and apk.

Some files of a Debian package are in no list: its ``postinst`` makes them (``/etc/inputrc`` of a template,
say). The paths that such a script names are known, too.

Formats: deb-control and dpkg(1) (``status``, ``info/<name>.list``); apk-tools ``installed`` (``P:`` name,
``V:`` version, ``F:`` directory, ``R:`` file). Images for which there is no database have no packages.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from slimfix.verify.tree import Tree, resolve

_LIST = re.compile(r"var/lib/dpkg/info/([^/:]+)(?::[^/]+)?\.list")
_SCRIPT = re.compile(r"var/lib/dpkg/info/([^/:]+)(?::[^/]+)?\.postinst")
_NAMED = re.compile(r"(?<![\w.}-])/((?:etc|usr|var|opt|srv)/[\w./+@-]*[\w+-])")


class Packages(NamedTuple):
    """What a package manager has put into an image."""

    versions: dict[str, str]
    owners: dict[str, str]
    """Package by path; a directory counts as that of one of its packages."""
    named: dict[str, str]
    """Package by a path that its script names."""


def read(texts: Mapping[str, bytes], tree: Tree) -> Packages:
    """The packages of an image. *texts*: its databases by path."""
    versions: dict[str, str] = {}
    owners: dict[str, str] = {}
    named: dict[str, str] = {}
    for path, data in texts.items():
        text = data.decode("utf-8", "replace")
        if path == "var/lib/dpkg/status":
            versions.update(_dpkg(text))
        elif path.endswith("/apk/db/installed"):
            for name, version, files in _apk(text):
                versions[name] = version
                owners.update(dict.fromkeys(files, name))
        elif match := _SCRIPT.fullmatch(path):
            named.update(dict.fromkeys(_NAMED.findall(text), match[1]))
        elif match := _LIST.fullmatch(path):
            for line in text.splitlines():
                owned = line.strip("/.")
                if owned:
                    # A merged /usr: the list says /lib/x, the file lies in /usr/lib/x.
                    owners[owned] = match[1]
                    owners[_place(tree, owned)] = match[1]
    return Packages(versions, owners, named)


def _place(tree: Tree, path: str) -> str:
    parent = resolve(tree, posixpath.dirname(path))
    return posixpath.join(parent, posixpath.basename(path)) if parent else path


def _dpkg(text: str) -> Iterator[tuple[str, str]]:
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            yield fields["Package"], fields.get("Version", "")


def _apk(text: str) -> Iterator[tuple[str, str, list[str]]]:
    for block in text.split("\n\n"):
        name = version = directory = ""
        files: list[str] = []
        for line in block.splitlines():
            key, _, value = line.partition(":")
            if key == "P":
                name = value
            elif key == "V":
                version = value
            elif key == "F":
                directory = value
                files.append(value)
            elif key == "R":
                files.append(posixpath.join(directory, value))
        if name:
            yield name, version, files
