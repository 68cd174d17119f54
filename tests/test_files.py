"""Finding, reading and replacing files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from slimfix import files, search
from slimfix.context.sources import Local
from slimfix.files import read_regular


def put(root: Path, *names: str, text: str = "FROM scratch\n") -> None:
    """Make files."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(root: Path, *excluded: str) -> list[str]:
    """What a search finds, relative to *root*."""
    specs = [(str(root), search.ignore_spec(excluded))]
    result = search.find([str(root)], lambda path, is_directory: search.matched(path, is_directory, specs))
    return [os.path.relpath(path, root) for path in result]


@pytest.mark.parametrize(
    "name",
    (
        "Dockerfile",
        "Dockerfile.dev",
        "Dockerfile.3.11",
        "web.Dockerfile",
        "web.dockerfile",
        "dockerfile",
        "web.Containerfile",
        "Containerfile",
        "Containerfile.dev",
        "Dockerfile.alpine3.19",
    ),
)
def test_names(name: str) -> None:
    assert search.is_dockerfile_name(name)


@pytest.mark.parametrize(
    "name",
    (
        "dockerfile.go",
        "Dockerfile.dockerignore",
        "Dockerfile.j2",
        "Dockerfile~",
        "Dockerfile.orig",
        "MyDockerfile",
        "Dockerfiles",
        "README.md",
        "Containerfile.md",
        "Containerfiles",
        ".Dockerfile",
        "Dockerfile.",
        "Dockerfile.TMPL",
    ),
)
def test_other_names(name: str) -> None:
    assert not search.is_dockerfile_name(name)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("FROM golang\n", True),
        ("# a\n\n arg X=1\n", True),
        ("package main\n", False),
        ("from os import path\n", True),  # the price: it is told to be no Dockerfile
        ("", False),
        ("FROM\n", False),
    ],
)
def test_ending_of_a_language(tmp_path: Path, text: str, taken: bool) -> None:
    put(tmp_path, "Dockerfile.go", text=text)
    assert search.is_dockerfile_name("Dockerfile.go") is None
    assert found(tmp_path) == (["Dockerfile.go"] if taken else [])


def test_search(tmp_path: Path) -> None:
    put(tmp_path, "b/Dockerfile", "a/Dockerfile.x", "Dockerfile", "node_modules/m/Dockerfile", "a/x.py")
    put(tmp_path, ".git/Dockerfile", "Dockerfile.d/Dockerfile", ".venv/Dockerfile", "x/.tox/Dockerfile")
    (tmp_path / "a" / "Dockerfile").symlink_to("Dockerfile.x")
    (tmp_path / "loop").symlink_to(".")
    os.mkfifo(tmp_path / "b" / "Dockerfile.fifo")
    assert found(tmp_path) == ["Dockerfile", "Dockerfile.d/Dockerfile", "a/Dockerfile.x", "b/Dockerfile"]


def test_gitignore(tmp_path: Path) -> None:
    put(tmp_path, "a/Dockerfile", "b/Dockerfile", "c/Dockerfile", "c/keep/Dockerfile", "d/x/Dockerfile")
    put(tmp_path, ".gitignore", text="/a/\nc/*\n!c/keep\nx/\n")
    put(tmp_path, "d/.gitignore", text="!x/\n")
    assert found(tmp_path) == ["b/Dockerfile", "c/keep/Dockerfile", "d/x/Dockerfile"]
    assert found(tmp_path, "d", "b/Dock*") == ["c/keep/Dockerfile"]


def test_gitignore_above(tmp_path: Path) -> None:
    put(tmp_path, "r/s/out/Dockerfile", "r/s/Dockerfile")
    put(tmp_path, ".gitignore", text="*\n")
    put(tmp_path, "r/.gitignore", text="out/\n")
    (tmp_path / "r" / ".git").mkdir()
    assert found(tmp_path / "r" / "s") == ["Dockerfile"]
    assert found(tmp_path / "r" / "s" / "out") == ["Dockerfile"]


def test_each_once_and_complaints(tmp_path: Path) -> None:
    put(tmp_path, "a/Dockerfile")
    (tmp_path / "empty").mkdir()
    told = []
    paths = [str(tmp_path / "a" / "Dockerfile"), str(tmp_path / "a"), "-", "-", str(tmp_path / "empty"), "no"]
    result = list(search.find(paths, failed=lambda path, message: told.append((path, message))))
    assert result == [paths[0], "-", "no"]
    assert told == [(paths[4], "no Dockerfile in this directory")]


