"""Special functions under PyTorch's names: ``tg.special.erfcx``, ``tg.special.i1``, ..."""

from .ops.activations import log_softmax, softmax
from .ops.elementwise import exp2, expm1, log1p
from .ops.elementwise import sigmoid as expit
from .ops.error_functions import erf, erfc, erfcx, erfinv, log_ndtr, ndtr, ndtri
from .ops.gamma_functions import digamma, polygamma
from .ops.gamma_functions import digamma as psi
from .ops.gamma_functions import lgamma as gammaln
from .ops.gamma_functions import mvlgamma as multigammaln
from .ops.reduction import logsumexp
from .ops.rounding import round
from .ops.special_functions import entr, i0, i0e, i1, i1e, logit, xlog1py, xlogy
from .ops.trigonometry import sinc

__all__ = [
    "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2", "expit", "expm1", "gammaln", "i0", "i0e", "i1", "i1e",
    "log1p", "log_ndtr", "log_softmax", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "polygamma", "psi",
    "round", "sinc", "softmax", "xlog1py", "xlogy",
]  # fmt: skip
