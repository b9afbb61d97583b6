"""Checks of derivatives. ``contracts`` holds what every op promises.

``check_gradients``, ``check_backward`` and ``check_forward`` compare what was written by hand with the engine and say
what is wrong; ``compare`` does so for the gradients of one recorded computation, ``diagnose`` for two arrays.
``check_derivatives`` compares the engine's own derivatives of a function with differences; ``gradcheck`` and
``gradgradcheck`` are PyTorch's names for its first two orders.
"""

from .compared import Compared as Compared
from .compared import compare as compare
from .diagnose import diagnose as diagnose
from .findings import Diagnosis as Diagnosis
from .findings import Finding as Finding
from .findings import HandWrittenError as HandWrittenError
from .gradcheck import GradcheckError as GradcheckError
from .gradcheck import check_derivatives as check_derivatives
from .gradcheck import gradcheck as gradcheck
from .gradcheck import gradgradcheck as gradgradcheck
from .hand_written import check_backward as check_backward
from .hand_written import check_forward as check_forward
from .hand_written import check_gradients as check_gradients
