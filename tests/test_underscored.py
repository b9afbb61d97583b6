"""PyTorch's functions over lists of tensors, ``torch._foreach_…``: each is its method, for every tensor."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, ShapeError
from tinygrad_bp.functions import underscored

# What those take that take more than the tensors; names stand for lists of tensors.
MORE: dict[str, tuple[Any, ...]] = {
    "add": ("b",), "addcdiv": ("b", "c", 0.5), "addcmul": ("b", "c", [0.5, 2.0]), "clamp_max": (0.5,),
    "clamp_min": ("b",), "copy": ("b",), "div": ("b",), "lerp": ("b", 0.25), "maximum": ("b",), "minimum": (0.4,),
    "mm": ("b",), "mul": ([2.0, 3.0],), "norm": (1,), "pow": (2,), "sub": ("b",),
}  # fmt: skip
BY_KEYWORD = {"addcdiv", "addcmul"}


def lists() -> dict[str, list[tg.Tensor]]:
    generator = tg.Generator().manual_seed(3)
    return {name: [tg.rand(2, 2, generator=generator) + 0.1 for _ in range(2)] for name in "abc"}


def method(name: str, tensor: tg.Tensor, args: list[Any]) -> tg.Tensor:
    if name in ("copy", "zero"):
        return args[0] if args else tensor * 0
    if name in BY_KEYWORD:
        return getattr(tensor, name)(*args[:2], value=args[2])
    return tg.linalg.vector_norm(tensor, *args) if name == "norm" else getattr(tensor, name)(*args)


@pytest.mark.parametrize("name", sorted(underscored._ANEW | underscored._BOTH | underscored._IN_PLACE))
def test_a_list_is_its_tensors_one_by_one(name: str) -> None:
    given = lists()
    args = [given[v] if isinstance(v, str) else v for v in MORE.get(name, ())]
    each = [method(name, t, [v[i] if isinstance(v, list) else v for v in args]) for i, t in enumerate(given["a"])]
    if name not in underscored._IN_PLACE:
        found = getattr(tg, f"_foreach_{name}")(given["a"], *args)
        assert isinstance(found, tuple) and all(tg.equal(x, y) for x, y in zip(found, each, strict=True))
    if name in underscored._ANEW:
        assert not hasattr(tg, f"_foreach_{name}_")
    else:
        assert getattr(tg, f"_foreach_{name}_")(given["a"], *args) is given["a"]
        assert all(tg.equal(x, y) for x, y in zip(given["a"], each, strict=True))


def test_a_tensor_that_stands_twice_is_changed_twice() -> None:
    t = tg.ones(2)
    tg._foreach_mul_([t, t], 2.0)
    assert t.tolist() == [4.0, 4.0]


def test_lists_of_several_lengths_and_sizes_are_refused_before_anything_changes() -> None:
    a = [tg.ones(2), tg.ones(2)]
    with pytest.raises(ArgumentError, match="lists must have one length, got 2, 1"):
        tg._foreach_add_(a, [tg.ones(2)])
    with pytest.raises(ArgumentError, match="one tensor or more"):
        tg._foreach_add_([], 1.0)
    with pytest.raises(ShapeError, match=r"tensor 1 of shape \(2,\) is too small"):
        tg._foreach_add_(a, [tg.ones(2), tg.ones(3, 2)])
    assert all(t.tolist() == [1.0, 1.0] for t in a)
    assert not hasattr(tg, "_foreach_nothing")


def test_assert_is_pythons() -> None:
    tg._assert(tg.tensor(1) == 1, "never")
    with pytest.raises(AssertionError, match="too short"):
        tg._assert(False, "too short")
