"""NumPy's whole namespace with recorded tensors: what is right, refused by name, wrong, or dropped.

``python tests/numpy_sweep.py`` prints the figures, and every call that is not right.
"""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import public_calls as pc
from numpy_calls import CALLS, DIFFER, KEYWORDS, LEAVE, METHODS, UNSETTLED

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AutogradError

STEP = 1e-6


def written(function: Callable[..., Any], a: Any, *args: Any) -> Any:
    """What a function has written into its first argument."""
    function(a, *args)
    return a


def at(ufunc: Any, a: Any, *args: Any) -> Any:
    """What ``ufunc.at`` has written."""
    ufunc.at(a, *args)
    return a


def named(make: Callable[[Any], Any], **others: Any) -> dict[str, Any]:
    """The names of the texts; what holds no floats (indices, truths) is an array."""
    names = pc.names(make)
    whole = {key: names[key].numpy() for key in ("i", "k", "m")}
    return {**names, **whole, "written": written, "at": at, **others}


def functions() -> Iterator[tuple[str, Any]]:
    """The names and functions of NumPy's namespaces."""
    for room, space in (("np", np), ("np.linalg", np.linalg), ("np.fft", np.fft)):
        for name in dir(space):
            function = getattr(space, name)
            if not name.startswith("_") and callable(function) and not isinstance(function, type):
                yield f"{room}.{name}", function


def first_of(call: str) -> str:
    """The function that a call is about; of a method its name with a dot."""
    return next(iter(pc.NAME.findall(call)), re.findall(r"\.\w+", call)[-1])


def function_of(name: str) -> Any:
    """What ``np.linalg.norm`` names."""
    function: Any = np
    for part in name.split(".")[1:]:
        function = getattr(function, part)
    return function


def offered(name: str) -> Iterator[str]:
    """The keywords of a function."""
    function = function_of(name)
    if isinstance(function, np.ufunc):
        yield from ("where of a ufunc", "out", "dtype", "order", "casting", "subok")
        return
    if not callable(function) or isinstance(function, type):  # np.r_, np.vectorize
        return
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        yield from {"reduce": ("axis", "dtype", "out", "keepdims", "initial", "where"),
                    "accumulate": ("axis", "dtype", "out"), "reduceat": ("axis", "dtype", "out")}.get(
            function.__name__, ())  # fmt: skip
        return
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return
    for p in parameters:
        if p.default is not p.empty and p.kind is not p.POSITIONAL_ONLY:
            yield p.name


def plain_calls() -> Iterator[tuple[str, str]]:
    """The first plain call of each function of the table, to which keywords can be added, and the function's name."""
    seen = set()
    for call in CALLS:
        name = first_of(call)
        if call.startswith(name) and call.endswith(")") and "=" not in call and name not in seen:
            seen.add(name)
            yield call, name


def calls() -> Iterator[str]:
    """Every call of the tables, and one of each function with every keyword that it offers."""
    yield from CALLS
    yield from (call for name, text in METHODS.items() if name not in DIFFER | LEAVE for call in text.split("; "))
    for call, name in plain_calls():
        for key in offered(name):
            for value in KEYWORDS[key]:
                yield f"{call[:-1]}, {key.split()[0]}={value})"


def parts_of(result: Any) -> list[Any]:
    """The arrays in a result, of nested tuples and lists as well."""
    if isinstance(result, (tuple, list)):
        return [part for item in result for part in parts_of(item)]
    return [result]


def quietly(call: str, names: dict[str, Any]) -> list[Any]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=".*has no gradient")
        return parts_of(eval(call, dict(names)))


def exact(array: Any) -> Any:
    """The arrays of a call as they are, in float64."""
    return np.array(array)


def outcome(call: str, recorded: bool = True, cast: Callable[[Any], Any] = exact, **others: Any) -> str:
    """What becomes of a call: right, refused, impossible (for NumPy), or what is wrong.

    ``cast`` gives the arrays another dtype, in which slopes are not measured; ``others`` are names in the call.
    """
    if any(call.startswith(unsettled) for unsettled in UNSETTLED):
        return "impossible"
    try:
        wanted = quietly(call, named(cast, **others))
    except Exception:
        return "impossible"
    tensors = named(lambda array: tg.tensor(cast(array)), **others)
    used = pc.used(call)
    for name in used:
        tensors[name].requires_grad = recorded
    try:
        found = quietly(call, tensors)
    except UserWarning:  # said of float(), of which NumPy asks for a number
        return "refused"
    except AutogradError as error:
        function = first_of(call).removeprefix("np.")
        by_name = re.search(rf"\b{re.escape(function.split('.')[-1])}\b|np.stack", str(error))
        return "refused" if by_name else f"refused, not by name: {error}"
    except Exception as error:
        return f"raises {type(error).__name__}: {error}"
    if len(found) != len(wanted):
        return f"wrong: {len(found)} results for {len(wanted)}"
    for one, two in zip(found, wanted, strict=True):
        problem = differs(one, two, cast is not exact)
        if problem:
            return f"wrong: {problem}"
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return slopes(call, tensors, used, found, wanted) if recorded and cast is exact else "right"


