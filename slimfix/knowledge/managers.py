"""Package managers: how each is called, what it leaves in a layer, and how that is avoided or emptied.

A manager is one file, ``managers/<word>.toml``, where *word* is what every call of it holds (``npm``, and
``pip`` for ``pip3.11`` and ``python -m pip``): only the files of words that a Dockerfile holds are read.
The keys are the fields of :class:`Manager` and :class:`Lists`; ``source`` says where the facts are from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache, lru_cache

from slimfix.knowledge import table
from slimfix.records import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Words = tuple[str, ...]

_FOLDER = os.path.join(os.path.dirname(__file__), "managers")


class Lists(NamedTuple):
    """The package lists that a manager fetches with a verb of its own, and reads in later calls."""

    fills: Words
    """Verbs that write them."""
    paths: Words
    clean: str
    """The command that removes them."""
    harmless: Words = ()
    """Verbs that do not read them."""
    reads: Words = ()
    """Other programs that do, as regular expressions."""
    cleaned_by: Words = ()
    """Verbs of the manager that remove them."""
    partial: Words = ()
    """Regular expressions over a call that fetches only some of them, and leaves the rest."""
    updaters: Words = ()
    """Regular expressions over a RUN: scripts from the network that write the lists anew."""


class Manager(NamedTuple):
    """What is known of one package manager. A verb may be of several words: ``env create``.

    Verbs are regular expressions, word by word; ``""`` is a call without any, and one that begins with
    ``-`` is looked for among the options, as pacman has it.
    """

    name: str
    programs: Words
    """Names under which it is called, as regular expressions over the word without its directory."""
    source: Words
    module: str = ""
    """The name behind ``python -m``."""
    interpreter: str = ""
    """A program that may be given the manager as its file: ``php`` for ``php composer.phar``."""
    valued: Words = ()
    """Options that take the next word as their value."""
    fills: Words = ()
    """Verbs that fill the cache."""
    cache: Words = ()
    """Directories of the cache; ``~`` is the home of the user who calls."""
    stays: Words = ()
    """What lies in it and is no part of the cache."""
    flag: str = ""
    """The option that keeps the cache from being filled."""
    spelled: Words = ()
    """Other spellings of it that the manager takes."""
    clean: str = ""
    """The command that empties the cache. ``{}`` stands for the program as it was called."""
    carried: Words = ()
    """Options of a call without which a command of the same program might fail: they go with it."""
    cleaned_by: Words = ()
    """Verbs that empty the cache."""
    purges: Words = ()
    """Verbs that do so, but may fail when there is nothing in it."""
    chosen: Words = ()
    """Options that say where a cache is wanted, or that there is another root."""
    off: Mapping[str, Words] = {}
    """Variables that turn the cache off, each with the values under which it does not."""
    dirs: Words = ()
    """Variables that say where the cache lies."""
    offline: Words = ()
    """Words of a call that needs what an earlier one has cached."""
    lacks: Words = ()
    """Base images, ``name:tag`` as regular expressions, whose version of it lacks the flag or command."""
    only: Words = ()
    """Base images, likewise, whose version is known to have it; all others are left alone, if given."""
    families: Words = ()
    """Families of base images in which it is at home; any when empty."""
    unless: Words = ()
    """Regular expressions over the Dockerfile under which the cache is no cache."""
    beside: Mapping[str, str] = {}
    """Files of the build context, as patterns, that have the same meaning, each with a regular expression
    over its content; ``""`` when it is enough that there is one."""
    needs: Words = ()
    """Regular expressions over the RUN, one of which must match."""
    purpose: Words = ()
    """Verbs that are called to fill the cache for later."""
    root: bool = False
    """Whether it works for root alone."""
    reused: bool = False
    """Whether a later call, or the running container, reads what lies in the cache."""
    assumes: str = ""
    """What must hold for the cache to be worthless; nothing when empty."""
    mount: Words = ()
    """Directories on which a cache mount is right; none when it would be of no use."""
    mount_if: Words = ()
    """Regular expressions over the Dockerfile without which the first of them alone is mounted."""
    locked: bool = False
    """Whether two builds must not use the mount at once."""
    seen: bool = False
    """Whether a build in tests/engine has shown the cache there before, and gone after."""
    lists: Lists | None = None


@cache
def words() -> Words:
    """The word of every manager that has a table."""
    return tuple(sorted(name[:-5] for name in os.listdir(_FOLDER) if name.endswith(".toml")))


@cache
def manager(word: str) -> Manager:
    """The table of a manager.

    Raises:
        FileNotFoundError: there is none.
        TypeError: it has a key that means nothing, or lacks one.
    """
    fields = _frozen(table(f"managers/{word}"))
    lists = fields.pop("lists", None)
    return Manager(word, **fields, lists=None if lists is None else Lists(**lists))


@lru_cache(maxsize=8)
def mentioned(text: str) -> tuple[Manager, ...]:
    """The managers whose word stands in *text*, in the order of their names."""
    return tuple(manager(word) for word in words() if word in text)


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {key.replace("-", "_") if key.islower() else key: _frozen(v) for key, v in value.items()}
    return value
