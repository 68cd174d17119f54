"""The build context as the builder sees it, in memory and on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimfix.context import BuildContext, Kind, Link
from slimfix.context.sources import Memory
from slimfix.dockerfile import Dockerfile

TREE: dict[str, str | bytes | Link] = {
    "Dockerfile": "FROM scratch\n",
    "requirements.txt": "flask\n",
    "requirements-dev.txt": "pytest\n",
    "src/app.py": "app",
    "src/lib/util.py": "util",
    "src/lib/data.bin": b"\xff\xfe\x00",
    "docs/index.md": "# docs",
    "empty/": "",
    "current": Link("src/lib"),
    "src/req.txt": Link("../requirements.txt"),
    "out": Link("../secret"),
    "absolute": Link("/etc/passwd"),
    "dangling": Link("nowhere"),
    "loop": Link("loop"),
}


def lay(root: Path, files: dict[str, str | bytes | Link]) -> BuildContext:
    """The same tree on disk."""
    for path, held in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            place.mkdir()
        elif isinstance(held, Link):
            place.symlink_to(held.target)
        else:
            place.write_bytes(held.encode() if isinstance(held, str) else held)
    return BuildContext.local(root)


@pytest.fixture(params=["memory", "disk"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> BuildContext:
    if request.param == "memory":
        return BuildContext.of(TREE)
    (tmp_path / "secret").write_text("not for us")
    root = tmp_path / "root"
    root.mkdir()
    return lay(root, TREE)


@pytest.mark.parametrize(
    "path", ["src/app.py", "./src/app.py", "/src/app.py", "src//app.py", "../src/app.py"]
)
def test_a_path_in_its_spellings(tree: BuildContext, path: str) -> None:
    assert tree.exists(path)
    assert tree.kind(path) == "file"
    assert tree.read_text(path) == "app"


@pytest.mark.parametrize(
    "path", ["nothing", "src/nothing", "src/app.py/x", "nothing/x", "src\\app.py", "a\0b", "x" * 5000]
)
def test_what_is_not_there(tree: BuildContext, path: str) -> None:
    assert not tree.exists(path)
    assert not tree.is_dir(path)
    assert tree.read_text(path) is None
    assert tree.iterdir(path) == ()
    assert tree.glob(path) == ()


def test_directories(tree: BuildContext) -> None:
    assert all(map(tree.is_dir, ["", ".", "/", "src", "src/lib/", "empty", "current", ".."]))
    assert not any(map(tree.is_dir, ["src/app.py", "out", "dangling"]))
    assert tree.read_text("src") is None
    assert tree.iterdir("src") == ("src/app.py", "src/lib", "src/req.txt")
    assert tree.iterdir("empty") == ()
    assert tree.iterdir("src/app.py") == ()
    assert "requirements.txt" in tree.iterdir()


def test_links_within(tree: BuildContext) -> None:
    assert tree.kind("current") == tree.kind("src/req.txt") == "link"
    assert tree.read_text("current/util.py") == "util"
    assert tree.read_text("src/req.txt") == "flask\n"
    assert tree.kind("current/util.py") == "file"
    assert tree.iterdir("current") == ("current/data.bin", "current/util.py")


@pytest.mark.parametrize("link", ["out", "absolute", "dangling", "loop"])
def test_links_that_lead_nowhere_are_there_but_hold_nothing(tree: BuildContext, link: str) -> None:
    assert tree.exists(link) and tree.kind(link) == "link"
    assert tree.read_text(link) is None and tree.read_bytes(link) is None
    assert not tree.is_dir(link)
    assert not tree.exists(f"{link}/x")
    assert tree.glob(link) == ()


def test_text_and_bytes(tree: BuildContext) -> None:
    assert tree.read_bytes("src/lib/data.bin") == b"\xff\xfe\x00"
    assert tree.read_text("src/lib/data.bin") is None
    assert tree.read_text("src/app.py", limit=3) == "app"
    assert tree.read_text("src/app.py", limit=2) is None
    assert BuildContext.of({"a": "\ufefftext"}).read_text("a") == "text"


@pytest.mark.parametrize(
    "pattern, found",
    [
        (".", (".",)),
        ("/", (".",)),
        ("src", ("src",)),
        ("./src/", ("src",)),
        ("requirements*.txt", ("requirements-dev.txt", "requirements.txt")),
        ("requirements[.]txt", ("requirements.txt",)),
        ("require?ents.txt", ("requirements.txt",)),
        ("*/*.py", ("src/app.py",)),
        ("*/*/*.py", ("src/lib/util.py",)),
        ("src/*", ("src/app.py", "src/lib", "src/req.txt")),
        ("s*", ("src",)),
        ("[^x]rc/l[i]b", ("src/lib",)),
        ("src[^x]app.py", ("src/app.py",)),
        ("current/*.py", ("src/lib/util.py",)),
        ("out/*", ()),
        ("cur*/*.py", ()),
        ("**/util.py", ()),
        ("*.go", ()),
        ("[", ()),
        ("*[", ()),
        ("Requirements.txt", ()),
    ],
)
def test_glob(tree: BuildContext, pattern: str, found: tuple[str, ...]) -> None:
    assert tree.glob(pattern) == found


def ignoring(rules: str, **more: str) -> BuildContext:
    return BuildContext.of({**TREE, ".dockerignore": rules, **more})


def test_ignored_paths_are_not_there() -> None:
    context = ignoring("docs\n*-dev.txt\nrequirements.txt\nDockerfile\n")
    for path in ("docs", "docs/index.md", "requirements-dev.txt", "requirements.txt", "Dockerfile"):
        assert context.ignored(path) and not context.exists(path) and context.read_text(path) is None
    assert context.ignored("docs/not/there") and not context.ignored("src/not/there")
    assert context.glob("*.txt") == () and context.glob("docs") == ()
    assert "docs" not in context.iterdir()
    assert context.exists(".dockerignore") and context.exists("src/app.py")


def test_a_link_does_not_reach_what_is_ignored() -> None:
    context = ignoring("requirements.txt\ncurrent\n")
    assert context.kind("src/req.txt") == "link" and context.read_text("src/req.txt") is None
    assert not context.exists("current") and not context.exists("current/util.py")


def test_an_excluded_directory_is_there_for_what_is_kept_in_it() -> None:
    context = ignoring("*\n!src/lib/*.py\n")
    assert context.iterdir() == ("src",)
    assert context.is_dir("src") and context.iterdir("src") == ("src/lib",)
    assert context.iterdir("src/lib") == ("src/lib/util.py",)
    assert context.glob("*/*/*") == ("src/lib/util.py",)
    assert not context.exists("docs") and not context.exists("empty")
    assert context.ignored("src"), "the rule says so, though something keeps it"


def test_an_exception_that_keeps_nothing_makes_no_directory() -> None:
    assert ignoring("*\n!docs/*.py\n").iterdir() == ()


def test_the_ignore_file_of_the_dockerfile_goes_first() -> None:
    files = {"a": "", "b": "", "ci/a": "", ".dockerignore": "a", "ci/prod.Dockerfile.dockerignore": "b"}
    assert BuildContext.of(files).ignored("a")
    own = BuildContext.of(files, dockerfile_name="ci/prod.Dockerfile")
    assert own.ignored("b") and not own.ignored("a")
    assert BuildContext.of(files, dockerfile_name="ci/Dockerfile").ignored("a")
    assert BuildContext.of(files, dockerfile_name=None).ignored("a")
    assert BuildContext.of(files, dockerfile_name=None, ignore_text="b").ignored("b")
    assert not BuildContext.of(files, dockerfile_name=None, ignore_text="").ignored("a")


def test_an_ignore_file_through_a_link() -> None:
    files: dict[str, str | bytes | Link] = {
        "a": "",
        "etc/rules": "a\netc",
        ".dockerignore": Link("etc/rules"),
    }
    context = BuildContext.of(files)
    assert context.problem is None and context.ignored("a") and context.ignored("etc/rules")


@pytest.mark.parametrize(
    "held", ["[", "!", "a|b*", Link("../rules"), Link("/etc/rules"), Link("gone"), "x" * (1 << 20) + "x"]
)
def test_rules_that_cannot_be_known_hide_everything(held: str | Link) -> None:
    context = BuildContext.of({"a": "", "d/b": "", ".dockerignore": held})
    assert context.problem
    assert context.ignored("a") and not context.exists("a") and context.read_text("a") is None
    assert context.iterdir() == () and context.glob("*") == ()


def test_a_directory_named_dockerignore_is_no_ignore_file() -> None:
    context = BuildContext.of({"a": "", ".dockerignore/a": ""})
    assert context.problem is None and context.exists("a")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    context = BuildContext.local(tmp_path)
    assert context.kind("pipe") == "other" and context.read_bytes("pipe") is None


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.log")).write_text("x")
    (tmp_path / ".dockerignore").write_bytes(b"*.tmp\n\xff.log\n")
    assert BuildContext.local(tmp_path).iterdir() == (".dockerignore",)


def test_no_directory(tmp_path: Path) -> None:
    context = BuildContext.local(tmp_path / "gone")
    assert context.problem is None and context.iterdir() == () and not context.exists("a")


class Counting(Memory):
    """Remembers what was asked."""

    def __init__(self, files: Mapping[str, str | bytes | Link]) -> None:
        super().__init__(files)
        self.listed: list[str] = []
        self.looked: list[str] = []

    def kind(self, path: str) -> Kind | None:
        self.looked.append(path)
        return super().kind(path)

    def names(self, directory: str) -> Iterable[str]:
        self.listed.append(directory)
        return super().names(directory)


def test_nothing_is_looked_at_before_it_is_asked_for() -> None:
    source = Counting({**TREE, ".dockerignore": "docs"})
    context = BuildContext(source)
    assert not source.looked and not source.listed
    assert context.read_text("src/lib/util.py") == "util"
    assert not source.listed and len(source.looked) <= 5
    assert context.glob("src/*.py") == ("src/app.py",)
    assert context.glob("requirements[.]txt") == ("requirements.txt",)
    assert source.listed == ["src", ""]


def test_a_glob_lists_only_where_it_can_match() -> None:
    source = Counting({f"d{i}/deep/x": "" for i in range(50)} | {"src/deep/y": ""})
    assert BuildContext(source).glob("s*/deep/*") == ("src/deep/y",)
    assert source.listed == ["", "src", "src/deep"]


def test_exceptions_do_not_make_it_list_the_same_directory_for_ever() -> None:
    source = Counting(
        {"/".join("abcdefghij") + f"/{i}.py": "" for i in range(5)} | {".dockerignore": "*\n!**/x.go"}
    )
    assert BuildContext(source).glob("*") == ()
    assert len(source.listed) <= 12


def test_another_ignore_file() -> None:
    context = BuildContext.of({"a": "", "b": "", ".dockerignore": "a\n"}, "Dockerfile")
    assert context.ignoring("b\n").glob("*") == (".dockerignore", "a")
    assert context.glob("*") == (".dockerignore", "b")


def test_unknown() -> None:
    context = BuildContext.unknown("nobody says")
    assert context.problem == "nobody says"
    assert context.glob("*") == () and context.kind("a") is None and context.ignored("a")
    dockerfile = Dockerfile("FROM scratch\n", context=context)
    assert (dockerfile.context, dockerfile.context_problem) == (None, "nobody says")


paths = st.lists(st.sampled_from(["a", "b", "..", ".", "", "ln"]), max_size=5).map("/".join)
targets = paths.map(Link)


@given(
    st.dictionaries(st.sampled_from(["a/f", "b/g", "ln", "a/ln", "b/ln"]), st.one_of(st.just("x"), targets)),
    paths,
)
def test_no_link_leads_out_or_raises(files: dict[str, str | bytes | Link], path: str) -> None:
    context = BuildContext.of(files)
    assert context.read_text(path) in (None, "x")
    for found in (*context.iterdir(path), *context.glob("*/*")):
        assert context.exists(found)
    assert context.exists(path) or not context.is_dir(path)
