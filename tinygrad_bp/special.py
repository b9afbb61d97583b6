"""Special functions under PyTorch's names: ``tg.special.erfcx``, ``tg.special.i1``, ..."""

from .autograd.doors import open_doors as _open_doors
from .ops.activations import log_softmax as log_softmax, softmax as softmax
from .ops.elementwise import exp2 as exp2, expm1 as expm1, log1p as log1p, expit as expit
from .ops.error_functions import (
    erf as erf, erfc as erfc, erfcx as erfcx, erfinv as erfinv, log_ndtr as log_ndtr, ndtr as ndtr, ndtri as ndtri,
)  # fmt: skip
from .ops.gamma_functions import (
    digamma as digamma, gammaln as gammaln, multigammaln as multigammaln, polygamma as polygamma, psi as psi,
)  # fmt: skip
from .ops.reduction import logsumexp as logsumexp
from .ops.rounding import round as round
from .ops.special_functions import (
    entr as entr, i0 as i0, i0e as i0e, i1 as i1, i1e as i1e, logit as logit, xlog1py as xlog1py, xlogy as xlogy,
)  # fmt: skip
from .ops.trigonometry import sinc as sinc

_open_doors(globals(), __name__.partition(".")[0])


def __getattr__(name: str) -> object:
    from .not_here import missing

    raise missing("special", name)
