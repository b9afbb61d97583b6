"""``python -m benchmarks.seeing``: how long it takes to look inside, and how large what one looks at is."""

from __future__ import annotations

import argparse
import gzip
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.autograd import terminal
from tinygrad_bp.autograd.history import history
from tinygrad_bp.autograd.tensor import wrap

from .graphs import Result, lines_of

TESTS = Path(__file__).resolve().parent.parent / "tests"
HEAD = """# Looking inside, measured

Printed by `python -m benchmarks.seeing --write docs/seeing.md`: seconds of one run after another, on whatever machine
ran it, and sizes of files. Read the times as an order of magnitude.
"""


def fastest(call: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """The median of some runs, in seconds, and what the call returns."""
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        found = call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), found


def size(text: str | bytes) -> str:
    """``34 KB`` or ``1.2 MB``."""
    count = len(text.encode() if isinstance(text, str) else text)
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} KB"


# ---------------------------------------------------------------------- graphs


def xor() -> Any:
    """R2's XOR network on its four examples: the loss."""
    tg.manual_seed(0)
    x, y = tg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), tg.tensor([[0.0], [1.0], [1.0], [0.0]])
    w1, b1, w2, b2 = (tg.randn(*shape, requires_grad=True) for shape in ((2, 3), (3,), (3, 1), (1,)))
    hidden = tg.sigmoid(x @ w1 + b1)
    out = tg.sigmoid(hidden @ w2 + b2)
    return ((out - y) ** 2).sum() / 2


def mlp() -> Any:
    """R1's network, 784-256-128-10, on a batch of 64: the loss."""
    tg.manual_seed(0)
    model = tg.models.MLP([784, 256, 128, 10])
    return tg.nn.CrossEntropyLoss()(model(tg.randn(64, 784)), tg.randint(0, 10, (64,)))


def chain(length: int) -> Any:
    """As many ops in a row."""
    y = tg.tensor(np.ones(4), requires_grad=True)
    for _ in range(length - 1):
        y = y * 1.0001
    return y.sum()


def diamonds(count: int) -> tuple[Any, Any]:
    """A chain of values that each go two ways and meet again: 2 to the power of ``count`` paths. The loss, and a."""
    a = tg.tensor(np.ones(1), requires_grad=True)
    h = a
    for _ in range(count):
        h = h * 0.5 + h * 0.5
    return h.sum(), a


