"""Where the files of a data set lie."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

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
    if not found.is_file():
        raise FileNotFoundError(f"{found}: there is no such file; give path=, the file {name} or its folder")
    return found


def _base(given: str | os.PathLike[str] | None, argument: str, name: str) -> Path:
    if given is not None:
        return Path(given)
    named = os.environ.get(VARIABLE)
    if not named:
        raise FileNotFoundError(
            f"where is {name}? Give {argument}=, or set the environment variable {VARIABLE} to the folder that holds it"
        )
    return Path(named)
