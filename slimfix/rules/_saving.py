"""Which of several RUNs make a smaller image when they become one."""

from __future__ import annotations

from slimfix.rules import _join
from slimfix.rules._cleaners import cleaner, splits_update
from slimfix.rules._parts import Part


def stretches(chain: list[Part]) -> list[list[Part]]:
    """The shortest stretches that hold each clean-up together with what it cleans up after."""
    begins = list(map(_begin, [chain] * len(chain), range(len(chain))))
    found: list[list[Part]] = []
    for i, part in enumerate(chain):
        joined = any(begin < i for begin in begins[i:])
        if joined and found and _join.apart(found[-1], part) is None:
            found[-1].append(part)
        else:
            found.append([part])
    return found


def _begin(chain: list[Part], late: int) -> int:
    """The first script whose work script *late* takes away or installs from; *late* if there is none."""
    commands = chain[late].script.commands
    cleaners = [found for command in commands if (found := cleaner(command))]
    for early in range(late):
        made = chain[early].script.commands
        if splits_update(made, commands) or any(one.after(made) for one in cleaners):
            return early
    return late
