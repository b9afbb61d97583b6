"""Linear algebra under PyTorch's names: ``tg.linalg.solve``, ``tg.linalg.svd``, … All batched, real and complex."""

from .autograd.errors import LinAlgError
from .ops.cholesky import cholesky, cholesky_ex
from .ops.eigenvalues import eig, eigh, eigvals, eigvalsh
from .ops.lu import lu, lu_factor, lu_factor_ex, lu_solve
from .ops.matrix_functions import matrix_exp, matrix_power
from .ops.norms import cond, matrix_norm, norm, vector_norm
from .ops.products import cross, matmul, multi_dot, vander, vecdot
from .ops.products import matrix_diagonal as diagonal
from .ops.qr import householder_product, qr
from .ops.singular_values import lstsq, matrix_rank, pinv, svd, svdvals
from .ops.solving import det, inv, inv_ex, slogdet, solve, solve_ex, solve_triangular, tensorinv, tensorsolve

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
