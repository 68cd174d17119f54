"""What to do with each file: the flags, and the settings that hold where it stands."""

from __future__ import annotations

import os
from collections.abc import Sequence

from slimfix import config
from slimfix.batch import Job
from slimfix.fix import Safety
from slimfix.records import NamedTuple
from slimfix.rules import Rule, UnknownRule, select
from slimfix.search import ignore_spec, matched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pathspec import GitIgnoreSpec


class Flags(NamedTuple):
    """What the command line says; None or nothing for what it does not. It wins over any file."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    safe_only: bool = False
    unsafe: bool = False
    target: str | None = None
    all_stages: bool = False
    context: str | None = None
    config: str | None = None

    @classmethod
    def of(cls, select: Sequence[str] = (), ignore: Sequence[str] = (), **others: Any) -> Flags:
        """The same of options as they are given, with lists of names between commas."""
        return cls(_names(select), _names(ignore), **others)


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


class Plan:
    """Finds the :class:`Job` of each file. Files under the same settings share one."""

    def __init__(self, flags: Flags) -> None:
        """Check the flags.

        Raises:
            UnknownRule: a flag names no rule.
            ConfigError: the file that a flag names is no good.
        """
        self.flags = flags
        select(flags.select or None, flags.ignore)
        self._configs: dict[str, config.Config | config.ConfigError] = {}
        self._jobs: dict[str | None, Job | config.ConfigError] = {}
        self._specs: dict[str | None, tuple[str, GitIgnoreSpec]] = {}
        self._only: config.Config | None = None
        if flags.config is not None:
            self._only = config.load(flags.config)
            self.job(".")

    @property
    def allowed(self) -> Safety:
        """The greatest safety value of a fix that is made where no file says otherwise."""
        if self.flags.safe_only:
            return Safety.SAFE
        return Safety.UNSAFE if self.flags.unsafe else Safety.ASSUMED

    def job(self, path: str) -> Job:
        """What to do with the file at *path*.

        Raises:
            ConfigError: the settings that hold there are no good.
        """
        settings = self._config(os.path.dirname(path))
        if settings.path not in self._jobs:
            try:
                self._jobs[settings.path] = self._job(settings)
            except UnknownRule as error:
                self._jobs[settings.path] = config.ConfigError(settings.path or "", str(error))
        found = self._jobs[settings.path]
        if isinstance(found, config.ConfigError):
            raise found
        return found

    def hidden(self, path: str, is_directory: bool) -> bool:
        """Whether the settings of the directory that *path* stands in exclude it from a search."""
        try:
            settings = self._config(os.path.dirname(path))
        except config.ConfigError:
            return False  # the file itself will tell
        if not settings.exclude:
            return False
        if settings.path not in self._specs:
            self._specs[settings.path] = settings.directory, ignore_spec(settings.exclude)
        return matched(path, is_directory, [self._specs[settings.path]])

    def _config(self, directory: str) -> config.Config:
        if self._only is not None:
            return self._only
        found = self._nearest(os.path.abspath(directory))
        if isinstance(found, config.ConfigError):
            raise found
        return found

    def _nearest(self, directory: str) -> config.Config | config.ConfigError:
        """The settings that hold in a directory; each is looked at once."""
        waiting: list[str] = []
        found: config.Config | config.ConfigError | None = None
        at: str | None = directory
        while found is None:
            if at is None:
                found = config.Config()
            elif at in self._configs:
                found = self._configs[at]
            else:
                waiting.append(at)
                try:
                    found = config.at(at)
                except config.ConfigError as error:
                    found = error
                at = config.above(at)
        self._configs.update(dict.fromkeys(waiting, found))
        return found

    def _job(self, settings: config.Config) -> Job:
        flags = self.flags
        safe, unsafe = flags.safe_only, flags.unsafe
        if not safe and not unsafe:
            safe, unsafe = settings.safe_only, settings.unsafe
        return Job(
            self._rules(settings),
            Safety.SAFE if safe else Safety.UNSAFE if unsafe else Safety.ASSUMED,
            flags.target if flags.target is not None else settings.target,
            flags.all_stages or settings.all_stages,
            flags.context,
            settings.options,
        )

    def _rules(self, settings: config.Config) -> tuple[Rule, ...]:
        """The rules; one that a flag selects is not held back by the file."""
        select(settings.select, settings.ignore)  # its names are checked in any case
        if self.flags.select:
            return select(self.flags.select, self.flags.ignore)
        ignored: Sequence[str] = self.flags.ignore or settings.ignore
        return select(settings.select, ignored)
