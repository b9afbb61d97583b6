"""The compiler: functions of tensors that run as programs.

``compiled`` (what ``tg.compile`` gives), ``kinds`` (what a program depends on among its arguments), ``guards`` (and
besides them); ``passes`` and ``plan``, pure functions that make a program fast; the backends, which build what runs.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..autograd.errors import ArgumentError
from ..autograd.modes import traced
from ..nn.module import Module
from .compiled import Compiled, CompiledModule

__all__ = ["Compiled", "CompiledModule", "compile", "is_compiling"]

F = TypeVar("F", bound=Callable[..., Any])

BACKENDS = {"numpy": "numpy_backend", "c": "c_backend"}  # and the files that build them
PYTORCHS = {
    "inductor",
    "eager",
    "aot_eager",
    "cudagraphs",
    "onnxrt",
}  # its backends: there the choice is of speed alone


@overload
def compile(model: F, *, backend: str = ..., exact: bool = ..., **settings: object) -> F: ...
@overload
def compile(model: None = None, *, backend: str = ..., exact: bool = ..., **settings: object) -> Callable[[F], F]: ...
def compile(model: Any = None, *, backend: str = "numpy", exact: bool = False, **settings: object) -> Any:
    """A function, or a module, that runs as a program of NumPy calls; without one, a decorator.

    Give a whole training step: forward, ``backward()`` and the optimizer's ``step()``. Its first calls are run by
    Python and written down; when two in a row were the same program, that runs from then on. Other shapes, dtypes,
    numbers, switches of modules or settings lead to programs of their own (``compiled.programs``). A ``.grad`` that
    the step itself cleared first and used up is None afterwards. A module is compiled for inference: where a gradient
    is wanted of its result, Python runs it.

    ``backend`` is ``"numpy"`` or ``"c"``. With ``exact`` every result has the same bits as without ``compile``; else
    sums may be taken in another order. ``settings`` are those of PyTorch's compiler, which change nothing. Raises
    ``CaptureError`` where the function reads a value (``item()``, ``if t > 0``), ``ArgumentError`` for another backend.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = tg.optim.SGD([w], lr=0.1)
    >>> @tg.compile
    ... def step(x):
    ...     optimizer.zero_grad()
    ...     loss = ((w * x) ** 2).sum()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> [round(step(tg.ones(2)).item(), 4) for _ in range(4)]
    [5.0, 3.2, 2.048, 1.3107]
    >>> len(step.programs)
    1
    """
    chosen = "numpy" if backend in PYTORCHS else backend
    if chosen not in BACKENDS:
        raise ArgumentError(f"compile: backend is {' or '.join(map(repr, BACKENDS))}, got {backend!r}")
    if model is None:
        return lambda model: compile(model, backend=backend, exact=exact, **settings)
    if not callable(model):
        raise ArgumentError(f"compile: give a function or a module, got {type(model).__name__}")
    kind = CompiledModule if isinstance(model, Module) else Compiled
    return kind(model, import_module(f".{BACKENDS[chosen]}", __name__).build, exact)


def is_compiling() -> bool:
    """Whether what runs now is being written down as a program.

    >>> import tinygrad_bp as tg
    >>> tg.compiler.is_compiling()
    False
    """
    return traced()


if not TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("compiler", name)
