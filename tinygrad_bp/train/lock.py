"""A folder that belongs to one process at a time."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ..autograd.errors import ArgumentError


def folder_of(given: str | os.PathLike[str], who: str) -> Path:
    """The folder that ``who`` keeps its files in. Raises ``ArgumentError`` for a file, and for an empty name."""
    if not os.fspath(given) or Path(given).is_file():
        what = "a file" if os.fspath(given) else "no name; the folder of the program is '.'"
        raise ArgumentError(f"{who}: a folder is where files are kept, and {os.fspath(given)!r} is {what}")
    return Path(given)


class Lock:
    """Holds ``folder`` for a ``kind`` of work until ``close``, or until the process ends in whatever way."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._file: int | None = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        if not _locked(self._file):
            who = os.read(self._file, 20).decode("ascii", "replace").strip() if os.name == "posix" else ""
            self.close()
            raise ArgumentError(
                f"another {kind} (process {who or 'unknown'}) writes to {folder}; wait for its end, or give another "
                "folder"
            )
        if os.name == "posix":  # elsewhere nobody can read what is locked
            os.truncate(self._file, 0)
            with contextlib.suppress(OSError):  # a full disk
                os.write(self._file, str(os.getpid()).encode("ascii"))

    def close(self) -> None:
        """Let it go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self.close()


def _locked(number: int) -> bool:
    """Lock an open file; False where another one has. A file system that knows no locks counts as locked."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
