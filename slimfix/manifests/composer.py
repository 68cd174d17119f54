"""What ``composer install`` reads.

Facts from Composer's manual and from what Composer 2 does: the packages need composer.json and the lock
file; the autoloader scans directories only for a classmap or when it is optimised.
"""

from __future__ import annotations

import posixpath

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import Options, options, tool
from slimfix.manifests.site import Gather, Install, pairs, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def reads(install: Install) -> Reads | None:
    """What a call of composer reads; None if it is no install. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb not in ("install", "i"):
        return None
    if any(name in install.environment for name in ("COMPOSER", "COMPOSER_VENDOR_DIR", "COMPOSER_BIN_DIR")):
        raise Cannot("a COMPOSER variable changes which files are meant")
    table = tool("composer")
    given = options(call, table)
    gather = Gather(install.site)
    directory = gather.directory(install, given.directory)
    path = posixpath.join(directory, "composer.json")
    root = gather.json(path)
    config = pairs(root.get("config"))
    _no_local(path, root)
    lock = posixpath.join(directory, "composer.lock")
    if gather.there(lock):
        _plugins(gather, table, gather.json(lock), given)
    else:
        gather.absent(lock)
        if not given.has("--no-plugins"):
            _allowed(gather, table, config)
    if "version" not in root and "COMPOSER_ROOT_VERSION" not in install.environment and gather.there(".git"):
        gather.assume("nothing asks Composer for the version of the project, which it takes from git")
    for name in ("auth.json", "symfony.lock"):
        gather.take(posixpath.join(directory, name))
    gather.written(posixpath.join(directory, str(config.get("vendor-dir", "vendor"))))
    if "bin-dir" in config:
        gather.written(posixpath.join(directory, str(config["bin-dir"])))
    scripts = set() if given.has("--no-scripts") else set(pairs(root.get("scripts")))
    for name in sorted(scripts & set(table["events"])):
        raise Cannot(f"the {name} script of {path} may read the project")
    if given.has("--no-autoloader") or not _scans(root, config, given, scripts):
        return gather.reads()
    if given.directory is not None:
        raise Cannot("the autoloader scans the project, in another directory than the command runs in")
    words = [call.head.raw, "dump-autoload", *(a.raw for a, _ in call.options if a.value in table["again"])]
    if given.has("--optimize-autoloader", "-o"):
        words.append("--optimize")
    if given.has("--apcu-autoloader"):
        words.append("--apcu")
    if given.has("--ignore-platform-reqs"):
        gather.assume("Composer is version 2, whose dump-autoload knows --ignore-platform-reqs")
    return gather.reads(("--no-autoloader",), " ".join(words))


def _scans(root: dict[str, Any], config: dict[str, Any], given: Options, scripts: set[str]) -> bool:
    """Whether making the autoloader looks into the project."""
    if scripts & {"pre-autoload-dump", "post-autoload-dump"}:
        return True
    optimised = given.has("--optimize-autoloader", "-o", "--classmap-authoritative", "-a")
    if optimised or config.get("optimize-autoloader") or config.get("classmap-authoritative"):
        return True
    kinds = ["autoload"] if given.has("--no-dev") else ["autoload", "autoload-dev"]
    return any(pairs(root.get(kind)).get("classmap") for kind in kinds)


def _no_local(path: str, root: dict[str, Any]) -> None:
    """Raise at a repository that lies in the tree."""
    held = root.get("repositories")
    for one in held.values() if isinstance(held, dict) else held if isinstance(held, list) else ():
        repository = pairs(one)
        kind, address = repository.get("type"), str(repository.get("url", ""))
        package = repository.get("package")
        for entry in package if isinstance(package, list) else [package]:
            address += " " + str(pairs(pairs(entry).get("dist")).get("url", ""))
        if kind == "path" or any(
            "://" not in part and part[:4] != "git@" and part[:1] != "/" for part in address.split()
        ):
            raise Cannot(f"{path} has a repository in the project")


def _allowed(gather: Gather, table: dict[str, Any], config: dict[str, Any]) -> None:
    """Without a lock file: the plugins that may run, which composer.json has to name since Composer 2.2."""
    allowed = config.get("allow-plugins", {})
    if not isinstance(allowed, dict):
        raise Cannot("without composer.lock it is not known which plugins are installed")
    for name in sorted(name for name, value in allowed.items() if value and name not in table["plugins"]):
        raise Cannot(f"the Composer plugin {name} may read the project")
    gather.assume("no dependency is a Composer plugin that reads the project")


def _plugins(gather: Gather, table: dict[str, Any], lock: dict[str, Any], given: Options) -> None:
    kinds = ["packages"] if given.has("--no-dev") else ["packages", "packages-dev"]
    for entry in [entry for kind in kinds for entry in tables(lock.get(kind))]:
        name = str(entry.get("name"))
        dist = pairs(entry.get("dist"))
        if dist.get("type") == "path":
            raise Cannot(f"the lock file names a local package ({name})")
        if entry.get("type") == "composer-plugin" and not given.has("--no-plugins"):
            if name not in table["plugins"]:
                raise Cannot(f"the Composer plugin {name} may read the project")
            gather.assume(f"the Composer plugin {name} reads no files of the project")
