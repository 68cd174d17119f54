"""What pip install reads. Words stand as the shell would pass them, None for one that is not literal."""

from __future__ import annotations

import codecs
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimfix.context import BuildContext, Link
from slimfix.manifests import Reads, Unknown
from slimfix.manifests.pip import reads

FILES: dict[str, str | bytes | Link] = {
    "requirements.txt": "flask==3.0\nrequests[socks]>=2,<3 ; python_version >= '3.8'\n",
    "constraints.txt": "urllib3<3\n",
    "reqs/base.txt": "django\n",
    "reqs/prod.txt": "-r base.txt\n-c ../constraints.txt\ngunicorn\n",
    "reqs/dev.txt": "--requirement=prod.txt\n-rbase.txt\npytest\n",
    "setup.py": "",
    "pyproject.toml": "",
    "pkg/setup.py": "",
    "wheels/x-1-py3-none-any.whl": b"",
    "hidden.txt": "flask",
    "link.txt": Link("requirements.txt"),
    "linked": Link("reqs"),
    ".dockerignore": "hidden.txt\n",
}


def from_app(path: str) -> str | None:
    """``COPY . /app``"""
    inside = posixpath.relpath(path, "/app")
    return None if inside.startswith("..") else inside


def ask(command: str, directory: str | None = "/app", **files: str | bytes | Link) -> Reads | Unknown:
    """Reads of a command line without quotes, where ``$`` begins what is not literal."""
    words = [None if "$" in word else word for word in command.split()]
    held = FILES | {name + ".txt": text for name, text in files.items()}
    return reads(words, directory, from_app, BuildContext.of(held))


def ask_file(text: str | bytes) -> Reads | Unknown:
    return ask("-r main.txt", main=text)


KNOWN = [
    ("", ()),
    ("flask", ()),
    ("flask requests==2.31 uvicorn[standard]>=0.20 django~=4.2", ()),
    ("-r requirements.txt", ("requirements.txt",)),
    ("-rrequirements.txt", ("requirements.txt",)),
    ("--requirement requirements.txt", ("requirements.txt",)),
    ("--requirement=requirements.txt", ("requirements.txt",)),
    ("-r ./requirements.txt", ("requirements.txt",)),
    ("-r /app/requirements.txt", ("requirements.txt",)),
    ("-r reqs/../requirements.txt", ("requirements.txt",)),
    ("-Ur requirements.txt", ("requirements.txt",)),
    ("-qUrrequirements.txt", ("requirements.txt",)),
    ("-c constraints.txt flask", ("constraints.txt",)),
    ("-r requirements.txt -c constraints.txt", ("requirements.txt", "constraints.txt")),
    ("--build-constraint constraints.txt flask", ("constraints.txt",)),
    ("-r reqs/prod.txt", ("reqs/prod.txt", "reqs/base.txt", "constraints.txt")),
    ("-r reqs/dev.txt", ("reqs/dev.txt", "reqs/prod.txt", "reqs/base.txt", "constraints.txt")),
    ("-r requirements.txt -r requirements.txt", ("requirements.txt",)),
    ("--no-cache-dir --upgrade pip setuptools wheel", ()),
    ("--no-cache -r requirements.txt", ("requirements.txt",)),
    ("--user --pre --no-deps --require-hashes -r requirements.txt", ("requirements.txt",)),
    ("--index-url https://x.org/simple -i http://y flask", ()),
    ("--index-url $INDEX --trusted-host x.org -r requirements.txt", ("requirements.txt",)),
    ("--extra-index-url https://x.org -f https://x.org/torch_stable.html torch==2.0+cpu", ()),
    ("--no-binary :all: --only-binary=:none: --platform x --use-feature y flask", ()),
    ("--global-option build_ext --config-settings a=b -C c=d flask", ()),
    ("--target /opt/lib --prefix=/install --cache-dir /tmp/c --cert /etc/ca.pem flask", ()),
    ("git+https://github.com/a/b.git@v1#egg=b hg+ssh://h/b svn+https://s/b", ()),
    ("https://x.org/a-1.0.tar.gz b@https://x.org/b.zip", ()),
    ("-r https://x.org/requirements.txt", ()),
    ("--timeout $T --retries 3 flask", ()),
    ("-- flask", ()),
]

