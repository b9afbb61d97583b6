"""From C text to a function that runs: the compiler, the folder of what it made before, and loading.

What was compiled is kept under the hash of the text, the compiler, its options and the processor, in a folder that
nobody else may write, and is looked at before it is loaded.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import RLock
from typing import Any

from .processor import processor

# -O3 lets the compiler use vector instructions; -march=native those of this processor, so its name is in the hash.
# -ffp-contract=fast: a product and a sum may be rounded once. The other two only leave out what nobody reads: errno and
# the flags of floating-point exceptions. NaN, infinities and the order of sums are as written.
# -fno-tree-slp-vectorize: with it GCC 12 gets narrow products of doubles wrong on processors with AVX-512.
FLAGS = (
    "-std=gnu11", "-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fwrapv",
    "-fno-strict-aliasing", "-fno-tree-slp-vectorize", "-fPIC", "-shared",
)  # fmt: skip
LONGEST = 120  # seconds that a compiler may take
LIBRARY = ".dll" if sys.platform == "win32" else ".so"


class BuildError(Exception):
    """No function came out of a C text; the message is one sentence."""


RUNNING = object()  # what a library is bound by in the middle of a run


class Library:
    """A loaded C file. Programs with the same text share one, so a run holds its lock."""

    def __init__(self, path: Path, holds_the_gil: bool) -> None:
        try:
            self.handle: Any = (ctypes.PyDLL if holds_the_gil else ctypes.CDLL)(str(path))
            self.bind: Any = self.handle.tg_bind
            self.step: Any = self.handle.tg_step
            self.loop: Any = self.handle.tg_loop
        except (OSError, AttributeError) as error:
            raise BuildError(f"what the C compiler made cannot be loaded ({error})") from None
        self.bind.restype = None
        self.step.restype = ctypes.c_int
        self.loop.restype = ctypes.c_int64
        self.loop.argtypes = [ctypes.c_int64, ctypes.c_void_p]
        self.lock: Any = RLock()  # its own thread comes in again by a signal handler, which ``bound_by`` tells
        self.bound_by: object = None  # whose arrays the next step reads, or ``RUNNING``

    def use_blas(self, gemm: tuple[int, int, int] | None) -> None:
        """Tell the C text where BLAS is: two addresses, and how they are called."""
        if gemm is None:
            raise BuildError("large products need the BLAS of NumPy or SciPy, and neither says where it is")
        self.handle.tg_set_blas.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
        self.handle.tg_set_blas(*gemm)


_LOADED: dict[tuple[str, bool], Library] = {}


def library(source: str, holds_the_gil: bool) -> Library:
    """The C text as a library: loaded before, found in the folder, or compiled. Raises ``BuildError``."""
    command = compiler()
    key = _hash(source, command)
    loaded = _LOADED.get((key, holds_the_gil))
    if loaded is None:
        folder = cache_folder()
        path = folder / f"{key}{LIBRARY}"
        if not _sound(path):
            _compile(source, command, path)
        # Of two threads that come here at once one library stays: its memory is one, so its lock has to be one.
        loaded = _LOADED.setdefault((key, holds_the_gil), Library(path, holds_the_gil))
    return loaded


# ---------------------------------------------------------------------- the compiler


def compiler() -> list[str]:
    """The command that compiles C: what ``CC`` names, ``cc``, ``gcc`` or ``clang``, or the ``ziglang`` wheel's."""
    try:
        named = shlex.split(os.environ.get("CC", ""))
    except ValueError as error:
        raise BuildError(f"CC is no command line ({error})") from None
    if named:
        if shutil.which(named[0]) is None:
            raise BuildError(f"CC names the C compiler {named[0]!r}, which is not to be found: unset CC, or install it")
        return named
    for name in ("cc", "gcc", "clang"):
        found = shutil.which(name)
        if found:
            return [found]
    from importlib.util import find_spec

    if find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise BuildError(
        "there is no C compiler: install one (Debian: apt install gcc; macOS: xcode-select --install), or "
        "pip install 'tinygrad_bp[c]'"
    )


def _identity(command: list[str]) -> str:
    """Which compiler a command runs: another version of it is another file."""
    path = os.path.realpath(shutil.which(command[0]) or command[0])
    found = os.stat(path)
    return f"{path} {found.st_size} {found.st_mtime_ns}"


def _run(command: list[str], failed: str) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LONGEST,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BuildError(f"the C compiler {command[0]} was not done after {LONGEST} seconds") from None
    except OSError as error:
        raise BuildError(f"the C compiler {command[0]} cannot be run ({error})") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        first = next((line for line in lines if "error" in line), lines[0] if lines else f"code {done.returncode}")
        raise BuildError(f"the C compiler {command[0]} {failed} ({first.strip()[:200]})")
    return done.stdout


def _hash(source: str, command: list[str]) -> str:
    parts = (source, *command, *FLAGS, _identity(command), platform.machine(), processor())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _compile(source: str, command: list[str], path: Path) -> None:
    """Compile into a file of another name and put it in its place in one step: others see all of it or nothing."""
    try:
        with tempfile.TemporaryDirectory(prefix="making-", dir=path.parent) as making:
            text, made = Path(making, "program.c"), Path(making, f"program{LIBRARY}")
            text.write_text(source, encoding="utf-8")
            _run([*command, *FLAGS, str(text), "-o", str(made), "-lm"], "did not accept the program")
            if not made.is_file():
                raise BuildError(f"the C compiler {command[0]} reported no error and made no file")
            content = made.read_bytes()
            made.unlink()  # a wrapper such as ccache may have made a link to a file of its own
            made.write_bytes(content)
            made.chmod(0o600)
            seal = Path(making, "seal")
            seal.write_text(hashlib.sha256(content).hexdigest())
            seal.chmod(0o600)
            os.replace(seal, _seal(path))
            os.replace(made, path)
    except OSError as error:
        raise BuildError(f"the folder {path.parent} takes no file ({error.strerror or error})") from None


# ---------------------------------------------------------------------- the folder


def cache_folder() -> Path:
    """The private folder of compiled programs, made where it is missing. Raises ``BuildError`` if it is not private.

    It is ``tinygrad_bp`` in the user's folder for caches, or what ``TINYGRAD_BP_CACHE`` names.
    """
    named = os.environ.get("TINYGRAD_BP_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(named).expanduser() if named else (Path(base) if base else Path.home() / ".cache") / "tinygrad_bp"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _private(folder, stat.S_ISDIR)
    except (OSError, RuntimeError) as error:
        raise BuildError(
            f"there is no folder for compiled programs ({error}); TINYGRAD_BP_CACHE names another"
        ) from None
    return folder


def _private(path: Path, kind: Any) -> None:
    """Refuse what belongs to another user, or what others may write."""
    found = os.lstat(path)
    if not kind(found.st_mode):
        raise BuildError(f"{path} is not what it should be: a link, or another kind of file; remove it")
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o077):
        raise BuildError(
            f"{path} belongs to another user, or others may read or write it: compiled programs are kept in a folder "
            "of your own (chmod 700)"
        )


def _seal(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _sound(path: Path) -> bool:
    """Whether a compiled program is there, ours alone, and what was written once. A damaged one is made anew."""
    try:
        _private(path, stat.S_ISREG)
        _private(_seal(path), stat.S_ISREG)
        return hashlib.sha256(path.read_bytes()).hexdigest() == _seal(path).read_text()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise BuildError(f"{path} cannot be read ({error.strerror or error})") from None
