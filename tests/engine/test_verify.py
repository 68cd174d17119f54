"""``slimfix verify`` on a real engine: good rewrites, bad ones of each kind, and what goes wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slimfix.batch import Job
from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix
from slimfix.rules import Found, Rule, select
from slimfix.text import Edit, Span
from slimfix.verify.blame import remake_of, settle
from slimfix.verify.compare import Bench, Request
from slimfix.verify.engines import Engine, Options
from slimfix.verify.workspace import Workspace
from tests.engine.conftest import IMAGE, Traces, Verify, command, environment

pytestmark = pytest.mark.engine

GOOD = """\
RUN echo one > /one
RUN echo two > /two
"""
REST = """\
WORKDIR /app
COPY app.conf run.sh ./
ENV MODE=production
CMD ["/app/run.sh"]
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A build context without a Dockerfile."""
    (tmp_path / "app.conf").write_text("a = 1\n")
    (tmp_path / "run.sh").write_text("#!/bin/sh\ncat /app/app.conf\n")
    (tmp_path / "run.sh").chmod(0o755)
    return tmp_path


def put(
    context: Path, traces: Traces, middle: str = GOOD, rest: str = REST, name: str = "Dockerfile"
) -> None:
    (context / name).write_text(f"FROM {IMAGE}\n{traces.line}{middle}{rest}")


# -- good ---------------------------------------------------------------------------------------


def test_verified(verify: Verify, context: Path, traces: Traces) -> None:
    put(context, traces)
    before = {path.name: path.read_bytes() for path in context.iterdir()}
    reports = [argument for name in ("r.json", "r.md", "r.html", "r.txt") for argument in ("--report", name)]
    status, out, err = verify("--smoke", "/app/run.sh", "--smoke", "cat /one /two", *reports)
    assert status == 0, err
    assert out.startswith("Dockerfile: verified: ")
    assert "config: the same" in out
    assert "/app/run.sh: exit status 0 and the same output in both" in out
    assert "the edit was in app.conf" in out
    assert "before: clean build" in err and "after: rebuild after an edit" in err
    told = json.loads((context / "r.json").read_text())
    assert told["verdict"] == "verified" and told["fixes"][0]["rule"] == "merge-runs"
    assert len(told["before"]["layers"]) == len(told["after"]["layers"]) + 1
    assert told["before"]["compressed"] and told["before"]["rebuild"] is not None
    assert told["smoke"][0]["after"] == {"status": 0, "output": "a = 1\n"}
    assert (context / "r.txt").read_text() == out
    assert (context / "r.html").read_text().startswith("<!DOCTYPE html>")
    assert {name: (context / name).read_bytes() for name in before} == before


def test_sizes_are_those_that_the_engine_tells(engine: Engine, context: Path, traces: Traces) -> None:
    put(context, traces)
    text = (context / "Dockerfile").read_text()
    with Workspace(engine) as workspace:
        side = Bench(Request(str(context / "Dockerfile"), str(context)), text, workspace).before()
        inspect = [engine.program, "image", "inspect", side.tag]
        told = json.loads(subprocess.run(inspect, capture_output=True, check=True).stdout)[0]
        assert side.image.size == pytest.approx(told["Size"], rel=0.01)
        assert len(side.image.layers) == len(told["RootFS"]["Layers"])
        assert side.image.config["Env"] == told["Config"]["Env"]
        listing = workspace.engine.run(
            side.tag, ["find", "/app", "/etc", "/bin", "-xdev"], workspace.container()
        )
        inside = {path.lstrip("/") for path in listing.out.splitlines()}
        # What the engine puts into every container.
        made = {"etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab"}
        assert (
            inside - made
            == {path for path in side.image.tree if path.split("/")[0] in ("app", "etc", "bin")} - made
        )


def test_a_smoke_command_that_fails_in_both(verify: Verify, context: Path, traces: Traces) -> None:
    put(context, traces)
    status, out, _ = verify("-q", "--no-rebuild", "--smoke", "cat /nowhere")
    assert status == 0
    assert "cat /nowhere: exit status 1 and the same output in both" in out
    assert "note: cat /nowhere fails before, too, and shows little" in out


def test_an_engine_that_runs_nothing(verify: Verify, context: Path, traces: Traces) -> None:
    put(context, traces, rest=REST + "USER nobody-of-that-name\n")
    status, out, err = verify("-q", "--no-rebuild", "--smoke", "true")
    assert (status, out) == (2, "")
    assert err.startswith("Dockerfile: the engine runs no container of the image: docker: Error ")
    put(context, traces)
    put(context, traces, rest=REST + "USER nobody-of-that-name\n", name="Other")
    status, out, _ = verify("-q", "--no-rebuild", "--smoke", "true", "--against", "Other")
    assert status == 2
    assert "true: exit status 0 before, exit status 125 after" in out


def test_nothing_to_change(verify: Verify, context: Path, traces: Traces) -> None:
    put(context, traces, "")
    status, out, err = verify()
    assert (status, out, err) == (0, "", "Dockerfile: nothing to verify: nothing to change\n")


def test_keep(verify: Verify, engine: Engine, context: Path, traces: Traces) -> None:
    put(context, traces)
    status, _, err = verify("--keep", "--no-rebuild", "-q")
    tags = err.removeprefix("kept: ").split()
    assert status == 0 and len(tags) == 2
    for tag in tags:
        subprocess.run([engine.program, "rmi", tag], check=True, capture_output=True)


def test_write(verify: Verify, context: Path, traces: Traces) -> None:
    put(context, traces)
    status, _, err = verify("--write", "--no-rebuild", "-q")
    assert (status, err) == (0, "Dockerfile: written\n")
    assert (context / "Dockerfile").read_text().count("RUN") == 1


def test_write_with_the_default_command(context: Path, traces: Traces, engine: Engine) -> None:
    put(context, traces)
    (context / "bad").mkdir()
    put(context, traces, "RUN echo a\nRUN echo b; false\n", "", "bad/Dockerfile")
    done = subprocess.run(
        command("--write", "--verify", "."), cwd=context, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "bad/Dockerfile: not written: not verified: the build fails before any rewrite" in done.stderr
    assert "slimfix verify shows its output" in done.stderr
    assert (context / "Dockerfile").read_text().count("RUN") == 1
    assert (context / "bad/Dockerfile").read_text().count("RUN") == 2
    assert "Traceback" not in done.stderr


# -- bad rewrites -------------------------------------------------------------------------------

LOST_LIBRARY = GOOD + "RUN rm /usr/lib/libz.so.1*\n"
BAD: list[tuple[str, str, str, int, str]] = [
    ("missing library", LOST_LIBRARY, REST, 2, r"library libz.so.1 is gone; /\S+ (and \d+ more )?needs? it"),
    ("missing command", GOOD, REST.replace(" run.sh", ""), 2, "command /app/run.sh is gone; CMD needs it"),
    ("failing build", GOOD + "RUN echo so far so good && cat /nowhere\n", REST, 2, "the build fails at step"),
    ("smoke", GOOD + "RUN rm /one\n", REST, 2, "cat /one: exit status 0 before, exit status 1 after"),
    ("lost file", GOOD, REST.replace("app.conf ", ""), 1, "/app/app.conf vanished"),
    ("changed file", GOOD.replace("two >", "2 >"), REST, 1, "/two: content"),
    ("changed mode", GOOD + "RUN chmod 700 /two\n", REST, 1, "/two: mode 0644 became 0700"),
    ("changed owner", GOOD + "RUN chown 7:8 /two\n", REST, 1, "/two: owner 0:0 became 7:8"),
    ("changed ENV", GOOD, REST.replace("production", "test"), 1, "ENV MODE: 'production' became 'test'"),
    ("changed USER", GOOD, REST + "USER nobody\n", 1, "USER: not set became 'nobody'"),
    ("changed CMD", GOOD, REST.replace("CMD [", 'CMD ["sh", '), 1, "CMD: "),
    ("new file", GOOD + "RUN touch /three\n", REST, 1, "/three appeared"),
]


@pytest.mark.parametrize(
    "middle, rest, status, reason", [one[1:] for one in BAD], ids=[one[0] for one in BAD]
)
def test_bad_rewrites_are_caught_and_explained(
    verify: Verify, context: Path, traces: Traces, middle: str, rest: str, status: int, reason: str
) -> None:
    put(context, traces)
    put(context, traces, middle, rest, "Other")
    result = verify("--against", "Other", "--smoke", "cat /one", "--no-rebuild", "-q")
    assert result.status == status, result
    lines = result.out.splitlines()
    assert lines[0].startswith(f"Dockerfile: {'broken' if status == 2 else 'smaller but changed'}")
    reasons = [line.strip() for line in lines if line.startswith("  because ")]
    assert len(reasons) == 1 or reason.startswith(("library", "the build")), reasons
    assert re.search(reason, "\n".join(reasons)), reasons
    if "fails" in reason:
        assert any("/nowhere" in line and line.startswith("    | ") for line in lines), lines


def test_packages_need_a_smoke_command(verify: Verify, context: Path, traces: Traces) -> None:
    put(context, traces, GOOD + "RUN apk add --no-cache make\n")
    put(context, traces, GOOD, REST, "Other")
    common = ("--against", "Other", "--no-rebuild", "-q", "--network", "host")
    status, out, _ = verify(*common)
    assert status == 1
    assert "packages are gone (make), and no --smoke command has shown that nothing misses them" in out
    status, out, _ = verify(*common, "--smoke", "/app/run.sh")
    assert status == 0
    assert "1 package gone" in out and ": make" in out
    status, out, _ = verify(*common, "--smoke", "make --version")
    assert status == 2
    assert "make --version: exit status 0 before" in out


def test_what_differs_by_chance_is_set_apart(verify: Verify, context: Path, traces: Traces) -> None:
    chance = "RUN head -c 9 /dev/urandom > /chance\n"
    put(context, traces, GOOD + chance)
    status, out, err = verify("--no-rebuild", "--smoke", "cat /chance")
    assert status == 0, out + err
    assert "before: second build, to see what differs by itself" in err
    assert "by chance, as between two builds of one file: differences in 1 path" in out


# -- blame --------------------------------------------------------------------------------------


def _spoil(dockerfile: Dockerfile) -> Iterator[Found]:
    """Two fixes: a good one and a bad one."""
    for old, new, message in (
        ("> /one", ">/one", "do no harm"),
        ("> /two\n", "> /2\n", "lose a file"),
    ):
        at = dockerfile.text.find(old)
        if at >= 0:
            span = Span(at, at + len(old))
            yield Fix((Edit(span, new),), message, span)


SPOIL = Rule("spoil", "SF999", 5, _spoil)


def test_blame_falls_on_the_one_fix_and_the_rest_is_proposed(
    engine: Engine, context: Path, traces: Traces
) -> None:
    put(context, traces)
    path = str(context / "Dockerfile")
    job = Job([*select(["merge-runs"]), SPOIL])
    outcome = job.work(path)
    assert outcome.rewrite is not None and len(outcome.rewrite.steps) == 3
    request = Request(path, str(context), smoke=(("cat", "/two"),), rebuild=False, weigh=False)
    with Workspace(engine) as workspace:
        bench = Bench(request, outcome.rewrite.before, workspace)
        remake = remake_of(job, path, outcome.rewrite.before)
        settled = settle(bench, remake, outcome.rewrite)
    assert settled.verdict.name == "broken"
    (blamed,) = settled.blamed
    assert (blamed.rule, blamed.message, blamed.lines) == ("spoil", "lose a file", (4, 4))
    assert blamed.reasons[0].startswith("cat /two: exit status 0 before")
    assert settled.rest is not None and settled.rest_verdict is not None
    assert settled.rest_verdict.name == "verified"
    assert ">/one" in settled.rest.after and "> /two" in settled.rest.after
    assert settled.rest.after.count("RUN") == 1
    assert settled.best is settled.rest


# -- what goes wrong on the way -----------------------------------------------------------------


def test_no_engine(verify: Verify, context: Path, traces: Traces) -> None:
    put(context, traces)
    status, out, err = verify("--engine", "docker", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert (status, out) == (2, "")
    assert err == ("Dockerfile: docker: no engine answers at unix:///nowhere/docker.sock; is it running?\n")


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs to be root")
def test_no_permission(verify: Verify, engine: Engine, context: Path, traces: Traces) -> None:
    socket = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if engine.kind != "docker" or not socket.startswith("unix://"):
        pytest.skip("needs Docker's socket")
    put(context, traces)
    # The client itself, run as somebody who may not use the socket.
    with tempfile.TemporaryDirectory() as programs:
        shim = Path(programs, "docker")
        nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
        shim.write_text(f'#!/bin/sh\nHOME=/ exec {nobody} {engine.program} "$@"\n')
        shim.chmod(0o755)
        status, out, err = verify("--engine", "docker", PATH=f"{programs}:{os.environ['PATH']}")
    assert (status, out) == (2, "")
    assert err == f"Dockerfile: docker: no permission to talk to the engine at {socket}\n"


def test_the_file_does_not_build_as_it_is(verify: Verify, context: Path, traces: Traces) -> None:
    put(context, traces, GOOD + "RUN echo why && false\n")
    status, out, err = verify("-q")
    assert (status, out) == (2, "")
    lines = err.splitlines()
    assert lines[0].startswith("Dockerfile: the build fails before any rewrite, at step 5/")
    assert any(line.startswith("  | ") and "why" in line for line in lines)


def test_what_a_failed_build_made_goes_without_waiting(
    engine: Engine, context: Path, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(context, traces, "ENV A=1\nRUN touch /a\nRUN nothing-of-this-name\n")
    monkeypatch.setattr("slimfix.verify.workspace.time.sleep", pytest.fail)
    with Workspace(engine) as workspace:
        built = workspace.build(
            str(context / "Dockerfile"), str(context), workspace.tag("x"), Options(), False, lambda line: None
        )
    assert not built.ok


def test_a_build_that_hangs(verify: Verify, context: Path, traces: Traces) -> None:
    put(context, traces, GOOD + "RUN sleep 600\n")
    started = time.monotonic()
    status, out, err = verify("-q", "--timeout", "6")
    assert time.monotonic() - started < 90
    assert (status, out) == (2, "")
    assert err.startswith("Dockerfile: the build was stopped after 6 s, at step ")
    assert "RUN sleep 600" in err and len(err.splitlines()) == 1
    _settled(traces)


def test_a_smoke_command_that_hangs_after(
    verify: Verify, context: Path, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(context, traces)
    put(context, traces, GOOD + "RUN touch /hang\n", REST, "Other")
    smoke = "sh -c 'if [ -e /hang ]; then sleep 600; fi'"
    status, out, _ = verify("--against", "Other", "--smoke", smoke, "--timeout", "15", "--no-rebuild", "-q")
    assert status == 2
    assert "exit status 0 before, did not end after" in out
    _settled(traces)


def test_no_space_left(verify: Verify, context: Path, traces: Traces) -> None:
    # A file system of the container that is truly full: its 64 MB of shared memory.
    put(context, traces, GOOD + "RUN dd if=/dev/zero of=/dev/shm/x bs=1M count=100\n")
    status, out, err = verify("-q")
    assert (status, out) == (2, "")
    assert err.startswith("Dockerfile: no space left for the build: ") and len(err.splitlines()) == 1


@pytest.fixture
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Makes file systems of a given size."""
    made: list[Path] = []

    def make(size: str) -> Path:
        place = tmp_path_factory.mktemp("disk")
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "slimfix-test", str(place)]
        try:
            done = subprocess.run(mount, capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f"mount: {error}")
        if done.returncode:
            pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
        made.append(place)
        return place

    yield make
    for place in made:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_no_space_left_for_our_own_files(
    verify: Verify, context: Path, traces: Traces, small_disk: Callable[[str], Path]
) -> None:
    put(context, traces, rest=REST.replace("app.conf", "app.conf big.bin"))
    (context / "big.bin").write_bytes(os.urandom(200_000))
    disk = small_disk("100k")
    status, out, err = verify("-q", TMPDIR=str(disk))
    assert (status, out) == (2, "")
    assert re.fullmatch(rf"Dockerfile: {disk}/slimfix-verify-\S+: no space left on device\n", err), err
    assert os.listdir(disk) == []


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("dockerd") is None, reason="needs dockerd and root")
def test_no_space_left_on_the_engine(
    verify: Verify, engine: Engine, context: Path, small_disk: Callable[[str], Path]
) -> None:
    saved = subprocess.run(["docker", "save", IMAGE], capture_output=True)
    if saved.returncode:
        pytest.skip(f"Docker has no image {IMAGE}")
    disk = small_disk("60m")
    host = f"unix://{disk}/docker.sock"
    places = [f"--data-root={disk}/data", f"--exec-root={disk}/exec", f"--pidfile={disk}/pid"]
    alone = ["--iptables=false", "--bridge=none", "--storage-driver=overlay2", f"--host={host}"]
    with (
        open(context / "log", "wb") as log,
        subprocess.Popen(["dockerd", *places, *alone], stdout=log, stderr=log) as daemon,
    ):
        try:
            given = environment(DOCKER_HOST=host)
            for _ in range(60):
                loaded = subprocess.run(
                    ["docker", "load"], input=saved.stdout, env=given, capture_output=True
                )
                if not loaded.returncode or daemon.poll() is not None:
                    break
                time.sleep(0.5)
            if loaded.returncode:
                pytest.skip(f"no second engine here: {(context / 'log').read_text()[-300:]}")
            (context / "big.bin").write_bytes(os.urandom(60_000_000))
            (context / "Dockerfile").write_text(f"FROM {IMAGE}\n{GOOD}COPY big.bin /\n")
            status, out, err = verify("-q", "--engine", "docker", DOCKER_HOST=host)
            listed = ["docker", "images", "--all", "--format", "{{.Repository}}"]
            left = subprocess.run(listed, env=given, capture_output=True, text=True)
            running = subprocess.run(["docker", "ps", "-aq"], env=given, capture_output=True, text=True)
        finally:
            daemon.terminate()
    assert (status, out) == (2, "")
    assert err.startswith("Dockerfile: no space left for the build: ") and len(err.splitlines()) == 1
    assert left.stdout.split() == [IMAGE.partition(":")[0]]
    assert running.stdout == ""


