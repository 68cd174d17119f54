"""Configuration files."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimfix.config import Config, ConfigError, load


def write(path: Path, text: str) -> str:
    """Write a file; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_none(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert load(start=str(tmp_path)) == Config()


def test_everything(tmp_path: Path) -> None:
    path = write(
        tmp_path / "slimfix.toml",
        'select = ["apk"]\nignore = ["SF102"]\nsafe-only = true\ntarget = "app"\nall-stages = true\n'
        'exclude = ["old/"]\n[apk-no-cache]\nx = 1\n',
    )
    config = load(path)
    assert config.select == ("apk",)
    assert config.ignore == ("SF102",)
    assert (config.safe_only, config.unsafe, config.all_stages) == (True, False, True)
    assert config.target == "app"
    assert config.exclude == ("old/",)
    assert config.options == {"apk-no-cache": {"x": 1}}
    assert config.directory == str(tmp_path)


def test_found_upward(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.slimfix]\ntarget = "top"\n')
    write(tmp_path / "a" / "pyproject.toml", "[tool.other]\n[[[ broken, and not ours")
    (tmp_path / "a" / "b").mkdir()
    assert load(start=str(tmp_path / "a" / "b")).target == "top"
    write(tmp_path / "a" / "slimfix.toml", '[tool.slimfix]\ntarget = "near"\n')
    assert load(start=str(tmp_path / "a" / "b")).target == "near"


def test_not_above_the_repository(tmp_path: Path) -> None:
    write(tmp_path / "slimfix.toml", 'target = "top"\n')
    (tmp_path / "a" / ".git").mkdir(parents=True)
    assert load(start=str(tmp_path / "a")).target is None


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("selct = []", "unknown key: selct", 0),
        ("select = 'apk'", "select must be a list of strings", 0),
        ("select = [1]", "select must be a list of strings", 0),
        ("unsafe = 1", "unsafe must be true or false", 0),
        ("target = 1", "target must be a string", 0),
        ("apk-no-cache = 1", "apk-no-cache must be a table", 0),
        ("unsafe = true\nsafe-only = true", "exclude each other", 0),
        ("\n\na = = 1\n", "Invalid value", 3),
        ("tool.slimfix = 1", "tool.slimfix must be a table", 0),
    ],
)
def test_bad(tmp_path: Path, text: str, message: str, line: int) -> None:
    path = write(tmp_path / "slimfix.toml", text)
    with pytest.raises(ConfigError, match=message) as caught:
        load(path)
    assert caught.value.path == path
    assert caught.value.line == line


def test_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(str(tmp_path / "no.toml"))
    with pytest.raises(ConfigError, match="not a regular file"):
        load(str(tmp_path))
    (tmp_path / "latin.toml").write_bytes(b"a = 1\n# \xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8") as caught:
        load(str(tmp_path / "latin.toml"))
    assert caught.value.line == 2
    with pytest.raises(ConfigError, match=r"no \[tool\.slimfix\] table"):
        load(write(tmp_path / "pyproject.toml", ""))
