"""The throw-away root in which scripts run: built from C sources, driven over two pipes.

One driver process a Python process.  It lives in its own user, mount, pid, network and IPC
namespaces, on a tmpfs that vanishes with it; when it was started by root it is nobody outside.
If the machine does not allow that, :class:`IsolationError` is raised: nothing is ever run
without the isolation.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_BARE = ("-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-builtin")
_NO_MEMSET = "-fno-tree-loop-distribute-patterns"
_PROGRAMS = {"driver": ("driver.c", "wait.c", "root.c"), "stub": (*_BARE, _NO_MEMSET, "stub.c")}
_SOURCES = ("wire.h", "bare.h", "driver.h", "driver.c", "wait.c", "root.c", "stub.c", "root.py")
_INSIDE = "/.slim"
_SHIFT = ord("[") - 1
ASH_APPLET = chr(ord("a") - _SHIFT) + "sh"
"""The name under which the busybox in the root is a shell."""


class IsolationError(RuntimeError):
    """The root cannot be built or is not closed; a test must fail, never run the script."""


@dataclass(frozen=True)
class Reply:
    """What the driver saw: one tuple a RUN that was started, and the files left at the end."""

    runs: tuple[tuple[str, bytes, bytes, bytes], ...]
    """Status line, standard output, standard error, log."""
    files: tuple[tuple[str, str, bytes], ...]
    """Path, mode and size, content."""


def pack(items: Iterable[str | bytes]) -> bytes:
    """Fields as the driver reads them: length, bytes, NUL."""
    out = bytearray()
    for item in items:
        raw = os.fsencode(item) if isinstance(item, str) else item
        out += struct.pack("=I", len(raw)) + raw + b"\0"
    return bytes(out)


def counted(items: Sequence[str]) -> list[str]:
    """The number of items, then the items."""
    return [str(len(items)), *items]


def unpack(raw: bytes) -> list[bytes]:
    """Split bytes that consist of length-prefixed fields; one that was cut off is dropped."""
    out = []
    at = 0
    while at + 4 <= len(raw):
        (size,) = struct.unpack_from("=I", raw, at)
        at += 4 + size
        if at <= len(raw):
            out.append(raw[at - size : at])
    return out


def _build() -> Path:
    """Compile driver and stub once; the cache is keyed by the sources."""
    digest = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _SOURCES))
    cache = Path(tempfile.gettempdir()) / f"slimfix-shells-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    if cache.is_symlink() or cache.stat().st_uid != os.getuid():
        raise IsolationError(f"{cache} belongs to someone else")
    target = cache / digest.hexdigest()[:20]
    if target.is_dir():
        return target
    compiler = shutil.which(os.environ.get("CC", "gcc"))
    if compiler is None:
        raise IsolationError("a C compiler is needed to build the stub program (gcc, libc6-dev)")
    work = Path(tempfile.mkdtemp(dir=cache))
    for program, sources in _PROGRAMS.items():
        command = [compiler, "-O2", "-static", "-o", str(work / program), *sources]
        done = subprocess.run(command, cwd=_HERE, capture_output=True, text=True)
        if done.returncode:
            raise IsolationError(f"{program} does not compile:\n{done.stderr}")
    try:
        work.rename(target)
    except OSError:  # another test process was faster
        shutil.rmtree(work)
    return target


def without_applets(binary: bytes) -> bytes:
    """Rename busybox's applets inside the binary, so that its shell finds programs on PATH only.

    ``busybox-static`` of Debian runs ``rm`` inside the shell, whatever PATH says.  Its table of
    applet names is a run of NUL-terminated words that starts with ``[`` and ``[[``; the
    first letter of each becomes a control character, in the same order since busybox relies on
    that, and ``ash`` becomes ``ASH_APPLET``.  The shell's own builtins (echo, printf, test, kill,
    ...) have another table and stay.
    """
    start = binary.find(b"[\0[[\0")
    end = binary.find(b"\0\0", start)
    if start < 0 or end < 0:
        raise IsolationError("no table of applets in busybox: cannot switch them off")
    names = [bytes([name[0] - _SHIFT]) + name[1:] for name in binary[start:end].split(b"\0")]
    return binary[:start] + b"\0".join(names) + binary[end:]


def _libraries(program: str) -> list[str]:
    done = subprocess.run(["ldd", program], capture_output=True, text=True)
    return re.findall(r"(?:=> |^\s+)(/\S+)", done.stdout, re.M)


class Root:
    """A running driver.  Use :meth:`shared`: starting one takes far longer than a job."""

    _shared: Root | None = None

    def __init__(self) -> None:
        built = _build()
        files = {str(built / "stub"): "stub"}
        links: dict[str, str] = {}
        for shell in ("bash", "dash", "busybox"):
            found = shutil.which(shell)
            if found is None:
                raise IsolationError(f"{shell} is not installed (bash, dash and busybox are used)")
            found = os.path.realpath(found)
            for library in _libraries(found):
                name = os.path.basename(library)
                files[library] = name
                links[library] = f"{_INSIDE}/{name}"
            if shell == "busybox":
                patched = without_applets(Path(found).read_bytes())
                copy = built / f"busybox-{hashlib.sha256(patched).hexdigest()[:20]}"
                if not copy.exists():
                    temporary = copy.with_suffix(f".{os.getpid()}")
                    temporary.write_bytes(patched)
                    temporary.rename(copy)
                found = str(copy)
            files[found] = shell
        self._links = links
        self._lock = threading.Lock()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the driver
        self._process = subprocess.Popen(
            [str(built / "driver"), *(f"{host}={name}" for host, name in files.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        if self._read(5) != b"ready":
            raise self._dead()

    @classmethod
    def shared(cls) -> Root:
        """The one root of this process, made at first use."""
        if cls._shared is None:
            cls._shared = cls()
            atexit.register(cls._shared.close)
        return cls._shared

    def close(self) -> None:
        """End the driver, and the tmpfs with it."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(timeout=10)
        if Root._shared is self:
            Root._shared = None

    def layout(self, dirs: Iterable[str], stubs: Iterable[str]) -> bytes:
        """The skeleton of a root: directories, links to the stub, and what the shells load."""
        items: list[str] = []
        for path, target in self._links.items():
            items += ["l", path, target]
        for path in dirs:
            items += ["d", path, ""]
        for path in stubs:
            items += ["l", path, f"{_INSIDE}/stub"]
        return pack(items)

    def job(
        self,
        argv: Sequence[str],
        scripts: Sequence[str],
        *,
        layout: bytes,
        files: Sequence[tuple[str, str]],
        workdir: str,
        env: Sequence[str],
        faults: Sequence[tuple[int, int]],
        outputs: Sequence[tuple[str, str]],
        null_input: bool,
        timeout_ms: int,
        hold_ms: int,
    ) -> Reply:
        """Run the scripts in turn until one fails.  Faults are (hash of argv, occurrence)."""
        table = b"".join(os.fsencode(name) + b"\0" + os.fsencode(s) + b"\0" for name, s in outputs)
        fault_fields = [str(n) for fault in faults for n in fault]
        message = pack(
            [
                str(int(null_input)),
                str(hold_ms),
                table,
                str(len(faults)),
                *fault_fields,
                str(timeout_ms),
                layout,
                *counted([part for file in files for part in file]),
                workdir,
                *counted(env),
                *counted([f"{_INSIDE}/{argv[0]}", *argv[1:]]),
                *counted(scripts),
            ]
        )
        with self._lock:
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(struct.pack("=I", len(message)) + message)
                self._process.stdin.flush()
                (size,) = struct.unpack("=I", self._read(4))
                fields = unpack(self._read(size))
            except (BrokenPipeError, struct.error):
                raise self._dead() from None
        split = next(i for i in range(0, len(fields), 4) if fields[i] == b"files")
        runs = [(fields[i].decode(), fields[i + 1], fields[i + 2], fields[i + 3]) for i in range(0, split, 4)]
        left = fields[split + 1 :]
        return Reply(
            tuple(runs),
            tuple((os.fsdecode(left[i]), left[i + 1].decode(), left[i + 2]) for i in range(0, len(left), 3)),
        )

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.read(size)

    def _dead(self) -> IsolationError:
        self._process.kill()
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()
        if Root._shared is self:
            Root._shared = None
        return IsolationError(
            "scripts cannot be run apart from this system (user, mount and pid namespaces are "
            f"needed): {said or 'the driver ended without a word'}"
        )
