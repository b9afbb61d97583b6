"""How the named tuples are printed that functions of several results return: as PyTorch prints them."""

from __future__ import annotations

from typing import Any


def returned(function: str, results: Any) -> str:
    """The text of what ``function`` returned, a named tuple."""
    parts = ",\n".join(f"{field}={value!r}" for field, value in zip(results._fields, results))
    return f"torch.return_types.{function}(\n{parts})"
