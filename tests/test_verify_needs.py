"""What an image needs and has lost: libraries, interpreters, commands. The ELF files are real ones."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from slimfix.verify import elf, needs
from slimfix.verify.elf import Loader
from tests.verify_images import Content, Special, image

pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
    pytest.mark.skipif(not elf.available(), reason="needs pyelftools"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A library, a library that needs it, and one that finds it by RUNPATH; a program."""
    at = tmp_path_factory.mktemp("elf")
    (at / "one.c").write_text("int one(void) { return 1; }\n")
    (at / "two.c").write_text("int one(void); int two(void) { return 2 * one(); }\n")
    (at / "main.c").write_text("int two(void); int main(void) { return two() - 2; }\n")
    library = ["gcc", "-shared", "-fPIC", "-nostdlib"]

    def gcc(*arguments: str) -> None:
        subprocess.run(arguments, cwd=at, check=True, capture_output=True)

    gcc(*library, "-Wl,-soname,libone.so.1", "-o", "libone.so.1", "one.c")
    gcc(*library, "-o", "libtwo.so", "two.c", "libone.so.1")
    gcc(*library, "-Wl,-rpath,$ORIGIN/../private", "-o", "librun.so", "two.c", "libone.so.1")
    gcc("gcc", "-c", "-o", "two.o", "two.c")
    gcc(*library, "-Wl,-soname,libc.so", "-o", "libc.so", "one.c")
    gcc(*library, "-o", "libmusl.so", "two.c", "libc.so")
    gcc("gcc", "-o", "main", "main.c", "libtwo.so", "-Wl,-rpath-link,.")
    return {path.name: path.read_bytes() for path in at.iterdir()}


def loader(files: dict[str, Content]) -> Loader:
    found = image(files)
    return Loader(found.tree, found.texts)


def test_reads_what_the_linker_wrote(built: dict[str, bytes]) -> None:
    tree = image({name: Special(data) for name, data in built.items()}).tree
    two, run, main = tree["libtwo.so"].elf, tree["librun.so"].elf, tree["main"].elf
    assert two is not None and two.needed == ("libone.so.1",) and two.search == ()
    assert run is not None and run.search == ("$ORIGIN/../private",)
    assert main is not None and main.interpreter.startswith("/lib") and "libtwo.so" in main.needed
    one = tree["libone.so.1"].elf
    assert one is not None and one.soname == "libone.so.1"
    assert tree["two.o"].elf is None and tree["main.c"].elf is None
    cut = image({"cut": Special(built["main"][:200]), "made-up": Special(b"\x7fELF" + b"\xff" * 90)}).tree
    assert cut["cut"].elf is None and cut["made-up"].elf is None


def test_where_libraries_are_found(built: dict[str, bytes]) -> None:
    one, two, run = (Special(built[name]) for name in ("libone.so.1", "libtwo.so", "librun.so"))
    missing = ["libone.so.1"]
    assert loader({"app/t.so": two}).missing("app/t.so") == missing
    assert loader({"app/t.so": two, "app/libone.so.1": one}).missing("app/t.so") == missing
    for place in ("usr/lib", "lib", "usr/local/lib", "usr/lib/x86_64-linux-gnu"):
        assert loader({"app/t.so": two, f"{place}/libone.so.1": one}).missing("app/t.so") == []
    assert loader({"app/lib/t.so": run, "app/private/libone.so.1": one}).missing("app/lib/t.so") == []
    assert loader({"app/lib/t.so": two, "app/private/libone.so.1": one}).missing("app/lib/t.so") == missing
    conf: dict[str, Content] = {
        "etc/ld.so.conf.d/x.conf": "# ours\n/opt/x # here\n",
        "opt/x/libone.so.1": one,
    }
    assert loader({"app/t.so": two, **conf}).missing("app/t.so") == []
    musl: dict[str, Content] = {"etc/ld-musl-x86_64.path": "/lib:/opt/y\n", "opt/y/libone.so.1": one}
    assert loader({"app/t.so": two, **musl}).missing("app/t.so") == []
    link: dict[str, Content] = {
        "usr/lib/libone.so.1": Special(link="libone.so.1.9"),
        "usr/lib/libone.so.1.9": one,
    }
    assert loader({"t.so": two, **link}).missing("t.so") == []
    dangling: dict[str, Content] = {"usr/lib/libone.so.1": Special(link="libone.so.1.9")}
    assert loader({"t.so": two, **dangling}).missing("t.so") == missing


def test_the_loader_of_musl_is_its_libc(built: dict[str, bytes]) -> None:
    libc, one = Special(built["libmusl.so"]), Special(built["libtwo.so"])
    loaded: dict[str, Content] = {"lib/ld-musl-x86_64.so.1": "the loader"}
    assert loader({"app/a.so": libc}).missing("app/a.so") == ["libc.so"]
    assert loader({"app/a.so": libc, **loaded}).missing("app/a.so") == []
    assert loader({"app/a.so": one, **loaded}).missing("app/a.so") == ["libone.so.1"]
    # A program of the GNU loader has its own libc, on Alpine, too.
    main = {"app/main": Special(built["main"]), **loaded}
    assert "libc.so.6" in loader(main).missing("app/main")


