"""Finding, reading and replacing files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from slimfix import files


def put(root: Path, *names: str, text: str = "FROM scratch\n") -> None:
    """Make files."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(root: Path, *excluded: str) -> list[str]:
    """What a search finds, relative to *root*."""
    result = files.find([str(root)], (str(root), excluded))
    return [os.path.relpath(path, root) for path in result]


@pytest.mark.parametrize(
    "name",
    (
        "Dockerfile",
        "Dockerfile.dev",
        "Dockerfile.3.11",
        "web.Dockerfile",
        "web.dockerfile",
        "Containerfile",
        "Containerfile.dev",
        "Dockerfile.alpine3.19",
    ),
)
def test_names(name: str) -> None:
    assert files.is_dockerfile_name(name)


@pytest.mark.parametrize(
    "name",
    (
        "dockerfile.go",
        "Dockerfile.dockerignore",
        "Dockerfile.py",
        "Dockerfile.j2",
        "Dockerfile~",
        "Dockerfile.orig",
        "MyDockerfile",
        "Dockerfiles",
        "README.md",
        "Containerfile.md",
        "Dockerfile.YML",
    ),
)
def test_other_names(name: str) -> None:
    assert not files.is_dockerfile_name(name)


def test_search(tmp_path: Path) -> None:
    put(tmp_path, "b/Dockerfile", "a/Dockerfile.x", "Dockerfile", "node_modules/m/Dockerfile", "a/x.py")
    put(tmp_path, ".git/Dockerfile", "Dockerfile.d/Dockerfile")
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
    result = list(files.find(paths, failed=lambda path, message: told.append((path, message))))
    assert result == [paths[0], "-", "no"]
    assert told == [(paths[4], "no Dockerfile in this directory")]


def test_read(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM caf\xe9\r\n")
    assert files.read(str(path)) == "FROM caf\udce9\r\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "empty"), (b"FROM \0", "binary"), (b"#" * (files.MAX_BYTES + 1), "larger than 10 MB")],
)
def test_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(data)
    with pytest.raises(files.Unusable, match=message):
        files.read(str(path))


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
