"""Make slimfix/knowledge/debian_packages.json from Debian's package index.

    python scripts/make_debian_packages.py [--work DIRECTORY] [--also FILE]

Runs `apt-get update` with a configuration of its own for main/amd64 of each release (and for the list of
files of one, from which the commands of a package are known), so it needs apt and a Debian mirror, and
changes nothing on the machine. FILE names further packages, one a line, that the table should know.

What it takes from the index: section, installed size, Depends and Pre-Depends. Of alternatives it follows
the first that exists, as apt does. What is not in the index is settled in debian_kinds.toml.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KNOWLEDGE = Path(__file__).resolve().parent.parent / "slimfix" / "knowledge"
MIRROR = "http://deb.debian.org/debian"
RELEASES = {"bullseye": 11, "bookworm": 12, "trixie": 13, "forky": 14}
COMMANDS_OF = "bookworm"
"""The release whose list of files is read. The names of commands hardly change."""
BINARIES = re.compile(r"(?:usr/)?s?bin/([^/\s]+)")
UNCOMMON = re.compile(
    r"lib(?:ghc|rust|golang|coq)-.*|.*-ocaml-dev|golang-(?!go$|\d+\.\d+(?:-go)?$).*|.*-cross|.*-cil-dev|.*-(?:wasm\w+|examples|doc)"
)
"""Libraries of languages that bring them by their own means, and cross compilers: not in the table."""


LIBRARIES = ("libs", "oldlibs")
INTERPRETERS = ("python", "perl", "ruby", "php", "interpreters", "database", "gnu-r", "introspection")
COMPILER = re.compile(r"gcc-\d+")
CERTIFICATES = "ca-certificates"
"""What programs rely on most often that came along with a tool."""
USED = 15
"""How many source packages must build against a package that the table is to know."""

LARGE = 3000
"""KiB from which on a package without commands is told by its name, for the estimates."""


class Package(NamedTuple):
    """One entry of the index."""

    name: str
    section: str
    size: int
    """Installed, in KiB."""
    essential: bool
    depends: tuple[tuple[str, ...], ...]
    """Groups of alternatives."""
    recommends: tuple[tuple[str, ...], ...]
    provides: tuple[str, ...]


class Index:
    """The packages of one release."""

    def __init__(self, text: str) -> None:
        self.packages = {package.name: package for package in _parse(text)}
        self.providers: dict[str, list[str]] = {}
        for package in self.packages.values():
            for name in package.provides:
                self.providers.setdefault(name, []).append(package.name)
        self._needs: dict[str, frozenset[str]] = {}
        core = [p.name for p in self.packages.values() if p.essential]
        self.base = self.closure([*core, "apt"])

    def first(self, alternatives: Iterable[str]) -> str | None:
        """The package that apt takes, or None where that depends on what else is installed."""
        for name in alternatives:
            if name in self.packages:
                return name
            if len(self.providers.get(name, ())) == 1:
                return self.providers[name][0]
        return None

    def below(self, name: str) -> Iterator[str]:
        """What a package directly depends on."""
        for alternatives in self.packages[name].depends:
            found = self.first(alternatives)
            if found is not None:
                yield found

    def needs(self, name: str) -> frozenset[str]:
        """A package and all that it needs. Kept, for it is asked for again and again."""
        if name not in self._needs:
            self._needs[name] = frozenset(self.closure([name], self.base))
        return self._needs[name]

    def wishes(self, name: str) -> set[str]:
        """What comes along when recommended packages do."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each not in seen and each not in self.base:
                seen.add(each)
                waiting += self.below(each)
                waiting += [n for group in self.packages[each].recommends if (n := self.first(group))]
        return seen

    def closure(self, names: Iterable[str], without: Collection[str] = ()) -> set[str]:
        """The packages, and all that they need."""
        seen: set[str] = set()
        waiting = [n for n in names if n in self.packages]
        while waiting:
            name = waiting.pop()
            if name not in seen and name not in without:
                seen.add(name)
                waiting += self.below(name)
        return seen


def _parse(text: str) -> Iterator[Package]:
    for paragraph in text.split("\n\n"):
        fields = {}
        for line in paragraph.split("\n"):
            key, colon, value = line.partition(":")
            if colon and not line[0].isspace():
                fields[key] = value.strip()
        if "Package" in fields:
            wanted = ", ".join(fields[k] for k in ("Pre-Depends", "Depends") if k in fields)
            yield Package(
                fields["Package"],
                fields.get("Section", ""),
                int(fields.get("Installed-Size", 0)),
                fields.get("Essential") == "yes",
                _groups(wanted),
                _groups(fields.get("Recommends", "")),
                tuple(_names(fields.get("Provides", ""), ",")),
            )


