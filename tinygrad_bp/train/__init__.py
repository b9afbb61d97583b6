"""A training loop, and what it tells of itself."""

from .callbacks import Callback, EarlyStopping, KeepBest, Training
from .history import Figures, History
from .loop import DivergedError, evaluate, fit

__all__ = [
    "Callback", "DivergedError", "EarlyStopping", "Figures", "History", "KeepBest", "Training", "evaluate", "fit",
]  # fmt: skip
