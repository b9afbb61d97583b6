"""A training loop, and what it tells of itself."""

from .callbacks import Callback, EarlyStopping, KeepBest, Training
from .history import Figures, History
from .loop import DivergedError, evaluate, fit
from .monitor import Monitor
from .remarks import Remark, Report
from .snapshots import Checkpoint

__all__ = [
    "Callback", "Checkpoint", "DivergedError", "EarlyStopping", "Figures", "History", "KeepBest", "Monitor", "Remark",
    "Report", "Training", "evaluate", "fit",
]  # fmt: skip
