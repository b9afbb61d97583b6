"""A function exported to ONNX and run by onnxruntime, beside the function itself."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.trees import flatten

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def exported(function: Any, *args: Any, **settings: Any) -> Any:
    """The model, read back."""
    file = io.BytesIO()
    tg.onnx.export(function, args, file, **settings)
    return onnx.load_from_string(file.getvalue())


def session(model: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def arrays_of(tree: Any) -> list[Any]:
    """The arrays of the tensors in nested arguments or results."""
    leaves = [leaf for leaf in flatten(tree)[0] if isinstance(leaf, (tg.Tensor, np.ndarray))]
    return [leaf.detach().numpy() if isinstance(leaf, tg.Tensor) else leaf for leaf in leaves]


def run(in_session: Any, args: Any) -> list[Any]:
    """The results of a model on these arguments."""
    names = [item.name for item in in_session.get_inputs()]
    return list(in_session.run(None, dict(zip(names, arrays_of(args), strict=True))))


def assert_same(ours: Any, theirs: list[Any], tolerance: float = 1e-5) -> None:
    """Every result within ``tolerance``, relative where it is above 1."""
    for mine, found in zip(arrays_of(ours), theirs, strict=True):
        assert mine.shape == found.shape and mine.dtype == found.dtype
        np.testing.assert_allclose(found, mine, rtol=tolerance, atol=tolerance)
