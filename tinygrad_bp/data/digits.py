"""Small handwritten digits, which come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .table import read_table, split_labels


def digits() -> tuple[Any, Any]:
    """Images uint8 (1797, 8, 8), values 0 to 16, and labels int64 (1797,) in 0 to 9.

    Source: Alpaydin and Kaynak, *Optical recognition of handwritten digits* (its test set), UCI Machine Learning
    Repository, 1998, CC BY 4.0.

    >>> images, labels = digits()
    >>> images.shape, int(labels[0])
    ((1797, 8, 8), 0)
    """
    import gzip

    lines = gzip.decompress(Path(__file__).with_name("digits.csv.gz").read_bytes()).decode().splitlines()
    pixels, labels = split_labels("digits.csv.gz", read_table("digits.csv.gz", lines, 65), 10)
    return pixels.astype(np.uint8).reshape(-1, 8, 8), labels
