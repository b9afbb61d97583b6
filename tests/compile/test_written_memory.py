"""Memory from outside that a compiled function writes: all that see it see the same as without ``compile``."""

import numpy as np
import pytest

import tinygrad_bp as tg

BACKENDS = pytest.mark.parametrize(("backend", "exact"), [("numpy", True), ("numpy", False), ("c", True), ("c", False)])


def swap(a, b, x):
    before = a.clone()
    a.copy_(b)
    b.copy_(before)


@BACKENDS
@pytest.mark.parametrize(
    "write",
    [
        swap, lambda a, b, x: (a.copy_(x * 2), b.copy_(a)), lambda a, b, x: a.copy_(x),
        lambda a, b, x: (a.copy_(b), b.add_(x)), lambda a, b, x: (b.copy_(a), a.copy_(x)),
        lambda a, b, x: setattr(a, "data", b.data * x), lambda a, b, x: (a.detach().add_(x), b.data.mul_(0.5)),
        lambda a, b, x: tg.add(b, x, out=a), lambda a, b, x: np.multiply(x, 2, out=a),
    ],
)  # fmt: skip
def test_what_is_written_whether_or_not_anything_reads_it(write, backend, exact):
    ends = []
    for compiled in (False, True):
        a, b = tg.ones(3), tg.full((3,), 5.0)

        def step(x, a=a, b=b):
            write(a, b, x)
            return a + b

        run = tg.compile(step, backend=backend, exact=exact) if compiled else step
        ends.append([*[run(tg.tensor([1.0, 2.0, 3.0]) * i).tolist() for i in range(6)], a.tolist(), b.tolist()])
    assert ends[0] == ends[1] and len(run.programs) == 1


VIEWS = {
    "of a row": (lambda base: base[0], lambda base, view, x: view.mul_(x * 0.5)),
    "transposed": (lambda base: base.T, lambda base, view, x: view[0].copy_(x[:2])),
    "in one line": (lambda base: base.view(-1), lambda base, view, x: view[:3].copy_(x)),
    "of what is written": (lambda base: base[0], lambda base, view, x: base.add_(x)),
    "without history": (lambda base: base.detach(), lambda base, view, x: view.add_(x)),
}


@BACKENDS
@pytest.mark.parametrize(("make", "write"), VIEWS.values(), ids=VIEWS)
def test_a_view_from_outside_and_its_base(make, write, backend, exact):
    ends = []
    for compiled in (False, True):
        base = tg.ones(2, 3)
        view = make(base)

        def step(x, base=base, view=view):
            write(base, view, x)
            return base.sum(0) + view.sum()

        run, found = tg.compile(step, backend=backend, exact=exact) if compiled else step, []
        for i in range(8):
            found.append(run(tg.tensor([1.0, 2.0, 3.0]) + i).tolist())
            base[1].add_(1)
        ends.append((found, base.tolist(), view.tolist()))
    assert ends[0] == ends[1] and len(run.programs) == 1
