"""The edit before a timed rebuild: the right file, in a copy, and nothing of the user's is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slimfix.context import BuildContext
from slimfix.verify import touch
from slimfix.verify.blame import _admitted
from slimfix.verify.verdict import Verdict
from tests.verify_images import image


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}\n")


def choose(root: Path, *inside: str) -> str | None:
    tree = image({f"app/{name}": (root / name).read_bytes() for name in inside}).tree
    return touch.choose(BuildContext.local(root, "Dockerfile"), tree)


def test_a_file_that_is_in_the_image_goes_first(tmp_path: Path) -> None:
    put(tmp_path, "Dockerfile", "requirements.txt", "a.py", "src/deep/z.py", "notes.md")
    assert choose(tmp_path, "src/deep/z.py", "requirements.txt") == "src/deep/z.py"
    assert choose(tmp_path, "a.py", "src/deep/z.py") == "a.py"
    assert choose(tmp_path) == "a.py"


def test_manifests_binaries_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "Dockerfile", "package.json", "package-lock.json", "go.sum", "LICENSE", "secret.py")
    (tmp_path / "data").write_bytes(b"a\0b")
    (tmp_path / "empty.py").touch()
    (tmp_path / ".dockerignore").write_text("secret.py\n")
    assert choose(tmp_path, "package.json") is None


def test_the_copy_is_what_the_builder_sees(tmp_path: Path) -> None:
    root, copy = tmp_path / "context", tmp_path / "copy"
    put(root, "Dockerfile", "src/a.py", "node_modules/x/y.js", "run.sh")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("src/a.py")
    (root / "out").symlink_to("/etc/passwd")
    (root / "empty").mkdir()
    (root / ".dockerignore").write_text("node_modules\n.dockerignore\n")
    before = {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    touch.copy(str(root), BuildContext.local(root, "Dockerfile"), str(copy))
    names = {path.relative_to(copy).as_posix() for path in copy.rglob("*")}
    assert names == {"Dockerfile", "src", "src/a.py", "run.sh", "link", "out", "empty", ".dockerignore"}
    assert os.readlink(copy / "out") == "/etc/passwd"
    touch.edit(str(copy / "run.sh"))
    assert (copy / "run.sh").read_text() == "text of run.sh\n\n"
    assert (copy / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (root / "run.sh").read_text() == "text of run.sh\n"
    assert {path: path.lstat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_context_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.py", "b.py", "c.py")
    monkeypatch.setattr(touch, "MAX_FILES", 2)
    with pytest.raises(touch.Uncopied, match="more than 2 files"):
        touch.copy(str(tmp_path), BuildContext.local(tmp_path), str(tmp_path / "copy"))


BAD = Verdict("broken", ("x",))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16])
def test_culprits_are_found_among_the_innocent(size: int) -> None:
    items = list(range(size))
    for first in items:
        for second in items:
            culprits = {first, second}
            asked: list[object] = []

            def fault(
                some: object, culprits: set[int] = culprits, asked: list[object] = asked
            ) -> Verdict | None:
                asked.append(some)
                assert isinstance(some, list)
                return BAD if culprits & set(some) else None

            kept, bad = _admitted(items, fault, BAD)
            assert {item for item, _ in bad} == culprits
            assert sorted(kept) == [item for item in items if item not in culprits]
            assert len(asked) <= 4 * size.bit_length() + 2


def test_two_that_are_bad_only_together() -> None:
    kept, bad = _admitted([1, 2, 3, 4], lambda some: BAD if {2, 3} <= set(some) else None, BAD)
    assert kept == [1, 2, 4]
    assert [item for item, _ in bad] == [3]
