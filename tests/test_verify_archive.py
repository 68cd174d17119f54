"""Images are read from the streams of ``docker save``, old form and new, and laid together rightly."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pytest

from slimfix.verify import archive
from slimfix.verify.archive import ArchiveError, Image
from slimfix.verify.tree import compare, resolve, search, what_changed
from tests.verify_images import Content, Special, gzipped, image, layer, legacy, oci

Form = Callable[[Sequence[bytes]], bytes]


def read(data: bytes) -> Image:
    return archive.read([io.BytesIO(data)], {})["t:1"]


LAYERS = [
    layer(
        {
            "etc": None,
            "etc/motd": "hello",
            "srv/": None,
            "srv/a": "1",
            "srv/deep/b": "2",
            "var/old/c": "3",
            "bin/sh": Special(b"#!x", mode=0o755),
            "was": None,
            "was/x": "x",
        }
    ),
    layer(
        {
            "etc/.wh.motd": "",
            "srv/.wh..wh..opq": "",
            "srv/new": "n",
            "./var/.wh.old": "",
            "bin/ash": Special(hard="bin/sh"),
            "was": Special(link="etc"),
        }
    ),
]


@pytest.mark.parametrize("form", [legacy, oci])
def test_layers_are_laid_together(form: Form) -> None:
    tree = read(form(LAYERS)).tree
    assert "etc/motd" not in tree
    assert "srv/a" not in tree and "srv/deep/b" not in tree and "srv/deep" not in tree
    assert tree["srv/new"].size == 1
    assert "var/old/c" not in tree
    assert tree["bin/ash"] == tree["bin/sh"]
    assert tree["was"].kind == "link" and "was/x" not in tree
    assert not any(".wh." in path for path in tree)


@pytest.mark.parametrize("form", [legacy, oci])
def test_sizes_and_history(form: Form) -> None:
    found = read(form(LAYERS))
    assert [one.size for one in found.layers] == [5 + 1 + 1 + 1 + 3 + 1, 1]
    assert found.size == 13
    assert [one.command for one in found.layers] == ["/bin/sh -c step 0", "/bin/sh -c step 1"]
    assert found.platform == "linux/amd64"
    for one, data in zip(found.layers, LAYERS):
        assert one.compressed == pytest.approx(len(gzipped(data)), abs=40)


def test_compressed_layers_read_the_same() -> None:
    plain, packed = read(oci(LAYERS)), read(oci([gzipped(one) for one in LAYERS]))
    assert plain.tree == packed.tree
    assert plain.layers == packed.layers


def test_a_layer_that_is_a_link_to_another() -> None:
    found = read(legacy([*LAYERS, LAYERS[0]], twice=True))
    assert found.tree["etc/motd"].size == 5
    assert len(found.layers) == 3


def test_a_known_layer_is_not_read_again() -> None:
    cache: archive.LayerCache = {}
    first = archive.read([io.BytesIO(legacy(LAYERS))], cache)
    before = dict(cache)
    again = archive.read([io.BytesIO(legacy(LAYERS))], cache)
    assert first == again and cache == before and len(cache) == 2
    assert all(cache[key] is before[key] for key in cache)


@pytest.mark.parametrize("data", [b"", b"no tar at all" * 100, legacy(LAYERS)[:3000], layer({"a": "b"})])
def test_damaged_streams_are_refused(data: bytes) -> None:
    with pytest.raises(ArchiveError):
        read(data)


def test_zstd_is_refused_in_words() -> None:
    with pytest.raises(ArchiveError, match="zstd"):
        read(oci([b"\x28\xb5\x2f\xfd" + b"\0" * 600]))


def test_times_count_for_nothing_and_all_else_does() -> None:
    base = image({"a": Special(b"x", mtime=1), "b": "y", "l": Special(link="a")}).tree
    assert not compare(base, image({"a": Special(b"x", mtime=9), "b": "y", "l": Special(link="a")}).tree)
    for path, content, told in (
        ("a", Special(b"z"), "content"),
        ("a", Special(b"x", mode=0o755), "mode 0644 became 0755"),
        ("a", Special(b"x", owner=7), "owner 0:0 became 7:7"),
        ("a", Special(b"x", xattr={"security.capability": "1"}), "extended attributes"),
        ("a", Special(link="b"), "file became link"),
        ("l", Special(link="b"), "target"),
    ):
        files: dict[str, Content] = {"a": Special(b"x"), "b": "y", "l": Special(link="a"), path: content}
        after = image(files).tree
        delta = compare(base, after)
        assert delta.changed == (path,)
        assert not delta.vanished and not delta.appeared
        assert what_changed(base[path], after[path]) == told


def test_links_lead_where_they_lead_in_a_container() -> None:
    tree = image(
        {
            "usr/bin/tool": Special(b"", mode=0o755),
            "usr/bin/data": "",
            "bin": Special(link="usr/bin"),
            "opt/abs": Special(link="/bin/tool"),
            "opt/up": Special(link="../../../usr/bin/./tool"),
            "opt/loop": Special(link="loop"),
            "opt/gone": Special(link="nowhere"),
            "usr": None,
            "usr/bin": None,
            "opt": None,
        }
    ).tree
    for path in ("bin/tool", "/bin/tool", "opt/abs", "opt/up", "/opt/../bin/tool"):
        assert resolve(tree, path) == "usr/bin/tool"
    for path in ("opt/loop", "opt/gone", "opt/gone/x"):
        assert resolve(tree, path) is None
    assert resolve(tree, "/") == ""
    assert search(tree, "tool", ("/nowhere", "/bin")) == "usr/bin/tool"
    assert search(tree, "data", ("/bin",)) is None  # no one may run it
    assert search(tree, "./tool", (), "/usr/bin") == "usr/bin/tool"
    assert search(tree, "tool", ()) is None
