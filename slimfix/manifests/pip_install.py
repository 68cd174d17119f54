"""``pip install`` as one of the install commands; what it reads is in :mod:`slimfix.manifests.pip`."""

from __future__ import annotations

from slimfix.manifests import Cannot, Reads, Unknown, pip
from slimfix.manifests.site import Install


def reads(install: Install) -> Reads | None:
    """What a call of pip reads; None if it installs nothing. Raises Cannot."""
    call = install.call
    if call.verb is None or call.verb.value != "install":
        return None
    words = list(install.words)
    words.remove("install")
    found = pip.reads(
        words, install.directory, install.site.locate, install.site.context, install.environment
    )
    if isinstance(found, Unknown):
        raise Cannot(found.reason)
    return found
