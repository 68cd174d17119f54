"""What ``cargo fetch`` reads. Facts from the Cargo book and from what cargo 1.63 and later do."""

from __future__ import annotations

import posixpath

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install, pairs, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TABLES = ("dependencies", "dev-dependencies", "build-dependencies")


def reads(install: Install) -> Reads | None:
    """What a call of cargo reads; None if it is no fetch. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb == "install" and call.operands and not call.option("--path"):
        gather = Gather(install.site)
        if install.directory is not None and (here := gather.site.locate(install.directory)) is not None:
            for name in (".cargo/config.toml", ".cargo/config"):
                if gather.there(posixpath.join(here, name)):
                    raise Cannot(f"{name} holds settings for cargo install")
        return Reads(())
    if verb != "fetch":
        return None
    given = options(call, tool("cargo"))
    gather = Gather(install.site)
    directory = gather.directory(install)
    names = (".cargo/config.toml", ".cargo/config", "rust-toolchain", "rust-toolchain.toml")
    gather.alone(directory, "Cargo.toml", *names)
    path = posixpath.join(directory, "Cargo.toml")
    manifest = gather.toml(path)
    if "workspace" in manifest or pairs(manifest.get("package")).get("workspace"):
        raise Cannot(f"{path} belongs to a workspace")
    for table in _tables(manifest):
        for name, given_version in table.items():
            if pairs(given_version).get("path"):
                raise Cannot(f"{path}: {name} is a local crate")
    targets = [pairs(manifest.get("lib")), *tables(manifest.get("bin"))]
    if not any(target.get("path") for target in targets):
        raise Cannot(f"{path} names no target with its path, so cargo looks for the sources")
    lock = posixpath.join(directory, "Cargo.lock")
    if gather.lock(lock) and not given.has("--locked", "--frozen"):
        gather.kept(lock, "cargo fetch")
    for name in names:
        place = posixpath.join(directory, name)
        if name.startswith(".cargo") and gather.there(place):
            settings = gather.toml(place)
            if settings.keys() & {"paths", "source", "include", "patch"}:
                raise Cannot(f"{place} may lead to sources in the tree")
        gather.take(place)
    return gather.reads()


def _tables(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Every table of dependencies, those for one platform and patches too."""
    found = [pairs(manifest.get(name)) for name in (*_TABLES, "replace")]
    for target in pairs(manifest.get("target")).values():
        found += [pairs(pairs(target).get(name)) for name in _TABLES]
    return found + [pairs(patch) for patch in pairs(manifest.get("patch")).values()]
