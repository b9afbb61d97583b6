"""One class per mistake: what happened, both sides, and what to write instead.

Each class is also the built-in that NumPy or PyTorch would raise, so existing ``except`` clauses keep working.
The docstring of a class is a program that fails and the program that does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .terminal import fitting

if TYPE_CHECKING:
    from typing import Any


class AutogradError(Exception):
    """The family of every error that ``tinygrad_bp`` raises on purpose."""

    def __str__(self) -> str:
        return fitting(super().__str__())


class ShapeError(AutogradError, ValueError, RuntimeError):
    """Shapes that do not fit together.

    Fails: ``tg.zeros(2, 3) + tg.zeros(4)``.  Works: ``tg.zeros(2, 3) + tg.zeros(3)``.
    """


class DtypeError(AutogradError, TypeError, ValueError, RuntimeError):
    """A dtype with which the request has no meaning.

    Fails: ``tg.tensor([1, 2], requires_grad=True)``.  Works: ``tg.tensor([1.0, 2.0], requires_grad=True)``.
    """


class ArgumentError(AutogradError, TypeError, ValueError, RuntimeError):
    """An argument that the function cannot take.

    Fails: ``tg.zeros(3).sum(axis=0, dim=1)``.  Works: ``tg.zeros(3).sum(dim=0)``.
    """


class RaggedError(AutogradError, ValueError):
    """Nested lists whose rows differ in length.

    Fails: ``tg.tensor([[1, 2], [3]])``.  Works: ``tg.tensor([[1, 2], [3, 0]])``.
    """


class IndexRangeError(AutogradError, IndexError, ValueError, RuntimeError):
    """An index or a dimension outside the tensor.

    Fails: ``tg.zeros(3)[5]``.  Works: ``tg.zeros(3)[2]``.
    """


class LinAlgError(AutogradError, np.linalg.LinAlgError, RuntimeError):
    """A matrix that an algorithm of linear algebra cannot use: singular, or not positive-definite.

    Fails: ``tg.linalg.inv(tg.zeros(2, 2))``.  Works: ``tg.linalg.pinv(tg.zeros(2, 2))``.
    """


class MatrixShapeError(ShapeError, LinAlgError):
    """No matrix, or not a square one, where an algorithm of linear algebra needs one.

    Fails: ``tg.linalg.inv(tg.zeros(2, 3))``.  Works: ``tg.linalg.pinv(tg.zeros(2, 3))``.
    """


class TargetError(AutogradError, ValueError, IndexError, RuntimeError):
    """Labels that a loss cannot use: NaN, out of range, or of the wrong kind.

    Fails: ``F.cross_entropy(tg.zeros(1, 3), tg.tensor([3]))``.
    Works: ``F.cross_entropy(tg.zeros(1, 3), tg.tensor([2]))``.
    """


class NoHistoryError(AutogradError, RuntimeError):
    """backward() from a tensor that nothing was recorded for.

    Fails: ``tg.zeros(()).backward()``.  Works: ``tg.zeros((), requires_grad=True).backward()``.
    """


class NonScalarError(AutogradError, RuntimeError):
    """backward() from a tensor with several elements, and no gradient given.

    Fails: ``(w * 2).backward()``.  Works: ``(w * 2).sum().backward()``.
    """


class FreedError(AutogradError, RuntimeError):
    """A second backward through values that the first one let go.

    Fails: ``loss.backward(); loss.backward()``.  Works: ``loss.backward(retain_graph=True); loss.backward()``.
    """


class ModifiedError(AutogradError, RuntimeError):
    """A value that backward needs was written after it was recorded.

    Fails: ``loss = (w * w).sum(); optimizer.step(); loss.backward()``.
    Works: ``loss = (w * w).sum(); loss.backward(); optimizer.step()``.
    """


class AnomalyError(AutogradError, RuntimeError, FloatingPointError):
    """A value or a gradient that is not finite, found by ``detect_anomaly``.

    Fails: ``with detect_anomaly(): tg.log(tg.zeros(1))``.  Works: ``with detect_anomaly(): tg.log1p(tg.zeros(1))``.
    """


class DeviceError(AutogradError, AssertionError, RuntimeError):
    """A device that is not here, or tensors of two devices in one call.

    Fails: ``tg.zeros(3, device="cuda")``.  Works: ``tg.zeros(3, device="cpu")``.
    """


class LeafWriteError(AutogradError, RuntimeError):
    """An in-place write to a leaf that requires grad, while recording.

    Fails: ``w -= 0.1 * w.grad``.  Works: ``with tg.no_grad(): w -= 0.1 * w.grad``.
    """


class ReadOnlyError(AutogradError, ValueError, RuntimeError):
    """An in-place write to memory that cannot be written, such as an expanded view.

    Fails: ``x = tg.zeros(1).expand(3); x += 1``.  Works: ``x = tg.zeros(1).expand(3).clone(); x += 1``.
    """


class ViewWriteError(AutogradError, RuntimeError):
    """A write, while recording, through a view that was made without recording: whose gradient would it be?

    Fails: ``with tg.no_grad(): v = h[0]``, then ``v += 1``.  Works: ``v = h[0]; v += 1``.
    """


class UnusedInputError(AutogradError, RuntimeError):
    """grad() was asked about a tensor that the outputs do not depend on.

    Fails: ``tg.autograd.grad(loss, [w, unused])``.
    Works: ``tg.autograd.grad(loss, [w, unused], allow_unused=True)``.
    """


class NoRuleError(AutogradError, TypeError, RuntimeError):
    """A NumPy function without a derivative rule, given a tensor that requires grad.

    Fails: ``np.histogram2d(w, w)``.  Works: ``np.histogram2d(w.detach(), w.detach())``.
    """


class ValueReadError(AutogradError, AttributeError, RuntimeError):
    """The value of a tensor that stands for many, inside ``vmap``, where each slice has another one.

    Fails: ``tg.vmap(lambda x: x if x > 0 else -x)(t)``.  Works: ``tg.vmap(lambda x: tg.where(x > 0, x, -x))(t)``.
    """

    def __init__(self, tensor: Any) -> None:
        super().__init__(tensor)
        self.tensor = tensor

    def __str__(self) -> str:
        return fitting(
            f"inside vmap a tensor {shape_text(self.tensor.shape)} stands for {self.tensor.level.size}, and its value "
            "was asked for (item(), float, if, while, numpy() and NumPy functions without a rule do that): each slice "
            "has another one. Write tg.where for a choice, give a Python number as it is, or loop over the slices"
        )


class FunctionError(AutogradError, RuntimeError):
    """A user's own ``Function`` that returned what the engine cannot use."""


class CaptureError(AutogradError):
    """A function that cannot be written down as a program.

    Fails: ``tg.program(lambda x: x * x.sum().item(), x)``.  Works: ``tg.program(lambda x: x * x.sum(), x)``.
    """


class BusyError(AutogradError, RuntimeError):
    """A compiled function called by a signal handler in the middle of a run of it, in the same memory.

    Fails: ``signal.signal(SIGALRM, lambda *_: step(x))``.  Works: a handler that sets a flag, which the loop looks at.
    """


class StateDictError(AutogradError, RuntimeError):
    """A state_dict that does not fit the module; the message lists every difference."""


class DataFileError(AutogradError, ValueError):
    """A data file whose bytes are not what its format promises.

    The message names the file, what was expected and what was found.
    Fails: ``tg.data.mnist("folder with half a file")``.  Works: the file fetched again, ``download=True``.
    """


class DownloadError(AutogradError, OSError):
    """A data file that no server gave as it should be: no network, or other bytes.

    Fails: ``tg.data.mnist(folder, download=True)`` without a network.  Works: the file put there by hand.
    """


def shape_text(shape: tuple[int, ...]) -> str:
    """The shape as Python prints it: ``(2, 3)``."""
    return str(tuple(int(size) for size in shape))