def test_a_lost_library_is_named_with_who_needs_it(built: dict[str, bytes]) -> None:
    one, two = Special(built["libone.so.1"]), Special(built["libtwo.so"])
    dirs: dict[str, Content] = {"usr": None, "usr/lib": None, "app": None}
    before = image({**dirs, "usr/lib/libone.so.1": one, "app/a.so": two, "app/b.so": two})
    found = needs.lost(before, image({**dirs, "app/a.so": two, "app/b.so": two}))
    assert [str(lost) for lost in found] == ["library libone.so.1 is gone; /app/a.so and 1 more need it"]
    assert needs.lost(before, before) == ()
    # Who needed it has gone, too.
    assert needs.lost(before, image(dirs)) == ()
    # It was never there.
    assert needs.lost(image({**dirs, "app/a.so": two}), image({**dirs, "app/a.so": two})) == ()
    # It has moved to where the loader does not look.
    moved = needs.lost(before, image({**dirs, "app/a.so": two, "app/libone.so.1": one}))
    assert [lost.name for lost in moved] == ["libone.so.1"]
    # A new file that brings its library with it, for a program to load.
    assert needs.lost(image(dirs), image({**dirs, "app/a.so": two, "app/libone.so.1": one})) == ()
    # In a cache nobody asks for it.
    assert needs.lost(before, image({**dirs, "tmp/a.so": two})) == ()


def test_library_path_of_the_environment(built: dict[str, bytes]) -> None:
    one, two = Special(built["libone.so.1"]), Special(built["libtwo.so"])
    config = {"Env": ["LD_LIBRARY_PATH=/odd:/more"]}
    before = image({"more/libone.so.1": one, "a.so": two}, config)
    assert [lost.name for lost in needs.lost(before, image({"a.so": two}, config))] == ["libone.so.1"]


def test_the_loader_itself(built: dict[str, bytes]) -> None:
    program = Special(built["main"], mode=0o755)
    interpreter = image({"main": program}).tree["main"].elf
    assert interpreter is not None
    path = interpreter.interpreter.lstrip("/")
    before = image({path: Special(b"x", mode=0o755), "main": program, Path(path).parent.as_posix(): None})
    found = needs.lost(before, image({"main": program}))
    assert f"/{path}" in [lost.name for lost in found]


SH = Special(b"", mode=0o755)


def script(first: str) -> Special:
    return Special(f"{first}\necho\n".encode(), mode=0o755)


@pytest.mark.parametrize("first", ["#!/usr/bin/perl -w", "#!/usr/bin/env perl", "#! /usr/bin/perl"])
def test_the_interpreter_of_a_script_on_the_path(first: str) -> None:
    files: dict[str, Content] = {
        "usr/bin/perl": SH,
        "usr/bin/job": script(first),
        "usr/share/job": script(first),
    }
    before, after = image(files), image({path: files[path] for path in files if path != "usr/bin/perl"})
    found = needs.lost(before, after)
    assert [(lost.what, lost.by) for lost in found] == [("interpreter", ("/usr/bin/job",))]
    assert needs.lost(before, image({"usr/bin/perl": SH})) == ()


COMMANDS: list[tuple[dict[str, Any], set[str]]] = [
    ({"Cmd": ["serve", "app.py"]}, {"serve", "app.py"}),
    ({"Entrypoint": ["serve"], "Cmd": ["app.py", "--port=1"]}, {"serve", "app.py"}),
    ({"Entrypoint": ["/usr/bin/serve", "/srv/app.py"]}, {"/usr/bin/serve", "/srv/app.py"}),
    ({"Cmd": ["/bin/sh", "-c", "exec serve ./app.py"]}, {"/bin/sh", "serve", "./app.py"}),
    ({"Cmd": ["/bin/sh", "-c", "cd /srv && serve app.py > $LOG"]}, {"/bin/sh", "serve", "app.py", "/srv"}),
    ({"Cmd": ["other"], "Healthcheck": {"Test": ["CMD", "serve", "app.py"]}}, {"serve", "app.py"}),
    ({"Cmd": ["other"], "Healthcheck": {"Test": ["CMD-SHELL", "serve || exit 1"]}}, {"serve", "/bin/sh"}),
    ({"Cmd": ["other"], "Healthcheck": {"Test": ["NONE"]}}, set()),
]


@pytest.mark.parametrize("config, expected", COMMANDS)
def test_what_the_image_runs(config: dict[str, Any], expected: set[str]) -> None:
    config = {**config, "WorkingDir": "/srv"}
    dirs: dict[str, Content] = {"usr": None, "usr/bin": None, "bin": None}
    before = image({**dirs, "srv": None, "usr/bin/serve": SH, "srv/app.py": "", "bin/sh": SH}, config)
    assert needs.lost(before, before) == ()
    assert {lost.name for lost in needs.lost(before, image(dirs, config))} == expected


def test_a_program_that_is_not_there() -> None:
    assert needs.missing_program(image({"bin/sh": SH}, {"Cmd": ["/bin/sh"]})) is None
    assert needs.missing_program(image({"bin/sh": SH}, {"Cmd": ["bash"]})) == "bash"
    assert needs.missing_program(image({"bin/sh": SH}, {"Cmd": ["/bin/sh", "-c", "nowhere $X"]})) is None
    assert needs.missing_program(image({}, {})) is None
