"""The files that Python in a browser is made of: their names, where they come from, and what they must be."""

from __future__ import annotations

import base64
import hashlib
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ..autograd.errors import AutogradError

PYODIDE = "https://cdn.jsdelivr.net/pyodide/v0.29.0/full/"
VIZ = "https://cdn.jsdelivr.net/npm/@viz-js/viz@3.31.0/dist/"
NUMPY = "numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl"
PACKAGES = "`npm pack pyodide@0.29.0 @viz-js/viz@3.31.0` and `pip download --no-deps gbdraw==0.14.2`"


class Pinned(NamedTuple):
    """One file: the folder it has on the network, and its SHA-256."""

    base: str
    sha256: str

    @property
    def integrity(self) -> str:
        """The checksum as a browser reads it."""
        return "sha256-" + base64.b64encode(bytes.fromhex(self.sha256)).decode()


# That of NumPy is the one in Pyodide's own lock file.
FILES = {
    "pyodide.js": Pinned(PYODIDE, "4b189b200cd62705bded5c3982e8ea9edfb4757aae03308f13f7431009992554"),
    "pyodide.asm.js": Pinned(PYODIDE, "f1e70077bd701757b2798fc57f540fe39cf23d36ee5cd7c1a9b3a6f35cf500a7"),
    "pyodide.asm.wasm": Pinned(PYODIDE, "615172c6b2f5efe53e41d0201a98eb37c1f3aa7675d11cb06b6079b3a6b2bef5"),
    "python_stdlib.zip": Pinned(PYODIDE, "e389fbdc394a00d31ff0624386c9e3e52e04727130ac73597a99c477afe4f1ca"),
    NUMPY: Pinned(PYODIDE, "2ca46b70661caea8f9f8089d22495c7a24c120fc5881e68934ac3a04d3fc8a02"),
    "viz-global.js": Pinned(VIZ, "c9e0b310f9883910e01c66054b48b7ff4be3d8695141116635e72b0af152692e"),
}


class FilesError(AutogradError):
    """A file of Pyodide is missing, or is another one than the page was made for.

    Fails: ``python -m tinygrad_bp.playground out --pyodide folder`` where ``folder`` lacks NumPy.  Works: the same
    once the packages that the message names are in it.
    """


def _packed(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files of those names in a package as npm, pip or Pyodide's own release give it."""
    if path.suffix in (".whl", ".zip") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for inner in archive.namelist():
                if (name := PurePosixPath(inner).name) in FILES:
                    yield name, archive.read(inner)
    elif path.suffix in (".tgz", ".gz", ".bz2") and tarfile.is_tarfile(path):
        with tarfile.open(path) as packed:
            for member in packed:
                if (name := PurePosixPath(member.name).name) in FILES and (file := packed.extractfile(member)):
                    yield name, file.read()


def _held(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files of those names in a folder and those below it, and in the packages that lie in it."""
    for path in sorted(folder.iterdir()):
        yield from _packed(path)
    for path in sorted(folder.rglob("*")):
        if path.name in FILES and path.is_file():
            yield path.name, path.read_bytes()


def found(folder: Path) -> dict[str, bytes]:
    """Every file, from a folder that holds them; raises ``FilesError`` where one is missing or another one."""
    if not folder.is_dir():
        raise FilesError(f"--pyodide {folder} is no folder; make one and put into it what {PACKAGES} download")
    files: dict[str, bytes] = {}
    others: dict[str, str] = {}
    for name, data in _held(folder):
        checksum = hashlib.sha256(data).hexdigest()
        if checksum == FILES[name].sha256:
            files[name] = data
        else:
            others[name] = checksum
        if len(files) == len(FILES):
            break
    for name in [name for name in FILES if name not in files]:
        if name in others:
            raise FilesError(
                f"{name} in {folder} is another file than this playground was made for: its SHA-256 is {others[name]}, "
                f"and {FILES[name].sha256} is wanted; replace it with that of {PACKAGES}"
            )
        raise FilesError(f"{folder} holds no {name}, nor do the packages in it; put into it what {PACKAGES} download")
    return {name: files[name] for name in FILES}
