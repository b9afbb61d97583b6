"""A PyTorch script runs as it stands where ``torch`` is this package."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

import tinygrad_bp as tg
from tinygrad_bp.places import GATHERED

# Import statements of public programs, and what they must give.
IMPORTS = {
    "import torch": "torch is tg",
    "import torch.nn as nn": "nn is tg.nn",
    "from torch import nn, optim, Tensor": "(nn, optim, Tensor) == (tg.nn, tg.optim, tg.Tensor)",
    "import torch.nn.functional as F": "F is tg.nn.functional",
    "import torch.nn.init as init": "init is tg.nn.init",
    "from torch.nn import Module, Parameter, functional as F": "Module is tg.nn.Module",
    "from torch.nn.parameter import Parameter": "Parameter is tg.nn.Parameter",
    "from torch.nn.modules.loss import MSELoss": "MSELoss is tg.nn.MSELoss",
    "from torch.nn.modules.pooling import MaxPool2d": "MaxPool2d is tg.nn.MaxPool2d",  # there is a file of that name
    "from torch.nn.modules import Module": "Module is tg.nn.Module",
    "from torch.nn.modules.utils import Linear": "tg.nn.utils is not tg.nn",
    "import torch.nn.modules as modules": "modules.Conv2d is tg.nn.Conv2d",
    "from torch.nn.utils.rnn import pad_sequence": "pad_sequence is tg.nn.utils.rnn.pad_sequence",
    "import torch.optim as optim": "optim is tg.optim",
    "from torch.optim import SGD, Adam": "SGD is tg.optim.SGD",
    "from torch.optim.lr_scheduler import StepLR": "StepLR is tg.optim.lr_scheduler.StepLR",
    "from torch.optim.optimizer import Optimizer": "Optimizer is tg.optim.Optimizer",
    "from torch.utils.data import DataLoader, Dataset": "DataLoader is tg.data.DataLoader",
    "import torch.utils.data": "torch.utils.data.DataLoader is tg.data.DataLoader",
    "from torch.utils.data.dataset import TensorDataset": "TensorDataset is tg.data.TensorDataset",
    "from torch.utils.data.sampler import Sampler": "tg.data.sampler.Sampler is Sampler",
    "import torch.utils.data.dataloader as dataloader": "dataloader is tg.data.dataloader",
    "from torch.utils.data._utils.collate import default_collate": "default_collate is tg.data.default_collate",
    "from torch.utils.checkpoint import checkpoint": "checkpoint is tg.utils.checkpoint.checkpoint",
    "import torch.autograd as autograd": "autograd is tg.autograd",
    "from torch.autograd import Function, grad": "Function is tg.autograd.Function",
    "from torch.autograd.function import Function": "Function is tg.autograd.Function",
    "from torch.autograd.functional import jacobian": "jacobian is tg.functional.jacobian",
    "from torch.autograd.grad_mode import no_grad": "no_grad is tg.no_grad is tg.autograd.grad_mode.no_grad",
    "from torch.func import grad, vmap": "vmap is tg.func.vmap",
    "import torch.linalg, torch.fft, torch.special": "torch.fft is tg.fft",
    "from torch.functional import einsum, norm": "einsum is tg.einsum and norm is tg.norm",
    "from torch.utils.hooks import RemovableHandle as H": "isinstance(nn.ReLU().register_forward_hook(print), H)",
    "from torch.utils.model_zoo import load_url": "load_url is tg.hub.load_state_dict_from_url",
    "from torch.nn.modules.batchnorm import _NormBase": "issubclass(nn.BatchNorm1d, _NormBase)",
    "from torch.nn.modules.pooling import _MaxPoolNd": "issubclass(nn.MaxPool2d, _MaxPoolNd)",
    "from torch.nn.modules.dropout import _DropoutNd": "issubclass(nn.Dropout2d, _DropoutNd)",
    "from torch.nn.modules.conv import _ConvTransposeNd": "issubclass(nn.ConvTranspose1d, _ConvTransposeNd)",
    "from torch.nn.attention import SDPBackend, sdpa_kernel": "SDPBackend is tg.nn.attention.SDPBackend",
    "from torch.nn.modules.loss import _WeightedLoss": "issubclass(nn.NLLLoss, _WeightedLoss)",
    "from torch.nn.modules.transformer import _get_clones": "len(_get_clones(nn.ReLU(), 3)) == 3",
    "from torch.nn.parallel import DataParallel": "DataParallel is tg.nn.DataParallel",
    "from torch.version import cuda": "cuda is None is tg.version.cuda",
    "from torch.testing import assert_close": "assert_close is tg.testing.assert_close",
    "from torch.jit import Final": "tg.jit.Final is Final",
    "from torch.autograd.gradcheck import gradcheck": "gradcheck is tg.verify.gradcheck",
    "import torch.autograd.gradcheck as check": "check(tg.exp, tg.ones(2).double().requires_grad_())",
    "from torch.distributions.normal import Normal": "Normal is tg.distributions.Normal",
    "from torch.types import Device, Number, _size": "tg.types.Number is Number",
    "from torch.nn.common_types import _size_1_t, _size_2_t": "tg.nn.common_types._size_2_t is _size_2_t",
    "from torch.nn.grad import conv2d_input, conv2d_weight": "conv2d_input is tg.nn.grad.conv2d_input",
    "from torch.nn.init import xavier_uniform, normal": "xavier_uniform.__name__ == 'xavier_uniform'",
}


def python(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", *arguments], capture_output=True, text=True, cwd=cwd)


@pytest.mark.parametrize("how", ["sys.modules['torch'] = tg", "tg.install_as_torch()"])
def test_the_imports_of_programs_give_the_modules_of_this_package(how: str) -> None:
    lines = ["import sys, tinygrad_bp as tg", how]
    for statement, right in IMPORTS.items():
        lines += [statement, f"assert {right}, {statement!r}"]
    lines += [
        "for name, module in list(sys.modules.items()):",
        "    if name.partition('.')[0] == 'torch':",
        "        assert module.__spec__.name == module.__name__ and module.__name__.startswith('tinygrad_bp'), name",
    ]
    done = python("-c", "\n".join(lines))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted({*GATHERED, "nn.common_types", "utils.hooks", "utils.data._utils.collate"}))
def test_pytorchs_modules_are_reached_by_attribute_too(path: str) -> None:
    found = attrgetter(path)(tg)
    if path == "autograd.gradcheck":  # a function of that name, as in PyTorch
        assert found is tg.verify.gradcheck
    else:
        assert found is import_module(f"tinygrad_bp.{path}") and not hasattr(found, "nothing")


def test_families_of_layers_are_asked_for_by_their_files() -> None:
    assert isinstance(tg.nn.BatchNorm2d(1), tg.nn.modules.batchnorm._BatchNorm)
    assert isinstance(tg.nn.Conv1d(1, 1, 1), tg.nn.modules.conv._ConvNd)
    assert tg.nn.modules.pooling._MaxPoolNd is tg.nn._MaxPoolNd  # there is a file of that name
    assert tg.nn.modules.Linear is tg.nn.Linear and tg.nn.modules.utils._pair(3) == (3, 3)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("import torch.multiprocessing as mp", "tg.multiprocessing: not here; "),
        ("from torch import multiprocessing", "tg.multiprocessing: not here; "),
        ("from torch.nn import qat", "tg.nn.qat: not here; "),
        ("from torch.utils.tensorboard import SummaryWriter", "tg.utils.tensorboard: not here; "),
        ("import torch.nothing", "No module named 'tinygrad_bp.nothing'"),
        ("from torch.nn import Liner", "cannot import name 'Liner'"),
    ],
)
def test_what_is_not_there_says_so(statement: str, said: str) -> None:
    done = python("-c", f"import tinygrad_bp as tg; tg.install_as_torch()\n{statement}")
    last = done.stderr.splitlines()[-1]
    assert last.startswith(("ModuleNotFoundError: ", "ImportError: ")) and said in last


def test_where_pytorch_is_imported_already_it_refuses() -> None:
    code = (
        "import sys, types, tinygrad_bp as tg\nsys.modules['torch'] = types.ModuleType('torch')\ntg.install_as_torch()"
    )
    done = python("-c", code)
    assert "AutogradError: install_as_torch: PyTorch is imported already, from somewhere" in done.stderr
    twice = python("-c", "import tinygrad_bp as tg; tg.install_as_torch(); tg.install_as_torch(); import torch")
    assert twice.returncode == 0, twice.stderr


def test_without_it_torch_is_whatever_it_was() -> None:
    code = (
        "import sys, types, tinygrad_bp\n"
        "sys.modules['torch'] = types.ModuleType('torch')\n"
        "try:\n    import torch.nn\nexcept ImportError as error:\n    print(error)"
    )
    assert python("-c", code).stdout == "No module named 'torch.nn'; 'torch' is not a package\n"


SCRIPT = """\
import pickle, sys
import torch, neighbour
print(sys.argv, __name__, neighbour.value, torch.ones(2))

