"""Where two images differ is sorted by what explains it; what nothing explains remains."""

from __future__ import annotations

import pytest

from slimfix.verify import configs, packages, paths
from slimfix.verify.explain import Noise, explain
from tests.verify_images import Content, Special, image


@pytest.mark.parametrize(
    "path, kind",
    [
        ("var/lib/apt/lists/deb.debian.org_x", "cache"),
        ("var/cache/apk/APKINDEX.1.tar.gz", "cache"),
        ("root/.cache/pip/http/a/b", "cache"),
        ("root/.cache", "cache"),
        ("opt/home/.cache/go-build/00/x", "cache"),
        ("home/me/.npm/_cacache/index", "cache"),
        ("tmp", "cache"),
        ("tmp/x", "cache"),
        ("var/log/dpkg.log", "record"),
        ("lib/apk/db/installed", "record"),
        ("var/lib/ucf/hashfile.0", "record"),
        ("var/lib/systemd/deb-systemd-helper-enabled/x.service", "record"),
        ("var/lib/gems/3.1.0/doc/fast-0.1/ri/cache.ri", "cache"),
        ("var/lib/gems/3.1.0/gems/fast-0.1/doc/x", None),
        ("etc/ld.so.cache", "record"),
        ("usr/lib/python3/x/__pycache__/y.pyc", "bytecode"),
        ("app/y.pyc", "bytecode"),
        ("root/.cache/ms-playwright/chromium", None),
        ("root/.cache/huggingface/model", None),
        ("root/.npmrc", None),
        ("app/tmp/x", None),
        ("tmpx", None),
        ("var/lib/aptly/x", None),
        ("etc/passwd", None),
        ("app/main.py", None),
    ],
)
def test_kinds_of_paths(path: str, kind: str | None) -> None:
    assert paths.kind(path) == kind


STATUS = """Package: gcc
Status: install ok installed
Version: 12.2
Depends: cpp,
 gcc-12

Package: gone
Status: deinstall ok config-files
Version: 1

Package: sed
Status: install ok installed
Version: 4.9
"""
DEBIAN: dict[str, Content] = {
    "lib": Special(link="usr/lib"),
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/gcc.list": "/.\n/usr\n/usr/bin\n/usr/bin/gcc-12\n/lib/gcc.so\n",
    "var/lib/dpkg/info/sed:amd64.list": "/.\n/usr\n/usr/bin\n/usr/bin/sed\n",
    "usr/bin/gcc-12": "g" * 100,
    "usr/lib/gcc.so": "s" * 50,
    "usr/bin/gcc": Special(link="/etc/alternatives/gcc"),
    "etc/alternatives/gcc": Special(link="/usr/bin/gcc-12"),
    "usr/bin/sed": "sed",
}
INSTALLED = """C:Q1x=
P:curl
V:8.1-r0
F:usr
F:usr/bin
R:curl
a:0:0:755

P:.build-deps
V:20200101.0

P:musl
V:1.2-r1
F:lib
R:ld-musl.so.1
"""


def without(files: dict[str, Content], *gone: str) -> dict[str, Content]:
    return {path: content for path, content in files.items() if path not in gone}


def test_packages_of_debian() -> None:
    found = image(DEBIAN)
    read = packages.read(found.texts, found.tree)
    assert read.versions == {"gcc": "12.2", "sed": "4.9"}
    assert read.owners["usr/bin/gcc-12"] == "gcc"
    assert read.owners["usr/lib/gcc.so"] == "gcc"
    assert read.owners["usr/bin/sed"] == "sed"


def test_packages_of_alpine() -> None:
    for path in ("lib/apk/db/installed", "usr/lib/apk/db/installed"):
        found = image({path: INSTALLED})
        read = packages.read(found.texts, found.tree)
        assert read.versions == {"curl": "8.1-r0", ".build-deps": "20200101.0", "musl": "1.2-r1"}
        assert read.owners["usr/bin/curl"] == "curl" and read.owners["lib/ld-musl.so.1"] == "musl"


def test_a_package_that_is_gone_explains_its_files_and_links() -> None:
    after = without(
        DEBIAN,
        "usr/bin/gcc-12",
        "usr/lib/gcc.so",
        "usr/bin/gcc",
        "etc/alternatives/gcc",
        "var/lib/dpkg/info/gcc.list",
    )
    status = STATUS.replace("install ok installed", "deinstall ok config-files", 1)
    found = explain(image(DEBIAN), image({**after, "var/lib/dpkg/status": status}))
    assert found.paths == ()
    (gone,) = found.packages
    assert (gone.name, gone.before, gone.after, gone.size) == ("gcc", "12.2", None, 150)
    assert found.records.paths == 2


