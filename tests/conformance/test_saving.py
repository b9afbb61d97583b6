"""What PyTorch wrote: pickles are refused, and the lines that the refusal gives convert them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import DataFileError

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')


@pytest.mark.parametrize("zipped", [True, False])
def test_the_lines_in_the_refusal_convert_the_file(
    zipped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    theirs, ours = (
        torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)),
        tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.BatchNorm1d(3)),
    )
    torch.save(theirs.state_dict(), "ck.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(DataFileError) as caught:
        tg.load("ck.pt")
    lines = [line.strip() for line in str(caught.value).splitlines()[1:]]
    exec("\n".join(lines), {"model": ours, "tg": tg})
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(4, 2)
    np.testing.assert_allclose(ours(tg.tensor(x)).detach(), theirs(torch.tensor(x)).detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [1, "text", {"a": [torch.ones(2)]}, torch.nn.Linear(1, 1), None])
@pytest.mark.parametrize("zipped", [True, False])
def test_whatever_torch_saves_is_refused_as_a_pickle(value: object, zipped: bool) -> None:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(DataFileError, match="a pickle"):
        tg.load(io.BytesIO(file.getvalue()))


# ---------------------------------------------------------------------- safetensors of PyTorch, both ways


def network(nn: Any) -> Any:
    """The same model by either package: weights of two and four dimensions, and buffers."""
    layers = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 12), nn.LayerNorm(12)]
    return nn.Sequential(*layers, nn.Linear(12, 12), nn.Linear(12, 3))


def outputs(ours: Any, theirs: Any) -> tuple[Any, Any]:
    x = np.random.default_rng(0).standard_normal((5, 1, 8, 8)).astype(np.float32)
    ours.eval(), theirs.eval()
    return ours(tg.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy()


@pytest.mark.parametrize("seed", [0, 1])
def test_files_of_pytorch_load_by_name(seed: int, tmp_path: Path) -> None:
    files = pytest.importorskip("safetensors.torch", reason='needs pip install "tinygrad_bp[saving]"')
    torch.manual_seed(seed)
    theirs, ours = network(torch.nn), network(tg.nn)
    theirs(torch.randn(4, 1, 8, 8))  # which moves the buffers
    files.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours.load_state_dict(tg.load(tmp_path / "theirs.safetensors"))
    np.testing.assert_allclose(*outputs(ours, theirs), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("seed", [0, 1])
def test_our_files_load_in_pytorch_by_name(seed: int, tmp_path: Path) -> None:
    files = pytest.importorskip("safetensors.torch", reason='needs pip install "tinygrad_bp[saving]"')
    tg.manual_seed(seed)
    theirs, ours = network(torch.nn), network(tg.nn)
    ours(tg.randn(4, 1, 8, 8))
    tg.save(ours.state_dict(), tmp_path / "ours.safetensors")
    theirs.load_state_dict(files.load_file(tmp_path / "ours.safetensors"))
    np.testing.assert_allclose(*outputs(ours, theirs), rtol=1e-5, atol=1e-6)


def test_whatever_way_arrays_lie_in_memory_pytorch_reads_their_values(tmp_path: Path) -> None:
    files = pytest.importorskip("safetensors.torch", reason='needs pip install "tinygrad_bp[saving]"')
    w = tg.arange(12.0).reshape(3, 4)
    saved = {
        "w": w, "w.T": w.T, "array.T": w.numpy().copy().T, "rows": w[::2], "backwards": w.flip(1), "columns": w[:, 1:3],
        "one number": w[1, 2], "expanded": w[0].expand(3, 4), "order F": np.asfortranarray(w.numpy()),
        "swapped": w.numpy().astype(">f4"), "half": w.T.half(), "truth": w.T > 3,
    }  # fmt: skip
    tg.save(saved, tmp_path / "layouts.safetensors")
    found = files.load_file(tmp_path / "layouts.safetensors")
    assert set(found) == set(saved)
    for name, value in saved.items():
        np.testing.assert_array_equal(found[name].numpy(), np.asarray(value), err_msg=name)


def tied(nn: Any) -> Any:
    """Two layers with one weight, by either package."""
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    return model


def test_tied_weights_go_both_ways(tmp_path: Path) -> None:
    files = pytest.importorskip("safetensors.torch", reason='needs pip install "tinygrad_bp[saving]"')
    x = np.eye(3, dtype=np.float32)
    theirs, ours = tied(torch.nn), tied(tg.nn)
    files.save_model(theirs, tmp_path / "theirs.safetensors")
    ours.load_state_dict(tg.load(tmp_path / "theirs.safetensors"))
    np.testing.assert_allclose(ours(tg.tensor(x)).detach(), theirs(torch.tensor(x)).detach(), rtol=1e-6)
    theirs, ours = tied(torch.nn), tied(tg.nn)
    tg.save(ours.state_dict(), tmp_path / "ours.safetensors")
    files.load_model(theirs, tmp_path / "ours.safetensors")
    np.testing.assert_allclose(ours(tg.tensor(x)).detach(), theirs(torch.tensor(x)).detach(), rtol=1e-6)