def _groups(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_names(group, "|")) for group in text.split(",") if group.strip())


def _names(text: str, separator: str) -> Iterator[str]:
    for part in text.split(separator):
        match = re.match(r"\s*([a-z0-9][a-z0-9+.-]*)", part)
        if match:
            yield match.group(1)


class Kinds:
    """What was settled by hand."""

    def __init__(self) -> None:
        with open(KNOWLEDGE / "debian_kinds.toml", "rb") as file:
            table = tomllib.load(file)
        self.kinds = {k: re.compile("|".join(v)) for k, v in table["kind"].items()}
        self.pins = {
            re.compile(re.escape(name).replace(r"\*", r"\d+")): pins for name, pins in table["pins"].items()
        }

    def of(self, package: Package) -> str:
        """The kind of a package."""
        for kind in ("runtime", "both", "compiler", "build-tool"):
            if self.kinds[kind].fullmatch(package.name):
                return kind
        if package.name.endswith("-dev") or package.section == "libdevel":
            return "dev"
        return "runtime"

    def runs(self, package: Package, direct: bool) -> bool:
        """Whether what was built against a -dev package may need *package*, on which that depends."""
        if self.of(package) != "runtime":
            return False
        return package.section in LIBRARIES or (direct and package.section in INTERPRETERS)

    def settled(self, name: str) -> list[str] | None:
        """Pins that were settled by hand."""
        return next((pins for pattern, pins in self.pins.items() if pattern.fullmatch(name)), None)


def pins(index: Index, kinds: Kinds, name: str) -> list[str] | None:
    """The run-time packages behind a build package; None where the index leaves it open.

    They are the libraries (and interpreters) that the package itself depends on, and, of each further -dev
    package below it, its libraries where none of them comes with those already: who links libcairo needs
    libpng16-16, which libcairo2 brings, and not every library that libpng-dev may come with.
    """
    found: set[str] = set()
    first = True
    level, seen = [name], {name}
    while level:
        following: list[str] = []
        for each in level:
            package = index.packages[each]
            settled = kinds.settled(each)
            if settled is not None:
                found.update(settled if each == name else ())
                continue
            below = [index.first(alternatives) for alternatives in package.depends]
            if None in below:
                return None
            names = [n for n in below if n is not None]
            own = {n for n in names if kinds.runs(index.packages[n], first)}
            implied = index.base.union(*map(index.needs, found))
            if first or not own & implied:
                found |= own
            following += [n for n in names if n not in seen and kinds.of(index.packages[n]) == "dev"]
            seen.update(following)
        first = first and not found - index.base
        level = following
    found -= index.base
    return sorted(
        p
        for p in found
        if not any(p in index.needs(q) and not (q in index.needs(p) and p < q) for q in found if q != p)
    )


def used(sources: str) -> Counter[str]:
    """How many source packages build against each package."""
    count: Counter[str] = Counter()
    for paragraph in sources.split("\n\n"):
        text = re.sub(r"\n[ \t]", " ", paragraph)
        fields = dict(line.split(":", 1) for line in text.split("\n") if ":" in line)
        wanted = ",".join(value for key, value in fields.items() if key.startswith("Build-Depends"))
        count.update({name for group in wanted.split(",") for name in _names(group, "|")})
    return count


