"""The service in an image of its own, built and run by a real engine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.bot.forge.server import Forge
from tests.bot.shapes import PIP
from tests.bot.test_serve import SECRET, push, signature

ROOT = Path(__file__).parents[2]
BASE = os.environ.get("SLIMFIX_TEST_PYTHON_IMAGE", "python:3.11-slim")
pytestmark = [pytest.mark.engine, pytest.mark.slow]


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=900)
    assert not check or done.returncode == 0, done.stderr + done.stdout
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "version"], capture_output=True).returncode
    ):
        pytest.skip("no Docker engine answers")
    tag = f"slimfix-bot-test:{os.getpid()}"
    file = str(ROOT / "integrations" / "bot" / "Dockerfile")
    options = ["--network=host", "--build-arg", f"BASE={BASE}"]
    docker("build", "-q", *options, "-f", file, "-t", tag, str(ROOT))
    yield tag
    docker("rmi", tag)


def test_the_service_opens_a_pull_request(forge: Forge, image: str) -> None:
    repo = forge.world.repo("acme/shop", {"Dockerfile": PIP})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = ["-e", f"SLIMFIX_TOKEN={forge.world.token}", "-e", f"SLIMFIX_WEBHOOK_SECRET={SECRET}"]
    options = ["--owner", "acme", "--api-url", forge.api, "--forge", "github", "--pace", "none"]
    run = ["run", "-d", "--network=host", *environment, image, *options, "--port", str(port)]
    container = docker(*run)
    try:
        there = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 60
        while True:
            try:
                assert httpx.get(f"{there}/healthz").json()["ok"] is True
                break
            except httpx.TransportError:
                assert time.monotonic() < until, docker("logs", container)
                time.sleep(0.2)
        body = json.dumps(push()).encode()
        given = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "1", "X-Hub-Signature-256": signature(body)}
        assert httpx.post(f"{there}/webhook", content=body, headers=given).json() == {"taken": 1}
        while not repo.pulls and time.monotonic() < until:
            time.sleep(0.2)
        assert [pull.state for pull in repo.pulls] == ["open"], docker("logs", container)
        assert docker("exec", container, "id", "-un") == "bot"
        docker("stop", "-t", "30", container)
        assert docker("inspect", "-f", "{{.State.ExitCode}}", container) == "0"
    finally:
        docker("rm", "-f", "-v", container, check=False)
