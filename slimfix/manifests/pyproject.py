"""What the project managers of Python have in common: pyproject.toml and what it may lead to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from slimfix.manifests import Cannot
from slimfix.manifests.pip import check_requirement
from slimfix.manifests.site import Gather, Install, pairs, strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def project(gather: Gather, directory: str) -> dict[str, Any]:
    """The table of pyproject.toml, whose dependencies in standard form are no local packages."""
    path = posixpath.join(directory, "pyproject.toml")
    found = gather.toml(path)
    own = pairs(found.get("project"))
    lists = [own.get("dependencies"), *pairs(own.get("optional-dependencies")).values()]
    lists += pairs(found.get("dependency-groups")).values()
    try:
        for held in lists:
            for requirement in strings(held):
                check_requirement(requirement)
    except Cannot as why:
        raise Cannot(f"{path}: {why}") from None
    licence = pairs(own.get("license")).get("file")
    if isinstance(licence, str):
        gather.take(posixpath.normpath(posixpath.join(directory, licence)))  # some read it with the metadata
    return found


def no_local_tables(where: str, tables: Iterable[object]) -> None:
    """Raise at a dependency of poetry, pipenv or uv that is a path; each table maps names to versions."""
    for table in tables:
        for name, given in pairs(table).items():
            for one in given if isinstance(given, list) else [given]:
                held = pairs(one)
                if held.get("path") or held.get("file") or held.get("editable"):
                    raise Cannot(f"{where}: {name} is a local package")


def no_local_sources(where: str, text: str) -> None:
    """Raise at a package in the text of a lock file that comes from a directory or a local file."""
    if re.search(r'^type = "(directory|file)"$', text, re.MULTILINE) or re.search(
        r'^(path|file) = "\.{0,2}/?[^"]*/?"$|^files? = \{ ?path', text, re.MULTILINE
    ):
        raise Cannot(f"{where} names a local package")


def environment(gather: Gather, install: Install, directory: str, variable: str = "") -> None:
    """Note the virtual environment beside the project, which these tools take if there is one."""
    value = install.environment.get(variable, "")
    if value and value.startswith("/") and gather.site.locate(value) is None:
        return
    gather.written(posixpath.join(directory, ".venv"))
