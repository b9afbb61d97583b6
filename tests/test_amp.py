"""Mixed precision as PyTorch has it without a GPU: named, switched off, and the same numbers."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import DeviceError
from tinygrad_bp.cuda import amp as cuda_amp


def trained(scaler: Any, block: Any) -> list[float]:
    """A weight after three steps, in a loop as scripts write it."""
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    optimizer = tg.optim.SGD([w], lr=0.1, momentum=0.5)
    for _ in range(3):
        optimizer.zero_grad(set_to_none=True)
        with block():
            loss = (w * w).sum()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        tg.nn.utils.clip_grad_norm_([w], 10.0)
        scaler.step(optimizer)
        scaler.update()
    return w.tolist()


BLOCKS = {
    "autocast": lambda: tg.autocast("cuda", enabled=False),
    "amp.autocast": lambda: tg.amp.autocast(device_type="cpu", dtype=tg.bfloat16, enabled=False),
    "cuda.amp.autocast": lambda: cuda_amp.autocast(enabled=False),
    "none": tg.enable_grad,
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize("kind", [tg.amp.GradScaler, tg.GradScaler, cuda_amp.GradScaler])
def test_training_gives_the_same_numbers(kind: Any, block: Any) -> None:
    scaler = kind(enabled=False)
    assert trained(scaler, block) == trained(tg.amp.GradScaler("cpu", enabled=False), tg.enable_grad)
    assert (scaler.get_scale(), scaler.is_enabled(), scaler.state_dict()) == (1.0, False, {})
    scaler.load_state_dict({})


@pytest.mark.parametrize(
    "make",
    [lambda: tg.autocast("cuda"), lambda: tg.autocast("cpu", tg.float16), cuda_amp.autocast, tg.amp.GradScaler],
)
def test_what_is_switched_on_warns_and_changes_nothing(make: Any) -> None:
    with pytest.warns(UserWarning, match="leave it out, or write enabled=False"):
        made = make()
    if isinstance(made, tg.autocast):
        with made:
            assert (tg.ones(2) * 2).dtype == tg.float32


def test_as_a_decorator() -> None:
    @tg.autocast("cuda", enabled=False)
    def forward(x: Any) -> Any:
        """What it does."""
        return x * 2

    assert forward(tg.ones(1)).item() == 2 and forward.__doc__ == "What it does."


def test_devices_are_looked_at_and_functions_left_alone() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for call in (lambda: tg.autocast("gpu", enabled=False), lambda: tg.amp.is_autocast_available("gpu")):
            with pytest.raises(DeviceError, match="Expected one of cpu"):
                call()
    assert not tg.amp.is_autocast_available("cuda")

    class Double(tg.autograd.Function):
        @staticmethod
        @tg.amp.custom_fwd(device_type="cuda", cast_inputs=tg.float32)
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        @cuda_amp.custom_bwd
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    w = tg.ones(2, requires_grad=True)
    Double.apply(w).sum().backward()
    assert w.grad.tolist() == [2, 2]


def test_a_dtype_that_numpy_lacks_can_be_named_and_not_used() -> None:
    assert {"bfloat16": tg.bfloat16, "float32": tg.float32}["float32"] == tg.float32
    assert repr(tg.bfloat16) == "torch.bfloat16" and tg.float32 != tg.bfloat16
    for use in (
        lambda: tg.zeros(2, dtype=tg.bfloat16), lambda: tg.tensor([1.0], dtype=tg.bfloat16),
        lambda: tg.ones(2).to(tg.bfloat16), lambda: tg.ones(2).type(tg.bfloat16),
        lambda: tg.randn(2, dtype=tg.bfloat16), lambda: tg.nn.Linear(2, 2).to(tg.bfloat16),
        lambda: tg.set_default_dtype(tg.bfloat16),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r"bfloat16|data type"):
            use()
