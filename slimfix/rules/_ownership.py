"""A RUN that begins by changing the owner or the mode of one path."""

from __future__ import annotations

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.tiles import directives
from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.shell import Argument, Opaque, Script
from slimfix.shell.nodes import AndOr, Node, Sequence, Simple
from slimfix.text import BOM, Edit, Span, split_lines

_OWNER = lazy(r"(?P<user>[A-Za-z_][\w-]*|\d+)?(?P<colon>:)?(?P<group>[A-Za-z_][\w-]*|\d+)?")
_MODE = lazy(r"0?[0-7]{3}")
_FRONTEND = lazy(r"docker/dockerfile(?:|:latest|:labs|:1(?:\.(?:\d{2,}|[2-9])(?:\.\d+)?)?(?:-labs)?)")


class Change(NamedTuple):
    """What the first command of a RUN changes."""

    flag: str
    """``chown`` or ``chmod``: the command, and the flag of COPY that does it."""
    value: str
    """What the flag is to say; ``""`` when there is an obstacle."""
    targets: tuple[str, ...]
    """Absolute paths."""
    recursive: Argument | None
    """The option that makes it go down the tree."""
    obstacle: str | None
    """Why no flag of COPY does the same, if none does."""
    grouped: bool
    """Whether owner and group are both named."""
    items: tuple[Node, ...]
    """The commands of the ``&&`` list that it begins."""
    span: Span


def change(run: Instruction) -> Change | None:
    """The change that a RUN begins with, if it begins with one that can be read."""
    script = run.script
    if isinstance(script, Opaque) or run.flags or run.heredocs or run.name != "RUN":
        return None
    root = script.root
    if isinstance(root, Sequence) and len(root.items) == 1 and root.terminators[0] in ("", "\n"):
        root = root.items[0]
    items = root.items if isinstance(root, AndOr) and "||" not in root.operators else (root,)
    first = items[0]
    if not isinstance(first, Simple) or first.redirects or first.assignments or isinstance(root, Sequence):
        return None
    command = next(c for c in script.commands if c.node is first)
    if command.name not in ("chown", "chmod"):
        return None
    data = table("copy")
    options = [a for a in command.arguments[1:] if (a.value or "").startswith("-")]
    operands = [a for a in command.arguments[1:] if not (a.value or "").startswith("-")]
    paths = [run.state.resolve(a.value or "") if a.value and not a.glob else None for a in operands[1:]]
    targets = tuple(path for path in paths if path is not None and path.startswith("/"))
    if not targets:
        return None
    value, obstacle = (_owner if command.name == "chown" else _mode)(operands[0].value)
    links = ("-h", "--no-dereference") if command.name == "chown" else ()
    known = (*data["quiet"], *data["recursive"], *links)
    recursive = [a for a in options if a.value in data["recursive"]]
    if any(a.value not in known for a in options) or len(recursive) > 1:
        obstacle = "its options cannot be told apart"
    if len(operands) != 2:
        obstacle = "it changes more than one path"
    if run.state.user not in ("", "root", "0"):
        obstacle = "it does not run as root"
    grouped = ":" in (operands[0].value or "") and not (operands[0].value or "").startswith(":")
    found = recursive[0] if recursive else None
    return Change(command.name, value, targets, found, obstacle, grouped, items, command.span)


def _owner(text: str | None) -> tuple[str, str | None]:
    """The value of ``--chown`` for the first operand of chown, or why there is none.

    COPY gives the group 0 where chown names none; ``--chown=user`` alone would give another.
    """
    match = _OWNER.fullmatch(text or "")
    if match is None or not text:
        return "", "the owner is not plain text"
    if match["colon"] and not match["group"]:
        return "", "the group is the user's own, which is not known"
    if not match["colon"] and match["group"]:
        return "", "the owner is not plain text"
    return f"{match['user'] or 0}:{match['group'] or 0}", None


def _mode(text: str | None) -> tuple[str, str | None]:
    if text is None:
        return "", "the mode is not plain text"
    return (text, None) if _MODE.fullmatch(text) else ("", "a symbolic mode depends on the mode before")


def without(dockerfile: Dockerfile, run: Instruction, change: Change) -> Edit | None:
    """The edit that takes the change out of *run*, all of it if it does nothing else.

    None where a comment would be lost, or left alone.
    """
    script = run.script
    assert isinstance(script, Script)
    if len(change.items) > 1:
        span = Span(change.span.start, script.span(change.items[1]).start)
        return None if any(span.contains(comment) for comment in run.comments) else Edit(span, "")
    text, (start, end) = dockerfile.text, run.span
    above = text[:start].rstrip("\r\n").rpartition("\n")[2]
    if run.comments or script.tree.comments or above.lstrip().startswith("#"):
        return None
    lines = text[:start].split("\n")
    blank = len(lines) > 2 and not lines[-2].strip()
    if blank and not text[end:].partition("\n")[0].strip():
        start -= len(lines[-2]) + 1
    if end == len(text) and not text.endswith("\n"):
        start -= 2 if text[:start].endswith("\r\n") else 1
    return Edit(Span(start, end), "")


def knows_chmod(dockerfile: Dockerfile) -> bool:
    """Whether the file asks for a frontend that knows ``COPY --chmod``, or uses what such a one brought.

    `--chmod` came with docker/dockerfile 1.2, `--link` and heredocs with 1.4 (its release notes).
    """
    syntax = directives(split_lines(dockerfile.text.removeprefix(BOM)))[0].get("syntax")
    if syntax is not None:
        return _FRONTEND.fullmatch(syntax.split("@")[0].removeprefix("docker.io/")) is not None
    copies = [i for i in dockerfile.instructions if i.name in ("COPY", "ADD")]
    newer = any(i.flag("chmod") is not None or i.flag("link") is not None for i in copies)
    return newer or any(i.heredocs for i in dockerfile.instructions)
