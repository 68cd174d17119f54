"""Call `apt-get` instead of `apt` in a script, and let it ask nothing.

`apt` says itself that it may change between versions; for what a build calls, `apt-get` does the same.
`apt-get install` without `-y` asks as soon as one more package than was named is to be installed. A build
has nobody to answer, so APT aborts, and the build works until the day a package gets a new dependency.

Left alone are `apt list`, `search`, `show`, `edit-sources` and `upgrade`, which `apt-get` does not know or
does in another way, options that are not known to mean the same, and calls that are answered
(`yes | apt-get`, `-qq`, `APT::Get::Assume-Yes`).

Before:
    FROM debian:bookworm-slim
    RUN apt update && apt install ca-certificates
After:
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y ca-certificates

Fix safety: the other name is safe on a release whose APT uses the same solver and defaults for both
(bookworm and before, Ubuntu 24.04 and before), on an official image, which deletes downloaded packages
whatever the program. Elsewhere it is assumed that both do the same. `apt -y update` accepts a package
source that changed its name, where `apt-get` stops; that takes older lists in the image, and is assumed.
`-y` is assumed: where the build stopped at the question it now goes on. Where a failure is caught
(`|| true`) that would change the image, so there it is not added.

Clears hadolint's DL3014 and DL3027.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.knowledge import apt, table
from slimfix.layout import insert_after
from slimfix.rules._apt import configured, installs, letters, obscure, setting
from slimfix.shell import Command, Opaque
from slimfix.shell.call import Call
from slimfix.shell.failure import fates
from slimfix.text import Edit

CODE = "SF122"
ORDER = 10
WORDS = ("apt",)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every call of `apt`, and every call that would ask."""
    words = table("apt")["call"]
    for run, command, call in installs(dockerfile):
        if call.head.value == "apt":
            yield from _renamed(run, command, call)
        assert call.verb is not None
        if call.verb.value not in words["asking"] or call.option(*words["yes"], *words["no_action"]):
            continue
        short = letters(call)
        if "y" in short or "s" in short or short.count("q") > 1 or _quiet(call):
            continue
        if "pipeline" in command.nesting or any(r.operator.startswith("<") for r in command.node.redirects):
            continue
        if setting(call, words["yes_setting"]):
            continue
        if reason := _no_yes(dockerfile, run, command, call):
            yield Skip(f"-y not added: {reason}", command.span)
            continue
        yield Fix(
            (insert_after(call.verb, "-y"),),
            f"add -y to {call.program} {call.verb.value}",
            command.span,
            Safety.ASSUMED,
            "a build that stops because APT asks is meant to go on",
        )


def _quiet(call: Call) -> bool:
    return call.option_value("-q", "--quiet") in ("=2", "2")


def _no_yes(dockerfile: Dockerfile, run: Instruction, command: Command, call: Call) -> str | None:
    """Why a call that may ask is left so."""
    script = run.script
    assert not isinstance(script, Opaque)
    if configured(dockerfile, run, command, table("apt")["call"]["yes_setting"]) or call.option("-c"):
        return "a configuration may say so"
    if reason := obscure(call):
        return reason
    fate = {f.command: f.fatal for f in fates(script.root, run.state.shell.options)}
    if not fate[command.node]:
        return "its failure does not stop the build"
    return None


def _renamed(run: Instruction, command: Command, call: Call) -> Iterator[Fix | Skip]:
    """`apt-get` for `apt`, where both do the same."""
    words = table("apt")["call"]
    verb = call.verb.value if call.verb is not None else None
    if verb not in (*words["alike"], words["update"]):
        return
    unknown = [a.raw for a, _ in call.options if (a.value or "").partition("=")[0] not in words["shared"]]
    if unknown:
        yield Skip(f"apt-get is not known to understand {unknown[0]}", command.span)
        return
    assert run.stage is not None
    image = run.stage.root
    known = apt.releases(image.name, image.tag)
    same = set(known[0] if known else "?") <= set(table("apt")["images"]["same_solver"])
    safe = same or (known is not None and verb != "install")
    assumption = None if safe else "apt and apt-get do the same in this image"
    if verb == words["update"] and ("y" in letters(call) or call.option(*words["yes"])):
        # apt takes the yes for an answer to another question, which apt-get does not ask
        assumption = "no package source changed its name since the image's lists were fetched"
    yield Fix(
        (Edit(call.head.span, "apt-get"),),
        f"call apt-get {verb} instead of apt {verb}",
        command.span,
        Safety.ASSUMED if assumption else Safety.SAFE,
        assumption,
    )
