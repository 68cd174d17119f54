"""A Rust program: what `cargo build` leaves, and what that needs beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.rules._stage_base import bare
from slimfix.rules._stage_files import data, named
from slimfix.rules._stage_made import CERTIFICATES, ZONES, followed, lines, value
from slimfix.rules._stage_read import Job, Reading, packages
from slimfix.rules._stage_write import Product
from slimfix.shell.call import Call, call

_BIN = "/usr/local/cargo/bin"
_CALLS = lazy(r"\bprocess::Command\b|\bCommand::new\b|\bprocess::\{[^}]*\bCommand\b")
_LINKS = lazy(r"#\[\s*link\s*\(|rustc-link-(?:lib|arg)|rustc-flags")
_CONFIG = lazy(r"/(?:\.cargo|usr/local/cargo)/config(?:\.toml)?$")
_DYNAMIC = lazy(r"-crt-static|prefer-dynamic|link-arg|linker|(?:^|\s)-[lL]")
_WRITES = lazy(r"\bfs::(?:write|copy|create_dir\w*|rename)\b|\bFile::create|\bcreate_dir")
_INCLUDED = lazy(r"\binclude\w*!\s*[(\[{]\s*concat!\s*[(\[{]\s*env!\s*\(\s*\"OUT_DIR\"")
_CARGO = "Cargo.toml"


def product(reading: Reading) -> Product | str:
    """What of a build of Rust goes into the new stage, or why that is not known."""
    made: list[str] = []
    for job in reading.jobs:
        found = call(job.command, ("cargo",), table("stages")["rust"]["valued"])
        if found is None or found.verb is None or found.verb.value not in ("build", "install"):
            continue
        outputs = _outputs(reading, job, found)
        if isinstance(outputs, str):
            return outputs
        made += outputs
    paths = followed(reading, made)
    if isinstance(paths, str):
        return paths
    program = next((place for place in reading.start.places((_BIN,)) if place in paths), None)
    if program is None:
        return "what it starts is not seen to be made by cargo"
    sources = [(p, reading.text(p) or "process::Command") for p in reading.files if p.endswith(".rs")]
    problem = next(
        (f"{posixpath.basename(n)} runs other programs" for n, t in sources if _CALLS.search(t)), None
    )
    problem = problem or next(
        (f"{posixpath.basename(n)} links a library" for n, t in sources if _LINKS.search(t)), None
    )
    problem = problem or _built(reading, sources)
    crates = _crates(reading)
    files, base = data(reading, "rust"), bare(reading.stage.base)
    if isinstance(crates, str) or isinstance(files, str):
        return str(crates if isinstance(crates, str) else files)
    problem = problem or _linked(crates) or base.problem or named(reading, sources, (program, *files))
    installed, row = packages(reading), table("stages")["packages"]
    if "TZ" in dict(reading.dockerfile.end(reading.stage).env) and not installed & set(row["zones"]):
        problem = problem or "TZ is set, and no package brings time zones"
    if problem:
        return problem
    copies = lines([program], files)
    if program.startswith(_BIN) and "/" not in reading.start.program:
        copies[0] = (program, "/usr/local/bin/" + posixpath.basename(program))
    if installed & set(row["certificates"]) or (crates and "alpine" not in reading.stage.base.tag):
        copies.append((CERTIFICATES, CERTIFICATES))
    if installed & set(row["zones"]):
        copies.append((ZONES, ZONES))
    assumption = "the program calls no other, and no crate of it reads files of Rust's image"
    return Product(base.reference, tuple(copies), assumption)


def _built(reading: Reading, sources: list[tuple[str, str]]) -> str | None:
    """Why a program may need more of the build than itself: libraries, or files that build.rs makes."""
    for job in reading.jobs:
        for name, flags in job.environment.items():
            if name.endswith("RUSTFLAGS") and (flags is None or _DYNAMIC.search(flags)):
                return f"{name} may make a program that needs libraries of the builder's image"
    for path, text in sources:
        if posixpath.basename(path) == "build.rs":
            if _WRITES.search(text) and "OUT_DIR" not in text:
                return "build.rs writes files that the program may read"
        elif '"OUT_DIR"' in _INCLUDED.sub("", text):
            return f"{posixpath.basename(path)} reads what build.rs has made"
    return None


def _outputs(reading: Reading, job: Job, found: Call) -> list[str] | str:
    """The programs that a call of cargo may write: those that the manifest names."""
    if any(
        name in job.environment
        for name in ("CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_INSTALL_ROOT")
    ):
        return "cargo writes to a directory that a variable names"
    if found.option(
        "--manifest-path", "--config", "-Z", "--example", "--root", "--artifact-dir", "--out-dir"
    ):
        return "cargo has an option that changes what it makes"
    assert found.verb is not None
    top = job.directory
    if found.verb.value == "install":
        path = value(found, "--path")
        if path is None:
            return []
        return [posixpath.join(_BIN, name) for name in _programs(reading, job.path(path))]
    place = posixpath.join(top, value(found, "--target-dir") or "target")
    triple, profile = value(found, "--target"), value(found, "--profile")
    if triple is None and (found.option("--target") or "CARGO_BUILD_TARGET" in job.environment):
        return "cargo builds for a system that a variable names"
    release = found.option("--release", "-r") or profile == "release"
    kind = "release" if release else "debug" if profile in (None, "dev") else profile
    assert kind is not None
    folder = posixpath.join(place, triple or "", kind)
    if any(_CONFIG.search(path) for path in reading.files):
        return ".cargo/config may change what cargo makes"
    return [posixpath.join(folder, name) for name in _programs(reading, top)]


def _programs(reading: Reading, directory: str) -> Iterator[str]:
    """The names of the programs of the package in a directory, or of all packages of a workspace there."""
    manifests = [p for p in reading.beneath(directory) if posixpath.basename(p) == _CARGO]
    for path in manifests:
        top = posixpath.dirname(path)
        text = reading.text(path) or ""
        section = ""
        for line in text.splitlines():
            head = re.match(r"\s*\[+\s*([\w.-]+)\s*\]+", line)
            section = head[1] if head else section
            name = re.match(r"\s*name\s*=\s*[\"']([^\"']+)[\"']", line)
            if name and section in ("package", "bin"):
                yield name[1]
        for file in reading.beneath(posixpath.join(top, "src/bin")):
            parts = posixpath.relpath(file, posixpath.join(top, "src/bin")).split("/")
            yield parts[0].removesuffix(".rs")


def _crates(reading: Reading) -> list[str] | str:
    """The crates that are built in: those of Cargo.lock; none where the manifests name none."""
    locks = [p for p in reading.files if posixpath.basename(p) == "Cargo.lock"]
    found: list[str] = []
    for path in locks:
        found += re.findall(r"^name = \"([^\"]+)\"", reading.text(path) or "", re.MULTILINE)
    own = {
        n
        for p in reading.files
        if posixpath.basename(p) == _CARGO
        for n in _programs(reading, posixpath.dirname(p))
    }
    if locks:
        return [name for name in found if name not in own]
    for path in reading.files:
        if posixpath.basename(path) == _CARGO:
            text = reading.text(path) or "[dependencies]\na=1"
            if re.search(
                r"^\s*\[(?:[\w.'()=\" -]*\.)?(?:build-)?dependencies(?:\]\s*\n\s*[\w\"']|\.)",
                text,
                re.MULTILINE,
            ):
                return "there is no Cargo.lock, so it is not known which crates it takes"
    return []


def _linked(crates: list[str]) -> str | None:
    """A crate that may link a library of the builder's image, or open one."""
    row = table("stages")["rust"]
    for name in crates:
        if name == "openssl-sys" and "openssl-src" in crates:
            continue
        if (name.endswith("-sys") and name not in row["bindings"]) or name in row["opening"]:
            return f"the crate {name} may need a library of the builder's image"
    return None
