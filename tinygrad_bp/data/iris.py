"""Fisher's iris flowers, which come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .table import read_table, split_labels

IRIS_CLASSES = ("setosa", "versicolor", "virginica")


def iris() -> tuple[Any, Any]:
    """Measurements float64 (150, 4) in cm and species int64 (150,) in 0 to 2, named by ``IRIS_CLASSES``.

    The features are length and width of the sepals, then of the petals. The table is scikit-learn's, which agrees
    with Fisher's paper where the UCI copy does not. Source: Fisher, *The use of multiple measurements in taxonomic
    problems*, 1936; UCI Machine Learning Repository, CC BY 4.0.

    >>> x, y = iris()
    >>> x[0].tolist(), int(y[0])
    ([5.1, 3.5, 1.4, 0.2], 0)
    """
    lines = Path(__file__).with_name("iris.csv").read_text(encoding="utf-8").splitlines()
    return split_labels("iris.csv", read_table("iris.csv", lines, 5), 3)
