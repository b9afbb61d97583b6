"""Linear algebra under PyTorch's names: ``tg.linalg.solve``, ``tg.linalg.svd``, … All batched, real and complex."""

from .ops.products import (
    linalg_cross as cross,
    matmul as matmul,
    multi_dot as multi_dot,
    vander as vander,
    vecdot as vecdot,
)
