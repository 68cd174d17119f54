"""Add `--no-install-recommends` to `apt-get install`, so that only what is named and needed is installed.

APT also installs every package that one of the new packages recommends, those of dependencies too
(apt.conf(5), `APT::Install-Recommends`). Many programs rely on one of them without saying so: `curl` and
`wget` need `ca-certificates` for any https address.

A call is left alone when an option, a configuration file or an earlier line settles the matter.

Before:
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y ca-certificates unzip
After:
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates unzip

Fix safety: unsafe in general. Safe where the package index of the image's release shows that none of the
packages, and nothing that they depend on, recommends a package that is not named or needed too: the same
packages are then installed. Where the tag names no release this must hold in each that is known, and the
fix is assumed: the image must not stand on an older one.

Clears hadolint's DL3015.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.knowledge import apt, table
from slimfix.layout import insert_after
from slimfix.patterns import lazy
from slimfix.rules._apt import configured, installs, obscure, own_sources, setting
from slimfix.shell import Argument, Command
from slimfix.shell.call import Call

CODE = "SF121"
ORDER = 11
WORDS = ("apt",)
_NAME = lazy(r"([a-z0-9][a-z0-9+.-]+)(=[\w.+:~-]+\*?)?")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `apt-get install` that installs what packages recommend."""
    words = table("apt")["call"]
    for run, command, call in installs(dockerfile):
        assert call.verb is not None
        if call.verb.value != "install" or call.option(*words["recommends"], *words["no_action"]):
            continue
        if setting(call, words["recommends_setting"]):
            continue
        if call.option("-c", "--config-file") or configured(
            dockerfile, run, command, words["recommends_setting"]
        ):
            yield Skip("a configuration says what to do about recommended packages", command.span)
            continue
        if reason := obscure(call):
            yield Skip(reason, command.span)
            continue
        if not call.operands:
            continue
        safety, assumption = _safety(dockerfile, run, command, call)
        message = f"add {words['no_recommends']} to {call.program} install"
        edit = insert_after(_last_option(command, call), words["no_recommends"])
        yield Fix((edit,), message, command.span, safety, assumption)


def _last_option(command: Command, call: Call) -> Argument:
    """The last of the options that directly follow the verb, or the verb."""
    assert call.verb is not None
    given = {a.span: value for a, value in call.options}
    last = call.verb
    rest = list(command.arguments[command.arguments.index(call.verb) + 1 :])
    while rest and rest[0].span in given:
        last = given[rest[0].span] or rest[0]
        rest = rest[2 if last is not rest[0] else 1 :]
    return last


def _safety(
    dockerfile: Dockerfile, run: Instruction, command: Command, call: Call
) -> tuple[Safety, str | None]:
    assert run.stage is not None
    image = run.stage.root
    unsafe = Safety.UNSAFE, None
    among = apt.releases(image.name, image.tag)
    names = [match[1] for o in call.operands if (match := _NAME.fullmatch(o.value or ""))]
    if among is None or len(names) != len(call.operands) or any(v is not None for _, v in call.options):
        return unsafe
    if not apt.brings_nothing(names, among[0]) or not own_sources(dockerfile, run, command):
        return unsafe
    if among[1]:
        return Safety.SAFE, None
    return Safety.ASSUMED, f"{image.reference} stands on one of {', '.join(among[0])}"
