"""Imported before NumPy: a process of tests has a core of its own, beside others that have the rest.

A product that BLAS shares out among cores which are busy takes thirty times as long.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
