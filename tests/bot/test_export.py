"""The files of a commit on the disk, to be built: what is written, and what never is."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from slimfix.bot import export as module
from slimfix.bot.export import Unexported, export, stays_inside
from slimfix.bot.git import Clone, Entry
from slimfix.bot.redact import Secrets
from slimfix.bot.tree import Tree
from tests.bot.conftest import Bot
from tests.bot.test_message import Stored


class Source(Stored):
    """Objects in memory, all of them at hand."""

    def fetch_all(self, shas: object, limit: int) -> None:
        """Nothing has to be fetched."""


def tree(*found: tuple[str, str, bytes]) -> tuple[Tree, Source]:
    """A tree of entries, each with its mode, path and bytes."""
    source = Source()
    entries = []
    for number, (mode, path, data) in enumerate(found):
        source.data[f"{number:040x}"] = data
        entries.append(Entry(mode, f"{number:040x}", path))
    return Tree(entries, source), source


def listed(place: Path) -> dict[str, str]:
    """What lies in a directory: files with their mode and text, links with their target."""
    told = {}
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if path.is_symlink():
            told[name] = f"-> {os.readlink(path)}"
        elif path.is_dir():
            told[name] = "/"
        else:
            told[name] = f"{stat.S_IMODE(path.stat().st_mode):o} {path.read_text()}"
    return told


def test_files_links_modes_and_submodules(tmp_path: Path) -> None:
    there = tree(
        ("100644", "api/Dockerfile", b"FROM a\n"),
        ("100755", "api/bin/run", b"#!/bin/sh\n"),
        ("120000", "api/bin/link", b"../Dockerfile"),
        ("120000", "api/dir", b"bin"),
        ("160000", "api/vendor/lib", b""),
        ("100644", "api/-x", b"x"),
        ("100644", "api/odd\x1b name", b"y"),
        ("100644", "web/secret", b"z"),
        ("100644", "apix", b"z"),
    )
    before = os.umask(0o077)
    try:
        done = export(*there, "api", str(tmp_path / "t"))
    finally:
        os.umask(before)
    assert (done.files, done.notes) == (7, ())
    assert listed(tmp_path / "t") == {
        "-x": "644 x",
        "Dockerfile": "644 FROM a\n",
        "bin": "/",
        "bin/link": "-> ../Dockerfile",
        "bin/run": "755 #!/bin/sh\n",
        "dir": "-> bin",
        "odd\x1b name": "644 y",
        "vendor": "/",
        "vendor/lib": "/",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "t", tmp_path / "t/bin")} == {0o755}


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/x", "a//x", "./x", ".git/hooks/x", "a/.GIT/config", ".git. /x", "a/.."]
)
def test_paths_that_are_never_written(tmp_path: Path, path: str) -> None:
    for mode in ("100644", "120000", "160000"):
        with pytest.raises(Unexported, match="a path that is not written"):
            export(*tree(("100644", "fine", b""), (mode, path, b"x")), "", str(tmp_path / "t"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("link", "target", "inside"),
    [
        ("a", "b", True),
        ("a", "./b//c/", True),
        ("d/a", "../b", True),
        ("d/e/a", "../../b", True),
        ("a", ".", True),
        ("a", "../b", False),
        ("d/a", "../../b", False),
        ("a", "/etc/passwd", False),
        ("a", "", False),
        # Up from wherever another link leads.
        ("d/a", "b/../../x", False),
        ("a", "b/../x", False),
        ("a", ".git/x", False),
    ],
)
def test_links_stay_inside(tmp_path: Path, link: str, target: str, inside: bool) -> None:
    assert stays_inside(link, target) == inside
    done = export(*tree(("120000", link, target.encode())), "", str(tmp_path / "t"))
    assert (tmp_path / "t" / link).is_symlink() == inside
    assert bool(done.notes) != inside


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    there = tree(("120000", "a", b"../outside"), ("100644", "a/b", b"x"))
    export(*there, "", str(tmp_path / "s"))
    assert listed(tmp_path / "s") == {"a": "/", "a/b": "644 x"}
    with pytest.raises(Unexported, match="cannot be written: file exists"):
        export(*tree(("120000", "a", b"."), ("100644", "a/b", b"x")), "", str(tmp_path / "t"))
    assert list((tmp_path / "outside").iterdir()) == []


def test_it_is_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    with pytest.raises(Unexported, match="or not to be had"):
        export(*tree(("100644", "a", b"123456"), ("100644", "b", b"123456")), "", str(tmp_path / "t"))
    monkeypatch.setattr(module, "MAX_FILES", 1)
    with pytest.raises(Unexported, match="more than 1 files"):
        export(*tree(("100644", "a", b""), ("100644", "b", b"")), "", str(tmp_path / "u"))


def test_place_holders_of_git_lfs_are_told(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"
    done = export(*tree(("100644", "a.bin", pointer)), "", str(tmp_path / "t"))
    assert done.notes == ("1 files are kept in Git LFS, and their place-holders were built",)


def test_no_filter_or_hook_has_a_say(bot: Bot, tmp_path: Path) -> None:
    """As a forge has it: fetched with one request, and no more than is asked for."""
    trap = tmp_path / "sprung"
    repo = bot.world.repo(
        "acme/shop",
        {
            ".gitattributes": f"* filter=evil ident text eol=crlf\n*.x export-ignore\n# {trap}\n",
            "Dockerfile": "FROM a\n# $Id$\n",
            "a.x": "x\n",
            "big.bin": os.urandom(3_000_000),
            "sub/y": "y\n",
        },
    )
    url = f"{bot.forge.address}/git/{repo.full}.git"
    login = bot.there.login(bot.there.repository(repo.full))
    clone = Clone.of(url, "main", str(tmp_path / "clone"), bot.secrets, login)
    try:
        there = Tree(clone.entries(), clone)
        before = len([entry for entry in bot.world.log if entry[0] == "GIT"])
        export(there, clone, "sub", str(tmp_path / "sub"))
        assert (
            len([entry for entry in bot.world.log if entry[0] == "GIT"]) == before + 2
        )  # refs, and the pack
        assert listed(tmp_path / "sub") == {"y": "644 y\n"}
        export(there, clone, "", str(tmp_path / "all"))
        assert (tmp_path / "all" / "Dockerfile").read_text() == "FROM a\n# $Id$\n"
        assert (tmp_path / "all" / "a.x").exists() and not (tmp_path / "all" / ".git").exists()
    finally:
        clone.close()
    assert not trap.exists()


def test_what_is_too_large_is_not_fetched(bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": "FROM a\n", "big.bin": os.urandom(3_000_000)})
    url = f"{bot.forge.address}/git/{repo.full}.git"
    login = bot.there.login(bot.there.repository(repo.full))
    clone = Clone.of(url, "main", str(tmp_path / "clone"), bot.secrets, login)
    monkeypatch.setattr(module, "MAX_BYTES", 1 << 20)
    try:
        with pytest.raises(Unexported, match="more data than is taken"):
            export(Tree(clone.entries(), clone), clone, "", str(tmp_path / "t"))
    finally:
        clone.close()
    assert not (tmp_path / "t").exists()
    assert sum(path.stat().st_size for path in (tmp_path / "clone").rglob("*") if path.is_file()) < 2_000_000


def test_a_clone_on_this_machine(tmp_path: Path) -> None:
    place = tmp_path / "shop"
    place.mkdir()
    (place / "Dockerfile").write_text("FROM a\n")
    person = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*person, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *command], cwd=place, check=True)
    (place / "Dockerfile").write_text("FROM changed\n")
    clone = Clone(str(place / ".git"), Secrets(), None)
    try:
        export(Tree(clone.entries(), clone), clone, "", str(tmp_path / "t"))
    finally:
        clone.close()
    assert listed(tmp_path / "t") == {"Dockerfile": "644 FROM a\n"}