def differs(one: Any, two: Any, narrow: bool = False) -> str:
    """How a result is not NumPy's; ``narrow`` where the inputs had few digits."""
    if isinstance(two, (str, bytes, bool, np.dtype)) or two is None or type(one) is int:
        return "" if one == two or isinstance(two, str) else f"{one!r} for {two!r}"
    value = one.detach().numpy() if isinstance(one, tg.Tensor) else np.asarray(one)
    two = np.asarray(two)
    if value.dtype == object:
        return "an array of objects"
    if value.shape != two.shape or value.dtype != (np.int64 if two.dtype == np.intp else two.dtype):
        return f"{value.shape} {value.dtype} for {two.shape} {two.dtype}"
    narrow = narrow or two.dtype in (np.float32, np.complex64, np.float16)
    close = np.allclose(
        value,
        two,
        rtol=1e-3 if two.dtype == np.float16 else 1e-5 if narrow else 1e-10,
        atol=1e-6 if narrow else 1e-12,
        equal_nan=True,
    )
    return "" if close else f"{value} for {two}"


def slopes(call: str, tensors: dict[str, Any], used: list[str], found: list[Any], wanted: list[Any]) -> str:
    """Whether the gradients are what differences of NumPy's own results say: "right", or what is wrong."""
    rng = np.random.default_rng(1)
    places = [i for i, y in enumerate(wanted) if np.asarray(y).dtype.kind in "fc"]
    weights = {i: rng.standard_normal(np.shape(wanted[i])) + 1j * rng.standard_normal(np.shape(wanted[i]))
               for i in places}  # fmt: skip
    total: Any = None
    for i in places:
        y, w = found[i], weights[i]
        if not isinstance(y, tg.Tensor) or not y.requires_grad:
            continue
        y = y.to(tg.complex128 if y.is_complex() else tg.float64)
        part = (y.real * tg.tensor(w.real)).sum() + (y.imag * tg.tensor(w.imag)).sum() if y.is_complex() else (
            y * tg.tensor(w.real)).sum()  # fmt: skip
        total = part if total is None else total + part
    for name in used:
        direction = rng.standard_normal(pc.SHAPES[name])
        direction = direction + direction.T if name == "A" else direction

        def moved(t: float, name: str = name, direction: Any = direction) -> list[Any]:
            names = named(np.array)
            return quietly(call, {**tensors, **names, name: np.asarray(names[name] + t * direction)})

        ahead, behind = moved(STEP), moved(-STEP)
        across, narrow = 0.0, False
        for i in places:
            a, b = (np.asarray(side[i]) for side in (ahead, behind))
            if a.dtype in (np.float32, np.complex64, np.float16):
                narrow = True
                continue
            across += float(np.nansum(np.real(np.conj(weights[i]) * (a - b) / (2 * STEP))))
        if narrow:
            continue
        gradient = None
        if total is not None:
            (gradient,) = tg.autograd.grad(total, tensors[name], retain_graph=True, allow_unused=True)
        if gradient is None and abs(across) > 1e-6:
            return f"dropped: the gradient of {name}"
        along = 0.0 if gradient is None else float(np.sum(gradient.numpy() * direction))
        if not abs(along - across) <= 1e-4 * max(1.0, abs(across)):
            return f"wrong: the gradient of {name}, {along} for {across}"
    return "right"


def outcomes(recorded: bool = True, cast: Callable[[Any], Any] = exact) -> dict[str, str]:
    """What becomes of every call that NumPy itself can do."""
    found = {call: outcome(call, recorded, cast) for call in dict.fromkeys(calls())}
    return {call: result for call, result in found.items() if result != "impossible"}


def main() -> None:
    found = outcomes()
    for call, result in found.items():
        if result != "right":
            print(f"{call:60} {result[:200]}")
    right, refused = (list(found.values()).count(kind) for kind in ("right", "refused"))
    print(f"\nNumPy {np.__version__}: {len(found)} calls, {right / len(found):.1%} right, {refused / len(found):.1%} "
          f"refused by name, {len(found) - right - refused} neither")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
