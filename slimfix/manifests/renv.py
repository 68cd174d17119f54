"""What ``renv::restore()`` reads. Facts from renv's manual."""

from __future__ import annotations

import posixpath
import re

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install, pairs


def reads(install: Install) -> Reads | None:
    """What a call of R reads; None if it restores nothing. Raises Cannot."""
    call = install.call
    program = call.option_value("-e")
    if program is None or call.verb is not None or call.operands:
        return None
    if not re.fullmatch(r"\s*renv::restore\((prompt ?= ?(FALSE|F))?\)\s*;?\s*", program):
        if "renv::restore" in program:
            raise Cannot("the R program does more than renv::restore()")
        return _package_install(program)
    options(call, tool("renv"))
    gather = Gather(install.site)
    directory = gather.directory(install)
    lock = posixpath.join(directory, "renv.lock")
    for name, package in pairs(gather.json(lock).get("Packages")).items():
        if pairs(package).get("Source") not in (
            "Repository",
            "Bioconductor",
            "GitHub",
            "GitLab",
            "Bitbucket",
        ):
            raise Cannot(f"{lock}: the source of {name} is not remote")
    profile = posixpath.join(directory, ".Rprofile")
    if gather.there(profile):
        lines = [line.strip() for line in gather.text(profile).splitlines()]
        if any(line not in ("", 'source("renv/activate.R")') and line[:1] != "#" for line in lines):
            raise Cannot(f"{profile} is a program that may read other files")
    if gather.take_directory(posixpath.join(directory, "renv")):
        for name in ("library", "staging"):
            gather.written(posixpath.join(directory, "renv", name))
    for name in (".Renviron", "DESCRIPTION", ".RData"):
        gather.take(posixpath.join(directory, name))
    return gather.reads()


def _package_install(program: str) -> Reads | None:
    """``install.packages()`` of names, which reads nothing of the tree."""
    plain = (
        r"\s*(install\.packages|remotes::install_version|remotes::install_cran)\([\w\s'\",.=():/-]*\)\s*;?\s*"
    )
    local = re.search(r"['\"](\.|/)|repos ?= ?NULL|\.tar|file:", program)
    return Reads(()) if re.fullmatch(plain, program) and not local else None
