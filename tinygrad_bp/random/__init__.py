"""PyTorch's streams of random numbers, and the tensors drawn from them.

>>> import tinygrad_bp as tg
>>> _ = tg.random.manual_seed(0)
>>> tg.rand(2)
tensor([0.4963, 0.7682])
"""

from .generator import fork_rng, get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__all__ = ["fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]
