"""What is proposed for .dockerignore, and what is left to the author."""

from __future__ import annotations

import pytest

from slimfix.context import BuildContext
from slimfix.dockerfile import Dockerfile
from slimfix.propose_dockerignore import Proposal, propose

NODE = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
PYTHON = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"


def proposal(dockerfile: str, *paths: str, **held: str) -> Proposal | None:
    files = dict.fromkeys(paths, "") | {".dockerignore" if k == "ignore" else k: v for k, v in held.items()}
    return propose(Dockerfile(dockerfile, context=BuildContext.of(files)))


def patterns(dockerfile: str, *paths: str, **held: str) -> list[str]:
    found = proposal(dockerfile, *paths, **held)
    return [] if found is None else [("" if line.sure else "# ") + line.pattern for line in found.lines]


def test_a_new_file() -> None:
    paths = [".git/HEAD", "node_modules/ms/index.js", "package.json", "web/.DS_Store", ".env", "src/index.js"]
    found = proposal(NODE, *paths)
    assert found is not None
    assert found.path == ".dockerignore"
    assert found.before == ""
    lines = found.after.splitlines()
    assert [line for line in lines if line and line[0] != "#"] == [".git", "**/node_modules", "**/.DS_Store"]
    assert lines[-1] == "# .env"


def test_what_is_proposed_hides_what_was_found_and_nothing_else() -> None:
    paths = [".git/HEAD", "web/node_modules/a/b", "a/__pycache__/x.pyc", "src/app.py", ".gitignore", "git/x"]
    found = proposal(NODE.replace("npm ci", "cd web && npm install"), *paths, **{"web/package.json": "{}"})
    assert found is not None
    after = BuildContext.of({**dict.fromkeys(paths, ""), ".dockerignore": found.after})
    hidden = [path for path in paths if after.ignored(path)]
    assert hidden == [".git/HEAD", "web/node_modules/a/b", "a/__pycache__/x.pyc"]
    assert propose(Dockerfile(NODE, context=after)) is None


def test_what_the_author_wrote_comes_first_and_stays() -> None:
    found = proposal(NODE, ".git/HEAD", ignore="# ours\r\n*.md\r\n!README.md")
    assert found is not None
    assert found.after.startswith("# ours\r\n*.md\r\n!README.md\r\n")
    assert found.after.endswith("\r\n.git\r\n")
    assert "\n" not in found.after.replace("\r\n", "")


@pytest.mark.parametrize(
    ("dockerfile", "paths", "ignore"),
    [
        (NODE, [".git/HEAD"], ".git\n"),
        (NODE, [".git/HEAD"], "*\n!src\n"),
        (NODE, [".git/HEAD"], "*.md\n!.git\n"),
        (NODE, ["node_modules/a"], "**/node_modules\n"),
        ("FROM node:20\nCOPY . .\n", ["node_modules/a"], ""),
        ("FROM node:20\nCOPY . .\nCOPY node_modules ./node_modules\nRUN npm run x\n", ["node_modules/a"], ""),
        ("FROM node:20\nCOPY src ./\nRUN npm ci\n", ["node_modules/a", "src/x"], ""),
        ("FROM node:20\nCOPY --from=x . .\nRUN npm ci\n", ["node_modules/a"], ""),
        (PYTHON, ["env/settings.py"], ""),
        (PYTHON + "RUN git describe > version\n", [".git/HEAD"], ""),
        (PYTHON + 'RUN sh -c "git describe"\n', [".git/HEAD"], ""),
        (NODE + "RUN test -f .env\n", [".env"], ""),
        (NODE, [".env"], "# .env\n"),
        # A stage that installs nothing lives on what the context brings.
        (NODE + "FROM node:20\nCOPY . .\n", ["src/node_modules/a"], ""),
        ("FROM node:20\nCOPY . .\nRUN npm run build\n", ["node_modules/a", "package.json"], ""),
        # Modules of the project's own, with no package.json beside them.
        (NODE, ["src/node_modules/a", "package.json"], ""),
        ("FROM node:20\nONBUILD COPY . .\nRUN npm ci\n", [".git/HEAD"], ""),
        ('FROM alpine\nCOPY . .\nCMD ["git", "log"]\n', [".git/HEAD"], ""),
        ("FROM alpine\nCOPY . .\nCOPY .git* /x/\n", [".git/HEAD"], ""),
    ],
)
def test_nothing_is_proposed(dockerfile: str, paths: list[str], ignore: str) -> None:
    assert patterns(dockerfile, *paths, ignore=ignore) == []


