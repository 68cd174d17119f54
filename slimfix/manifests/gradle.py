"""Why no call of Gradle goes before the COPY.

Build scripts, settings and ``buildSrc`` are programs in Groovy or Kotlin, and so is what the plugins do that
they apply: each may read any file of the project while it is configured, which every task begins with
(docs.gradle.org/current/userguide/build_lifecycle.html). So a task that only resolves gives a reason.
"""

from __future__ import annotations

import posixpath

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import tool
from slimfix.manifests.site import Gather, Install

_SCRIPTS = ("settings.gradle", "settings.gradle.kts", "build.gradle", "build.gradle.kts")


def reads(install: Install) -> Reads | None:
    """None for another task than those that resolve dependencies. Raises Cannot."""
    call = install.call
    tasks = [argument.value for argument in (call.verb, *call.operands) if argument is not None]
    if not tasks or not all(task in tool("gradle")["verbs"] for task in tasks):
        return None
    gather = Gather(install.site)
    directory = gather.directory(install)
    found = [name for name in _SCRIPTS if gather.there(posixpath.join(directory, name))]
    script = posixpath.join(directory, found[-1] if found else "build.gradle")
    raise Cannot(f"{script} is a program, which may read any file of the project")
