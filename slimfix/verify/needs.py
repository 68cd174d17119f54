"""What an image needs to run as it says it will, and what of that the other image has lost.

Only what was there before can be lost: a library that was never found is no finding.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from slimfix.verify import configs, paths
from slimfix.verify.archive import Image
from slimfix.verify.elf import Loader
from slimfix.verify.tree import resolve, search

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Lost(NamedTuple):
    """Something that is asked for and was there before."""

    what: str
    """``library``, ``interpreter`` or ``command``."""
    name: str
    by: tuple[str, ...]
    """Who asks for it: paths, or the instruction."""

    def __str__(self) -> str:
        first = self.by[0]
        more = f" and {len(self.by) - 1} more" if len(self.by) > 1 else ""
        return f"{self.what} {self.name} is gone; {first}{more} {'need' if more else 'needs'} it"


def lost(before: Image, after: Image) -> tuple[Lost, ...]:
    """What the second image asks for in vain, and the first did not."""
    return (*_libraries(before, after), *_interpreters(before, after), *_commands(before, after))


def _loader(image: Image) -> Loader:
    path = configs.environment(image.config).get("LD_LIBRARY_PATH", "")
    return Loader(image.tree, image.texts, [part for part in path.split(":") if part])


def _libraries(before: Image, after: Image) -> Iterator[Lost]:
    then, now = _loader(before), _loader(after)
    by_name: dict[str, list[str]] = {}
    for path, entry in after.tree.items():
        if entry.elf is None or paths.kind(path) is not None:
            continue
        for name in now.missing(path):
            in_vain = _asked_in_vain(name, path, then)
            if in_vain and (now.elsewhere(name) or not _was_somewhere(name, then)):
                continue  # a program may load from where the loader does not look
            by_name.setdefault(name, []).append(path)
    for name, asking in sorted(by_name.items()):
        yield Lost("library", name, tuple(f"/{path}" for path in sorted(asking)))


def _asked_in_vain(name: str, path: str, then: Loader) -> bool:
    """Whether the loader found no such library for that file before, or there was no such file."""
    old = then.tree.get(path)
    return old is None or old.elf is None or name in then.missing(path)


def _was_somewhere(name: str, then: Loader) -> bool:
    """Whether there was such a library anywhere in the first image."""
    return bool(then.elsewhere(name)) or (name.startswith("/") and resolve(then.tree, name) is not None)


def _interpreters(before: Image, after: Image) -> Iterator[Lost]:
    """Programs that scripts on PATH name in their first line."""
    by_name: dict[str, list[str]] = {}
    then, now = _directories(before), _directories(after)
    for path, entry in after.tree.items():
        if entry.script and f"/{posixpath.dirname(path)}" in now and path in before.tree:
            if _there(after, entry.script, now) is None and _there(before, entry.script, then) is not None:
                by_name.setdefault(entry.script, []).append(path)
    for name, asking in sorted(by_name.items()):
        yield Lost("interpreter", name, tuple(f"/{path}" for path in sorted(asking)))


def _commands(before: Image, after: Image) -> Iterator[Lost]:
    for word, argument, is_program in _words(after):
        then = _found(before, argument, is_program)
        if then is not None and _found(after, argument, is_program) is None:
            yield Lost("command" if is_program else "file", argument, (word,))


def missing_program(image: Image) -> str | None:
    """The program that the image would start, if it is not there."""
    for word, argument, is_program in _words(image):
        if is_program and word != "HEALTHCHECK" and _found(image, argument, True) is None:
            return argument
    return None


def _words(image: Image) -> Iterator[tuple[str, str, bool]]:
    """The words of ENTRYPOINT, CMD and HEALTHCHECK: instruction, word, whether it is run."""
    config = image.config
    entry, command = config.get("Entrypoint") or [], config.get("Cmd") or []
    health = (config.get("Healthcheck") or {}).get("Test") or []
    for word, arguments, runs in (
        ("ENTRYPOINT", entry, True),
        ("CMD", command, not entry),
        ("HEALTHCHECK", _health(health), True),
    ):
        first = runs
        for argument in arguments:
            yield word, argument, first
            first = False
        if runs and len(arguments) == 3 and arguments[1] == "-c":
            yield from ((word, one, run) for one, run in _shell(arguments[2]))


def _health(test: list[str]) -> list[str]:
    if test[:1] == ["CMD-SHELL"]:
        return ["/bin/sh", "-c", *test[1:]]
    return test[1:] if test[:1] == ["CMD"] else []


def _shell(script: str) -> Iterator[tuple[str, bool]]:
    """The plain words of a shell command; its first is a program unless it may be something else."""
    try:
        words = shlex.split(script)
    except ValueError:
        return
    first = True
    for word in words:
        if first and word == "exec":
            continue
        plain = not set(word) & set("$`*?;&|<>(){}[]=~#!")
        if plain:
            yield word, False
        first = False


def _found(image: Image, argument: str, is_program: bool) -> str | None:
    directories = _directories(image)
    cwd = image.config.get("WorkingDir") or "/"
    if is_program:
        return search(image.tree, argument, directories, cwd)
    if argument.startswith("-") or not argument.strip("/."):
        return None
    if "/" not in argument and (program := search(image.tree, argument, directories, cwd)):
        return program
    return resolve(image.tree, posixpath.join("/", cwd, argument))


def _there(image: Image, program: str, directories: tuple[str, ...]) -> str | None:
    if "/" in program:
        return resolve(image.tree, program)
    return search(image.tree, program, directories)


def _directories(image: Image) -> tuple[str, ...]:
    return tuple(configs.environment(image.config).get("PATH", _PATH).split(":"))