def test_what_the_script_of_a_package_has_made_goes_with_it() -> None:
    script = "#!/bin/sh\nset -e\nif [ ! -f /etc/gccrc ]; then cp /usr/share/gcc/rc /etc/gccrc; fi\n"
    before = {
        **DEBIAN,
        "var/lib/dpkg/info/gcc:amd64.postinst": script,
        "etc/gccrc": "1",
        "etc/sedrc": "2",
        "etc/x": "",
    }
    gone = ("usr/bin/gcc-12", "usr/lib/gcc.so", "usr/bin/gcc", "etc/alternatives/gcc", "etc/gccrc")
    status = STATUS.replace("install ok installed", "deinstall ok config-files", 1)
    after = {**without(before, *gone), "var/lib/dpkg/status": status}
    assert explain(image(before), image(after)).paths == ()
    # A file that no script names is lost, and so is one whose package is still there.
    found = explain(image(before), image(without(after, "etc/sedrc")))
    assert [path.path for path in found.paths] == ["etc/sedrc"]
    found = explain(image(before), image(without(before, "etc/gccrc")))
    assert [path.path for path in found.paths] == ["etc/gccrc"]


def test_a_file_of_a_package_that_is_still_there_is_lost() -> None:
    found = explain(image(DEBIAN), image(without(DEBIAN, "usr/bin/sed")))
    assert [(path.path, path.what, path.size) for path in found.paths] == [("usr/bin/sed", "vanished", 3)]
    assert found.packages == ()


def test_a_virtual_group_is_no_package() -> None:
    one = image({"lib/apk/db/installed": INSTALLED})
    other = image({"lib/apk/db/installed": INSTALLED.replace("P:.build-deps\nV:20200101.0\n\n", "")})
    assert explain(one, other).packages == ()


def test_caches_records_and_bytecode_are_set_apart() -> None:
    one = image(
        {
            "var/lib/apt/lists/a": "x" * 70,
            "root/.cache/pip/x": "y" * 30,
            "app/__pycache__/m.pyc": "1",
            "var/log/a": "long",
            "app/m.py": "",
        }
    )
    other = image({"app/__pycache__/m.pyc": "22", "var/log/a": "l", "app/m.py": ""})
    found = explain(one, other)
    assert found.paths == () and found.packages == ()
    assert found.caches.size == 100
    assert found.records.size == 3 and found.bytecode.size == -1


def test_directories() -> None:
    base: dict[str, Content] = {"app": None, "app/x": "x"}
    found = explain(image({**base, "data": None}), image(base))
    assert [(path.path, path.what) for path in found.paths] == [("data", "directory vanished")]
    found = explain(image(base), image({**base, "data": None}))
    assert [(path.path, path.what) for path in found.paths] == [("data", "directory appeared")]
    # What holds nothing but a cache goes with it.
    found = explain(image({**base, "srv/a/.cache/pip/x": ""}), image(base))
    assert found.paths == ()
    # And what holds something else does not.
    found = explain(image({**base, "srv/a/.cache/pip/x": "", "srv/a/file": ""}), image(base))
    assert {path.path for path in found.paths} == {"srv", "srv/a", "srv/a/file"}


def test_chance_is_measured() -> None:
    one = image({"a": "1", "b": "1", "c": Special(b"1"), "random-1": ""})
    again = image({"a": "2", "b": "1", "c": Special(b"2"), "random-2": ""})
    noise = Noise(one.tree, again.tree)
    other = image({"a": "3", "b": "3", "c": Special(b"3", mode=0o600), "random-2": ""})
    found = explain(one, other, noise)
    assert [(path.path, path.what) for path in found.paths] == [
        ("b", "content"),
        ("c", "content, mode 0644 became 0600"),
    ]
    assert set(found.unstable) == {"a", "random-1", "random-2"}


def test_config_differences() -> None:
    one = {"Env": ["PATH=/bin", "MODE=a", "OLD="], "Cmd": ["x"], "Labels": None, "User": "", "WorkingDir": ""}
    same = {
        "Env": ["MODE=a", "OLD=", "PATH=/bin"],
        "Cmd": ["x"],
        "Labels": {},
        "WorkingDir": "/",
        "Image": "sha256:0",
    }
    assert configs.differences(one, same) == ()
    other = {
        "Env": ["PATH=/bin", "MODE=b=c", "NEW=1"],
        "Cmd": ["x", "y"],
        "User": "app",
        "WorkingDir": "/app",
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
        "Labels": {"a": "b"},
        "Entrypoint": ["e"],
        "Healthcheck": {"Test": ["NONE"]},
        "StopSignal": "SIGTERM",
        "OnBuild": ["RUN x"],
        "Shell": ["/bin/bash", "-c"],
    }
    assert [str(difference) for difference in configs.differences(one, other)] == [
        "ENV MODE: 'a' became 'b=c'",
        "ENV NEW: not set became '1'",
        "ENV OLD: '' became not set",
        'ENTRYPOINT: not set became ["e"]',
        'CMD: ["x"] became ["x", "y"]',
        "USER: not set became 'app'",
        "WORKDIR: '/' became '/app'",
        "EXPOSE 80/tcp: not set became 'declared'",
        "LABEL a: not set became 'b'",
        "VOLUME /data: not set became 'declared'",
        'HEALTHCHECK Test: not set became ["NONE"]',
        "STOPSIGNAL: not set became 'SIGTERM'",
        'SHELL: not set became ["/bin/bash", "-c"]',
        'ONBUILD: not set became ["RUN x"]',
    ]
