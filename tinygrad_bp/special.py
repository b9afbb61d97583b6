"""Special functions under PyTorch's names: ``tg.special.erfcx``, ``tg.special.i1``, ..."""

from .autograd.doors import open_doors as _open_doors
from .ops.activations import log_softmax as log_softmax, softmax as softmax
from .ops.bessel_functions import (
    airy_ai as airy_ai, bessel_j0 as bessel_j0, bessel_j1 as bessel_j1, bessel_y0 as bessel_y0, bessel_y1 as bessel_y1,
    modified_bessel_k0 as modified_bessel_k0, modified_bessel_k1 as modified_bessel_k1,
    scaled_modified_bessel_k0 as scaled_modified_bessel_k0, scaled_modified_bessel_k1 as scaled_modified_bessel_k1,
)  # fmt: skip
from .ops.elementwise import exp2 as exp2, expm1 as expm1, log1p as log1p, expit as expit
from .ops.error_functions import (
    erf as erf, erfc as erfc, erfcx as erfcx, erfinv as erfinv, log_ndtr as log_ndtr, ndtr as ndtr, ndtri as ndtri,
)  # fmt: skip
from .ops.gamma_functions import (
    digamma as digamma, gammaln as gammaln, multigammaln as multigammaln, polygamma as polygamma, psi as psi,
)  # fmt: skip
from .ops.incomplete_gamma import gammainc as gammainc, gammaincc as gammaincc
from .ops.reduction import logsumexp as logsumexp
from .ops.rounding import round as round
from .ops.special_functions import (
    entr as entr, i0 as i0, i0e as i0e, i1 as i1, i1e as i1e, logit as logit, xlog1py as xlog1py, xlogy as xlogy,
)  # fmt: skip
from .ops.trigonometry import sinc as sinc, spherical_bessel_j0 as spherical_bessel_j0
from .ops.zeta import zeta as zeta
from .functions.polynomials import (
    chebyshev_polynomial_t as chebyshev_polynomial_t, chebyshev_polynomial_u as chebyshev_polynomial_u,
    chebyshev_polynomial_v as chebyshev_polynomial_v, chebyshev_polynomial_w as chebyshev_polynomial_w,
    hermite_polynomial_h as hermite_polynomial_h, hermite_polynomial_he as hermite_polynomial_he,
    laguerre_polynomial_l as laguerre_polynomial_l, legendre_polynomial_p as legendre_polynomial_p,
    shifted_chebyshev_polynomial_t as shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u as shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v as shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w as shifted_chebyshev_polynomial_w,
)  # fmt: skip

modified_bessel_i0, modified_bessel_i1 = i0, i1

_open_doors(globals(), __name__.partition(".")[0])


def __getattr__(name: str) -> object:
    from .not_here import missing

    raise missing("special", name)