def make(texts: dict[str, str], files: str, sources: str, also: set[str]) -> dict[str, object]:
    """The table."""
    kinds = Kinds()
    popular = {name for name, count in used(sources).items() if count >= USED} | also
    indexes = {release: Index(text) for release, text in texts.items()}
    newest = {n: i for i in (*indexes.values(), indexes[COMMANDS_OF]) for n in i.packages}
    known = {name: kinds.of(index.packages[name]) for name, index in newest.items()}
    build = {n for n, kind in known.items() if kind != "runtime"}
    entries: dict[str, dict[str, object]] = {}
    reached: set[str] = set()
    for name in sorted(n for n in newest if n in popular and not UNCOMMON.fullmatch(n)):
        kind = known[name]
        if kind == "runtime" and name not in also:
            continue
        entry: dict[str, object] = {"kind": kind}
        have = {r: i for r, i in indexes.items() if name in i.packages}
        if kind in ("runtime", "both"):
            needs = {n for i in have.values() for n in i.needs(name) if n in build}
            if needs:
                entry["needs"] = sorted(needs - {name})
        if kind != "runtime":
            if kind == "dev" or kinds.settled(name) is not None:
                entry["pins"] = _short({r: pins(i, kinds, name) for r, i in have.items()})
            moved = {
                r: sorted(n for n in i.below(name) if known[n] != "runtime")
                for r, i in have.items()
                if i.packages[name].section == "oldlibs"
            }
            if moved:
                entry["moved"] = moved
            reached |= newest[name].needs(name)
            needed = [r for r, i in have.items() if CERTIFICATES in i.needs(name)]
            wished = [r for r, i in have.items() if CERTIFICATES in i.wishes(name)]
            if wished:
                entry["certificates"] = [needed, wished]
            needed = [r for r, i in have.items() if any(map(COMPILER.fullmatch, i.needs(name)))]
            wished = [r for r, i in have.items() if any(map(COMPILER.fullmatch, i.wishes(name)))]
            if wished:
                entry["compiler"] = [needed, wished]
        entries[name] = entry
    commands: dict[str, set[str]] = {}
    for line in files.split("\n"):
        path, _, places = line.rpartition(" ")
        match = BINARIES.fullmatch(path.strip())
        for place in places.split(","):
            owner = place.rpartition("/")[2]
            if match and owner in reached:
                commands.setdefault(owner, set()).add(match.group(1))
    sizes = {n: i.packages[n].size for n, i in newest.items()}
    told = [n for n in reached if n in commands or n in entries or sizes[n] >= LARGE]
    often = Counter(n for name in entries for n in newest[name].needs(name))
    told.sort(key=lambda name: (-often[name], name))  # the shortest numbers for the commonest
    number = {name: i for i, name in enumerate(told)}
    for name, entry in entries.items():
        if entry["kind"] != "runtime":
            below = newest[name].needs(name)
            entry["with"] = sorted(number[n] for n in below if n in number and n != name)
            entry["rest"] = sum(sizes[n] for n in below if n not in number)
    parts = [[name, sizes[name], " ".join(sorted(commands.get(name, ())))] for name in told]
    aliases = {}
    for name in {n for i in indexes.values() for n in i.providers} & popular - set(newest):
        found = {i.first([name]) for i in indexes.values()}
        if len(found) == 1 and None not in found and not found.isdisjoint(entries):
            aliases[name] = found.pop()
    return {
        "releases": RELEASES,
        "kinds": {kind: pattern.pattern for kind, pattern in kinds.kinds.items()},
        "aliases": aliases,
        "packages": entries,
        "parts": parts,
    }


def _short(answers: dict[str, list[str] | None]) -> object:
    """One answer for all releases where they agree, else one for each."""
    same = len(answers) == len(RELEASES) and len({repr(a) for a in answers.values()}) == 1
    return next(iter(answers.values())) if same else answers


def fetch(work: Path) -> tuple[dict[str, str], str, str]:
    """The indexes of all releases, and the files and sources of one, by way of apt-get."""
    texts = {}
    files = sources_text = ""
    for release in RELEASES:
        place = work / release
        for part in ("lists/partial", "cache", "parts"):
            (place / part).mkdir(parents=True, exist_ok=True)
        sources = place / "sources.list"
        key = "/usr/share/keyrings/debian-archive-keyring.gpg"
        lines = [f"deb [arch=amd64 signed-by={key}] {MIRROR} {release} main\n"]
        if release == COMMANDS_OF:
            lines.append(f"deb-src [signed-by={key}] {MIRROR} {release} main\n")
        sources.write_text("".join(lines))
        options = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": place / "parts",
            "Dir::State::lists": place / "lists",
            "Dir::Cache": place / "cache",
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "Acquire::Languages": "none",
        }
        if release == COMMANDS_OF:
            target = "Acquire::IndexTargets::deb::Contents-deb::"
            options[target + "MetaKey"] = "$(COMPONENT)/Contents-$(ARCHITECTURE)"
            options[target + "ShortDescription"] = options[target + "Description"] = "Contents"
        given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        subprocess.run(["apt-get", *given, "-q", "update"], check=True)
        for file in sorted((place / "lists").iterdir()):
            if re.search("_Packages|_Contents|_Sources", file.name):
                text = subprocess.run(
                    ["/usr/lib/apt/apt-helper", "cat-file", str(file)], check=True, capture_output=True
                ).stdout.decode("utf-8", "replace")
                if "_Packages" in file.name:
                    texts[release] = text
                elif "_Sources" in file.name:
                    sources_text = text
                else:
                    files += text
    return texts, files, sources_text


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, help="where the indexes are kept")
    parser.add_argument("--also", type=Path, help="a file of further names")
    given = parser.parse_args()
    also = set(given.also.read_text().split()) if given.also else set()
    with tempfile.TemporaryDirectory() as temporary:
        texts, files, sources = fetch(given.work or Path(temporary))
    table = make(texts, files, sources, also)
    path = KNOWLEDGE / "debian_packages.json"
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    text = re.sub(r'(?<=[\]}"],)(?="[^"]+":\{)|(?<=\],)(?=\[")', "\n", text)  # an entry a line, for diffs
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
