"""Which commands take away, or write anew, what an earlier command put into the image."""

from __future__ import annotations

from slimfix import knowledge
from slimfix.records import NamedTuple
from slimfix.shell import Command
from slimfix.shell.call import unwrapped


class Cleaner(NamedTuple):
    """What one command cleans up."""

    programs: frozenset[str]
    """The programs whose work it undoes; none for a command that names paths."""
    verbs: frozenset[str]
    paths: tuple[str, ...]
    """The absolute paths that it names."""

    def after(self, commands: tuple[Command, ...]) -> bool:
        """Whether it can concern something that *commands* made."""
        for command in commands:
            program, words = _words(command)
            if program in self.programs:
                if self.verbs & set(words):
                    return True
            elif any(_within(path, word) for path in self.paths for word in words):
                return True
        return False


def cleaner(command: Command) -> Cleaner | None:
    """What *command* cleans up; None when it does something else."""
    program, words = _words(command)
    for name in knowledge.table("cleaners") if program else ():
        table = knowledge.table("cleaners")[name]
        if program not in table["programs"]:
            continue
        verb = next((word for word in words if not word.startswith("-")), "")
        if verb not in table.get("verbs", [verb]):
            return None
        options = table.get("options")
        if options and not any(_has(word, option) for word in words for option in options):
            return None
        after = frozenset(table.get("after", ()))
        paths = () if after else tuple(word for word in words if word.startswith("/"))
        return Cleaner(frozenset(table["programs"]) if after else frozenset(), after, paths)
    return None


def splits_update(first: tuple[Command, ...], second: tuple[Command, ...]) -> bool:
    """Whether the first updates an index that the second installs from."""

    def calls(commands: tuple[Command, ...], verb: str) -> set[str]:
        return {program for program, words in map(_words, commands) if program and verb in words}

    return bool(calls(first, "update") & calls(second, "install"))


def _words(command: Command) -> tuple[str, list[str]]:
    """The program without its directory, and the other words that are known."""
    arguments, _ = unwrapped(command)
    values = [argument.value for argument in arguments]
    if not values or values[0] is None:
        return "", []
    return values[0].rpartition("/")[2], [value for value in values[1:] if value]


def _has(word: str, option: str) -> bool:
    """Whether a word is an option, alone or in a bundle such as ``-hR``."""
    bundled = len(option) == 2 and word[:1] == "-" and word[:2] != "--" and option[1] in word
    return word == option or bundled


def _within(path: str, word: str) -> bool:
    """Whether a word names *path* or something below it; a pattern counts as far as it is plain."""
    path = path.split("*")[0].split("?")[0].rstrip("/")
    word = word.partition("=")[2] or word
    return bool(path) and word.startswith("/") and (word + "/").startswith(path + "/")
