"""Banknote authentication: four features of a picture, genuine or forged."""

from __future__ import annotations

import os
from typing import Any

from ..autograd.errors import DataFileError
from .folder import file_of
from .table import read_table, split_labels

FILE = "banknote.csv"


def banknote(path: str | os.PathLike[str] | None = None) -> tuple[Any, Any]:
    """Features float64 (n, 4), and classes int64 (n,), 0 or 1; the full table has 1,372 rows, 762 and 610.

    The features are variance, skewness and kurtosis of the wavelet transformed picture, and the entropy of the
    picture. ``path`` is the file ``banknote.csv`` (five columns, no header) or its folder; None: the folder that the
    environment variable ``TINYGRAD_BP_DATA`` names. Raises ``FileNotFoundError``, and ``DataFileError`` for a row
    that is not five numbers. Source: Lohweg, *Banknote authentication*, UCI Machine Learning Repository, 2012.
    """
    path = file_of(path, FILE)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataFileError(f"{path}: expected text, found bytes that are not UTF-8 ({error})") from error
    return split_labels(path, read_table(path, lines, 5), 2)