def test_what_a_step_prints_removes_nothing_of_the_user(
    verify: Verify, engine: Engine, context: Path, traces: Traces
) -> None:
    if engine.kind != "docker":
        pytest.skip("needs Docker")
    create = [engine.program, "create", "--label", traces.label, IMAGE, "true"]
    container = subprocess.run(create, capture_output=True, text=True, check=True).stdout.strip()
    inspect = [engine.program, "image", "inspect", "--format", "{{.Id}}", IMAGE]
    image = subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip()
    lines = f"echo ' ---> Running in {container[:12]}' && echo ' ---> {image.removeprefix('sha256:')[:12]}'"
    try:
        put(context, traces, GOOD + f"RUN {lines}\n")
        assert verify("-q", "--no-rebuild").status == 0
        assert traces.left().strip() == container[:12]
        assert subprocess.run(inspect, capture_output=True).returncode == 0
    finally:
        subprocess.run([engine.program, "rm", container], check=True, capture_output=True)


def heeds_interrupts() -> None:
    """A shell that starts its jobs in the background makes them deaf to Ctrl-C, and all their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(context: Path, traces: Traces, engine: Engine, number: int) -> None:
    put(context, traces, GOOD + "RUN echo asleep && sleep 600\n")
    temporary = set(_temporary())
    process = subprocess.Popen(
        command("verify", "-v"),
        cwd=context,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_interrupts,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip() == "asleep":
            break
    process.send_signal(number)
    err = process.stderr.read()
    assert process.wait(60) == 2
    assert err.splitlines()[-1] == "Dockerfile: interrupted; what had been made on the engine was removed"
    assert "Traceback" not in err
    _settled(traces)
    assert not set(_temporary()) - temporary


def _temporary() -> list[str]:
    return [name for name in os.listdir(tempfile.gettempdir()) if name.startswith("slimfix-verify-")]


def _settled(traces: Traces) -> None:
    """An engine removes the container of a build that was cut short in its own time."""
    for _ in range(60):
        if not traces.left():
            return
        time.sleep(1)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--against", "nowhere"), "nowhere: no such file"),
        (("--context", "nowhere"), "nowhere: the context is not a directory"),
        (("--smoke", "'open"), "--smoke: no closing quotation"),
        (("--smoke", ""), "--smoke: no command"),
        (("--touch", "nowhere", "-q"), "nowhere: no such file in the build context"),
        (("--report", "x.pdf"), "must end in .txt, .json, .md or .html"),
        (("--select", "nothing"), "unknown rule: nothing"),
        (("--write", "--against", "x"), "exclude each other"),
        (("nowhere/Dockerfile",), "nowhere/Dockerfile: no such file"),
    ],
)
def test_mistakes(
    verify: Verify, context: Path, traces: Traces, arguments: tuple[str, ...], words: str
) -> None:
    put(context, traces)
    status, out, err = verify(*arguments)
    assert (status, out) == (2, "")
    assert words in err


# -- BuildKit -----------------------------------------------------------------------------------


@pytest.fixture
def buildkit(engine: Engine) -> dict[str, str]:
    """An environment in which ``docker build`` is BuildKit's."""
    if engine.kind != "docker":
        pytest.skip("needs Docker")
    for place in dict.fromkeys((os.path.dirname(engine.program), "/usr/bin", "/usr/local/bin")):
        given = {"PATH": f"{place}:{os.environ['PATH']}", "DOCKER_BUILDKIT": "1"}
        done = subprocess.run(
            ["docker", "build", "-"],
            input="FROM scratch\nLABEL slimfix-test=buildkit\n",
            env={**os.environ, **given},
            capture_output=True,
            text=True,
        )
        if not done.returncode and "#1 [internal]" in done.stdout + done.stderr:
            made = [
                line.split()[-2]
                for line in (done.stdout + done.stderr).splitlines()
                if "writing image" in line
            ]
            subprocess.run([engine.program, "rmi", *made[:1]], capture_output=True)
            return given
    pytest.skip("no client here builds with BuildKit")


