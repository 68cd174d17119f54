"""A Go program: what `go build` leaves, and what that needs beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.rules._stage_base import bare
from slimfix.rules._stage_files import data, named
from slimfix.rules._stage_made import CERTIFICATES, ZONES, followed, lines, spare, value
from slimfix.rules._stage_read import Job, Reading, packages
from slimfix.rules._stage_write import Product
from slimfix.shell.call import Call, call

_BIN = "/go/bin"
_ZONES = "/usr/local/go/lib/time/zoneinfo.zip"
"""In which Go looks for time zones when the system has none: package time, LoadLocation."""
_CALLS = lazy(
    r"\"(?:os/exec|plugin|golang\.org/x/sys/execabs)\"|(?:syscall|unix)\.(?:Exec|ForkExec|StartProcess)\b"
    r"|os\.StartProcess\b|\bC\.(?:system|popen|dlopen|exec\w+|posix_spawnp?)\b"
)
_CALLS_IN_C = lazy(r"\b(?:system|popen|dlopen|exec[lv]\w*|posix_spawnp?)\s*\(")
_MAIN = lazy(r"^package main\b", re.MULTILINE)
_NET = lazy(r"\"(?:net(?:/\w+)?|crypto/(?:tls|x509))\"")
_TIME = lazy(r"\"(?:time|log(?:/slog)?)\"")


def product(reading: Reading) -> Product | str:
    """What of a build of Go goes into the new stage, or why that is not known."""
    made: list[str] = []
    linked, stripped = False, False
    for job in reading.jobs:
        found = call(job.command, ("go",), table("stages")["go"]["valued"])
        if found is not None and "env" in job.command.values[1:2] and found.option("-w", "-u"):
            return "go env changes how Go builds"
        if found is None or found.verb is None or found.verb.value not in ("build", "install"):
            continue
        if {"condition", "background"} & {*job.command.nesting}:
            return "a RUN builds under a condition"
        outputs = _outputs(reading, job, found)
        if isinstance(outputs, str):
            return outputs
        made += outputs
        if job.environment.get("CGO_ENABLED") != "0":
            linked = True
        flags = " ".join(a.value or "?" for a, _ in found.options)
        stripped = stripped or "-trimpath" in flags or "trimpath" in (job.environment.get("GOFLAGS") or "")
    paths = followed(reading, made)
    if isinstance(paths, str):
        return paths
    program = next((place for place in reading.start.places((_BIN,)) if place in paths), None)
    if program is None:
        return "what it starts is not seen to be made by go build"
    sources = list(_sources(reading))
    problem = next((f"{posixpath.basename(n)} runs other programs" for n, t in sources if _calls(n, t)), None)
    installed = packages(reading)
    alpine = "alpine" in reading.stage.base.tag
    if linked and alpine and installed & set(table("stages")["packages"]["cxx"]):
        problem = (
            problem or "a compiler for C++ is installed, so it may need libstdc++: CGO_ENABLED=0 would tell"
        )
    base, files = bare(reading.stage.base), data(reading, "go")
    if problem or isinstance(files, str) or base.problem:
        return problem or base.problem or str(files)
    gone = (_BIN, "/dev/", "/tmp/", *_caches(reading))
    others = [p for p in paths if p not in spare(reading) and not p.startswith(gone)]
    wanted = list(dict.fromkeys((program, *others)))
    problem = named(reading, sources, (*wanted, *files))
    if problem:
        return problem
    copies = [
        (source, "/usr/local/bin/" + posixpath.basename(target) if _moved(reading, source) else target)
        for source, target in lines(wanted, files)
    ]
    copies += [(path, path) for path in _needs(sources, _modules(reading), installed, alpine, stripped)]
    assumption = "the program calls no other, and no module of it reads files of Go's image"
    return Product(base.reference, tuple(copies), assumption)


def _moved(reading: Reading, path: str) -> bool:
    """Whether a program is found by Go's own PATH, which the new stage lacks."""
    return path.startswith(_BIN) and "/" not in reading.start.program and _BIN not in reading.start.path


def _needs(
    sources: list[tuple[str, str]], modules: bool, installed: frozenset[str], alpine: bool, trimmed: bool
) -> Iterator[str]:
    """Certificates and time zones, where a program may want them."""
    row = table("stages")["packages"]
    asked = set(row["certificates"]) & installed
    if asked or ((modules or any(_NET.search(text) for _, text in sources)) and not alpine):
        yield CERTIFICATES
    if set(row["zones"]) & installed:
        yield ZONES
    elif not trimmed and (modules or any(_TIME.search(text) for _, text in sources)):
        yield _ZONES


