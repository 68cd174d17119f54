"""Add `--omit=dev` to `npm ci`, so that tools for development do not ship.

Without it npm also installs `devDependencies`: compilers, linters and test runners, often more than the
program itself. The rule looks only where nothing later in the image seems to build or test.

Left alone are calls that say which kinds they want, those under `NODE_ENV=production`, installations of
single packages, stages in which something is built later, and images older than npm 7.

Before:
    RUN npm ci
    CMD ["node", "server.js"]
After:
    RUN npm ci --omit=dev
    CMD ["node", "server.js"]

Fix safety: unsafe. What runs may load a package that is listed as a development dependency, and a
lifecycle script (`prepare`) may need one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.knowledge import table
from slimfix.layout import insert_after
from slimfix.rules._later import following
from slimfix.rules._managers import calls, runs
from slimfix.shell import Command, Opaque
from slimfix.shell.call import unwrapped

CODE = "SF151"
ORDER = 12
WORDS = ("npm",)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every installation of a project's own dependencies by npm."""
    words = table("extras")["npm"]
    for run in runs(dockerfile, "npm"):
        for command, call in calls(run, words):
            if call.verb is None or call.verb.value not in words["verbs"] or call.operands:
                continue
            if call.option(*words["settled"]) or _set(run, command):
                continue
            reason = _too_old(run) or _builder(dockerfile, run, command)
            if any(o.value is None for o, _ in call.options):
                reason = "a word of the call is known to the running shell alone"
            if reason:
                yield Skip(f"{words['flag']} not added: {reason}", command.span)
                continue
            yield Fix(
                (insert_after(call.verb, words["flag"]),),
                f"add {words['flag']} to npm {call.verb.value}",
                command.span,
                Safety.UNSAFE,
            )


def _set(run: Instruction, command: Command) -> bool:
    """Whether a variable says which dependencies are wanted."""
    names = table("extras")["npm"]["variables"]
    if any(word.raw.partition("=")[0].upper() in names for word in command.node.assignments):
        return True
    if any(f"{name}=" in run.logical.text for name in names):
        return True
    return any(name.upper() in names for name in run.state.environment())


def _too_old(run: Instruction) -> str | None:
    assert run.stage is not None
    image = run.stage.root
    version = re.match(r"\d+", image.tag)
    if image.name == "node" and version and int(version.group()) < table("extras")["npm"]["first_node"]:
        return "npm is too old here to know it"
    return None


def _builder(dockerfile: Dockerfile, run: Instruction, command: Command) -> str | None:
    """What is called later, in this stage or one FROM it, that may need the tools."""
    builders = [*table("extras")["npm"]["builders"], "npm run", "npm test", "npm start"]
    for instruction in (run, *following(run)):
        text = dockerfile.source(instruction.span)
        if instruction.onbuild:
            return "an ONBUILD trigger may build"
        if instruction.name in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            if any(re.search(rf"(?<![\w./-]){word}(?![\w.-])", text) for word in builders):
                return f"{instruction.name} calls what may be a development tool"
        if instruction.name != "RUN":
            continue
        if isinstance(instruction.script, Opaque):
            return "a later RUN is not understood"
        for later in instruction.script.commands:
            if instruction is run and later.span.start <= command.span.start:
                continue
            if name := _builds(later):
                return f"{name} is called later"
    return None


def _builds(command: Command) -> str | None:
    """The program that a command calls, if it may build something."""
    words = table("extras")["npm"]
    arguments, _ = unwrapped(command)
    if not arguments:
        return "a program in a variable" if command.arguments else None
    name = (arguments[0].value or "").rpartition("/")[2]
    if not name:
        return "a program in a variable"
    values = [a.value for a in arguments[1:] if not (a.value or "").startswith("-")]
    if name == "npm":
        return f"npm {values[0]}" if values and values[0] in words["scripts"] else None
    scripted = (arguments[0].value or "").startswith("./") or "node_modules" in (arguments[0].value or "")
    if name in words["builders"] or scripted or name in ("sh", "bash", "node"):
        return name
    return None
