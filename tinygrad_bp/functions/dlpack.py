"""DLPack: tensors on the memory of another library's arrays, and theirs on that of tensors, without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.arrays import as_array, kind_of
from ..autograd.device import DeviceLike, resolve, settled
from ..autograd.elsewhere import ARRAYS
from ..autograd.errors import ArgumentError, DtypeError, NoRuleError
from ..autograd.modes import reading
from ..autograd.sharing import lent
from ..autograd.tensor import Tensor, handed_out, wrap

__all__ = ["from_dlpack"]

_CPU = (1, 0)  # DLPack's number of the CPU, and that of the one there


class _Capsule:
    """A bare capsule, as older programs hand it over, behind the methods that are asked for today."""

    __slots__ = ("capsule",)

    def __init__(self, capsule: Any) -> None:
        self.capsule: Any = capsule

    def __dlpack__(self, **asked: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return _CPU


def from_dlpack(ext_tensor: Any, /, *, device: DeviceLike = None, copy: bool | None = None) -> Tensor:
    """An array of any library that knows DLPack, or its capsule, as a tensor on the same memory, unless ``copy``.

    Raises ``NoRuleError`` for a tensor that requires grad, ``ArgumentError`` for what has no DLPack, ``DtypeError`` for
    a dtype that NumPy lacks, ``BufferError`` where ``copy`` is False and the bytes have to be turned round.

    >>> import numpy as np, tinygrad_bp as tg
    >>> tg.from_dlpack(np.arange(3.0))
    tensor([0., 1., 2.], dtype=torch.float64)
    """
    resolve(device)
    if isinstance(ext_tensor, Tensor):
        _without_history(ext_tensor)
        return ext_tensor.detach().to(ext_tensor.dtype, device=device, copy=bool(copy))
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise ArgumentError(f"from_dlpack: a {kind_of(ext_tensor)} has no __dlpack__; write tg.tensor(x)")
    given: Any = ext_tensor if isinstance(ext_tensor, (np.ndarray, *ARRAYS)) else _read(ext_tensor)
    array = as_array(given.copy() if copy else given)
    if copy is False and array.size and not np.may_share_memory(array, given):
        raise BufferError(f"from_dlpack: {given.dtype} in another byte order needs a copy; leave copy=False out")
    return settled(wrap(array if copy else lent(array), None), device)


def _read(x: Any) -> Any:
    try:
        return np.from_dlpack(x)
    except RuntimeError as error:
        kind = getattr(x, "dtype", "its dtype")
        raise DtypeError(f"from_dlpack: NumPy has no {kind} ({error}); write x.float() before") from None


def to_dlpack(tensor: Tensor) -> Any:
    """The tensor's memory as a DLPack capsule, which is taken once."""
    return dlpack(tensor, max_version=(1, 0))


def dlpack(
    self: Tensor, *, stream: None = None, max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None, copy: bool | None = None,
) -> Any:  # fmt: skip
    """The tensor's memory as a DLPack capsule, for ``from_dlpack`` of another library.

    Read-only memory, such as that of a recorded result, which backward may need, is copied: other libraries write what
    they are told not to. So is memory that is walked backwards, on which PyTorch ends the process. Raises
    ``NoRuleError`` for a tensor that requires grad, ``BufferError`` for a device that is not the CPU and where ``copy``
    is False and a copy is needed.
    """
    _without_history(self)
    if self.is_cuda:  # its own library knows what is asked
        asked = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return handed_out(self).__dlpack__(**{key: value for key, value in asked.items() if value is not None})
    if dl_device not in (None, _CPU) or stream is not None:
        raise BufferError(f"__dlpack__: tensors live in the memory of the CPU, not on {dl_device}, stream {stream}")
    reading(self, "__dlpack__()")
    array = handed_out(self)
    backwards = min(array.strides, default=0) < 0
    wrong = "read-only" if not array.flags.writeable else "walked backwards" if backwards else ""
    if copy is False and wrong:
        raise BufferError(f"__dlpack__: the memory is {wrong}, which needs a copy; leave copy=False out")
    if copy or wrong:
        array = np.array(array, order="C" if backwards else "K")
    try:
        return array.__dlpack__() if max_version is None else array.__dlpack__(max_version=max_version)
    except TypeError:  # NumPy 2.0 knows one version
        return array.__dlpack__()


def dlpack_device(self: Tensor) -> tuple[int, int]:
    """The kind and the number of the device, as DLPack counts them: (1, 0) is the CPU."""
    return handed_out(self).__dlpack_device__() if self.is_cuda else _CPU


def _without_history(x: Tensor) -> None:
    if x.requires_grad:
        raise NoRuleError(
            "DLPack: another library records nothing of a tensor that requires grad, and its gradient would be dropped "
            "silently. Write t.detach()"
        )
