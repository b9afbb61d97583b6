"""What type checkers and editors know of the package; skipped where pyright, mypy or jedi is not installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_bp as tg

ROOT = Path(tg.__file__).parent.parent
BAR = 0.95  # of the public names, with a type that every checker reads alike

# Those that scripts use most.
COMMON = """
abs add argmax argsort backward chunk clamp clone cos cumsum detach diag div dot equal exp expand flatten flip float
gather index_select item log log_softmax long masked_fill matmul max mean min mm mul ndim norm numel numpy permute pow
prod relu repeat requires_grad_ reshape shape sigmoid sin size softmax sort split sqrt squeeze std sum t tanh to tolist
topk transpose unsqueeze var view where zero_
"""

MISTAKES = """\
import tinygrad_bp as tg

w = tg.ones(2, 3)
w.summ()
tg.exp(1, 2, 3)
tg.summ(w)
w.sum(dims=1)
w.reshape("2")
w.max(dim=0).value
w.sum().items()
tg.nn.functional.cross_entropy(w)
tg.linalg.solv(w, w)
tg.nn.Linear(3)
tg.optim.SGD(w.lr)
tg.zeros(2, dtypes=tg.float64)
"""

PROGRAM = """\
import numpy as np
import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.nn import functional as F


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 8)
        self.second = nn.Linear(8, 1)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return self.second(tg.tanh(self.first(x)))


tg.manual_seed(0)
x = tg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = tg.tensor([[0.0], [1.0], [1.0], [0.0]], dtype=tg.float32)
net = Net()
optimizer = tg.optim.Adam(net.parameters(), lr=0.05)
for step in range(10):
    loss = F.mse_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"{step} {loss.item():.3f}")
best, place = x.max(dim=1)
best, place = x.max(axis=1)
print(best.sum() / 2, place.long() + 1, x[0, 1:].mean(), x[x > 0.5].numel())
rows: tuple[tg.Tensor, ...] = x.split(2)
mask = (x == 1) & ~(x != 0) | (1 - x > 0)
total = 2 * x + np.ones((4, 2)) - x ** 2 @ x.T[:2, :2]
solved = tg.linalg.solve(tg.eye(2), tg.ones(2, 1)).reshape(-1, 2).to(tg.float64).numpy()
with tg.no_grad():
    for p in net.parameters():
        p.mul_(0.5).add_(1.0, alpha=2)
