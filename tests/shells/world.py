"""What exists in the root: commands, paths, directories, files; and a guess at it from scripts.

The guess may be too large (an unused stub does no harm), and must not be too small: a command
that is not there fails alike before and after, and everything behind it is then never compared.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

DEFAULT_OUTPUTS: tuple[tuple[str, str], ...] = (
    ("dirname", ".\n"),
    ("id", "0\n"),
    ("mktemp", "/tmp\n"),
    ("nproc", "2\n"),
    ("pwd", "/\n"),
)
"""Text that some stubs print, where the usual ``out-NAME`` would make scripts fail at once."""

BASE_DIRS = frozenset({"/tmp", "/root", "/usr/bin", "/etc", "/opt", "/var/tmp"})
_MAX_BASES = 24


@dataclass(frozen=True)
class World:
    """The contents of a root.  Relative ``paths`` and ``files`` are laid in every directory."""

    commands: frozenset[str] = frozenset()
    """Bare names, found on PATH."""
    paths: frozenset[str] = frozenset()
    """Programs called by a path, absolute or relative."""
    dirs: frozenset[str] = frozenset()
    """Directories, absolute or relative."""
    files: frozenset[tuple[str, str]] = frozenset()
    """Path and content of files that can be read, or sourced."""
    outputs: tuple[tuple[str, str], ...] = field(default=DEFAULT_OUTPUTS)
    """Name of a stub and what it prints when it succeeds."""

    def __or__(self, other: World) -> World:
        """Everything that is in either."""
        return replace(
            self,
            commands=self.commands | other.commands,
            paths=self.paths | other.paths,
            dirs=self.dirs | other.dirs,
            files=self.files | other.files,
            outputs=tuple(dict([*other.outputs, *self.outputs]).items()),
        )

    def without(self, directory: str) -> World:
        """The same without one directory (and whatever is named under it)."""

        def stays(path: str) -> bool:
            return path != directory and not path.startswith(directory.rstrip("/") + "/")

        return replace(
            self,
            dirs=frozenset(filter(stays, self.dirs)),
            paths=frozenset(filter(stays, self.paths)),
            files=frozenset(f for f in self.files if stays(f[0])),
        )


@dataclass(frozen=True)
class Plan:
    """Absolute paths to lay: the working directory is known."""

    dirs: tuple[str, ...]
    stubs: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


def plan(world: World, workdir: str) -> Plan:
    """Resolve relative paths against the working directory and every directory of the world."""
    bases = [posixpath.normpath(workdir), *sorted(d for d in world.dirs if d.startswith("/"))]
    for relative in sorted(d for d in world.dirs if not d.startswith("/")):
        bases += [posixpath.normpath(posixpath.join(b, relative)) for b in bases[:_MAX_BASES]]
        bases = list(dict.fromkeys(bases))[: 2 * _MAX_BASES]

    def everywhere(path: str) -> list[str]:
        return [posixpath.normpath(posixpath.join(base, path)) for base in bases[:_MAX_BASES]]

    dirs = dict.fromkeys([*sorted(BASE_DIRS), *bases])
    files = {at: text for path, text in sorted(world.files) for at in everywhere(path)}
    stubs = dict.fromkeys([f"/usr/bin/{name}" for name in sorted(world.commands)])
    for path in sorted(world.paths):
        stubs.update(dict.fromkeys(everywhere(path)))
    return Plan(
        tuple(dirs),
        tuple(s for s in stubs if s not in dirs and s not in files),
        tuple((path, text) for path, text in files.items() if path not in dirs),
    )


_TOKEN = re.compile(r"\n|&?[<>]+[&|-]?|[;&|()`]+|(?:\$\{[^}]*\}|\$\(|[^\s;&|()<>`])+")
_NAME = re.compile(r"[A-Za-z0-9_.+@:,%^\[!][A-Za-z0-9_.+@:,=%^~\]-]*")
_ASSIGNMENT = re.compile(r"\b([A-Za-z_]\w*)=(?:\"([^\"]*)\"|'([^']*)'|([^\s;&|()]*))")
_KEYWORDS = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"})
_WRAPPERS = frozenset({"exec", "command", "env", "sudo", "nohup", "nice", "xargs", "eval", "trap"})
_BEFORE_COMMAND = _KEYWORDS | _WRAPPERS | {"builtin", "-exec", "-c"}


def sourced_text(path: str) -> str:
    """A file to source: it sets and exports a variable, so that sourcing it leaves a trace."""
    name = re.sub(r"\W", "_", posixpath.basename(path)) or "_"
    return f"SOURCED_{name}=1; export SOURCED_{name}\n"


def _expand(word: str, values: Mapping[str, str]) -> str:
    for _ in range(3):
        word = re.sub(
            r"\$(?:\{(\w+)(?::?[-=]([^}]*))?\}|(\w+))",
            lambda m: values.get(m[1] or m[3], m[2] if m[2] is not None else m[0]),
            word,
        )
    return word


def inventory(scripts: Iterable[str], *, env: Mapping[str, str] | None = None) -> World:
    """Whatever the scripts might call, enter, source or read, found by looking at their words.

    Every word that could be a program's name becomes a command; a word with a slash becomes a
    program where a command may stand, a directory after ``cd``, a readable file after ``.``,
    ``source`` and ``<``; the directory of a redirection's target is made.
    """
    found: dict[str, set[str]] = {"commands": set(), "paths": set(), "dirs": set()}
    found |= {"read": set(), "written": set()}
    scripts = list(scripts)
    values = {"HOME": "/root", **(env or {})}
    for script in scripts:
        for name, *texts in _ASSIGNMENT.findall(script):
            values.setdefault(name, "".join(texts))
    for script in scripts:
        text = script.replace("\\\r\n", "").replace("\\\n", "")
        # Once with the quotes' contents as parts of words, once as words of their own: the text
        # may be an argument, or a command for eval, sh -c or a substitution.
        for quotes_become in ("", " "):
            _scan(_TOKEN.findall(re.sub(r"[\"'\\]", quotes_become, text)), values, found)
    written = {posixpath.basename(path) for path in found["written"]}
    read = [path for path in found["read"] if posixpath.basename(path) not in written]
    return World(
        commands=frozenset(found["commands"]),
        paths=frozenset(found["paths"]),
        dirs=frozenset(found["dirs"]),
        files=frozenset((path, sourced_text(path)) for path in read),
    )


def _scan(tokens: Sequence[str], values: Mapping[str, str], found: dict[str, set[str]]) -> None:
    at_command = True
    previous = ""
    redirect = ""
    for token in tokens:
        if token[0] in "\n;&|()`<>":
            redirect = token if "<" in token or ">" in token else ""
            if not redirect:
                at_command, previous = True, ""
            continue
        for part in token.split("$("):  # `$(cmd`: what follows is a command
            inner = part is not token and token.startswith(part) is False
            word = _expand(part, values)
            if not word or "$" in word or len(word) > 200:
                at_command = False
                continue
            if redirect:
                if redirect == "<":
                    found["read"].add(word)
                elif ">" in redirect:
                    found["written"].add(word)
                    if "/" in word:
                        found["dirs"].add(posixpath.dirname(word) or "/")
            elif previous in ("cd", "pushd"):
                if not word.startswith("-"):
                    found["dirs"].add(_home(word, values))
                    previous = ""
            elif previous in (".", "source"):
                found["read"].add(_home(word, values))
                previous = ""
            else:
                if at_command or inner:
                    previous = word
                    if "/" in word and "=" not in word:
                        found["paths"].add(_home(word, values))
                if _NAME.fullmatch(word) and word not in (".", ".."):
                    found["commands"].add(word)
                at_command = (
                    word in _BEFORE_COMMAND
                    or (at_command and bool(re.match(r"\w+=", word)))
                    or (at_command and word.startswith("-") and previous not in ("cd", "pushd"))
                )
        redirect = ""


def _home(word: str, values: Mapping[str, str]) -> str:
    return values["HOME"] + word[1:] if word == "~" or word.startswith("~/") else word
