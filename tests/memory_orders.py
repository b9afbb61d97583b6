"""Random numbers into tensors of any layout: for PyTorch's golden numbers, and for this package.

Texts of Python in ``T`` (the package), ``F`` (its nn.functional) and ``x`` (a tensor of that layout).
"""

from __future__ import annotations

from typing import Any

LAYOUTS = {
    "rows": "T.zeros(6, 8)", "few": "T.zeros(3, 4)", "transposed": "T.zeros(6, 8).t()",
    "few transposed": "T.zeros(3, 4).t()", "each second column": "T.zeros(6, 8)[:, ::2]",
    "each second row": "T.zeros(6, 8)[::2]", "some rows": "T.zeros(6, 8)[2:5]",
    "a part transposed": "T.zeros(6, 8)[1:5, 2:7].t()", "channels last": "T.zeros(2, 4, 5, 3).permute(0, 3, 1, 2)",
    "turned": "T.zeros(3, 4, 5).permute(2, 0, 1)", "turned back": "T.zeros(3, 4, 5).permute(1, 2, 0)",
    "four": "T.zeros(2, 3, 4, 2).permute(3, 1, 0, 2)", "five": "T.zeros(2, 3, 2, 2, 3).permute(0, 4, 1, 2, 3)",
    "one in front": "T.zeros(1, 6, 8).permute(2, 0, 1)", "a diagonal": "T.zeros(20, 20).diagonal()",
    "a column": "T.zeros(20, 3)[:, 1]", "turned and cut": "T.zeros(4, 5, 6).permute(2, 0, 1)[:, 1:3, ::2]",
    "weight": "T.nn.Linear(6, 5).weight.detach()", "weight transposed": "T.nn.Linear(6, 5).weight.detach().t()",
    "part of a weight": "T.nn.Linear(6, 5).weight.detach()[1:4, 2:]",
    "some rows of a weight": "T.nn.Linear(6, 5).weight.detach()[1:4]",
}  # fmt: skip
REPEATED = {
    "a repeated column": "T.zeros(6, 1).expand(6, 8)", "a repeated row": "T.zeros(8).expand(6, 8)",
    "a repeated column, transposed": "T.zeros(6, 1).expand(6, 8).t()",
    "turned and repeated": "T.zeros(3, 1, 4).permute(2, 1, 0).expand(4, 5, 3)",
}  # fmt: skip
WRITES = ["x.normal_()", "x.normal_(2, 3)", "x.uniform_()", "x.uniform_(-1, 2)", "x.bernoulli_(0.3)",
          "x.random_(0, 100)", "x.random_()", "T.nn.init.trunc_normal_(x)", "T.nn.init.normal_(x)"]  # fmt: skip
DRAWS = ["T.rand_like(x)", "T.randn_like(x)", "T.randint_like(x, 9)", "F.dropout(x, 0.4)",
         "T.bernoulli(x * 0 + 0.4)", "T.normal(x, 1.0)", "F.alpha_dropout(x, 0.4, True)",
         "T.rand_like(x) + T.rand(1) + T.randn(1)"]  # fmt: skip


def cases() -> list[tuple[str, str]]:
    """Each layout with each call that it allows."""
    return [
        *((layout, call) for layout in LAYOUTS for call in (*WRITES, *DRAWS)),
        *((layout, call) for layout in REPEATED for call in DRAWS),
    ]


def drawn(T: Any, layout: str, call: str) -> Any:
    """What a call draws into a layout after one seed, as nested lists."""
    T.manual_seed(3)
    x = eval({**LAYOUTS, **REPEATED}[layout], {"T": T})
    if "F." in call and layout in LAYOUTS:
        x.fill_(1)
    T.manual_seed(5)
    return eval(call, {"T": T, "F": T.nn.functional, "x": x}).tolist()