def test_a_link_is_told_of_unless_its_file_is_found(tmp_path: Path) -> None:
    put(tmp_path, "in/a/Dockerfile", "out")
    (tmp_path / "in" / "Dockerfile").symlink_to("a/Dockerfile")
    told: list[str] = []
    result = list(search.find([str(tmp_path / "in")], failed=lambda path, message: told.append(message)))
    assert ([os.path.relpath(path, tmp_path) for path in result], told) == (["in/a/Dockerfile"], [])
    (tmp_path / "in" / "Dockerfile.x").symlink_to("../out")
    (tmp_path / "in" / "Dockerfile.gone").symlink_to("nowhere")
    list(search.find([str(tmp_path / "in")], failed=lambda path, message: told.append(message)))
    assert told == ["a symbolic link; name the file that it leads to, ../out"]


def test_gitignore_that_cannot_be_read(tmp_path: Path) -> None:
    put(tmp_path, "a/Dockerfile", "b/Dockerfile")
    put(tmp_path, ".gitignore", text="!\n\\\nb\n")
    os.mkfifo(tmp_path / "a" / ".gitignore")
    assert found(tmp_path) == ["a/Dockerfile"]


def test_read(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM caf\xe9\r\n")
    assert files.read(str(path)) == "FROM caf\udce9\r\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "empty"), (b"FROM \0", "binary"), (b"#" * (files.MAX_BYTES + 1), "more than 1 MiB")],
)
def test_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(data)
    with pytest.raises(files.Unusable, match=message):
        files.read(str(path))


@pytest.mark.parametrize(
    ("data", "line"), [(b"a\nb\n\0", 3), (b"\0", 1), ("FROM a\n".encode("utf-16"), 1), (b"", 0)]
)
def test_refused_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(files.Unusable) as caught:
        files.checked(data)
    assert caught.value.line == line


def test_never_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (str(tmp_path / "fifo"), "/dev/null", "/dev/zero"):
        with pytest.raises(files.Unusable, match="not a regular file"):
            files.read(path)
    with pytest.raises(files.Unusable, match="a directory"):
        files.read(str(tmp_path))
    with pytest.raises(files.Unusable, match="no such file"):
        files.read(str(tmp_path / "missing"))
    with pytest.raises(files.Unusable):
        files.read("nul\0")


def test_replace_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"old")
    path.chmod(0o751)
    files.replace(str(path), b"new\r\n\xff")
    assert path.read_bytes() == b"new\r\n\xff"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert os.listdir(tmp_path) == ["Dockerfile"]


def test_replace_refuses_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(files.Unusable, match="symbolic link"):
        files.replace(str(tmp_path / "link"), b"new")
    assert (tmp_path / "real").read_bytes() == b"old"


def test_replace_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "Dockerfile"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(files.Unusable, match="not written: no space left on device"):
        files.replace(str(path), b"new")
    assert os.listdir(tmp_path) == ["Dockerfile"]
    assert path.read_bytes() == b"old"


def test_replace_refuses_what_changed_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"new")
    with pytest.raises(files.Unusable, match="changed meanwhile"):
        files.replace(str(path), b"mine", b"old")
    assert path.read_bytes() == b"new"
    files.replace(str(path), b"mine", b"new")
    assert path.read_bytes() == b"mine"


def test_replace_keeps_the_owner_or_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    path = tmp_path / "Dockerfile"
    path.write_bytes(b"old")
    real = os.lstat(path)
    other = os.stat_result((*real[:4], real.st_uid + 1, *real[5:]))
    monkeypatch.setattr(os, "lstat", lambda path: other)
    monkeypatch.setattr(os, "chown", forbidden)
    with pytest.raises(files.Unusable, match="owner cannot be kept"):
        files.replace(str(path), b"new")
    assert os.listdir(tmp_path) == ["Dockerfile"]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_replace_keeps_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    files.replace(str(path), b"new")
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o640)


def test_create(tmp_path: Path) -> None:
    place = tmp_path / "new"
    files.create(str(place), b"x\n")
    assert place.read_bytes() == b"x\n"
    with pytest.raises(files.Unusable, match="not written: file exists"):
        files.create(str(place), b"y\n")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(files.Unusable, match="not written: file exists"):
        files.create(str(tmp_path / "link"), b"y\n")
    with pytest.raises(files.Unusable, match="not written: no such file or directory"):
        files.create(str(tmp_path / "none/new"), b"")
    assert place.read_bytes() == b"x\n" and not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc here")
def test_a_file_that_does_not_say_how_large_it_is_is_read_whole() -> None:
    assert os.stat("/proc/self/status").st_size == 0
    assert read_regular("/proc/self/status").startswith(b"Name:")
    assert (Local("/proc/self").read("status", 1 << 20) or b"").startswith(b"Name:")
    assert Local("/proc/self").read("status", 10) is None
