"""PyTorch's switches of CUDA, which is not here: they can be set, and change nothing."""

from __future__ import annotations


class _Matmul:
    """How exact a matrix product on a GPU is."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True


matmul: _Matmul = _Matmul()


def is_built() -> bool:
    """Whether CUDA is built in: no."""
    return False


def enable_flash_sdp(enabled: bool) -> None:
    """Nothing: attention is one computation here."""


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Nothing: attention is one computation here."""


def enable_math_sdp(enabled: bool) -> None:
    """Nothing: attention is one computation here."""


def enable_cudnn_sdp(enabled: bool) -> None:
    """Nothing: attention is one computation here."""


def flash_sdp_enabled() -> bool:
    """Whether attention runs in blocks on a GPU: no."""
    return False


def mem_efficient_sdp_enabled() -> bool:
    """Whether attention saves memory on a GPU: no."""
    return False


def math_sdp_enabled() -> bool:
    """Whether attention is computed as its formula says: yes."""
    return True
