"""Banknote authentication, which comes with the package: four features of a picture, genuine or forged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..autograd.errors import DataFileError
from .folder import file_of
from .table import read_table, split_labels

FILE = "banknote.csv"


def banknote(path: str | os.PathLike[str] | None = None) -> tuple[Any, Any]:
    """Features float64 (n, 4), and classes int64 (n,), 0 or 1; the full table has 1,372 rows, 762 and 610.

    The features are variance, skewness and kurtosis of the wavelet transformed picture, and the entropy of the
    picture. ``path`` is another file of that form (five columns, no header), or the folder with such a
    ``banknote.csv``; None: the table that comes with the package. Raises ``FileNotFoundError``, and ``DataFileError``
    for a row that is not five numbers. Source: Lohweg, *Banknote authentication*, UCI Machine Learning Repository,
    2012, CC BY 4.0.

    >>> x, y = banknote()
    >>> x.shape, x[0].tolist(), int(y[0])
    ((1372, 4), [3.6216, 8.6661, -2.8073, -0.44699], 0)
    """
    path = Path(__file__).with_name(FILE) if path is None else file_of(path, FILE)
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DataFileError(f"{path}: expected text, found bytes that are not UTF-8 ({error})") from error
    return split_labels(path, read_table(path, lines, 5), 2)
