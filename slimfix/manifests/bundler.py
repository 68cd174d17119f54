"""What ``bundle install`` reads.

Facts from Bundler's manual and from what Bundler 2 does. A Gemfile is a Ruby program: only lines of the
plain forms are read, and any other holds the answer back.
"""

from __future__ import annotations

import posixpath
import re

from slimfix.manifests import Cannot, Reads
from slimfix.manifests.options import options, tool
from slimfix.manifests.site import Gather, Install
from slimfix.patterns import lazy

_LITERAL = r"(?:\"[^\"#\\]*\"|'[^'\\]*'|:\w+|true|false|nil|%[iw]\[[\w\s]*\]|\[[\w\s,:'\"%.-]*\])"
_VALUES = rf"(?:\w+: *)?{_LITERAL}(?:\s*(?:,|=>)\s*(?:\w+: *)?{_LITERAL})*"
_BLOCK = r"(?: do| *\{ *\|\w+\| *\"https://[\w./#{}-]+\" *\})?"
_LINE = lazy(
    rf"(?:gem|source|ruby|group|platforms?|git_source)[ (]\s*{_VALUES}\s*\)?{_BLOCK}"
    r"(?: if RUBY_VERSION [<>=]+ ['\"][\d.]+['\"])?|end"
)
_RUBY_FILE = lazy(
    r"ruby(?: file: *|\s*\(?\s*file: *)['\"]([\w./-]+)['\"]\)?"
    r"|ruby File\.read\(['\"]([\w./-]+)['\"]\)(?:\.(?:strip|chomp))?"
)
_LOCAL = lazy(r"\b(path|gemspec|eval_gemfile|plugin|glob)\b")
_SETTINGS = lazy(
    r"BUNDLE_(PATH|WITHOUT|WITH|DEPLOYMENT|FROZEN|JOBS|RETRY|DISABLE_SHARED_GEMS|FORCE_RUBY_PLATFORM|CLEAN|"
    r'DISABLE_CHECKSUM_VALIDATION|SPECIFIC_PLATFORM|BUILD__\w+|CACHE_ALL|NO_PRUNE|TIMEOUT): "?([^"]*)"?'
)


def reads(install: Install) -> Reads | None:
    """What a call of bundle reads; None if it is no install. Raises Cannot."""
    call = install.call
    verb = call.verb.value if call.verb is not None else None
    if verb == "config":
        return _config(install)
    if verb not in (None, "install") or call.option("--version", "-v"):
        return None
    given = options(call, tool("bundle"))
    gather = Gather(install.site)
    directory = gather.directory(install)
    named = given.given.get("--gemfile", install.environment.get("BUNDLE_GEMFILE", ""))
    if named is None or "$" in named:
        raise Cannot("which Gemfile is meant is not known")
    gemfile = posixpath.join(directory, "Gemfile")
    if named:
        found = gather.site.locate(posixpath.join(install.directory or "/", named))
        if found is None:
            raise Cannot(f"{named} does not lie in the copied directory")
        gemfile = posixpath.normpath(found)
    gather.alone(directory, "Gemfile", ".bundle/config")
    _gemfile(gather, gemfile)
    lock = f"{gemfile}.lock"
    frozen = given.has("--deployment", "--frozen") or install.set("BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT")
    if gather.there(lock):
        text = gather.text(lock)
        if re.search(r"^(PATH|PLUGIN SOURCE)$", text, re.MULTILINE):
            raise Cannot(f"{lock} names a local gem")
        platforms = re.search(r"^PLATFORMS\n((?: +.+\n?)+)", text.replace("\r\n", "\n"), re.MULTILINE)
        if platforms and not frozen and not re.search(r"\bruby$|linux", platforms[1], re.MULTILINE):
            # What needs it later would resolve again, and might not be let to write it.
            raise Cannot(f"bundle install adds its own platform to {lock}, which the COPY would take back")
        if not frozen:
            gather.kept(lock, "bundle install")
    else:
        gather.absent(lock)
    gather.take_directory(posixpath.join(directory, "vendor/cache"))
    _places(install, gather, directory, given.given.get("--path"))
    if given.has("--deployment", "--path", "--without", "--with", "--system", "--clean", "--frozen"):
        gather.written(posixpath.join(directory, ".bundle"))
    else:
        gather.take(posixpath.join(directory, ".bundle/config"))
    return gather.reads()


def _gemfile(gather: Gather, path: str) -> None:
    for number, line in enumerate(gather.text(path).splitlines(), 1):
        bare = re.sub(r"(^|\s)#(?!\{).*", "", line).strip()
        ruby = _RUBY_FILE.fullmatch(bare)
        if ruby:
            gather.need(posixpath.join(posixpath.dirname(path), ruby[1] or ruby[2]))
        elif _LOCAL.search(re.sub(r"\"[^\"]*\"|'[^']*'", "", bare)):
            raise Cannot(f"{path}:{number}: `{bare}` leads to files of the project")
        elif bare and not _LINE.fullmatch(bare):
            raise Cannot(f"{path}:{number}: `{bare[:40]}` is Ruby that we do not read")


def _places(install: Install, gather: Gather, directory: str, given: str | None) -> None:
    """Note where gems go, if that is in the tree."""
    settings = posixpath.join(directory, ".bundle/config")
    path = given or install.environment.get("BUNDLE_PATH", "") or ""
    if gather.there(settings):
        for line in gather.text(settings).splitlines():
            found = _SETTINGS.fullmatch(line.strip())
            if found is None and line.strip() not in ("", "---"):
                raise Cannot(f"{settings}: `{line.strip()}` is a setting that we do not know")
            if found and found[1] == "PATH":
                path = found[2]
    if "$" in path:
        raise Cannot("where the gems go is not known")
    place = gather.site.locate(posixpath.join(install.directory or "/", path)) if path else None
    if place:
        gather.written(place, path)
    elif not path:
        gather.written(posixpath.join(directory, "vendor/bundle"), "vendor/bundle")


def _config(install: Install) -> Reads:
    """``bundle config`` writes .bundle/config, over which a COPY would lay another."""
    gather = Gather(install.site)
    directory = gather.directory(install)
    if gather.there(posixpath.join(directory, ".bundle")):
        raise Cannot(".bundle is in the build context and would be laid over what `bundle config` sets")
    return gather.reads()
