"""Optimizers with PyTorch's update rules and argument names."""

from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Optimizer"]
