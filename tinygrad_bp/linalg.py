"""Linear algebra under PyTorch's names: ``tg.linalg.solve``, ``tg.linalg.svd``, … All batched, real and complex."""

from .autograd.doors import open_doors as _open_doors
from .ops import products as _products
from .autograd.errors import LinAlgError as LinAlgError
from .ops.cholesky import cholesky as cholesky, cholesky_ex as cholesky_ex
from .ops.eigenvalues import *
from .ops.ldl import ldl_factor as ldl_factor, ldl_factor_ex as ldl_factor_ex, ldl_solve as ldl_solve
from .ops.lu import lu as lu, lu_factor as lu_factor, lu_factor_ex as lu_factor_ex, lu_solve as lu_solve
from .ops.matrix_functions import matrix_exp as matrix_exp, matrix_power as matrix_power
from .ops.norms import cond as cond, matrix_norm as matrix_norm, norm as norm, vector_norm as vector_norm
from .ops.products import (
    cross as cross, matmul as matmul, multi_dot as multi_dot, vander as vander, vecdot as vecdot,
)  # fmt: skip
from .ops.qr import householder_product as householder_product, qr as qr
from .ops.singular_values import *
from .ops.solving import (
    det as det, inv as inv, inv_ex as inv_ex, slogdet as slogdet, solve as solve, solve_ex as solve_ex,
    solve_triangular as solve_triangular, tensorinv as tensorinv, tensorsolve as tensorsolve,
)  # fmt: skip

diagonal = _products.matrix_diagonal

_open_doors(globals(), __name__.partition(".")[0])


def __getattr__(name: str) -> object:
    from .not_here import missing

    raise missing("linalg", name)
