"""Arrays that are not plain: each comes in as the plain array that it is, or is refused in one sentence, at every door.

Derived from the doors through which arrays come and from a call of every public function.
"""

from __future__ import annotations

import array
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import public_calls as pc
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, DtypeError

F = tg.nn.functional
BASE = np.array([[0.25, 0.5], [0.75, 0.5]])


class Converts:
    """An array of another library: NumPy can have it."""

    def __init__(self, data: Any) -> None:
        self.held = np.asarray(data)

    shape = property(lambda self: self.held.shape)
    dtype = property(lambda self: f"other.{self.held.dtype}")
    ndim = property(lambda self: self.held.ndim)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.held


class Refuses(Converts):
    """As PyTorch's tensors that require grad, or JAX's under a trace."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("call detach() first")


class Lends(Converts):
    """DLPack alone."""

    __array__ = None

    def __getattribute__(self, name: str) -> Any:
        if name == "__array__":
            raise AttributeError(name)
        return super().__getattribute__(name)

    def __dlpack__(self, **options: Any) -> Any:
        return self.held.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.held.__dlpack_device__()


class Subclass(np.ndarray):
    """A subclass with no meaning of its own."""


def matrix(data: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(data)


PLAIN: dict[str, Callable[[np.ndarray], Any]] = {
    "a subclass": lambda a: a.view(Subclass), "another byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "read only": lambda a: np.broadcast_to(a, a.shape), "not contiguous": lambda a: np.asfortranarray(a[::-1])[::-1],
}  # fmt: skip
FOREIGN: dict[str, Callable[[np.ndarray], Any]] = {
    "Converts": Converts, "Lends": Lends, "memoryview": memoryview, "array": lambda a: array.array("d", a.ravel()),
}  # fmt: skip
REFUSED: dict[str, Callable[[np.ndarray], Any]] = {
    "masked": lambda a: np.ma.masked_array(a, a > 0.6), "Refuses": Refuses, "objects": lambda a: a.astype(object),
    "text": lambda a: a.astype(str), "dates": lambda a: a.astype("M8[s]"), "None": lambda a: None,
    "fields": lambda a: a.astype([("x", float)]), "a set": lambda a: {1.0, 2.0}, "rows masked": lambda a: [
        np.ma.masked_array(row, row > 0.6) for row in a],
}  # fmt: skip
INTO: dict[str, Callable[[Any], Any]] = {
    "tensor": tg.tensor, "as_tensor": tg.as_tensor, "Parameter": lambda v: tg.nn.Parameter(v),
    "new_tensor": lambda v: tg.zeros(1, dtype=tg.float64).new_tensor(v),
    "x[:] = v": lambda v: written(lambda x: x.__setitem__(..., v)),
    "copy_": lambda v: written(lambda x: x.copy_(v)), "data": lambda v: written(lambda x: setattr(x, "data", v)),
    "load_state_dict": lambda v: loaded(v),
}  # fmt: skip


def written(write: Callable[[Any], Any]) -> Any:
    x = tg.zeros(2, 2, dtype=tg.float64)
    write(x)
    return x


def loaded(value: Any) -> Any:
    layer = tg.nn.Linear(2, 2, bias=False, dtype=tg.float64)
    layer.load_state_dict({"weight": value})
    return layer.weight.detach()


@pytest.mark.parametrize("make", [*PLAIN.values(), *FOREIGN.values(), matrix], ids=[*PLAIN, *FOREIGN, "matrix"])
@pytest.mark.parametrize("door", INTO.values(), ids=INTO)
def test_an_array_comes_in_as_the_plain_array_that_it_is(door, make) -> None:
    given = make(BASE)
    if make is FOREIGN["array"]:  # one-dimensional
        try:
            found = door(given)
        except AutogradError:
            return
        np.testing.assert_array_equal(found.detach().numpy().ravel()[:2], BASE.ravel()[:2])
        return
    found = door(given)
    assert type(found.detach().numpy()) is np.ndarray and found.dtype == tg.float64 and found.dtype.isnative
    np.testing.assert_array_equal(found.detach().numpy(), BASE)


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("door", INTO.values(), ids=INTO)
def test_what_would_lose_its_meaning_is_refused(door, make) -> None:
    if door is INTO["Parameter"] and make is REFUSED["None"]:  # PyTorch's own default: a parameter of no elements
        assert door(None).shape == (0,)
        return
    with pytest.raises(AutogradError) as caught:
        door(make(BASE))
    assert "\n" not in str(caught.value)


def test_from_numpy_shares_the_memory_or_refuses() -> None:
    plain = BASE.copy().view(Subclass)
    found = tg.from_numpy(plain)
    found[0, 0] = 9.0
    assert plain[0, 0] == 9 and type(found.detach().numpy()) is np.ndarray
    for make, kind in (("masked", ArgumentError), ("text", DtypeError), ("Refuses", ArgumentError)):
        with pytest.raises(kind):
            tg.from_numpy(REFUSED[make](BASE))
    with pytest.raises(DtypeError, match="byte order"):
        tg.from_numpy(PLAIN["another byte order"](BASE))


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "t * v": lambda t, v: t * v, "v * t": lambda t, v: v * t, "t - v": lambda t, v: t - v, "v - t": lambda t, v: v - t,
    "t / v": lambda t, v: t / v, "t ** v": lambda t, v: t**v, "t @ v": lambda t, v: t @ v, "v @ t": lambda t, v: v @ t,
    "t == v": lambda t, v: t == v, "t < v": lambda t, v: t < v, "add": tg.add,
    "where": lambda t, v: tg.where(t > 0, t, v),
    "cat": lambda t, v: tg.cat([t, v]), "maximum": tg.maximum, "mse_loss": F.mse_loss, "l1_loss": F.l1_loss,
    "linear": F.linear, "cross_entropy": F.cross_entropy, "dot": np.dot,
    "np.multiply": np.multiply, "np.concatenate": lambda t, v: np.concatenate([t, v]), "np.maximum": np.maximum,
    "np.where": lambda t, v: np.where(t > 0, t, v), "+=": lambda t, v: (t * 1).__iadd__(v),
    "x[v]": lambda t, v: t[v], "Linear": lambda t, v: tg.nn.Linear(2, 2, dtype=tg.float64)(v),
}  # fmt: skip


@pytest.mark.parametrize("make", [*PLAIN.values(), *FOREIGN.values(), *REFUSED.values(), matrix],
                         ids=[*PLAIN, *FOREIGN, *REFUSED, "matrix"])  # fmt: skip
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operand_means_what_its_plain_array_means_or_is_refused(name: str, make) -> None:
    """Value and gradient of the tensor beside it."""
    operation, t = OPERATIONS[name], tg.tensor(BASE + 1, requires_grad=True)
    try:
        tg.manual_seed(0)
        found = operation(t, make(BASE))
    except AutogradError as error:
        assert make not in PLAIN.values() or name == "x[v]"
        assert "\n" not in str(error)
        return
    except (AttributeError, TypeError):
        assert not isinstance(make(BASE), (np.ndarray, Converts))  # no array with dimensions
        return
    if make(BASE) is None or isinstance(make(BASE), set):
        assert found is False or name == "x[v]"  # what is no array is equal to no tensor; None is a new axis
        return
    assert make not in REFUSED.values()
    other = BASE.ravel() if isinstance(make(BASE), array.array) else BASE
    tg.manual_seed(0)
    wanted = operation(t, other)
    np.testing.assert_array_equal(found.detach().numpy(), wanted.detach().numpy())
    if wanted.requires_grad and t.grad is None:
        gradients = [tg.autograd.grad(y.sum(), t, allow_unused=True)[0] for y in (found, wanted)]
        assert gradients[0] is gradients[1] is None or np.array_equal(*(g.detach().numpy() for g in gradients))


def test_a_matrix_is_no_operand() -> None:
    t = tg.tensor(BASE, requires_grad=True)
    for use in (lambda m: t * m, lambda m: m * t, lambda m: tg.add(m, m)):
        with pytest.raises(ArgumentError, match=r"np\.matrix .* write np\.asarray\(m\)"):
            use(matrix(BASE))


# What reads a shape, or one number, alone.
OF_SHAPES = ["T.rand_like(x)", "T.randn_like(x)", "T.randint_like(x, 5)", "T.expand_as(x, y)", "T.linspace(s, 2.0, 3)",
             "T.arange(s)", "T.resize_as_(T.zeros(20), x)"]  # fmt: skip


@pytest.mark.parametrize("make", ["masked", "Refuses", "Converts", "Lends"])
def test_every_public_function_takes_it_as_plain_or_refuses(make: str) -> None:
    """In the place of each tensor in turn, beside tensors and beside its like."""
    made, taken = {**REFUSED, **FOREIGN}[make], 0
    for call in pc.CALLS:
        for name in pc.used(call):
            for others in (tg.tensor, made):
                names = pc.names(others)
                names[name] = made(pc.names(lambda a: a)[name])
                try:
                    with warnings.catch_warnings(), np.errstate(all="ignore"):
                        warnings.simplefilter("ignore")
                        found = eval(call, dict(names))
                except (AutogradError, AttributeError, TypeError, RuntimeError, ValueError, IndexError):
                    continue
                taken += 1
                assert make != "masked" or call in OF_SHAPES or not isinstance(found, tg.Tensor), call
    assert taken < 200