def _calls(name: str, text: str) -> bool:
    """Whether a source runs other programs, or opens a library."""
    return _CALLS.search(text) is not None or (
        not name.endswith(".go") and _CALLS_IN_C.search(text) is not None
    )


def _caches(reading: Reading) -> set[str]:
    """The directories that a RUN mounts: the stage keeps nothing of what is put there."""
    return {m.target.rstrip("/") + "/" for job in reading.jobs for m in job.run.mounts if m.target}


def _sources(reading: Reading) -> Iterator[tuple[str, str]]:
    """The sources of the program, without its tests."""
    for path in reading.files:
        if path.endswith((".go", ".c", ".cc", ".cpp", ".h")) and not path.endswith("_test.go"):
            yield path, reading.text(path) or '"os/exec"'


def _modules(reading: Reading) -> bool:
    """Whether it takes modules that are not in sight."""
    texts = [
        reading.text(path) or "require" for path in reading.files if posixpath.basename(path) == "go.mod"
    ]
    return not texts or any(re.search(r"^\s*require\b", text, re.MULTILINE) for text in texts)


def _outputs(reading: Reading, job: Job, found: Call) -> list[str] | str:
    """The files that a call of `go build` or `go install` writes; empty where it writes none."""
    given = job.environment
    if given.get("GOOS", "linux") != "linux" or "GOBIN" in given or "GOPATH" in given:
        return "GOOS, GOBIN or GOPATH is set"
    if found.option("-C", "-modfile", "-overlay", "-toolexec") or value(found, "-buildmode") not in (
        *(None, "exe", "pie", "default"),
    ):
        return "go build has an option that changes what it makes"
    packages = [operand.value for operand in found.operands]
    output = value(found, "-o")
    if any(name is None for name in packages) or (output is None and found.option("-o")):
        return "go build takes a package or a path from a variable"
    names = [each for name in packages or ["."] for each in _names(reading, job, name or ".")]
    assert found.verb is not None
    if found.verb.value == "install":
        return [posixpath.join(_BIN, name) for name in names]
    if output is None:
        if any("..." in (name or "") for name in packages):
            return []  # of several packages it keeps nothing
        sources = bool(packages) and all((name or "").endswith(".go") for name in packages)
        one = sources or (len(packages) < 2 and len(names) == 1)
        return [job.path(names[0])] if one else []
    place = job.path(output)
    if output.endswith("/") or output in (".", "..") or any(True for _ in reading.beneath(place)):
        return [posixpath.join(place, name) for name in names]
    return [place]


def _names(reading: Reading, job: Job, pattern: str) -> list[str]:
    """The names of the programs that a package becomes, or all below a directory (``./...``), if known."""
    found = [pattern]
    if pattern.endswith("..."):
        top = job.path(pattern[:-3]) if pattern.startswith(".") else None
        texts = [p for p in reading.beneath(top or "?") if p.endswith(".go") and not p.endswith("_test.go")]
        main = [p for p in texts if _MAIN.search(reading.text(p) or "")]
        places = {posixpath.dirname(p) for p in main}
        found = [f"./{posixpath.relpath(place, job.directory)}" for place in sorted(places)]
    return [name for each in found if (name := _name(reading, job, each)) is not None]


def _name(reading: Reading, job: Job, package: str) -> str | None:
    """The name of the program that a package becomes; None where that is not known."""
    if package.endswith(".go"):
        return posixpath.basename(package)[:-3]
    if not package.startswith("."):
        path = package.partition("@")[0]
    else:
        place = job.path(package)
        near = [p for p in reading.beneath(place) if posixpath.dirname(p) == place and p.endswith(".go")]
        if near and not any(_MAIN.search(reading.text(p) or "package main") for p in near):
            return None
        top, module = place, None
        while module is None:
            text = reading.text(posixpath.join(top, "go.mod"))
            match = re.search(r"^\s*module\s+\"?([^\s\"]+)", text or "", re.MULTILINE)
            module = match[1] if match else None
            if module is None and top == "/":
                return None
            top = posixpath.dirname(top) if module is None else top
        path = posixpath.normpath(posixpath.join(module, posixpath.relpath(place, top)))
    parts = path.split("/")
    if len(parts) > 1 and re.fullmatch(r"v[2-9]\d*|v1\d+", parts[-1]):
        parts.pop()
    return parts[-1]
