"""Copy what `pip install` reads before the rest, so that a change of code keeps the installed layer.

Before:
    COPY . .
    RUN pip install -r requirements.txt
After:
    COPY requirements.txt .
    RUN pip install -r requirements.txt
    COPY . .

Fix safety: safe. Made only when every file that pip reads is known from the build context.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Skip
from slimfix.manifests import Unknown
from slimfix.manifests.pip import reads
from slimfix.rules._managers import calls, manager
from slimfix.shell import Opaque
from slimfix.text import Edit, Span

CODE = "SF301"
ORDER = 30
_FLAGS = {"chown", "chmod", "link"}
_ELSEWHERE = ("-t", "--target", "--prefix", "--root", "--src")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every COPY of the whole context that stands before a `pip install`."""
    for copy in dockerfile.instructions:
        if copy.name not in ("COPY", "ADD") or copy.onbuild or copy.stage is None or not copy.stage.ships:
            continue
        words = [part.text for part in copy.parts]
        if len(words) != 2 or words[0] not in (".", "./") or "$" in words[1] or copy.exec_form is not None:
            continue
        odd = any(f.name not in _FLAGS or "$" in (f.value or "") for f in copy.flags)
        if odd or copy.heredocs or copy.comments:
            continue
        yield from _split(dockerfile, copy, words[1])


def _split(dockerfile: Dockerfile, copy: Instruction, dest: str) -> Iterator[Fix | Skip]:
    assert copy.stage is not None
    root, last = copy.state.resolve(dest), None
    files: list[str] = []
    for run in copy.stage.instructions:
        if run.index <= copy.index or (run.name in ("ENV", "LABEL", "EXPOSE") and not run.onbuild):
            continue
        if run.name != "RUN" or run.onbuild:
            break
        kinds = _commands(run)
        if kinds is None:
            if last is None and "pip" in dockerfile.source(run.span):
                yield Skip("the RUN does more than install packages", copy.text_span)
            elif last is None and any(
                "pip" in dockerfile.source(i.span)
                for i in copy.stage.instructions[1:]
                if i.index > run.index and i.name == "RUN"
            ):
                yield Skip("something before pip install may read the files", copy.text_span)
            break
        if not kinds:
            continue
        if dockerfile.context is None or root is None or not root.startswith("/"):
            yield Skip("the build context or the directory is not known", copy.text_span)
            return
        found: list[str] = []
        reason = None
        for arguments in kinds:
            answer = reads(
                arguments,
                run.state.workdir,
                lambda path: _locate(root, path),
                dockerfile.context,
                run.state.environment(),
            )
            if isinstance(answer, Unknown):
                reason = answer.reason
                break
            found += answer.files
        if reason is not None:
            if last is None:
                yield Skip(reason, copy.text_span)
            break
        files, last = list(dict.fromkeys(files + found)), run
    if last is None or not files or any(c.isspace() or c in "*?[\\$\"'" for f in files for c in f):
        return
    earlier = {
        p.text
        for i in copy.stage.instructions
        if i.index < copy.index and i.name in ("COPY", "ADD")
        for p in i.parts[:-1]
    }
    if any(f in earlier or f.split("/")[0] in {e.strip("./") for e in earlier} for f in files):
        return
    folders: dict[str, list[str]] = {}
    for file in files:
        folders.setdefault(posixpath.dirname(file), []).append(file)
    start = dockerfile.source(Span(copy.text_span.start, copy.part_span(copy.parts[0]).start))
    lines = []
    for folder, group in folders.items():
        plain = dest in (".", "./") and not folder
        target = dest if plain else dest.rstrip("/") + "/" + (folder and folder + "/")
        target = "./" if target == "." and len(group) > 1 else target
        lines.append(f"{start}{' '.join(group)} {target}")
    whole = dockerfile.source(copy.text_span)
    end = last.span.end
    moved = whole + "\n" if dockerfile.text[end - 1] == "\n" else "\n" + whole
    edits = (Edit(copy.text_span, "\n".join(lines)), Edit(Span(end, end), moved))
    yield Fix(edits, "copy what pip reads before the rest", copy.text_span)


def _locate(root: str, path: str) -> str | None:
    below = posixpath.relpath(path, root)
    return None if below.startswith("..") else below


def _commands(run: Instruction) -> list[tuple[str | None, ...]] | None:
    """The arguments of each `pip install`; None if the RUN does something else too."""
    script = run.script
    if isinstance(script, Opaque) or run.flags or run.heredocs:
        return None
    tables = (manager("apk"), {"programs": ["apt", "apt-get"], "valued": ["-o", "-t", "-c"]})
    found = [c for table in tables for c, _ in calls(run, table)]
    known = {c.span for c in found if not any("/" in a.raw for a in c.arguments[1:])}
    known |= {c.span for c in script.commands if c.name == "rm" and all(map(_cache, c.values[1:]))}
    result = []
    for command, call in calls(run, manager("pip")):
        if call.verb is None or call.verb.value != "install" or call.wrapped or call.option(*_ELSEWHERE):
            return None
        at = command.arguments.index(call.verb)
        if command.arguments[at - 1] != call.head:
            return None
        known.add(command.span)
        result.append(command.values[at + 1 :])
    plain = all(c.span in known and not c.nesting and not c.node.redirects for c in script.commands)
    return result if plain and "||" not in script.text and ";" not in script.text else None


def _cache(word: str | None) -> bool:
    places = ("-", "/var/lib/apt/lists/", "/var/cache/")
    return word is not None and ".." not in word and word.startswith(places)
