"""Constructors, dtypes, devices, ``.data`` and memory: the same lines on both engines give the same, or both refuse."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg

torch = pytest.importorskip("torch")

KINDS = ["Tensor", "FloatTensor", "DoubleTensor", "LongTensor", "IntTensor", "ShortTensor", "ByteTensor", "CharTensor",
         "BoolTensor", "HalfTensor"]  # fmt: skip
GIVEN = [
    "", "3", "2, 3", "0", "2, 0, 1", "[1, 0]", "(1, 0)", "[1.0, 0.0]", "[True, False]", "[[1, 0], [0, 1]]", "[]",
    "[[], []]", "range(3)", "2.5", "None", "'ab'", "True", "-1", "2, 'a'", "[1], [2]", "[[1], [2, 3]]", "[1 + 2j]",
    "T.Size([2, 3])", "T.ones(2, 3).shape", "np.array([1, 0])", "np.array([1.0, 0.0])", "np.array([1.0, 0.0], 'f')",
    "np.int64(3)", "np.float32(3)", "T.tensor([1, 0])", "T.tensor([1.0, 0.0])", "T.tensor([1.0, 0.0]).double()",
    "T.tensor(3)", "T.tensor(2), 3", "data=[1, 0]", "size=(2,)", "2, device='cpu'", "2, device='cuda'",
    "[1.0], dtype=T.float32", "[300]", "[-1]", "[-300]", "[1.5]", "[1e30]", "[-1.5]", "[255]", "[128]",
]  # fmt: skip
NAMES = """
x = T.arange(24.0).reshape(2, 3, 4)
w = T.tensor([1.0, 2.0, 4.0], requires_grad=True)
h = w * 2
i = T.tensor([1, 2])
"""
CALLS = [
    *[f"w.{name}()" for name in ("byte", "char", "short", "int", "long", "half", "float", "double", "bool", "cfloat")],
    "w.type()", "i.type()", "w.type(T.LongTensor)", "w.type('torch.DoubleTensor')", "w.type(T.int8)", "w.type('foo')",
    "w.type(T.Tensor)", "i.type(T.Tensor)", "i.new(2, 3).shape", "i.new([1, 2])", "i.new(i)", "i.new(i.size()).shape",
    "isinstance(w, T.FloatTensor), isinstance(i, T.FloatTensor), isinstance(i, T.LongTensor), isinstance(w, T.Tensor)",
    "w.to('cpu')", "w.to('cpu', T.float64)", "w.to(i)", "w.to(T.float16, copy=True)", "w.to('cuda')", "w.to('gpu')",
    "w.to(0)", "w.cuda()", "w.cpu()", "w.device", "w.device == T.device('cpu')", "str(w.device), repr(w.device)",
    "w.is_cuda, w.is_cpu, w.get_device()", "T.device('cuda', 1)", "T.device('cpu:0')", "T.device('cuda:x')",
    "T.device('gpu')", "T.device(3.0)", "T.device(T.device('cpu'))", "T.device('cpu') == 'cpu'", "T.device(type='mps')",
    "T.ones(2, device='cuda')", "T.ones(2, device='cpu:1')", "T.randn(2, device='mps')", "T.get_default_device()",
    "T.tensor([1.0], device='cuda')", "T.cuda.is_available()", "T.cuda.device_count()", "T.cuda.current_device()",
    "T.cuda.synchronize()", "T.cuda.get_device_name()", "T.cuda.manual_seed_all(1)", "T.cuda.empty_cache()",
    "T.cuda.memory_allocated()", "T.backends.cudnn.is_available()", "T.backends.mps.is_available()",
    "T.accelerator.is_available()", "T.accelerator.current_accelerator()", "T.xpu.is_available()",
    "x.stride()", "x.T.stride() if x.ndim == 2 else x.transpose(0, 2).stride()", "x[1].storage_offset()",
    "x[:, ::2].is_contiguous()", "x.transpose(0, 1).contiguous().stride()", "x.element_size(), x.nbytes, x.itemsize",
    "len(x[0].storage()), x[1].storage()[3]", "x[0].untyped_storage().nbytes()", "x.layout", "x.unsqueeze(1).stride()",
    "x.expand(5, 2, 3, 4).stride()", "T.zeros(0, 3).stride()", "T.zeros(2, 0).stride()", "T.tensor(1.0).stride()",
    "x.stride(3)", "x.is_sparse, x.is_quantized, x.is_nested", "w.data", "h.data",
    "w.data.requires_grad, h.data.grad_fn",
    "w.data.add_(1), w", "w.data.zero_(), w.grad", "h.data.mul_(2), h", "w.data.max(0)", "x.data.max(1, keepdim=True)",
    "setattr(w, 'data', T.zeros(3)), w", "setattr(w, 'data', T.zeros(2, 2)), w", "setattr(w, 'data', i), w",
    "setattr(w, 'data', w.data.double()), w", "T.nn.init.constant_(w.data, 3.0), w", "T.nn.Parameter(w.data)",
    "w.is_leaf, h.is_leaf, h.detach_().is_leaf", "h.retains_grad", "w.nelement(), x.ndimension()", "i.type_as(w)",
    "T.zeros(3).copy_(w)", "T.autograd.Variable(T.Tensor([1, 2]), requires_grad=True)", "T.is_inference_mode_enabled()",
    "T.inference_mode()(lambda: (w * 2).requires_grad)()", "T.no_grad(lambda: T.is_grad_enabled())()",
    "T.enable_grad(lambda: T.is_grad_enabled())()", "T.inference_mode(lambda: T.is_inference_mode_enabled())()",
]  # fmt: skip


def shown(value: Any) -> Any:
    """A result in the terms of both engines."""
    if isinstance(value, (tuple, list)) and not isinstance(value, (torch.Size, tg.Size)):
        return [shown(item) for item in value]
    if isinstance(value, (torch.Tensor, tg.Tensor)):
        return [str(value.dtype).removeprefix("torch."), list(value.shape), value.tolist(), value.requires_grad]
    return str(value) if not isinstance(value, (bool, int, float, str, type(None))) else value


def result(engine: Any, line: str) -> Any:
    names = {"T": engine, "np": np}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(NAMES, names)
        try:
            return shown(eval(line, names))
        except Exception:
            return "refused"


@pytest.mark.parametrize(("kind", "given"), list(itertools.product(KINDS, GIVEN)))
def test_a_constructor(kind: str, given: str) -> None:
    ours, theirs = (result(engine, f"T.{kind}({given})") for engine in (tg, torch))
    by_size = given in ("3", "2, 3", "T.Size([2, 3])", "T.ones(2, 3).shape", "np.int64(3)", "T.tensor(2), 3")
    if by_size or "size=" in given or "device='cpu'" in given:  # what the memory held
        ours, theirs = ours[:2], theirs[:2]
    assert ours == theirs


@pytest.mark.parametrize("line", CALLS)
def test_a_line(line: str) -> None:
    assert result(tg, line) == result(torch, line)
