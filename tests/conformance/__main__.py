"""``python -m tests.conformance``: the page docs/conformance.md, on standard output."""

from __future__ import annotations

import warnings

import torch

from tinygrad_bp.autograd import terminal

from .operators import misses, ours, table
from .test_operators import KNOWN
from .test_special_points import DIFFERENT

HEAD = """# Agreement with PyTorch

Written by `python -m tests.conformance > docs/conformance.md` (PyTorch {version}). PyTorch's own table of operators,
as its tests use it, run on both engines: of each sample the value, the shape, the dtype, the gradient with fixed
random weights, and the second gradient where PyTorch has one. Left out are variants, and sparse, masked, signal and
random operators.

- differentiable float64 operators in the table: {table}
- exported under PyTorch's name: {exported}
- their samples: {samples}, of which {missed} differ ({share:.2%} agree)
"""

SPECIAL = """
## Special points

The elementwise functions at 0, −0, the infinities, NaN, poles, ends of their domains and very large and small numbers:
the value and the gradient are PyTorch's in float64, but for these.
"""


def main() -> None:
    """Run the table and print the page."""
    warnings.simplefilter("ignore")
    ops = table()
    rows, samples, missed = [], 0, 0
    for op in ops:
        function = ours(op.name)
        if function is None:
            continue
        count, found = misses(op, function)
        samples, missed = samples + count, missed + len(found)
        reason = KNOWN.get(op.name, (0, ""))[1]
        second = "" if op.supports_gradgrad else "PyTorch has none"
        rows.append(f"| {op.name} | {count} | {len(found) or ''} | {second} | {reason} |")
    absent = [op.name for op in ops if ours(op.name) is None]
    print(HEAD.format(version=torch.__version__.split("+")[0], table=len(ops), exported=len(rows), samples=samples,
                      missed=missed, share=1 - missed / samples))  # fmt: skip
    print(
        "| operator | samples | differ | second gradient | why they differ |", "|---|---|---|---|---|", *rows, sep="\n"
    )
    special = [f"| {name} | {reason} |" for name, reason in DIFFERENT.items()]
    print(SPECIAL, "| function | where it differs |", "|---|---|", *special, sep="\n")
    print("\nNot exported: " + ", ".join(f"`{name}`" for name in absent) + ".")


if __name__ == "__main__":
    terminal.adapt()
    main()
