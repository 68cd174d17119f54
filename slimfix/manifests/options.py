"""The options of an install command against the table of its tool."""

from __future__ import annotations

from slimfix import knowledge
from slimfix.manifests import Cannot
from slimfix.manifests.pip_options import VALUED
from slimfix.records import NamedTuple
from slimfix.shell.call import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Options(NamedTuple):
    """What the options of a call say."""

    directory: str | None
    """The directory that an option names."""
    given: dict[str, str]
    """Each other option with its value, ``""`` for one without."""

    def has(self, *names: str) -> bool:
        """Whether one of them is given, without a value that says no."""
        return any(n in self.given and self.given[n] not in ("false", "0") for n in names)


def tool(name: str) -> dict[str, Any]:
    """The table of a tool; it is shared, do not change it."""
    found: dict[str, Any] = knowledge.table("manifests")["tools"][name]
    return found


def valued(table: dict[str, Any]) -> tuple[str, ...]:
    """The options of a tool that take the next word as their value, wherever they stand."""
    if table["ecosystem"] == "pip_install":
        return VALUED
    both = set(table.get("flags", ())) & set(table.get("values", ()))
    own = [*table.get("values", ()), *table.get("directory", ()), *table.get("files", ())]
    return tuple(o for o in own if o not in both)


def options(call: Call, table: dict[str, Any]) -> Options:
    """The options of *call*; raises :class:`Cannot` at one that the table does not have."""
    directory = None
    given: dict[str, str] = {}
    for argument, following in call.options:
        if argument.value is None or (following is not None and following.value is None):
            raise Cannot(f"{argument.raw} of {call.program} is not literal")
        name, equals, value = argument.value.partition("=")
        value = value if equals else following.value or "" if following is not None else ""
        known = [*table.get("files", ()), *table.get("values" if equals or following else "flags", ())]
        if equals and value in ("true", "false"):
            known += table.get("flags", ())
        if name in table.get("directory", ()):
            directory = value
        elif name in known:
            given[name] = value
        else:
            raise Cannot(f"{name} is not an option of {call.program} that we know")
    return Options(directory, given)
