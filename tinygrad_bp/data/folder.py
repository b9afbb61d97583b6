"""Where the files of a data set lie."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ..autograd.errors import DataFileError

VARIABLE = "TINYGRAD_BP_DATA"


def folder_of(root: str | os.PathLike[str] | None, name: str, files: Iterable[str]) -> Path:
    """The folder of one data set: ``root/name``, or ``root`` itself where it is that folder already.

    ``root`` None is the folder that the environment variable ``TINYGRAD_BP_DATA`` names. Raises
    ``FileNotFoundError`` where that is not set either.
    """
    base = _base(root, "root", name)
    if (base / name).is_dir():
        return base / name
    own = base.name == name or any((base / file).exists() for file in files)
    return base if own else base / name


def file_of(path: str | os.PathLike[str] | None, name: str) -> Path:
    """The one file of a data set: ``path``, or the file ``name`` in the folder that ``path`` is.

    ``path`` None is the folder that the environment variable ``TINYGRAD_BP_DATA`` names. Raises
    ``FileNotFoundError`` where that is not set either, or where the file is not there.
    """
    found = _base(path, "path", name)
    found = found / name if found.is_dir() else found
    if not is_there(found):
        raise FileNotFoundError(f"{found}: there is no such file; give path=, the file {name} or its folder")
    return found


def is_there(path: Path, follow: bool = True) -> bool:
    """Whether the file is there. Raises ``DataFileError`` where something else has its name.

    A symbolic link to a file is one, unless ``follow`` is False: for what will be written.
    """
    if path.is_file() and (follow or not path.is_symlink()):
        return True
    if not os.path.lexists(path):
        return False
    raise DataFileError(f"{path}: expected a file, or nothing yet, found {_kind(path)}; move it away")


def _kind(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "a symbolic link" if path.exists() else "a symbolic link to nothing"
    return "a directory" if stat.S_ISDIR(mode) else "a pipe" if stat.S_ISFIFO(mode) else "no regular file"


def _base(given: str | os.PathLike[str] | None, argument: str, name: str) -> Path:
    if given is not None:
        return Path(given)
    named = os.environ.get(VARIABLE)
    if not named:
        raise FileNotFoundError(
            f"where is {name}? Give {argument}=, or set the environment variable {VARIABLE} to the folder that holds it"
        )
    return Path(named)
