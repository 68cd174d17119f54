"""What a repository says of how it wants to be treated. It may only narrow what the operator allows.

The files are those of :mod:`slimfix.config`, read from the base branch: the nearest one holds for a
Dockerfile, as on the command line, and the ``[bot]`` table of the one in the root is for the bot.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from slimfix import config
from slimfix.bot.errors import BotError
from slimfix.bot.names import too_wild
from slimfix.bot.tree import Tree, above, joined
from slimfix.fix import Safety
from slimfix.rules import Rule, UnknownRule, select, selects_ignore_file
from slimfix.search import ignore_spec, matched

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Rebase = Literal["auto", "conflicted", "behind", "never"]
Group = Literal["repository", "directory"]
AutoMerge = Literal["never", "asked", "safe"]
"""Whether the forge merges by itself: never; where a repository's settings ask for it; or wherever they
do not forbid it. Only pull requests with nothing but safe fixes are meant, in every case."""

_LIMIT = 1 << 20


class Policy(NamedTuple):
    """What the operator allows, for every repository."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    safe_only: bool = False
    group: Group = "repository"
    rebase: Rebase = "auto"
    labels: tuple[str, ...] = ()
    draft: bool = False
    open_limit: int = 1
    """Pull requests that may be open in one repository at a time."""
    onboarding: bool = False
    """Whether a repository without settings is asked first."""
    assignees: tuple[str, ...] = ()
    automerge: AutoMerge = "never"


class Wishes(NamedTuple):
    """The ``[bot]`` table of a repository, on top of the policy."""

    enabled: bool = True
    group: Group = "repository"
    rebase: Rebase = "auto"
    labels: tuple[str, ...] = ()
    reviewers: Literal["codeowners", "none"] = "codeowners"
    draft: bool = False
    open_limit: int = 1
    assignees: tuple[str, ...] = ()
    automerge: bool = False
    """Whether the forge may merge by itself what rests on no assumption."""


_CHOICES = {
    "group": ("repository", "directory"),
    "rebase": ("auto", "conflicted", "behind", "never"),
    "reviewers": ("codeowners", "none"),
}
_FLAGS = ("enabled", "draft", "automerge")
_LISTS = {"labels": re.compile(r".{1,50}"), "assignees": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")}
_MOST = 10
"""Labels, and people."""
_MOST_HIDDEN = 1_000


class Settings:
    """The settings of one tree. Each file is read once, and only where a Dockerfile lies below it."""

    def __init__(self, tree: Tree, policy: Policy) -> None:
        self._tree = tree
        self._policy = policy
        self._found: dict[str, config.Config | None] = {}
        self._hides: dict[str, GitIgnoreSpec] = {}

    @property
    def configured(self) -> bool:
        """Whether the root has settings of ours. Raises BotError."""
        return self.at("x").path is not None

    def prefetch(self, directories: set[str]) -> None:
        """Have the files that may hold settings for these directories at hand, with one request."""
        places = {
            joined(at, name)
            for directory in directories
            for at in above(directory + "/x")
            for name in config.FILES
        }
        self._tree.fetch(places)

    def at(self, path: str) -> config.Config:
        """The settings that hold for a file.

        Raises:
            BotError: they are broken.
        """
        for directory in reversed(list(above(path))):
            if directory not in self._found:
                self._found[directory] = self._in(directory)
            found = self._found[directory]
            if found is not None:
                return found
        return config.Config()

    def _in(self, directory: str) -> config.Config | None:
        for name in config.FILES:
            path = joined(directory, name)
            data = self._tree.read(path, _LIMIT)
            if data is None:
                continue
            try:
                found = config.parse(path, data)
            except config.ConfigError as error:
                raise BotError("bad-config", f"{error.place}: {error}") from None
            if found is not None:
                return _tame(path, found)
        return None

    def hidden(self, path: str) -> bool:
        """Whether the settings exclude a file, or a directory that it lies in."""
        found = self.at(path)
        if not found.exclude:
            return False
        base = "/" + (found.path or "").rpartition("/")[0]
        place = found.path or ""
        if place not in self._hides:
            self._hides[place] = ignore_spec(found.exclude)
        specs = [(base, self._hides[place])]
        return matched("/" + path, False, specs) or any(
            matched("/" + d, True, specs) for d in above(path) if d
        )

    def rules(self, found: config.Config, without: frozenset[str]) -> tuple[Rule, ...]:
        """The rules that both sides want, but for those by name that were declined before."""
        try:
            theirs = set(select(found.select, found.ignore))
        except UnknownRule as error:
            raise BotError("bad-config", f"{found.path}: {error}") from None
        ours = select(self._policy.select, self._policy.ignore)
        return tuple(rule for rule in ours if rule in theirs and rule.name not in without)

    def wants_ignore_files(self, found: config.Config) -> bool:
        """Whether both sides want ignore files proposed."""
        ours = selects_ignore_file(self._policy.select, self._policy.ignore)
        return ours and selects_ignore_file(found.select, found.ignore)

    def allowed(self, found: config.Config) -> Safety:
        """The greatest safety value of a fix that is made; what is unsafe never is."""
        return Safety.SAFE if self._policy.safe_only or found.safe_only else Safety.ASSUMED

    def wishes(self) -> Wishes:
        """What the repository wants of the bot.

        Raises:
            BotError: it says something that has no meaning.
        """
        found = self.at("x")
        policy = self._policy
        given: dict[str, object] = {
            "group": policy.group,
            "rebase": policy.rebase,
            "labels": policy.labels,
            "draft": policy.draft,
            "open_limit": policy.open_limit,
            "assignees": policy.assignees,
            "automerge": policy.automerge == "safe",
        }
        for key, value in found.bot.items():
            given[key.replace("-", "_")] = _value(found.path or "", key, value)
        wishes = Wishes(**cast(Any, given))  # checked by _value, one by one
        return wishes._replace(
            open_limit=min(wishes.open_limit, policy.open_limit),
            automerge=wishes.automerge and policy.automerge != "never",
        )


def _tame(path: str, found: config.Config) -> config.Config:
    """The settings, if what they exclude is told in a time that is reasonable. Raises BotError."""
    if len(found.exclude) > _MOST_HIDDEN:
        raise BotError("bad-config", f"{path}: exclude has more than {_MOST_HIDDEN} patterns")
    wild = next((pattern for pattern in found.exclude if too_wild(pattern)), None)
    if wild is not None:
        raise BotError("bad-config", f"{path}: exclude: too many wildcards in {wild!r}")
    return found


def _value(path: str, key: str, value: object) -> object:
    def bad(expected: str) -> BotError:
        return BotError("bad-config", f"{path}: bot.{key} must be {expected}")

    if key in _FLAGS:
        if not isinstance(value, bool):
            raise bad("true or false")
    elif key in _CHOICES:
        if value not in _CHOICES[key]:
            raise bad("one of " + ", ".join(map(repr, _CHOICES[key])))
    elif key in _LISTS:
        if not isinstance(value, list) or len(value) > _MOST:
            raise bad(f"a list of at most {_MOST} names")
        if not all(isinstance(item, str) and _LISTS[key].fullmatch(item) for item in value):
            raise bad("a list of names")
        return tuple(value)
    elif key == "open-limit":
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise bad("a number of at least 1")
    else:
        raise BotError("bad-config", f"{path}: unknown key: bot.{key}")
    return value
