"""Schedules of the learning rate, with PyTorch's names, arguments and numbers.

A schedule writes ``lr`` into the groups of an optimizer: its first value when it is made, the next one at each
``step()``, once an epoch or once a batch as the schedule is meant. Call it after ``optimizer.step()``.
"""

import typing as _typing

from .combined import ChainedScheduler, SequentialLR
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cycles import CyclicLR, OneCycleLR
from .factors import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler

_LRScheduler = LRScheduler  # the name that subclasses written for older versions of PyTorch import

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ...not_here import missing

        raise missing("optim.lr_scheduler", name)