UNKNOWN = [
    ("$PACKAGES", "not literal"),
    ("-r requirements.txt $EXTRA", "not literal"),
    ("-r $FILE", "value of -r is not literal"),
    ("--requirement=$FILE", "not literal"),
    ("--timeout=$T flask", "not literal"),
    ("-r gone.txt", "gone.txt is not in the build context"),
    ("-r hidden.txt", "hidden.txt is excluded by .dockerignore"),
    ("-r link.txt", "symbolic link"),
    ("-r linked/base.txt", "symbolic link"),
    ("-r reqs", "reqs is not a file"),
    ("-r /tmp/requirements.txt", "/tmp/requirements.txt does not come from the build context"),
    ("-r ../requirements.txt", "does not come from the build context"),
    ("-r /dev/stdin", "does not come from"),
    ("-r ~/requirements.txt", "not known"),
    ("-r file:///app/requirements.txt", "not known"),
    ("-r git+https://x.org/a", "not in the build context"),
    ("-r", "-r has no value"),
    ("--requirement", "has no value"),
    ("-e .", "editable"),
    ("-e.", "editable"),
    ("-e git+https://x.org/a#egg=a", "editable"),
    ("--editable=./pkg", "editable"),
    (".", ". may be a local path"),
    ("./pkg", "local path"),
    ("pkg/", "local path"),
    ("/app/pkg", "local path"),
    (".[dev]", "local path"),
    ("..", "local path"),
    ("file:///app/pkg", "local path"),
    ("git+file:///app/pkg", "local path"),
    ("pkg@file:///app/pkg", "local path"),
    ("x-1-py3-none-any.whl", "local path"),
    ("wheels/x-1-py3-none-any.whl", "local path"),
    ("x-1.tar.gz[extra]", "local path"),
    ("wheels/*", "local path"),
    ("--find-links wheels x", "not a remote address"),
    ("--find-links=/wheels x", "not a remote address"),
    ("-fwheels x", "not a remote address"),
    ("-f $WHEELS x", "not literal"),
    ("--no-index -f file:///wheels x", "not a remote address"),
    ("-i file:///app/simple x", "not a remote address"),
    ("--group dev", "project file"),
    ("--group reqs/pyproject.toml:dev", "project file"),
    ("--requirements-from-script run.py", "project file"),
    ("--only-deps .", "local path"),
    ("-r pylock.toml", "not in the build context"),
    ("-t . -r requirements.txt", "may lie in the copied tree"),
    ("--target=lib flask", "may lie in the copied tree"),
    ("--prefix /app/venv flask", "may lie in the copied tree"),
    ("-t $DIR flask", "not literal"),
    ("--cert ca.pem flask", "may lie in the copied tree"),
    ("--no-such-option flask", "not an option that we know"),
    ("-Z flask", "not an option that we know"),
    ("--req requirements.txt", "not an option that we know"),
    ("--no-deps=1 flask", "takes no value"),
    ("-- -r requirements.txt", "local path"),
]


@pytest.mark.parametrize("command, files", KNOWN)
def test_known(command: str, files: tuple[str, ...]) -> None:
    assert ask(command) == Reads(files)


@pytest.mark.parametrize("command, reason", UNKNOWN)
def test_unknown(command: str, reason: str) -> None:
    answer = ask(command)
    assert isinstance(answer, Unknown)
    assert reason in answer.reason


def test_words_with_spaces_in_them() -> None:
    context = BuildContext.of(FILES)
    words = ["flask >= 2 ; sys_platform == 'a/b'", "b @ git+https://x.org/b", " "]
    assert reads(words, "/app", from_app, context) == Reads(())
    assert isinstance(reads(["b @ ./b"], "/app", from_app, context), Unknown)


def test_words_of_which_a_part_is_not_literal() -> None:
    def answer(*words: str) -> Reads | Unknown:
        return reads(words, "/app", from_app, BuildContext.of(FILES))

    assert answer("--index-url=https://${TOKEN}@x.org", "-i", "${INDEX}", "flask==${V}") == Reads(())
    for words in (["${FLASK}"], ["flask${V}"], ["-r", "${F}.txt"], ["-t", "${D}"], ["b @ ${URL}"]):
        assert isinstance(answer(*words), Unknown)


def test_another_directory() -> None:
    assert ask("-r base.txt", "/app/reqs") == Reads(("reqs/base.txt",))
    assert ask("-r ../requirements.txt", "/app/reqs") == Reads(("requirements.txt",))
    assert ask("-r /app/requirements.txt", None) == Reads(("requirements.txt",))
    assert ask("flask", None) == Reads(())
    assert ask("-r requirements.txt", None) == Unknown(
        "requirements.txt is relative to a directory that is not known"
    )


def test_includes_go_by_the_place_in_the_image() -> None:
    # Only reqs/ was copied, elsewhere: "../constraints.txt" is then nothing of the context.
    def locate(path: str) -> str | None:
        return "reqs" + path[len("/etc/r") :] if path.startswith("/etc/r/") else None

    answer = reads(["-r", "/etc/r/prod.txt"], "/", locate, BuildContext.of(FILES))
    assert answer == Unknown("reqs/prod.txt:2: /etc/constraints.txt does not come from the build context")


