"""A training loop, and what it tells of itself."""

from .callbacks import Callback, EarlyStopping, KeepBest, Training
from .history import Figures, History
from .loop import DivergedError, evaluate, fit
from .monitor import Monitor
from .remarks import Remark, Report
from .results import Mean, Run, Sweep
from .snapshots import Checkpoint
from .sweeps import sweep

__all__ = [
    "Callback", "Checkpoint", "DivergedError", "EarlyStopping", "Figures", "History", "KeepBest", "Mean", "Monitor",
    "Remark", "Report", "Run", "Sweep", "Training", "evaluate", "fit", "sweep",
]  # fmt: skip
