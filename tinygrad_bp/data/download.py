"""Fetching a data file: checked by its SHA-256, going on where an earlier try ended, complete or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from ..autograd.errors import AutogradError, DataFileError, DownloadError
from ..autograd.terminal import watched
from .folder import is_there

TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 16


class Published(NamedTuple):
    """What the makers of a file say of it."""

    size: int  # bytes
    sha256: str


def fetch(urls: Sequence[str], target: Path, published: Published) -> Path:
    """The file ``target``, fetched from the first of ``urls`` that gives the published bytes.

    What arrives is collected in ``target`` + ``.part``, which a later call goes on with, and gets its name when its
    sum is right; a ``target`` that is already there is checked and not fetched. A progress bar is shown where tqdm is
    installed. Several processes and threads may ask at once: one fetches, the others wait for it. Raises
    ``DownloadError`` where no URL works or the folder cannot be written, ``DataFileError`` where ``target`` is there
    and is another file, or something that is none.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone(target.parent):
            return _fetch(urls, target, published)
    except AutogradError:
        raise
    except OSError as error:
        raise DownloadError(f"{target} could not be fetched, the file system said: {error}") from None


def _fetch(urls: Sequence[str], target: Path, published: Published) -> Path:
    if is_there(target):
        found = _sha256(target)
        if found != published.sha256:
            raise DataFileError(
                f"{target}: expected a file with the SHA-256 {published.sha256}, found {found}; "
                "remove it to fetch it again"
            )
        return target
    part = target.with_name(target.name + ".part")
    failures, waiting = [], list(urls)
    while waiting:
        url = waiting.pop(0)
        resumed = is_there(part, follow=False) and part.stat().st_size > 0
        failure = _receive(url, part, published.size)
        if failure:
            failures.append(f"{url}: {failure}")
            continue
        found = _sha256(part)
        if found == published.sha256:
            os.replace(part, target)
            return target
        part.unlink()
        if resumed:  # the bytes of the earlier try may be the wrong ones
            waiting.insert(0, url)
        else:
            failures.append(f"{url}: expected the SHA-256 {published.sha256}, found {found}")
    raise DownloadError(
        f"{target.name} could not be fetched; put it into {target.parent} by hand, or try again\n"
        + "\n".join(f"  {failure}" for failure in failures)
    )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process and thread at a time in a folder, where the system can lock one: two would write into one file."""
    try:
        import fcntl
    except ImportError:  # not on Windows: there the sum tells whether two have met
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _receive(url: str, part: Path, size: int) -> str | None:
    """Append what ``part`` lacks of ``size`` bytes; the reason where that fails, and the file keeps what came."""
    import http.client
    import urllib.error
    import urllib.request

    have = part.stat().st_size if part.is_file() else 0
    if have > size:
        have = 0
    if have == size:
        return None
    headers = {"User-Agent": "tinygrad_bp"}  # some servers refuse urllib's own name
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            if have and not (
                response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            ):
                if response.status == 206:
                    return f"expected the bytes from {have} on, got {response.headers.get('Content-Range')}"
                have = 0  # the server gives the whole file, whatever was asked
            length = response.headers.get("Content-Length")
            if length is not None and have + int(length) != size:
                return f"expected {size} bytes, the server has {have + int(length)}"
            with part.open("ab" if have else "wb") as file, _bar(part, size, have) as bar:
                while have < size and (data := response.read(min(CHUNK, size - have))):
                    file.write(data)
                    have += len(data)
                    bar.update(len(data))
    except urllib.error.HTTPError as error:
        error.close()
        return f"the server answers {error.code} {error.reason}"
    except urllib.error.URLError as error:
        return f"no connection ({error.reason})"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"it ended after {have} of {size} bytes ({error!r})"
    return None if have == size else f"the connection ended after {have} of {size} bytes"


class _NoBar:
    """What stands for tqdm's bar where tqdm is not installed."""

    def __enter__(self) -> _NoBar:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, _: int) -> None:
        pass


def _bar(part: Path, size: int, have: int) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _NoBar()
    return tqdm(total=size, initial=have, unit="B", unit_scale=True, desc=part.stem, disable=not watched())


def _sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
