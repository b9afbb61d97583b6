"""``grad_fn`` is called as PyTorch calls it: expressions and writes, one a line, asked of both."""

from __future__ import annotations

import pytest

import tinygrad_bp as tg

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

EXPRESSIONS = """
1 - x; 2 / x; 2 ** x; x ** 2; x ** y; x - y; -x; x @ y.T; x @ v; v @ v; z @ y.T; torch.bmm(z, z.mT); torch.rsub(x, 1)
s.squeeze(); s.squeeze(0); s.squeeze((0, 2)); x.unsqueeze(0); x[None]; x[0]; x[1:]; x[i]; x[m]; x.view(-1); x.flatten()
x.T; x.t(); z.mT; z.permute(2, 0, 1); x.expand(2, 3, 4); x.repeat(2, 1); x.roll(1); x.t().contiguous(); x.double()
torch.chunk(x, 2)[0]; torch.split(x, [1, 2])[0]; torch.unbind(x)[0]; torch.cat([x, y]); torch.stack([x, y]); v.diag()
torch.where(m, x, y); x.masked_fill(m, 0.); x.masked_select(m); x.gather(1, m.long()); x.scatter(1, m.long(), 1.)
x.scatter(1, m.long(), y); x.scatter_add(1, m.long(), y); x.index_select(0, i); x.index_add(0, i, y[:2]); x.take(i)
x.sum(); x.sum(0); x.mean(0); x.max(); x.max(0)[0]; x.min(0).values; x.std(); x.norm(); x.sort()[0]; x.topk(2)[0]
x.median(0)[0]; x.kthvalue(1)[0]; x.cummax(0)[0]; x.nansum(); torch.var_mean(x)[0]; q.trace(); torch.lerp(x, y, 0.5)
torch.addmm(q, x, y.T); torch.addcmul(x, x, y); torch.addcdiv(x, x, y); torch.linalg.svd(x)[1]; torch.linalg.qr(x)[0]
F.selu(x); F.celu(x); F.mish(x); F.glu(x); F.hardsigmoid(x); F.linear(x, y, v[:3]); F.pad(x, (1, 1)); F.unfold(a, 2)
F.pad(a, (1, 1, 1, 1), mode="reflect"); F.interpolate(a, scale_factor=2); F.conv2d(a, k, v[:2]); F.conv2d(a, k)
F.interpolate(a, scale_factor=2, mode="bilinear"); F.max_pool2d(a, 2); F.avg_pool2d(a, 2); F.adaptive_avg_pool2d(a, 2)
F.adaptive_avg_pool2d(a, 1); F.max_pool1d(z, 2); F.group_norm(a, 3); F.instance_norm(a); F.pixel_shuffle(p, 2)
F.grid_sample(a, torch.zeros(2, 3, 3, 2), align_corners=False); F.smooth_l1_loss(x, y); F.mse_loss(x, y)
F.soft_margin_loss(x, torch.ones(3, 4)); F.pairwise_distance(x, y); F.nll_loss(x, torch.tensor([0, 1, 2]))
torch.nn.RNNCell(4, 2)(x); torch.nn.GRUCell(4, 2)(x); torch.nn.LSTMCell(4, 2)(x)[0]; torch.nn.LSTMCell(4, 2)(x)[1]
"""
WRITES = """
w[0] = 0.; w[m] = 0.; w[i] = v; w[m] += 1; w += 1; w.mul_(2); w[:, 1] = v[:3]; w.view(-1)[0] = 1.; w.fill_(0); w.zero_()
w[0, 1] += v[0]; w.copy_(y); w.masked_fill_(m, 0.); w.clamp_(0, 1); w.scatter_(1, m.long(), y)
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\n", ";").split(";") if line.strip()]


def given(library):
    shapes = {"x": (3, 4), "y": (3, 4), "s": (1, 3, 1), "q": (3, 3), "z": (2, 3, 4), "v": (4,), "a": (2, 3, 6, 6)}
    shapes |= {"k": (2, 3, 3, 3), "p": (1, 4, 2, 2)}
    names = {name: (library.arange(48.0 * 9)[: 10**4] % 7 + 1)[: library.zeros(shape).numel()].reshape(shape)
             for name, shape in shapes.items()}  # fmt: skip
    names = {name: t.clone().requires_grad_() for name, t in names.items()}
    return {**names, "m": names["x"].detach() > 3, "i": library.tensor([0, 2]), "torch": library,
            "F": library.nn.functional}  # fmt: skip


@pytest.mark.parametrize("writes", [False, True])
def test_names_are_pytorchs(writes):
    called = []
    for library in (torch, tg):
        names = given(library)
        known = {}
        for line in lines(WRITES if writes else EXPRESSIONS):
            if writes:
                exec(line, found := {**names, "w": names["x"] * 1})
            known[line] = (found["w"] if writes else eval(line, names)).grad_fn.name()
        called.append(known)
    assert called[1] == called[0]
