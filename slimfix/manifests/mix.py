"""What ``mix deps.get`` reads.

Facts from Mix's manual. mix.exs is an Elixir program: it is taken for a plain one as long as it names no
module or function that reaches files, and that is an assumption.
"""

from __future__ import annotations

import posixpath
import re

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install
from slimfix.patterns import lazy

_REACHES = lazy(
    r"\b(File|Path|System|Code|IO|Port|Application|Kernel|import_\w+|__DIR__|in_umbrella|apps_path|"
    r"require_file|eval\w*|config_path|read\w*!?)\b|umbrella|\bpath:|:(os|file)\b"
)


def reads(install: Install) -> Reads | None:
    """What a call of mix reads; None if it gets no dependencies. Raises Cannot."""
    call = install.call
    if call.verb is None or call.verb.value != "deps.get":
        return None
    options(call, tool("mix"))
    if "MIX_EXS" in install.environment:
        raise Cannot("MIX_EXS names another file")
    gather = Gather(install.site)
    directory = gather.directory(install)
    path = posixpath.join(directory, "mix.exs")
    text = re.sub(r'#.*|"(?:[^"\\#]|\\.)*"', "", gather.text(path))
    reaching = _REACHES.search(text)
    if reaching:
        raise Cannot(f"{path} uses {reaching[0]}, which may reach other files")
    gather.assume(f"{path} reads no other file")
    lock = posixpath.join(directory, "mix.lock")
    if gather.there(lock) and not call.option("--check-locked"):
        gather.need(lock)
        gather.kept(lock, "mix deps.get")
    gather.lock(lock)
    gather.written(posixpath.join(directory, "deps"))
    return gather.reads()
