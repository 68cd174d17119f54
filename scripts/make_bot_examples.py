"""Pull requests of the bot as examples for the documentation: ``python scripts/make_bot_examples.py``.

Each is opened for real, on the forge of the tests (real git, GitHub's API), and written down with its title,
its commits, its text and its diff. A test holds docs/bot/examples to this.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from slimfix.bot import inert, marker, publish, read
from slimfix.bot.auth import Token
from slimfix.bot.forge.github import GitHub
from slimfix.bot.pace import UNLIMITED, Pace, SystemClock
from slimfix.bot.redact import Secrets
from slimfix.bot.settings import Policy
from slimfix.bot.terms import Terms
from tests.bot.forge.server import running
from tests.bot.forge.world import Content

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "docs" / "bot" / "examples"
DOCS = "../../rules"

SHOP: dict[str, Content] = {
    "Dockerfile": """\
FROM python:3.11-alpine

WORKDIR /app

# psycopg2 and cryptography are compiled
RUN apk add --update gcc musl-dev postgresql-dev libffi-dev openssl-dev
RUN apk add curl

COPY . .
RUN pip install --upgrade pip
RUN pip install -r requirements.txt

EXPOSE 8000
CMD ["gunicorn", "shop.wsgi", "-b", "0.0.0.0:8000"]
""",
    "requirements.txt": "django==4.2.16\ngunicorn==22.0.0\npsycopg2==2.9.9\ncryptography==42.0.8\n",
    "manage.py": "",
    "shop/wsgi.py": "",
}
PLATFORM: dict[str, Content] = {
    "services/api/Dockerfile": """\
FROM node:20-bookworm-slim
WORKDIR /srv
COPY . .
RUN npm ci
RUN npm run build
USER node
CMD ["node", "dist/server.js"]
""",
    "services/api/package.json": '{"name": "api", "scripts": {"build": "tsc -p ."}}\n',
    "services/api/package-lock.json": '{"name": "api", "lockfileVersion": 3, "packages": {"": {}}}\n',
    "services/api/src/server.ts": "",
    "services/worker/Dockerfile": """\
FROM debian:12
RUN apt-get update
RUN apt-get install -y python3 python3-venv ffmpeg
RUN python3 -m venv /venv && /venv/bin/pip install celery==5.4.0 redis==5.0.8
COPY worker.py /app/worker.py
CMD ["/venv/bin/celery", "-A", "worker", "worker"]
""",
    "services/worker/worker.py": "",
    "tools/export/Dockerfile": """\
FROM ubuntu:22.04
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y curl ca-certificates && rm -rf /var/lib/apt/lists/*
RUN curl -fsSL https://downloads.example.org/export-1.8.2.tar.gz -o /tmp/export.tar.gz
RUN tar -xzf /tmp/export.tar.gz -C /usr/local && rm /tmp/export.tar.gz
COPY entrypoint.sh /
RUN chmod +x /entrypoint.sh
ENTRYPOINT ["/entrypoint.sh"]
""",
    "tools/export/entrypoint.sh": "#!/bin/sh\n",
}
BLOG: dict[str, Content] = {
    "Dockerfile": """\
FROM ruby:3.3-slim
WORKDIR /app
COPY Gemfile Gemfile.lock ./
RUN bundle install
COPY . .
CMD ["bundle", "exec", "puma"]
""",
    "Gemfile": "source 'https://rubygems.org'\ngem 'puma'\n",
    "Gemfile.lock": "GEM\n",
    "config.ru": "",
    ".dockerignore": ".git\nlog\ntmp\n",
}
CASES: tuple[tuple[str, dict[str, Content], Policy], ...] = (
    ("shop", SHOP, Policy()),
    ("platform", PLATFORM, Policy()),
    ("blog", BLOG, Policy()),
    ("onboarding", PLATFORM, Policy(onboarding=True, group="directory")),
)


def examples() -> dict[str, str]:
    """The examples, by the names of their files."""
    found = {}
    with tempfile.TemporaryDirectory() as directory, running(Path(directory), None, "github") as forge:
        token = forge.world.token
        client = GitHub(forge.api, Token(token), Pace(SystemClock(), UNLIMITED), Secrets(token))
        for name, files, policy in CASES:
            repo = forge.world.repo(f"acme/{name}", files)
            terms = Terms(DOCS)
            publish.publish(client, read.remote(client, repo.full, policy, terms, Secrets(token)), terms)
            (pull,) = repo.pulls
            commits = repo.git("log", "--reverse", "--format=- %s", f"main..{pull.head}")
            diff = repo.git("diff", "--no-ext-diff", "main", pull.head)
            parts = (
                f"# {pull.title}",
                f"*Pull request from `{pull.head}` to `main` in a repository `acme/{name}`.*",
                marker.without(pull.body),
                "---",
                f"## Its commits\n\n{commits}",
                f"## Its diff\n\n{inert.block(diff, 'diff')}",
            )
            found[f"{name}.md"] = "\n\n".join(parts) + "\n"
        client.client.close()
    return found


def main() -> None:
    """Write them."""
    PLACE.mkdir(parents=True, exist_ok=True)
    made = examples()
    for old in PLACE.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (PLACE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
