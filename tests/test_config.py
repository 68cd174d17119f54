"""Configuration files."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimfix.config import Config, ConfigError, load
from slimfix.fix import Safety
from slimfix.plan import Flags, Plan
from slimfix.rules import UnknownRule


def write(path: Path, text: str) -> str:
    """Write a file; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_none(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert load(start=str(tmp_path)) == Config()


def test_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path / "slimfix.toml",
        'select = ["apk"]\nignore = ["SF102"]\nsafe-only = true\ntarget = "app"\nall-stages = true\n'
        'exclude = ["old/"]\n[apk-no-cache]\nx = 1\n',
    )
    monkeypatch.setattr("slimfix.rules.apk_no_cache.OPTIONS", {"x": (1, 2)}, raising=False)
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
        ("selct = []", r"unknown key: selct \(did you mean select\?\)", 0),
        ("safe_only = true", r"did you mean safe-only", 0),
        ("xyzzy = 1", "unknown key: xyzzy$", 0),
        ("[apk-no-cache]\nx = 1", "unknown key: apk-no-cache.x$", 0),
        ("select = 'apk'", "select must be a list of strings", 0),
        ("select = [1]", "select must be a list of strings", 0),
        ("unsafe = 1", "unsafe must be true or false", 0),
        ("target = 1", "target must be a string", 0),
        ("apk-no-cache = 1", "apk-no-cache must be a table", 0),
        ("cache-style = 'keep'", "cache-style must be one of 'delete', 'mount', 'auto'", 0),
        ("cache-styl = 'mount'", "did you mean cache-style", 0),
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


def test_values_of_a_rules_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slimfix.rules.apk_no_cache.OPTIONS", {"policy": ("saving", "all")}, raising=False)
    path = write(tmp_path / "slimfix.toml", '[apk-no-cache]\npolicy = "all"\n')
    assert load(path).options == {"apk-no-cache": {"policy": "all"}}
    write(tmp_path / "slimfix.toml", '[apk-no-cache]\npolicy = "some"\n')
    with pytest.raises(ConfigError, match=r"apk-no-cache\.policy must be one of 'saving', 'all'"):
        load(path)
    write(tmp_path / "slimfix.toml", '[apk-no-cache]\npolcy = "all"\n')
    with pytest.raises(ConfigError, match=r"apk-no-cache.polcy \(did you mean policy\?\)"):
        load(path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with settings at its root, in one directory, and bad ones in another."""
    (tmp_path / ".git").mkdir()
    write(
        tmp_path / "pyproject.toml", '[tool.slimfix]\nselect = ["apk"]\ntarget = "top"\nexclude = ["old"]\n'
    )
    write(tmp_path / "sub" / "slimfix.toml", 'ignore = ["apk"]\nunsafe = true\n')
    write(tmp_path / "bad" / "slimfix.toml", 'select = ["nonsense"]\n')
    write(tmp_path / "worse" / "slimfix.toml", "nonsense = 1\n")
    return tmp_path


def test_plan_takes_the_settings_where_the_file_stands(tree: Path) -> None:
    plan = Plan(Flags())
    top, below = plan.job(str(tree / "Dockerfile")), plan.job(str(tree / "a" / "b" / "Dockerfile"))
    assert top is below
    assert ([rule.name for rule in top.rules], top.target) == (["apk-no-cache"], "top")
    sub = plan.job(str(tree / "sub" / "x" / "Dockerfile"))
    assert "apk-no-cache" not in [rule.name for rule in sub.rules]
    assert (sub.allowed, sub.target) == (Safety.UNSAFE, None)
    for name in ("bad", "worse"):
        with pytest.raises(ConfigError, match=r"unknown .*nonsense") as caught:
            plan.job(str(tree / name / "Dockerfile"))
        assert caught.value.path == str(tree / name / "slimfix.toml")


def test_plan_lets_the_flags_win(tree: Path) -> None:
    path = str(tree / "sub" / "Dockerfile")
    assert [rule.name for rule in Plan(Flags(select=("apk",))).job(path).rules] == ["apk-no-cache"]
    assert "apk-no-cache" in [rule.name for rule in Plan(Flags(ignore=("pip",))).job(path).rules]
    job = Plan(Flags(safe_only=True, target="flag", all_stages=True, context="c")).job(path)
    assert (job.allowed, job.target, job.all_stages, job.context) == (Safety.SAFE, "flag", True, "c")
    only = Plan(Flags(config=str(tree / "pyproject.toml")))
    assert only.job(path).target == "top"


def test_plan_checks_the_flags(tree: Path) -> None:
    for flags in (Flags(select=("nonsense",)), Flags(ignore=("nonsense",))):
        with pytest.raises(UnknownRule):
            Plan(flags)
    for name in ("bad", "worse", "none"):
        with pytest.raises(ConfigError):
            Plan(Flags(config=str(tree / name / "slimfix.toml")))


def test_plan_excludes_below_the_file_that_says_so(tree: Path) -> None:
    plan = Plan(Flags())
    assert plan.hidden(str(tree / "old"), True)
    assert plan.hidden(str(tree / "a" / "old" / "Dockerfile"), False)
    assert not plan.hidden(str(tree / "new"), True)
    assert not plan.hidden(str(tree / "sub" / "old"), True)
    assert not plan.hidden(str(tree / "worse" / "Dockerfile"), False)


def test_a_setting_that_rules_share(tmp_path: Path) -> None:
    path = write(tmp_path / "slimfix.toml", 'cache-style = "mount"\n[apk-no-cache]\n')
    assert load(path).options == {"cache-style": "mount", "apk-no-cache": {}}