class Here:
    pass

print(type(pickle.loads(pickle.dumps(Here()))) is Here)
"""


def run(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "inner").mkdir()
    (folder / "inner" / "script.py").write_text(text)
    (folder / "inner" / "neighbour.py").write_text("value = 7\n")
    return python("-m", "tinygrad_bp.as_torch", "inner/script.py", *arguments, cwd=folder)


def test_a_script_runs_as_python_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    done = run(tmp_path, SCRIPT, "--lr", "0.1")
    assert done.stderr == ""
    assert done.stdout == ("['inner/script.py', '--lr', '0.1'] __main__ 7 tensor([1., 1.])\nTrue\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("def f():\n    raise ValueError('no')\nf()\n", 1),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('x') from error\n", 1),
        ("x = (\n", 1),
        ("import sys\nsys.exit(3)\n", 3),
        ("import sys\nsys.exit('said')\n", 1),
        ("raise SystemExit\n", 0),
        ("import sys\nsys.excepthook = lambda *_: print('mine')\n1 / 0\n", 1),
    ],
)
def test_errors_and_exit_codes_are_those_of_the_script(
    text: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    done = run(tmp_path, text)
    plain = subprocess.run([sys.executable, "inner/script.py"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, plain.stdout, plain.stderr)


def test_a_missing_script_and_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    none = python("-m", "tinygrad_bp.as_torch", cwd=tmp_path)
    assert none.returncode == 1 and none.stderr.startswith("usage: ")
    for asked in ("-h", "--help"):
        shown = python("-m", "tinygrad_bp.as_torch", asked, cwd=tmp_path)
        assert shown.returncode == 0 and shown.stdout.startswith("usage: ")
    missing = python("-m", "tinygrad_bp.as_torch", "nothing.py", cwd=tmp_path)
    assert missing.returncode == 2 and missing.stderr.startswith("as_torch: can't open 'nothing.py': No ")
