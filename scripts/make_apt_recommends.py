#!/usr/bin/env python3
"""Make slimfix/knowledge/apt_recommends.txt from the package indexes of Debian and Ubuntu.

    make_apt_recommends.py CACHE_DIRECTORY [--check RELEASE PACKAGE ...]

Downloads each ``Packages.xz`` once into the directory. A package gets a line when installing it with
and without what its dependencies recommend gives the same packages, in at least one release; the rules
are those of :func:`judge`. ``--check`` prints why packages are in or out, and writes nothing.

APT installs recommended packages of the packages that it newly installs, those of dependencies too
(apt.conf(5), ``APT::Install-Recommends``), so the whole closure is looked at. Of ``a | b`` it takes the
first that can be installed unless another is there or about to be; every one is followed here.
"""

from __future__ import annotations

import argparse
import lzma
import re
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

OUTPUT = Path(__file__).resolve().parent.parent / "slimfix" / "knowledge" / "apt_recommends.txt"
DEBIAN = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
UBUNTU = "http://archive.ubuntu.com/ubuntu"
RELEASES: dict[str, tuple[list[str], list[str], list[str]]] = {
    # name: (archive and suite, components, architectures)
    "bullseye": ([f"{DEBIAN} bullseye", f"{SECURITY} bullseye-security"], ["main"], ["amd64", "arm64"]),
    "bookworm": (
        [f"{DEBIAN} bookworm", f"{DEBIAN} bookworm-updates", f"{SECURITY} bookworm-security"],
        ["main"],
        ["amd64", "arm64"],
    ),
    "trixie": (
        [f"{DEBIAN} trixie", f"{DEBIAN} trixie-updates", f"{SECURITY} trixie-security"],
        ["main"],
        ["amd64", "arm64"],
    ),
    "sid": ([f"{DEBIAN} sid"], ["main"], ["amd64", "arm64"]),
    # The arm64 index of Ubuntu lies on another server (ports.ubuntu.com).
    "focal": ([f"{UBUNTU} {s}" for s in ("focal", "focal-updates")], ["main", "universe"], ["amd64"]),
    "jammy": ([f"{UBUNTU} {s}" for s in ("jammy", "jammy-updates")], ["main", "universe"], ["amd64"]),
    "noble": ([f"{UBUNTU} {s}" for s in ("noble", "noble-updates")], ["main", "universe"], ["amd64"]),
    "resolute": (
        [f"{UBUNTU} {s}" for s in ("resolute", "resolute-updates")],
        ["main", "universe"],
        ["amd64"],
    ),
}

# Names that no Dockerfile says in full, or hardly: parts of language libraries, translations, debug symbols.
LEFT_OUT = re.compile(
    r"(?:librust-|libghc-|r-(?:cran|bioc|other)-|node-|ruby-|elpa-|libjs-|gir1|hunspell-|myspell-|aspell-|hyphen-"
    r"|mythes-|task-|vdr-|linux-|webext-|texlive-|lua-|libkf[56]|kde|gnome-|puppet-module|wine|php-|fonts-|pd-"
    r"|gap-|tcl-|manpages-|cross|golang-.*-dev$|librte-|oem-|language-|dict-|xfonts-|android-|xul-"
    r"|openstack-|lib.*-(?:java|jni)$|debian-|.*ubuntu-|libmrpt|libtrilinos|libosmo"
    r"|libpcl-|libace-|libdart-|libignition|libgz-|libsun|globus-|libglobus|libcas|mir-|libmir|libkpim|rime-|fcitx"
    r"|firefox-|thunderbird-|libreoffice-|budgie-|libnng|libngi|libroc|libmumps|libblis|libhdf5-.*-[0-9])"
    r"|.*(?:-dbgsym|-dbg|-docs?|-l10n.*|-i18n.*|-cil|-ocaml|-cross|-perl|-clojure|-examples|-html|-theme|-meta"
    r"|-tests?|-msgs|-wallpapers|-heimdal)$"
    r"|.*-(?:plasma|cil|l10n|i18n)|lib.*-ocaml|python3?-.*-(?:doc|openstack)|gcc-.*-cross"
    r"|.*-(?:gnu|gnuabi64|gnuabin32|gnueabi|gnueabihf|gnux32|gnuf?64|gnusf|wasm32)$"
)
# Recommended packages that people do name; an entry may say that up to two of them must be.
NAMED = frozenset(
    """
    automake bzip2 ca-certificates cron curl file g++ gcc git gnupg iproute2 less libc6-dev libltdl-dev
    libpam-cap libtool make openssh-client openssl patch perl pkg-config pkgconf procps psmisc publicsuffix
    python3 python3-dev rsync ruby ssh-client tzdata unzip wget xauth xxd xz-utils zip
    """.split()  # noqa: SIM905 - a list of forty strings is harder to read
)
MISSING = 2
HEADER = """\
# Packages that bring nothing by recommendation: the same is installed with and without
# --no-install-recommends. name/other: only if `other` is named too. Made by scripts/make_apt_recommends.py
# from the package indexes of Debian main (amd64 and arm64) and of Ubuntu main and universe (amd64).
"""