def tangle(length: int) -> Any:
    """A graph of about as many ops in which nothing repeats."""
    rng = np.random.default_rng(0)
    made = [tg.tensor(float(i), requires_grad=True) for i in range(5)]
    ops = (tg.add, tg.mul, tg.sub, tg.maximum)
    for pick, one, other in zip(*[rng.integers(0, n, length // 2).tolist() for n in (4, 5, 30)], strict=True):
        made.append(tg.tanh(ops[pick](made[-1 - one], made[-1 - min(other, len(made) - 1)])))
    return made[-1]


def recurrent(steps: int) -> Any:
    """A recurrent network, unrolled."""
    tg.manual_seed(0)
    W, U, b = tg.randn(8, 8, requires_grad=True), tg.randn(4, 8, requires_grad=True), tg.zeros(8, requires_grad=True)
    h, xs = tg.zeros(3, 8), tg.randn(steps, 3, 4)
    for t in range(steps):
        h = tg.tanh(xs[t] @ U + h @ W + b)
    return h.sum()


class Block(tg.nn.Module):
    """A block of a residual network."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        stride = 1 if into == out else 2
        self.conv1, self.bn1 = tg.nn.Conv2d(into, out, 3, stride, 1, bias=False), tg.nn.BatchNorm2d(out)
        self.conv2, self.bn2 = tg.nn.Conv2d(out, out, 3, 1, 1, bias=False), tg.nn.BatchNorm2d(out)
        self.down = None if stride == 1 else tg.nn.Conv2d(into, out, 1, stride, bias=False)

    def forward(self, x: Any) -> Any:
        """The input, and what two convolutions make of it."""
        h = self.bn2(self.conv2(tg.relu(self.bn1(self.conv1(x)))))
        return tg.relu(h + (x if self.down is None else self.down(x)))


# ---------------------------------------------------------------------- what is measured


def draw() -> list[Result]:
    """``tg.draw``: a picture as SVG, how high it is, and graphs of 100,000 ops."""
    widths = (8, 8, 8, 16, 16, 32, 32)
    blocks = tg.nn.Sequential(*[Block(a, b) for a, b in pairwise(widths)])
    numbers = {"values": True, "grads": True}
    cases: list[tuple[str, tuple[Any, ...], dict[str, bool], int]] = [
        ("`tg.draw` of R2's XOR network", (xor(),), {}, 2000),
        ("with values and gradients", (xor(),), numbers, 4000),
        ("of R1's network, batch 64, with values and gradients", (mlp(),), numbers, 4000),
        ("of six residual blocks", (blocks, tg.zeros(2, 8, 16, 16)), {}, 2000),
        ("of a recurrent network of 300 steps", (recurrent(300),), {}, 1000),
        ("of 100,000 ops in a row", (chain(100_000),), {}, 1000),
        ("of 100,000 ops of which none repeat", (tangle(100_000),), {}, 8000),
    ]
    found = []
    for what, drawn, options, highest in cases:
        seconds, svg = fastest(lambda drawn=drawn, options=options: svg_of(*drawn, **options))
        high = float(re.findall(r'viewBox="[^"]* ([\d.]+)"', svg)[0]) * 4 / 3
        holds = seconds < 5 and len(svg) < 2e6 and high < highest
        bar = f"< 5 s, < 2 MB, < {highest:,} px"
        found.append(Result(what, f"{seconds:.2f} s, {size(svg)}, {high:,.0f} px high", bar, holds))
    return found


def explain() -> list[Result]:
    """``tg.explain``: the derivation and its text, how far it is from ``.grad``, and a chain of diamonds."""
    found = []
    for what, loss in (("R2's XOR network", xor()), ("R1's network, batch 64", mlp())):
        leaves = {f"w{i}": leaf for i, leaf in enumerate(leaves_of(loss))}
        seconds, e = fastest(lambda loss=loss, leaves=leaves: printed(loss, leaves))
        gradients = tg.autograd.grad(loss, list(leaves.values()), retain_graph=True)
        far = max(
            float(np.abs(ours - g.numpy()).max()) for ours, g in zip(e.evaluate().values(), gradients, strict=True)
        )
        found += [
            Result(f"`tg.explain` of {what}, every parameter", f"{seconds * 1e3:.0f} ms", "–", True),
            Result("what it evaluates to, from `.grad`", f"{far:.0e}", "float32", far < 1e-6),
        ]
    loss, a = diamonds(10_000)
    seconds, e = fastest(lambda: printed(loss, a))
    name = "10,000 diamonds (30,001 ops), explained and printed"
    return [
        *found,
        Result(name, f"{seconds:.2f} s, {size(str(e))}", "< 1 s", seconds < 1 and e.path_count == 2**10_000),
    ]


def svg_of(*drawn: Any, **options: Any) -> str:
    """A drawing, laid out."""
    svg: str = tg.draw(*drawn, **options).pipe("svg", encoding="utf-8")
    return svg


def printed(loss: Any, wrt: Any) -> Any:
    """An explanation whose text was made."""
    e = tg.explain(loss, wrt=wrt)
    str(e)
    return e


def leaves_of(loss: Any) -> list[Any]:
    """The parameters behind a loss, which may be no more: their nodes, as tensors."""
    nodes = {parent for node in history([loss.grad_fn]) for parent in node.parents if parent is not None}
    leaves = sorted((node for node in nodes if node.op is None), key=lambda node: node.order)
    return [wrap(np.zeros(leaf.shape, np.float32), leaf) for leaf in leaves]


def _page(seconds: float, html: str) -> Result:
    """A replay's page: how large it is without the picture of the graph and the numbers in it."""
    own = re.sub(r"<svg xmlns.*?</svg>|(?<=id=.data.>).*?(?=</script>)", "", html, flags=re.DOTALL)
    what = f"{seconds * 1e3:.0f} ms, {size(html)}, without the graph {size(own)}"
    return Result("its page", what, "< 150 KB and the graph", len(own) < 150_000)


def replay() -> list[Result]:
    """``tg.replay``: the record, and the page."""
    found = []
    for what, loss in (("R2's XOR network", xor()), ("R1's network, batch 64", mlp())):
        record, r = fastest(lambda loss=loss: tg.replay(loss))
        seconds, html = fastest(r.html)
        found += [
            Result(f"`tg.replay` of {what}, {len(r.forward)} steps", f"{record * 1e3:.1f} ms", "–", True),
            _page(seconds, html),
        ]
    record, r = fastest(lambda: tg.replay(chain(100_000)), runs=1)
    seconds, html = fastest(r.html, runs=1)
    return [
        *found,
        Result("computing and replaying 100,000 ops", f"{record:.1f} s", "< 30 s", record < 30),
        Result("its page, of the 200 last ones", f"{seconds:.1f} s, {size(html)}", "< 2 MB", len(html) < 2e6),
    ]


def playground() -> list[Result]:
    """The playground's folder, and how long until Python is there and until XOR is trained and drawn."""
    sys.path.insert(0, str(TESTS))
    import pytest
    from browser import DESKTOP, PHONE, browser
    from playground_page import Playground, pyodide_folder, served

    from tinygrad_bp.playground.folder import examples, write

    xor = next(example["code"] for example in examples() if example["name"] == "xor")
    with tempfile.TemporaryDirectory() as held:
        try:
            sizes = write(Path(held, "out"), pyodide_folder())
            whole = sum(len(gzip.compress(path.read_bytes())) for path in Path(held, "out").rglob("*.*"))
            disk = f"{sum(sizes.values()) / 1e6:.1f} MB, sent compressed {whole / 1e6:.1f} MB"
            found = [Result("the folder with Python in it", disk, "< 20 MB", sum(sizes.values()) < 20e6)]
            with served(Path(held, "out")) as server:
                for what, address, size in (
                    ("from a server on this machine", server + "index.html", DESKTOP),
                    ("from a disk, at the width of a phone", Path(held, "out", "index.html").as_uri(), PHONE),
                ):
                    with browser(size) as driver:
                        began = time.perf_counter()
                        page = Playground(driver, address)
                        page.wait("ready")
                        ready = time.perf_counter() - began
                        page.run(xor)
                        seconds = time.perf_counter() - began
                    figure = f"{ready:.1f} s, {seconds:.1f} s"
                    found.append(Result(f"{what}: Python is there, XOR trained and drawn", figure, "–", True))
            return found
        except pytest.skip.Exception as reason:
            print(f"left out: {reason}", file=sys.stderr)
            return []


PARTS: dict[str, Callable[[], list[Result]]] = {
    "Draw": draw,
    "Replay": replay,
    "Explain": explain,
    "The playground": playground,
}


def main() -> int:
    """Measure, print, and say by the exit code whether every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeing", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page to FILE")
    options = parser.parse_args()
    found = {}
    for heading, measure in PARTS.items():
        print(f"measuring: {heading} …", file=sys.stderr)
        found[heading] = measure()
    page = "\n\n".join(
        [HEAD.rstrip(), *(f"## {name}\n\n" + "\n".join(lines_of(results)) for name, results in found.items())]
    )
    print(page)
    if options.write:
        options.write.write_text(page + "\n", encoding="utf-8")
    return 0 if all(result.holds for results in found.values() for result in results) else 1


if __name__ == "__main__":
    terminal.adapt()
    sys.exit(main())