FINE_LINES = [
    "",
    "# only a comment",
    "   # indented",
    "flask",
    "flask # comment",
    "flask==1.0  # -e .",
    "Flask-Login == 0.6.1",
    'requests [security] >= 2.8.1, == 2.8.* ; python_version < "2.7"',
    "name (>=1.0)",
    "urllib3 @ https://x.org/1.26.8.zip",
    "https://x.org/wx-3.0-cp34-none-win_amd64.whl",
    "git+https://${TOKEN}@github.com/a/b.git@main#egg=b&subdirectory=c",
    "b @ git+ssh://git@github.com/a/b.git ; python_version > '3'",
    "django==${DJANGO_VERSION}",
    "flask==1.0 --hash=sha256:aaaa --hash sha256:bbbb",
    "flask==1.0 \\\n    --hash=sha256:aaaa \\\n    --hash=sha256:bbbb",
    "fla\\\nsk",
    "flask \\\n# -e .\n",
    "-i https://x.org/simple",
    "--index-url=https://${USER}:${PASSWORD}@x.org/simple",
    "--extra-index-url ${INDEX}",
    "--pre",
    "--prefer-binary",
    "--no-index",
    "--trusted-host x.org",
    "--no-binary :all:",
    "--only-binary=a,b",
    "--require-hashes",
    "--use-feature=fast-deps",
    "-f https://x.org/stable.html",
    "--find-links 'https://x.org/a b'",
    "a --global-option=\"build_ext\" --install-option='--prefix=/x'",
    'a --config-settings "k=v w"',
    "-r https://x.org/r.txt",
    "flask\r\nrequests\r\n",
]

OTHER_LINES = [
    ("-e .", "main.txt:1: -e . is an editable install"),
    ("flask\n\n# x\n-e git+https://x.org/a#egg=a", "main.txt:4: "),
    ("flask==1 \\\n  --hash=sha256:a\n.", "main.txt:3: . may be a local path"),
    ("--editable=src/a", "editable"),
    ("./downloads/numpy-1.whl", "local path"),
    ("numpy-1.whl", "local path"),
    ("file:pkg", "local path"),
    ("pkg @ file:///app/pkg", "local path"),
    ("pkg @ ./pkg", "local path"),
    ("pkg @ ${URL}", "depends on a variable"),
    ("${PACKAGE}", "depends on a variable"),
    ("${A}/pkg", "depends on a variable"),
    ("flask 1.0", "local path"),
    ("-r ${FILE}", "not known"),
    ("-c ${DIR}/c.txt", "not known"),
    ("-r gone.txt", "main.txt:1: gone.txt is not in the build context"),
    ("-r ../outside.txt", "main.txt:1: /outside.txt does not come from the build context"),
    ("-r hidden.txt", "main.txt:1: hidden.txt is excluded by .dockerignore"),
    ("-r main.txt", "includes itself"),
    ("--find-links wheels", "not a remote address"),
    ("-f ./wheels", "not a remote address"),
    ("-i ./index", "not a remote address"),
    ("--find-links ${LINKS}", "not a remote address"),
    ("a --hash='sha256", "quotes do not close"),
    ("--what", "not an option that we know"),
    ("-r", "has no value"),
    ("<<<<<<< HEAD", "local path"),
]


@pytest.mark.parametrize("text", FINE_LINES)
def test_lines_that_read_nothing_more(text: str) -> None:
    assert ask_file(text) == Reads(("main.txt",))
    assert ask_file(f"# first\n{text}\nlast\n") == Reads(("main.txt",))


@pytest.mark.parametrize("text, reason", OTHER_LINES)
def test_lines_that_make_it_unknown(text: str, reason: str) -> None:
    answer = ask_file(text)
    assert isinstance(answer, Unknown)
    assert reason in answer.reason


def test_a_word_with_a_dot_names_a_package() -> None:
    # pip asks an index for it; only a slash, a first dot or an archive's ending make a path.
    assert ask_file("setup.py\nzope.interface") == Reads(("main.txt",))


def test_the_innermost_line_is_named() -> None:
    answer = ask("-r a.txt", a="x\n-r b.txt", b="y\n\n-e .")
    assert answer == Unknown("b.txt:3: -e . is an editable install")


