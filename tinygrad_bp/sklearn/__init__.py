"""Networks as scikit-learn's estimators, for its pipelines and searches; needs ``tinygrad_bp[sklearn]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .estimators import MLPClassifier as MLPClassifier
    from .estimators import MLPRegressor as MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from . import estimators
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("sklearn", "scipy"):
            raise
        raise ModuleNotFoundError(
            f'sklearn.{name} needs scikit-learn 1.6 or newer: pip install "tinygrad_bp[sklearn]"', name="sklearn"
        ) from None
    return getattr(estimators, name)


def __dir__() -> list[str]:
    return sorted(__all__)
