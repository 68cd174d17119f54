"""Which of the files that a stage copies the program may read when it runs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from slimfix.globs import match
from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.rules._stage_read import Reading

_MOST = 6
"""More lines than this of files beside the sources are more than a reader would believe."""
_CODE = (".go", ".rs", ".java", ".kt", ".scala", ".groovy")
_IMPORT = lazy(r"^import\s*(?:\(.*?^\)|(?:[\w.]+\s+)?\"[^\"\n]*\")", re.MULTILINE | re.DOTALL)
_BESIDE = lazy(r"[\"'`](?:\./)?([\w.-]+)(/[^\"'`\n]*)?[\"'`]")
_MANIFESTS = ("go.mod", "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts")
_STRING = lazy(r"[\"'`](/[\w./@+-]+)")


def data(reading: Reading, language: str) -> list[str] | str:
    """The paths of the image, files and directories, that hold more than sources; or why they cannot be told.

    A directory right below one that is copied to counts as a whole.
    """
    roots = _roots(reading)
    told = _told(reading)
    found: dict[str, None] = {}
    for path in reading.files:
        root = max((r for r in roots if path.startswith(r.rstrip("/") + "/")), key=len, default="")
        below = posixpath.relpath(path, root) if root else ""
        top = posixpath.join(root, below.split("/")[0]) if root else path
        if not _source(reading, path, roots, language) or posixpath.relpath(top, root or "/") in told:
            found[top] = None
    for path in reading.taken:
        if path in roots:
            return f"{path} holds the sources, and what another stage has made"
        found[path] = None
    for path in found:
        if not re.fullmatch(r"[\w./@+=:,~%-]+", path):
            return f"{path} is no plain name"
        if path.count("/") < 2 and path in ("/bin", "/etc", "/lib", "/usr", "/var", "/root", "/home"):
            return f"files are copied to {path}"
    if len(found) > _MOST:
        return f"{len(found)} files and directories beside the sources may be needed at run time"
    return list(found)


def _roots(reading: Reading) -> set[str]:
    """The directories that files are copied to, without those that lie in another."""
    found = {posixpath.dirname(path) for path in reading.files} | {reading.start.directory}
    return {d for d in found if d != "/" and not any(d.startswith(o.rstrip("/") + "/") for o in found)}


def _told(reading: Reading) -> set[str]:
    """The names right below a root that sources hold as strings: of files, and of directories with more."""
    found: set[str] = set()
    for path in reading.files:
        if path.endswith(_CODE) and posixpath.basename(path) != "build.rs":
            text = _IMPORT.sub("", reading.text(path) or "")
            found |= {match[1] for match in _BESIDE.finditer(text) if match[2] or "." in match[1]}
    return found


def _source(reading: Reading, path: str, roots: Iterable[str], language: str) -> bool:
    """Whether only the build reads a file, or no program at all: by the names on the way to it."""
    root = max((r for r in roots if path.startswith(r.rstrip("/") + "/")), key=len, default="/")
    first, *others = posixpath.relpath(path, root).split("/")
    anywhere, top = table("stages")[language]["sources"], table("stages")["files"]["sources"]
    parents = [root]
    for part in (first, *others):
        parents.append(posixpath.join(parents[-1], part))

    def build(part: str, parent: str, pattern: str) -> bool:
        if not match(pattern, part):
            return False
        plain = "*" not in pattern and "." not in pattern  # a directory: static/vendor is no sources
        built = any(posixpath.join(parent, n) in reading.files for n in _MANIFESTS)
        return not plain or parent == root or built

    pairs = list(zip((first, *others), parents, strict=False))
    return any(build(part, parent, p) for part, parent in pairs for p in anywhere) or any(
        match(p.upper(), first.upper()) for p in top
    )


def named(reading: Reading, texts: Iterable[tuple[str, str]], there: Iterable[str]) -> str | None:
    """A file of the system that a source names, or the start command, and that the new stage may lack.

    Args:
        texts: names and texts of sources.
        there: what the new stage will have.
    """
    row = table("stages")["literal"]
    have = (*there, *row["common"])

    def lacks(word: str) -> bool:
        if not word.startswith(tuple(row["system"])):
            return False
        return not any(word.rstrip("/") == each or word.startswith(each.rstrip("/") + "/") for each in have)

    for word in reading.start.words[1:]:
        for part in re.split(r"[=:,]", word or ""):
            if lacks(part):
                return f"what is started names {part}"
    for name, text in texts:
        for literal in _STRING.findall(text):
            if lacks(literal):
                return f"{posixpath.basename(name)} names {literal}"
    return None