def test_includes_that_meet_again_and_those_that_never_end() -> None:
    assert ask("-r a.txt", a="-r b.txt\n-r c.txt", b="-r c.txt", c="x") == Reads(("a.txt", "b.txt", "c.txt"))
    assert isinstance(ask("-r a.txt", a="-r b.txt", b="-r a.txt"), Unknown)
    chain = {f"f{i}": f"-r f{i + 1}.txt" for i in range(200)}
    assert "too deeply" in str(ask("-r f0.txt", **chain))


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + b"-r requirements.txt",
        codecs.BOM_UTF16_LE + "-r requirements.txt".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "-r requirements.txt".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "-r requirements.txt".encode("utf-32-le"),
        "# -*- coding: latin-1 -*-\n# é\n-r requirements.txt".encode("latin-1"),
        "# naïve\n-r requirements.txt".encode(),
    ],
)
def test_encodings(data: bytes) -> None:
    assert ask_file(data) == Reads(("main.txt", "requirements.txt"))


@pytest.mark.parametrize(
    "data", [b"# \xe9\nflask", b"# coding: nonsense\nflask", codecs.BOM_UTF16_LE + b"a", b"# coding: hex\n00"]
)
def test_encodings_that_are_not_known(data: bytes) -> None:
    assert ask_file(data) == Unknown("the encoding of main.txt is not known")


def test_a_lock_file_and_one_that_is_too_long() -> None:
    context = BuildContext.of({"pylock.toml": "", "long.txt": "#" * (5 << 20)})
    assert "lock file" in str(reads(["-r", "pylock.toml"], "/app", from_app, context))
    assert "too long" in str(reads(["-r", "long.txt"], "/app", from_app, context))


def test_an_ignore_file_that_cannot_be_read() -> None:
    context = BuildContext.of({"requirements.txt": "", ".dockerignore": "["})
    assert "ignore file" in str(reads(["-r", "requirements.txt"], "/app", from_app, context))


@pytest.mark.parametrize(
    "environment, files",
    [
        ({"PIP_NO_CACHE_DIR": "1", "PIP_INDEX_URL": None, "PIP_VERSION": "24"}, ()),
        ({"PIP_DEFAULT_TIMEOUT": "100", "PIP_PACKAGES": None, "PATH": None}, ()),
        ({"PIP_CACHE_DIR": "/root/.cache", "PIP_CONFIG_FILE": "/dev/null"}, ()),
        ({"PIP_FIND_LINKS": "https://a https://b", "PIP_CONSTRAINT": ""}, ()),
        ({"PIP_CONSTRAINT": "/app/constraints.txt"}, ("constraints.txt",)),
        ({"PIP_REQUIREMENT": "requirements.txt constraints.txt"}, ("requirements.txt", "constraints.txt")),
    ],
)
def test_environment(environment: dict[str, str | None], files: tuple[str, ...]) -> None:
    assert reads(["flask"], "/app", from_app, BuildContext.of(FILES), environment) == Reads(files)


@pytest.mark.parametrize(
    "environment",
    [
        {"PIP_CONSTRAINT": None},
        {"PIP_CONSTRAINT": "/tmp/c.txt"},
        {"PIP_FIND_LINKS": "/wheels"},
        {"PIP_CONFIG_FILE": "/app/pip.conf"},
        {"PIP_TARGET": "/app/lib"},
        {"PIP_EDITABLE": "."},
        {"PIP_BUILD_CONSTRAINT": "gone.txt"},
    ],
)
def test_environment_that_makes_it_unknown(environment: dict[str, str | None]) -> None:
    answer = reads(["flask"], "/app", from_app, BuildContext.of(FILES), environment)
    assert isinstance(answer, Unknown)


@pytest.mark.parametrize(
    "path, environment",
    [
        (".config/pip/pip.conf", {"HOME": "/app"}),
        (".netrc", {"HOME": "/app"}),
        ("venv/pip.conf", {"VIRTUAL_ENV": "/app/venv"}),
    ],
)
def test_settings_that_the_context_brings(path: str, environment: dict[str, str | None]) -> None:
    context = BuildContext.of({path: ""})
    assert reads(["flask"], "/app", from_app, context) == Reads(())
    assert isinstance(reads(["flask"], "/app", from_app, context, environment), Unknown)


words = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from(["-r", "-c", "-e", "--", "-U", "requirements.txt", "reqs/prod.txt", ".", "flask", "-f"]),
)


@given(st.lists(words, max_size=5), st.one_of(st.none(), st.just("/app"), st.text(max_size=5)))
def test_never_raises(arguments: list[str | None], directory: str | None) -> None:
    answer = reads(arguments, directory, from_app, BuildContext.of(FILES))
    assert isinstance(answer, Reads | Unknown)


@given(st.text("ab \\\n\t\r#-rce./;@=[]$'\"{}:", max_size=40))
def test_no_text_makes_it_raise_or_read_a_file_that_is_not_there(text: str) -> None:
    answer = ask_file(text)
    if isinstance(answer, Reads):
        assert set(answer.files) <= {"main.txt"} | FILES.keys()
