"""What an op is: the record of one operation, and ``OPS``, the table that holds every op by name.

One definition gives the function, its backward rules, what is kept for them, the label in drawings, the text of
errors and the contract tests. A rule is plain NumPy and **its parameter names say what is kept**: ``g`` is the
gradient arriving, ``y`` the result; every other name is an input or a keyword parameter of the op, and
``x_shape``, ``x_dtype`` keep only those of input ``x``. What a forward computes on the way and a rule can use again
is a *residual*: forward returns it after the value, and ``residuals`` says how to find it from the inputs where the
rule itself is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Rule = Callable[..., Any]

OPS: dict[str, Op] = {}
# NumPy's own callables and what stands for them when an argument is a Tensor.
UFUNCS: dict[Any, Callable[..., Any]] = {}
FUNCTIONS: dict[Any, Callable[..., Any]] = {}
# The ufuncs of other libraries that are imported.
THEIR_UFUNCS: dict[Any, Callable[..., Any]] = {}
# The methods of any ufunc, by name, made of what stands for it; "__call__" is a call with keywords.
UFUNC_METHODS: dict[str, Callable[..., Any]] = {}

ALIASES = {"axis": "dim", "keepdims": "keepdim"}  # PyTorch's names of NumPy's parameters: functions take both
REQUIRED: Any = type("Required", (), {"__repr__": lambda self: "REQUIRED"})()


class Op:
    """One operation: how to compute it, how to pull a gradient back through it, and what to say of it."""

    name: str
    kind: str  # "elementwise", "linear", "general" or "constant" (no gradient)
    forward: Callable[..., Any]  # raw arrays, then the parameters, all positional
    rules: tuple[Rule | None, ...]  # one per input; None where the input gets no gradient
    inputs: tuple[str, ...]
    params: dict[str, Any]  # keyword parameters and their defaults (REQUIRED: none)
    kept: tuple[str, ...]  # what a node keeps, in order
    residuals: dict[str, Rule]  # what forward returns beside the value
    keeps_values: bool  # whether any of that is an array that backward frees
    promotes: tuple[bool, ...]  # which inputs take part in finding the common dtype
    draws: bool  # it takes numbers from a random stream: each call gives others, and two are not one
    floats: bool  # integers give the default float dtype
    together: bool  # all inputs have one rule, which gives their gradients as a tuple, None where not ``wanted``
    variadic: bool  # the one input is a list of tensors, and its one rule gives one gradient each
    wide: bool  # float16 is computed in float32 and rounded once
    views: bool  # the result may lie in the memory of the first input, and writing it writes there
    bilinear: bool  # linear in each of its two inputs: the op of a tangent and the other input is the derivative
    holomorphic: bool  # complex: the rule states the derivative, and the gradient takes its conjugate
    gives: str  # "real" from complex inputs, "complex" from real ones, or "" (the kind of number of the inputs)
    grad_grad_fn: str  # of a gradient that requires grad though its slope is 0 (``flat``): PyTorch's name; else ""
    grad_fn: str | Callable[..., str]  # PyTorch's name of a node; may be a function of what is kept and of ``shape``
    hint: str  # what to write instead when shapes do not fit
    formula: str
    doc: str
    samples: Any
    place: tuple[str, int]  # the file and the line of the definition
    reference: Callable[..., Any] | None  # the same value in plain NumPy, where forward is not NumPy's own
    function: Callable[..., Any]
    pull: Callable[[Any, tuple[Any, ...], tuple[Any, ...]], tuple[Any, ...]]
    back: Callable[[Any, Any, Any], None] | None  # a step of ``walk`` at one of its nodes, unrolled

    __slots__ = tuple(__annotations__)

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    def compute(self, *inputs: Any, **params: Any) -> Any:
        """The value on raw arrays."""
        result = self.forward(*inputs, *(params.get(name, default) for name, default in self.params.items()))
        return result[0] if self.residuals else result

    @property
    def label(self) -> str:
        """The name as drawings show it: ``log_softmax`` is ``LogSoftmax``."""
        return "".join(word[:1].upper() + word[1:] for word in self.name.split("_"))


def arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    """The parameter names of a plain function."""
    return function.__code__.co_varnames[: function.__code__.co_argcount]


def reads(rule: Rule) -> tuple[str, ...]:
    """What a rule reads: its parameter names without ``g`` and ``wanted``."""
    names = arguments(rule)
    if not names or names[0] != "g":
        raise TypeError(f"a rule's first parameter is g, the gradient arriving; got {names}")
    return tuple([name for name in names[1:] if name != "wanted"])


def kept_for(rules: tuple[Rule | None, ...]) -> tuple[str, ...]:
    """Everything that the rules read, each name once, in order."""
    return tuple(dict.fromkeys(name for rule in rules if rule is not None for name in reads(rule)))
