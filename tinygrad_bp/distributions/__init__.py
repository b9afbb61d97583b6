"""Probability distributions under PyTorch's names: densities, samples of its stream, divergences.

>>> import tinygrad_bp as tg
>>> policy = tg.distributions.Categorical(logits=tg.zeros(3))
>>> policy.log_prob(policy.sample()), policy.entropy()
(tensor(-1.0986), tensor(1.0986))
"""

import typing as _typing

from . import constraints as constraints, transforms as transforms
from .categorical import *
from .compound import *
from .continuous import *
from .discrete import *
from .distribution import *
from .gamma import *
from .halves import *
from .kl import *
from .multivariate import *
from .relaxed import *
from .transformed import *
from .transforms import *

if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing
        from ..places import module_at

        if (found := module_at("distributions", name)) is not None:  # PyTorch's file of each distribution
            return found
        raise missing("distributions", name)