def test_verified_with_buildkit(
    verify: Verify, context: Path, traces: Traces, buildkit: dict[str, str]
) -> None:
    put(context, traces)
    status, out, err = verify("--smoke", "/app/run.sh", "--network", "host", **buildkit)
    assert status == 0, err
    assert "Dockerfile: verified" in out


def test_a_failing_step_of_buildkit_is_named(
    verify: Verify, context: Path, traces: Traces, buildkit: dict[str, str]
) -> None:
    put(context, traces)
    put(context, traces, GOOD + "RUN cat /nowhere\n", REST, "Other")
    status, out, _ = verify("--against", "Other", "-q", "--no-rebuild", "--network", "host", **buildkit)
    assert status == 2
    assert "RUN cat /nowhere" in out.splitlines()[1]


# -- the page in a browser ----------------------------------------------------------------------


def test_the_page_in_a_browser(verify: Verify, context: Path, traces: Traces) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser")
    put(context, traces)
    assert verify("--report", "r.html", "--no-rebuild", "-q").status == 0
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={context / 'profile'}"]
    page = (context / "r.html").as_uri()
    subprocess.run(
        [browser, *flags, "--window-size=900,1200", f"--screenshot={context / 'r.png'}", page],
        check=True,
        capture_output=True,
        timeout=120,
    )
    picture = (context / "r.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 20_000
    logged = subprocess.run(
        [browser, *flags, "--enable-logging=stderr", "--v=0", "--dump-dom", page],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "CONSOLE" not in logged.stderr  # the page's own policy would complain here
    assert logged.stdout.count("<rect") >= 6 and "</svg>" in logged.stdout
