"""How a module is made: its constructor takes settings, and the call that follows takes tensors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from itertools import zip_longest
from typing import Any, Self

import numpy as np

from ..autograd import dtypes
from ..autograd.arrays import whole
from ..autograd.device import DeviceLike, resolve
from ..autograd.doors import constructor
from ..autograd.errors import ArgumentError, shape_text
from ..autograd.tensor import Tensor
from ..autograd.types import DTypeLike
from ..random.generator import Generator


class _Signature:
    """What a constructor takes, for ``inspect``: Python 3.11.0 to 3.11.3 tell what ``__new__`` takes, everything."""

    def __get__(self, module: Any, cls: Any) -> inspect.Signature | None:
        if module is not None or cls.__new__.__module__.partition(".")[0] != __name__.partition(".")[0]:
            return None
        own = inspect.signature(cls.__init__)
        return own.replace(parameters=list(own.parameters.values())[1:])


class Constructed:
    """The part of a ``Module`` that looks at what its constructor is given."""

    forward: Callable[..., Any]
    __signature__: _Signature = _Signature()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A constructor of this package's looks at its whole numbers first: most are sizes of the parameters.

        One that takes a device makes its module on the CPU, and moves it there.
        """
        super().__init_subclass__(**kwargs)
        init = cls.__dict__.get("__init__")
        if inspect.isfunction(init) and cls.__module__.partition(".")[0] == __name__.partition(".")[0]:
            # An assignment would be a declaration, of an unknown type, to those who check types.
            type.__setattr__(cls, "__init__", constructor(_looked_at(init)))

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A module without anything in it. Raises ``ArgumentError`` for a tensor or array meant for its call."""
        if any(map(_is_data, (*args, *kwargs.values()))):
            cls._refuse_tensors(args, kwargs)
        return super().__new__(cls)

    @classmethod
    def _refuse_tensors(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """``nn.ReLU(x)`` for ``nn.ReLU()(x)``: of this package's modules, only those that keep a tensor take one."""
        own, here = cls.__init__.__module__, __name__.partition(".")[0]
        if own.partition(".")[0] != here:
            return
        takes = [p for p in inspect.signature(cls.__init__).parameters.values() if p.name != "self"]
        kept = {p.name for p in takes if any(word in str(p.annotation) for word in ("Array", "Tensor"))}
        given = [(p.name if p else "one argument more", value) for p, value in zip_longest(takes, args)][: len(args)]
        for name, value in (*given, *kwargs.items()):
            if _is_data(value) and name not in kept:
                label = f"nn.{cls.__name__}" if cls.__module__.partition(".")[0] == here else cls.__name__
                settings = ", ".join(
                    p.name for p in takes if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
                )
                what = "a tensor" if isinstance(value, Tensor) else "an array"
                inputs = ", ".join(list(inspect.signature(cls.forward).parameters)[1:])
                raise ArgumentError(
                    f"{label}() takes settings, and got {what} {shape_text(value.shape)} as {name}; write "
                    f"{label}({settings})({inputs})"
                )


def _is_data(given: Any) -> bool:
    return isinstance(given, Tensor) or (isinstance(given, np.ndarray) and given.ndim > 0)


def _looked_at(init: Any) -> Any:
    names = init.__code__.co_varnames[1 : init.__code__.co_argcount]
    allowed = init.__code__.co_varnames[: init.__code__.co_argcount + init.__code__.co_kwonlyargcount]
    place = allowed.index("device") - 1 if "device" in allowed else None
    defaults = dict(zip(names[::-1], (init.__defaults__ or ())[::-1]))
    numbers = [  # name, place, and the least that it may be: a size is at least 0
        (name, i, 0 if place is not None and defaults.get(name, 1) > 0 else -np.inf)
        for i, name in enumerate(names)
        if init.__annotations__[name] == "int"
    ]

    if not numbers and place is None:
        return init

    @functools.wraps(init)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        for name, i, least in numbers:
            whole(args[i] if i < len(args) else kwargs.get(name, 0), type(self).__name__, name, least)
        init(self, *args, **kwargs)
        if place is None:
            return
        device = resolve(kwargs.get("device", args[place] if len(args) > place else None))
        if device.type != "cpu":
            self.to(device)

    return made


def start(module: Any, generator: Generator | None) -> None:
    """Draw the first values: what a subclass makes of ``reset_parameters`` is what counts."""
    if generator is None:
        module.reset_parameters()
    else:
        module.reset_parameters(generator)


def parameter_dtype(device: DeviceLike, dtype: DTypeLike) -> Any:
    """The dtype of the parameters of a layer that is made on a device: the one given, else the default float dtype.

    Raises ``DeviceError`` for a device that is not here.
    """
    resolve(device)
    return dtypes.get_default_dtype() if dtype is None else dtype