def test_a_version_that_comes_from_git() -> None:
    files = {".git/HEAD": "", "pyproject.toml": "[tool.setuptools_scm]\n", "requirements.txt": ""}
    assert propose(Dockerfile(PYTHON, context=BuildContext.of(files))) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("web/package.json", '{"dependencies": {"git-rev-sync": "1"}}'),
        ("docs/Makefile", "VERSION := $(shell git describe)\n"),
        ("lib.csproj", "<PackageReference Include='MinVer' />"),
    ],
)
def test_a_build_that_asks_git(name: str, text: str) -> None:
    assert patterns(NODE, ".git/HEAD", **{name: text}) == []


def test_modules_of_several_packages() -> None:
    one = NODE.replace("npm ci", "npm --prefix api install")
    both = one + "RUN cd web && npm install\n"
    files = {f"{name}/package.json": "{}" for name in ("api", "web")}
    there = "api/node_modules/a", "web/node_modules/a"
    assert patterns(both, *there, **files) == ["**/node_modules"]
    # Nothing installs those of web: they may be wanted.
    assert patterns(one, *there, **files) == ["# **/node_modules"]
    # Only places are written where another directory of that name is the project's own.
    assert patterns(both, "lib/node_modules/own.js", *there, **files) == [
        "api/node_modules",
        "web/node_modules",
    ]


def test_modules_in_a_stage_that_gets_them_from_another() -> None:
    stages = "FROM node:20 AS deps\nCOPY package.json .\nRUN npm install\nFROM node:20\nCOPY . .\n"
    files = ["node_modules/a", "package.json"]
    assert patterns(stages, *files) == []
    assert patterns(stages + "COPY --from=deps /node_modules node_modules\n", *files) == ["**/node_modules"]
    # One stage installs, the other has what the context brings.
    assert patterns(NODE + "FROM node:20\nCOPY . .\n", *files) == ["# **/node_modules"]
    path = "ENV PATH=/app/node_modules/.bin:$PATH\n"
    assert patterns(NODE.replace("COPY", path + "COPY"), *files) == ["**/node_modules"]


def test_several_dockerfiles() -> None:
    context = BuildContext.of(
        dict.fromkeys([".git/HEAD", "node_modules/a", "package.json", "x/.vscode/s"], "")
    )

    def found(*texts: str) -> list[str]:
        made = propose(*(Dockerfile(text, context=context) for text in texts))
        return [] if made is None else [("" if line.sure else "# ") + line.pattern for line in made.lines]

    assert found(NODE) == [".git", "**/node_modules", "**/.vscode"]
    assert found(NODE, "FROM alpine\nCOPY src /src\n") == [".git", "**/node_modules", "**/.vscode"]
    assert found(NODE, "FROM node:20\nCOPY . .\n") == [".git", "**/.vscode", "# **/node_modules"]
    assert found(NODE, "FROM alpine\nCOPY node_modules/a /a\n") == [".git", "**/.vscode"]
    assert found(NODE, "FROM alpine\nCOPY x/.vs* /x/\n") == [".git", "**/node_modules"]
    assert found(NODE, "FROM alpine\nCOPY . .\nRUN git log\n") == ["**/.vscode", "# **/node_modules"]
    bound = "FROM alpine\nRUN --mount=type=bind,source=.git,target=/x true\n"
    assert found(NODE, bound) == ["**/node_modules", "**/.vscode"]


def test_what_manifest_first_copies_stays() -> None:
    files = {
        "requirements.txt": "-r tools/.vscode/more.txt\n",
        "tools/.vscode/more.txt": "x\n",
        "b/.idea/x": "",
    }
    assert patterns(PYTHON, **files) == ["**/.idea"]


def test_a_clone_of_another_repository_does_not_count() -> None:
    assert patterns(PYTHON + "RUN git clone https://example.org/x /x\n", ".git/HEAD") == [".git"]


def test_a_builder_that_may_stamp_the_commit() -> None:
    assert patterns("FROM golang\nCOPY . .\nRUN go build .\n", ".git/HEAD") == ["# .git"]


def test_virtual_environments_by_what_they_hold() -> None:
    assert patterns(PYTHON, "venv/pyvenv.cfg", "app/env/pyvenv.cfg") == ["venv", "app/env"]


def test_keys_are_left_to_the_author() -> None:
    assert patterns(PYTHON, "deploy/site.pem", "id_rsa") == ["# deploy/site.pem", "# id_rsa"]
    assert patterns(PYTHON, ".env.example", ".env.local", "a/.env.sample") == ["# .env.local"]


def test_without_a_context() -> None:
    assert propose(Dockerfile(NODE)) is None
    assert propose(Dockerfile(NODE, context=BuildContext.of({".git/HEAD": "", ".dockerignore": "["}))) is None


def test_a_file_of_its_own() -> None:
    files = {".git/HEAD": "", "web.Dockerfile.dockerignore": "x\n", ".dockerignore": ".git\n"}
    found = propose(Dockerfile(NODE, context=BuildContext.of(files, "web.Dockerfile")))
    assert found is not None
    assert found.path == "web.Dockerfile.dockerignore"