Group = tuple[str, ...]
"""Names that are alternatives of one another."""


@dataclass
class Package:
    """What the index says of a package; of several versions, what any of them says."""

    depends: set[Group] = field(default_factory=set)
    recommends: set[Group] = field(default_factory=set)
    every: list[set[Group]] = field(default_factory=list)
    """The dependencies of each version."""
    essential: bool = False


class Index:
    """The packages of one release on one architecture."""

    def __init__(self) -> None:
        self.packages: dict[str, Package] = {}
        self.providers: dict[str, set[str]] = {}

    def add(self, text: str) -> None:
        """Read the text of a ``Packages`` file."""
        for stanza in text.split("\n\n"):
            fields = dict(re.findall(r"^([A-Z][\w-]*): ?(.*)$", stanza, re.MULTILINE))
            if "Package" not in fields:
                continue
            package = self.packages.setdefault(fields["Package"], Package())
            depends = {*groups(fields.get("Depends", "")), *groups(fields.get("Pre-Depends", ""))}
            package.depends |= depends
            package.every.append(depends)
            package.recommends |= set(groups(fields.get("Recommends", "")))
            package.essential |= fields.get("Essential") == "yes"
            for (name,) in groups(fields.get("Provides", "")):
                self.providers.setdefault(name, set()).add(fields["Package"])

    def candidates(self, name: str) -> set[str]:
        """The packages that satisfy a dependency on *name*."""
        real = {name} if name in self.packages else set()
        return real | self.providers.get(name, set())

    def must(self, names: Iterable[str]) -> set[str]:
        """What *names* bring whatever APT chooses."""
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.packages:
                continue
            seen.add(name)
            sure = set.intersection(*self.packages[name].every)
            waiting += [group[0] for group in sure if len(group) == 1]
        return seen

    def may(self, name: str, present: set[str]) -> set[str] | None:
        """Everything that *name* could bring; None if something is not in the index."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each in seen or each in present:
                continue
            seen.add(each)
            for group in self.packages[each].depends:
                if present.intersection(group):
                    continue
                found = [self.candidates(alternative) for alternative in group]
                if any(present & names for names in found):
                    continue
                if not found[0]:
                    return None
                for names in found:
                    waiting += names
        return seen


def groups(text: str) -> Iterator[Group]:
    """The alternatives of a dependency field, without versions and architectures."""
    for part in text.split(","):
        names = [re.split(r"[\s(:\[<]", name.strip())[0] for name in part.split("|")]
        if names[0]:
            yield tuple(names)


def judge(index: Index, name: str, present: set[str], limit: int = 0) -> set[str] | str:
    """The recommended packages that *name* would bring beyond its dependencies; or why it is unknown.

    A recommended package counts as a dependency when the first of its alternatives is one, of the
    package that was named or of the one that recommends it, whatever APT chooses elsewhere; and when
    nothing in the closure has it as a second choice, since the order could then matter.
    """
    closure = index.may(name, present)
    if closure is None:
        return "depends on what is not in the index"
    missing: set[str] = set()
    surely = index.must([name]) | present
    second: set[str] | None = None
    for each in closure:
        for group in index.packages[each].recommends:
            if group[0] in present:
                continue
            if group[0] in surely or group[0] in index.must([each]):
                if second is None:
                    lists = [g for p in closure for g in index.packages[p].depends]
                    second = {
                        c for g in lists for alternative in g[1:] for c in index.candidates(alternative)
                    }
                if group[0] not in second:
                    continue
            missing.add(group[0])
            if len(missing) > limit and limit >= 0:
                return "recommends " + " | ".join(group) + f" (through {each})"
    return missing


def base(index: Index) -> set[str]:
    """What every image has in which apt-get can be called: the essential packages, apt, and debconf.

    Of alternatives only one is there, so none is taken here, but for `debconf | debconf-2.0`: the other
    one, cdebconf, is the installer's.
    """
    essential = [name for name, package in index.packages.items() if package.essential]
    return index.must([*essential, "apt", "debconf"])


def fetch(cache: Path, archive: str, suite: str, component: str, architecture: str) -> str:
    """The text of one ``Packages`` file, downloaded when the cache lacks it."""
    file = cache / f"{suite}_{component}_{architecture}.xz"
    if not file.exists():
        url = f"{archive}/dists/{suite}/{component}/binary-{architecture}/Packages.xz"
        with urllib.request.urlopen(url, timeout=120) as answer:
            file.write_bytes(answer.read())
    return lzma.decompress(file.read_bytes()).decode("utf-8")


def indexes(cache: Path, release: str) -> list[Index]:
    """The index of a release for each of its architectures."""
    suites, components, architectures = RELEASES[release]
    result = []
    for architecture in architectures:
        index = Index()
        for place in suites:
            archive, suite = place.split()
            for component in components:
                index.add(fetch(cache, archive, suite, component, architecture))
        result.append(index)
    return result


def judgements(release: str, cache: Path) -> dict[str, frozenset[str]]:
    """The packages of a release that bring nothing if the given others are named, where there are any."""
    found: list[dict[str, set[str] | str]] = []
    for index in indexes(cache, release):
        present = base(index)
        found.append({n: judge(index, n, present, MISSING) for n in index.packages if not LEFT_OUT.match(n)})
    first, rest = found[0], found[1:]
    return {
        name: frozenset(missing)
        for name, missing in first.items()
        if isinstance(missing, set) and all(other.get(name, missing) == missing for other in rest)
    }


def table(found: dict[str, dict[str, frozenset[str]]]) -> str:
    """The file: one line for each set of releases, with the packages that it is true of there."""
    where: dict[tuple[str, frozenset[str]], list[str]] = {}
    for release, packages in found.items():
        for name, missing in packages.items():
            where.setdefault((name, missing), []).append(release)
    lines: dict[tuple[str, ...], list[str]] = {}
    for (name, missing), releases in where.items():
        if missing <= NAMED:
            lines.setdefault(tuple(releases), []).append("/".join([name, *sorted(missing)]))
    rows = [f"{' '.join(releases)}: {' '.join(sorted(names))}" for releases, names in sorted(lines.items())]
    return HEADER + "\n".join(rows) + "\n"


def main() -> None:
    """Write the table, or say why packages are in it or not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cache", type=Path, help="where the indexes are kept")
    parser.add_argument("--check", nargs="+", metavar="WORD", help="a release, and packages to explain")
    given = parser.parse_args()
    given.cache.mkdir(exist_ok=True)
    if given.check:
        release, *names = given.check
        for index in indexes(given.cache, release):
            present = base(index)
            for name in names:
                print(name, judge(index, name, present, 0) or "brings nothing")
        return
    found = {}
    for release in RELEASES:
        found[release] = judgements(release, given.cache)
        print(f"{release}: {len(found[release])}", file=sys.stderr)
    OUTPUT.write_text(table(found), encoding="ascii")


if __name__ == "__main__":
    main()
