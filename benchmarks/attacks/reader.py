"""What a reader of files is to an attack: good files, how they are changed, and what reading one must do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from tinygrad_bp.autograd.errors import DataFileError

from . import mutations
from .mutations import several

RATIO = 1032  # deflate makes at most so many bytes out of one


@dataclass
class Reader:
    """What is attacked: good files, how they are changed, and a function that reads one in a folder of its own.

    ``read`` returns where it has found the right thing, raises one of ``refusals``, or anything else: a fault.
    ``memory`` is how many bytes may be allocated for a byte of the file, besides ``spare``.
    """

    name: str
    good: list[bytes]
    change: Callable[[Random, list[bytes]], bytes]
    read: Callable[[bytes, Path], None]
    refusals: tuple[type[Exception], ...] = (DataFileError,)
    memory: int = 16
    spare: int = 1 << 20
    share: float = 1  # of the inputs
    said: tuple[str, ...] = ()  # warnings that are the reader's own


class Wrong(AssertionError):
    """A file was read, and what was found is not what it says."""


def same(found: Any, right: Any) -> None:
    """The same shape, dtype and bits."""
    found, right = np.asarray(found), np.asarray(right)
    if found.shape != right.shape or found.dtype != right.dtype or found.tobytes() != right.tobytes():
        raise Wrong(f"found {found.dtype} {found.shape}, right is {right.dtype} {right.shape}")


def either(*ways: Callable[[Random, bytes], bytes]) -> Callable[[Random, list[bytes]], bytes]:
    """One of several ways to change one of the good files."""

    def change(rng: Random, good: list[bytes]) -> bytes:
        way = rng.choice(ways)
        if way is mutations.overlapping and rng.random() < 0.8:  # it makes large ones
            way = several
        data = rng.choice(good)
        return way(rng, data, good) if way is several else way(rng, data)  # type: ignore[call-arg]

    return change
