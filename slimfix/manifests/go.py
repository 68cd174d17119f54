"""What ``go mod download`` reads. Facts from the Go Modules Reference."""

from __future__ import annotations

import posixpath
import re

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install


def reads(install: Install) -> Reads | None:
    """What a call of go reads; None if it downloads no modules. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    operands = [operand.value for operand in call.operands]
    if verb == "install" and operands and all(o is not None and "@" in o for o in operands):
        return Reads(())  # with a version, the go.mod of the directory does not count
    if verb != "mod" or operands != ["download"]:
        return None
    given = options(call, tool("go"))
    if "GOFLAGS" in install.environment and "mod" in (install.environment["GOFLAGS"] or "mod"):
        raise Cannot("GOFLAGS may name another go.mod")
    gather = Gather(install.site)
    directory = gather.directory(install, given.directory)
    gather.alone(directory, "go.work")
    work = posixpath.join(directory, "go.work")
    if gather.there(work) and install.environment.get("GOWORK") != "off":
        raise Cannot(f"{work} makes a workspace of several modules")
    modules(gather, directory, install.image)
    return gather.reads()


def modules(gather: Gather, directory: str, image: str) -> None:
    """Add what ``go mod download`` reads in a directory, for an image with that name."""
    path = posixpath.join(directory, "go.mod")
    for line in gather.text(path).splitlines():
        replaced = re.search(r"=>\s*(\S+)", line.partition("//")[0])
        if replaced and replaced[1].startswith((".", "/")):
            raise Cannot(f"{path} replaces a module by {replaced[1]}")
    sums = posixpath.join(directory, "go.sum")
    release = re.search(r"(?:^|/)golang:1\.(\d+)", image)
    # Before Go 1.18 the download added what go.sum lacked.
    if gather.take(sums) and (release is None or int(release[1]) < 18):
        gather.kept(sums, "go mod download")
