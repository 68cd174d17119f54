"""A GitHub App: its proofs, its tokens, and that nobody else sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("jwt", reason="PyGithub brings PyJWT, which checks what the App signs")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from slimfix.bot import app
from slimfix.bot.app import App
from slimfix.bot.cli import bot as command
from slimfix.bot.errors import BotError
from slimfix.bot.forge.github import GitHub
from slimfix.bot.pace import UNLIMITED, Pace
from slimfix.bot.redact import Secrets
from tests.bot.clock import Clock
from tests.bot.conftest import Bot
from tests.bot.forge.apps import Installed
from tests.bot.forge.server import Forge
from tests.bot.shapes import PIP

PEM = serialization.Encoding.PEM
_OPEN = serialization.NoEncryption()


def private(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, _OPEN).decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def installed(forge: Forge, key: rsa.RSAPrivateKey) -> Installed:
    """An App that is installed for acme, and no token of another kind."""
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    forge.world.app = Installed(forge.world, "Iv1.app", public, {"acme": 7})
    forge.world.tokens.clear()
    forge.world.tokens["none"] = "nobody"
    found: Installed = forge.world.app
    return found


@pytest.fixture
def there(forge: Forge, installed: Installed, key: rsa.RSAPrivateKey, clock: Clock) -> Iterator[GitHub]:
    secrets, pace = Secrets(), Pace(clock, UNLIMITED)
    found = GitHub(forge.api, App(forge.api, "Iv1.app", private(key), pace, secrets), pace, secrets)
    yield found
    found.client.close()


def test_each_repository_has_a_token_of_its_own(bot: Bot, installed: Installed) -> None:
    shop, mono = (bot.world.repo(f"acme/{name}", {"Dockerfile": PIP}) for name in ("shop", "mono"))
    assert (bot.run(shop), bot.run(mono), bot.run(shop)) == (["create"], ["create"], ["leave up-to-date"])
    assert [one.repositories for one in installed.issued.values()] == [{"acme/shop"}, {"acme/mono"}]
    assert {name for one in installed.issued.values() for name in one.permissions} == set(app.PERMISSIONS)
    assert "workflows" not in app.PERMISSIONS and "administration" not in app.PERMISSIONS


def test_a_name_of_before_has_no_token(bot: Bot, installed: Installed) -> None:
    """GitHub gives tokens for the name of now alone; under that all goes on as it was."""
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    plan = bot.plan(repo)
    bot.world.rename(repo, "acme/store")
    bot.github.client._auth._tokens.clear()  # type: ignore[union-attr]  # as in a process of its own
    with pytest.raises(BotError, match="no such name now") as caught:
        bot.publish(plan)
    assert caught.value.kind == "gone"
    assert bot.run(repo) == ["create"]
    assert len(repo.pulls) == 1


def test_a_token_is_renewed_before_it_ends(bot: Bot, installed: Installed, clock: Clock) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})

    def passed(seconds: float) -> None:
        clock.time += seconds
        bot.world.ahead += seconds

    bot.run(repo)
    passed(app.HOUR - app.MARGIN - 60)
    bot.run(repo)
    assert len(installed.issued) == 1
    passed(120)
    bot.run(repo)
    assert len(installed.issued) == 2
    passed(app.HOUR + 60)
    assert bot.run(repo) == ["leave up-to-date"]
    assert len(installed.issued) == 3


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
def test_our_clock_may_be_wrong(bot: Bot, installed: Installed, clock: Clock, hours: int) -> None:
    clock.time += hours * 3600
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    assert bot.run(repo) == ["create"]
    assert bot.run(repo) == ["leave up-to-date"]
    assert len(installed.issued) == 1
    # Refused once, then right.
    assert len(installed.proofs) == 3


def test_a_proof_lives_for_minutes(bot: Bot, installed: Installed) -> None:
    bot.run(bot.world.repo("acme/shop", {"Dockerfile": PIP}))
    assert {(one["exp"] - one["iat"], one["iss"]) for one in installed.proofs} == {(600, "Iv1.app")}


@pytest.mark.parametrize("full", ["other/shop", "acme/hidden", "acme/nothing"])
def test_where_it_is_not_installed(bot: Bot, installed: Installed, full: str) -> None:
    installed.hidden.add("acme/hidden")
    repo = bot.world.repo(full, {"Dockerfile": PIP})
    if full == "acme/nothing":
        del bot.world.repos[full]
    with pytest.raises(BotError, match="is not installed for it") as caught:
        bot.run(repo)
    assert caught.value.kind == "gone"


def test_suspended(bot: Bot, installed: Installed) -> None:
    installed.suspended = True
    with pytest.raises(BotError, match="suspended") as caught:
        bot.run(bot.world.repo("acme/shop", {"Dockerfile": PIP}))
    assert caught.value.kind == "no-permission"


def test_what_was_not_granted_is_not_asked_for(bot: Bot, installed: Installed) -> None:
    installed.granted.remove("issues")
    assert bot.run(bot.world.repo("acme/shop", {"Dockerfile": PIP})) == ["create"]
    installed.granted.remove("contents")
    with pytest.raises(BotError) as caught:
        bot.run(bot.world.repo("acme/other", {"Dockerfile": PIP}))
    assert caught.value.kind == "no-permission"


def test_it_lists_what_it_was_installed_for(bot: Bot, installed: Installed) -> None:
    for number in range(120):
        bot.world.repo(f"acme/shop{number:03}")
    installed.hidden.add("acme/shop007")
    bot.world.repo("other/shop")
    assert len(list(bot.there.repositories("acme"))) == 119
    with pytest.raises(BotError, match="not installed for other"):
        list(bot.there.repositories("other"))


def test_further_pages_are_of_the_same_repository(bot: Bot, installed: Installed) -> None:
    """Their addresses have its number and not its name."""
    from tests.bot.forge.world import Pull

    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    head = str(repo.sha("main"))
    repo.pulls += [Pull(n, "t", "", f"topic-{n}", "main", head, state="open") for n in range(1, 131)]
    assert bot.run(repo) == ["create"]


def test_it_shows_neither_key_nor_proof_nor_token(
    bot: Bot, installed: Installed, key: rsa.RSAPrivateKey
) -> None:
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    plan = bot.plan(repo)
    secrets = bot.there.client.secrets
    (token,) = installed.issued
    lines = private(key).splitlines()
    for text in (token, private(key), " ".join(lines[3:6]), "\\n".join(lines)):
        hidden = secrets.hide(f"said: {text}")
        assert not [part for part in re.findall(r"[A-Za-z0-9+/_]{20,}", text) if part in hidden]
    assert "PRIVATE" not in Secrets().hide(private(key)) and token not in Secrets().hide(token)
    bot.publish(plan)
    texts = [str(plan), repo.pulls[0].body, repo.git("log", "--all"), *bot.world.headers]
    assert not [text for text in texts if token in text or "eyJ" in text]


ENV = dict.fromkeys(("SLIMFIX_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "SLIMFIX_APP_KEY", "SLIMFIX_APP_KEY_FILE"))


def test_from_the_environment(
    forge: Forge, installed: Installed, key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    forge.world.repo("acme/shop", {"Dockerfile": PIP})
    file = tmp_path / "key.pem"
    file.write_text(private(key))
    arguments = [
        "plan",
        "--owner",
        "acme",
        "--api-url",
        forge.api,
        "--pace",
        "none",
        "-o",
        str(tmp_path / "p"),
    ]
    one_line = private(key).replace("\n", "\\n")
    for name, value in (("SLIMFIX_APP_KEY", one_line), ("SLIMFIX_APP_KEY_FILE", str(file))):
        env = {**ENV, "SLIMFIX_APP_ID": "Iv1.app", "GITHUB_TOKEN": "ghp_" + "x" * 36, name: value}
        done = CliRunner(env=env).invoke(command, arguments)
        assert (done.exit_code, done.stderr) == (0, "acme/shop: 1 fix, 1 pull request, 1 Dockerfile\n")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "no private key of the App: set SLIMFIX_APP_KEY or SLIMFIX_APP_KEY_FILE"),
        ({"SLIMFIX_APP_KEY_FILE": "/nowhere"}, "SLIMFIX_APP_KEY_FILE: No such file or directory"),
        ({"SLIMFIX_APP_KEY": "MIIEpAIBAAKCAQEA"}, "the private key of the App is no RSA key in PEM"),
        ({"SLIMFIX_APP_KEY": "curve"}, "the private key of the App is no RSA key in PEM"),
        ({"SLIMFIX_TOKEN": "ghp_" + "x" * 36}, "set either SLIMFIX_TOKEN or SLIMFIX_APP_ID, not both"),
    ],
)
def test_what_is_no_app(given: dict[str, str], message: str) -> None:
    if given.get("SLIMFIX_APP_KEY") == "curve":
        given = {"SLIMFIX_APP_KEY": private(ec.generate_private_key(ec.SECP256R1()))}
    env = {**ENV, "SLIMFIX_APP_ID": "1", **given}
    done = CliRunner(env=env).invoke(command, ["run", "--repo", "a/b"])
    assert (done.exit_code, done.stderr) == (2, f"slimfix: {message}\n")
