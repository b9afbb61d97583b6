"""Windows under PyTorch's names: ``tg.signal.windows.hann``, …

>>> import tinygrad_bp as tg
>>> tg.signal.windows.hann(5)
tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
"""

from ..autograd.doors import open_doors as _open_doors
from ..functions.windows import (
    bartlett as bartlett,
)  # fmt: skip
from ..functions.windows import (
    blackman as blackman,
)
from ..functions.windows import (
    cosine as cosine,
)
from ..functions.windows import (
    exponential as exponential,
)
from ..functions.windows import (
    gaussian as gaussian,
)
from ..functions.windows import (
    general_cosine as general_cosine,
)
from ..functions.windows import (
    general_hamming as general_hamming,
)
from ..functions.windows import (
    hamming as hamming,
)
from ..functions.windows import (
    hann as hann,
)
from ..functions.windows import (
    kaiser as kaiser,
)
from ..functions.windows import (
    nuttall as nuttall,
)

_open_doors(globals(), __name__.partition(".")[0])