"""

# A script in PyTorch's manner, only the import changed.
SCRIPT = """\
import tinygrad_bp as torch
import tinygrad_bp.nn as nn
import tinygrad_bp.nn.functional as F
import tinygrad_bp.optim as optim
from tinygrad_bp.autograd import Function
from tinygrad_bp.optim.lr_scheduler import StepLR
from tinygrad_bp.utils.data import DataLoader, TensorDataset

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
x = torch.randn(8, 3, device=device)
y = torch.randint(0, 2, (8,))
loader = DataLoader(TensorDataset(x, y), batch_size=4, shuffle=True)
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).to(device)
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
sched = StepLR(opt, step_size=1)
criterion = nn.CrossEntropyLoss()
for epoch in range(2):
    total = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = criterion(model(xb.to(device)), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total += loss.item()
    sched.step()
with torch.no_grad():
    accuracy = (model(x).argmax(dim=1) == y).float().mean().item()
torch.save(model.state_dict(), "m.pt")
model.load_state_dict(torch.load("m.pt"))


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g


@torch.no_grad()
def f(t: torch.Tensor) -> torch.Tensor:
    return t + 1


z = Square.apply(f(x))
a = torch.Tensor([1, 2])
b = torch.FloatTensor(2, 3).uniform_(-1, 1)
b.data.mul_(2)
b[:, 1] += 2
(g,) = torch.autograd.grad(z.sum(), [x], allow_unused=True)
rows, columns = b.shape
size = b.size(0) + b.numel()
u = torch.cat([b, b], dim=0).view(-1, 3).permute(1, 0).contiguous()
v, i = torch.topk(u, 2, dim=1)
numbers = [float(t) for t in u[0]]
q = torch.stack([torch.ones(2), torch.zeros(2)]).unsqueeze(0).expand(3, -1, -1)
e = F.softmax(u, dim=-1).max(1)[0] + F.relu(u).sum(1) + F.one_hot(y, 2).sum()
k = torch.where(u > 0, u, torch.zeros_like(u))
m = torch.einsum("ij,kj->ik", u, u)
n = torch.arange(0, 10, 2).long().tolist()
generator = torch.Generator().manual_seed(1)
p = torch.nn.Parameter(torch.randn(3))
nn.init.xavier_uniform_(nn.Linear(2, 2).weight)
penalty = sum(p.pow(2).sum() for p in model.parameters())
scores = torch.randn(3, 3).masked_fill(torch.tril(torch.ones(3, 3)) == 0, float("-inf"))
outs, (hn, cn) = nn.LSTM(3, 4)(torch.randn(5, 2, 3))
t2 = torch.from_numpy(b.detach().cpu().numpy()).type(torch.float32)
if torch.isnan(scores).any() or penalty > 3 and not torch.isfinite(scores).all():
    pass
"""


def mypy(tmp_path: Path, text: str) -> dict[int, str]:
    """What mypy says of a program, by its lines."""
    pytest.importorskip("mypy")
    (tmp_path / "program.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file=", "--no-error-summary", "--follow-imports=silent"]
    command += ["--cache-dir", str(tmp_path), str(tmp_path / "program.py")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert not said.stderr, said.stderr
    return {int(n): what for n, what in re.findall(r"program\.py:(\d+): \w+: (.*)", said.stdout)}


def pyright(tmp_path: Path, text: str) -> dict[int, str]:
    """What pyright says of a program, by its lines."""
    pytest.importorskip("pyright")
    (tmp_path / "program.py").write_text(text, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(ROOT)]}), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path)]
    said = json.loads(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout)
    found = [item for item in said["generalDiagnostics"] if item["severity"] != "warning"]
    return {item["range"]["start"]["line"] + 1: item["message"] for item in found}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_mistakes_are_found(checker, tmp_path: Path) -> None:
    lines = MISTAKES.splitlines()
    found = checker(tmp_path, MISTAKES)
    assert [line for n, line in enumerate(lines[3:], 4) if n not in found] == []


@pytest.mark.parametrize("program", [PROGRAM, SCRIPT], ids=["program", "script"])
@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_right_program_has_no_mistakes(checker, program: str, tmp_path: Path) -> None:
    assert checker(tmp_path, program) == {}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_every_common_method_has_a_result(checker, tmp_path: Path) -> None:
    arguments = {
        "add": "1", "chunk": "2", "div": "2", "dot": "t", "equal": "t", "expand": "2, 2", "flip": "0", "matmul": "t",
        "gather": "0, t", "ge": "0", "index_select": "0, t", "lt": "0", "masked_fill": "t, 0.0", "mm": "t", "mul": "2",
        "permute": "1, 0", "pow": "2", "repeat": "2, 2", "reshape": "-1", "softmax": "0", "log_softmax": "0",
        "split": "2", "to": "tg.float64", "topk": "2", "transpose": "0, 1", "unsqueeze": "0", "view": "-1",
        "where": "t, t",
    }  # fmt: skip
    calls = [
        f"reveal_type(t.{name})" if name in ("ndim", "shape") else f"reveal_type(t.{name}({arguments.get(name, '')}))"
        for name in COMMON.split()
    ]
    found = checker(tmp_path, "\n".join(["import tinygrad_bp as tg", "t = tg.ones(2, 2)", *calls, ""]))
    types = {call: found.get(n, "") for n, call in enumerate(calls, 3)}
    unknown = {call: said for call, said in types.items() if not re.search(r'"(?!Any|Unknown)[^"]+"$', said)}
    assert set(unknown) <= {"reveal_type(t.tolist())"}, unknown  # lists of lists, or a number


def test_most_public_names_have_a_type() -> None:
    pytest.importorskip("pyright")
    command = [sys.executable, "-m", "pyright", "--verifytypes", "tinygrad_bp", "--ignoreexternal", "--outputjson"]
    command += ["--pythonpath", sys.executable]
    place = os.environ | {"PYTHONPATH": str(ROOT)}
    said = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=place).stdout)
    assert said["typeCompleteness"]["completenessScore"] >= BAR


# What mypy's stubtest sees at run time and does not understand, or the stub says otherwise with a reason.
EXCEPTIONS = {
    "a method's first parameter is self, whatever its function calls it": r'stub parameter "self" differs',
    "decorators take these names for others": r'runtime does not have parameter "(axis|keepdims|out)"',
    "out= of a method is its function's": r'stub does not have parameter "out"',
    "functools.cache and overloads hide parameters": (
        r"runtime does not have \*{1,2}(kw)?args|"
        r"(bessel_functions|blas|definitions|diagonals|doors|einsum|flat|formulas|frames|mutants\.(functions|recorder)|interpolation|repairs\.program|numpy_protocols|not_here|writing)\.|"
        r'\.(max|min) is inconsistent, .* "(other|keepdim)"'
    ),
    "these answer as an array does": r"two_meanings\.Watched|array_like\.ArrayLike|traced\.Traced",
    "names of PyTorch that are not here, which say so when they are asked for": (
        r"(Tensor|Module)\.\w+ is not present in stub"
    ),
    "a descriptor, of which a class gives what it gets": r"Constructed\.__signature__",
    "the base class of Tensor is for checkers alone": r"autograd\.syntax failed to import",
    "names of rooms further on, which are found when they are asked for": (
        r"tinygrad_bp\.distributed\.(__all__|DistributedDataParallel|DistributedSampler) "
    ),
    "the class itself is called, not its __init__": r"Tensor\.__init__",
    "scikit-learn makes these of an estimator's signatures": r"sklearn\.\w+\.\w+\.set_\w+_request",
    "a property of distributions that is also a constraint": r"distributions\.\w+\.\w+\.support is not a function",
    "a decorator gives kl's functions back as they are": r"distributions\.kl\._",
    "to checkers a choice of literals is a Union": "is not a Union",
    "not a name that users write": r"__all__ is not present|disjoint base",
}


def test_stubs_do_not_contradict_run_time(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = settings.replace('packages = ["tinygrad_bp"]', 'disable_error_code = ["misc"]')
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "mypy.stubtest", "tinygrad_bp", "--concise", "--mypy-config-file"]
    place = os.environ | {"PYTHONPATH": str(ROOT)}
    said = subprocess.run([*command, str(tmp_path / "pyproject.toml")], capture_output=True, text=True, env=place)
    lines = said.stdout.splitlines()
    assert len(lines) > 100, said  # it has looked: some exceptions there are
    left = [line for line in lines if not any(re.search(known, line) for known in EXCEPTIONS.values())]
    assert not left, "\n".join(left)


def test_an_editor_completes_with_signature_docstring_and_result() -> None:
    jedi = pytest.importorskip("jedi")
    script = jedi.Script("import tinygrad_bp as tg\nt = tg.ones(2)\nt.sum().", project=jedi.Project(ROOT))
    offered = {item.name: item for item in script.complete(3, 8)}
    assert not [name for name in COMMON.split() if name not in offered]
    assert not [name for name in COMMON.split() if not offered[name].docstring()]
    exp = offered["exp"]
    assert exp.docstring().startswith("exp() -> Tensor") and "Exponential" in exp.docstring()
