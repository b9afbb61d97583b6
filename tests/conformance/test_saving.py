"""What PyTorch wrote: pickles are refused, and the lines that the refusal gives convert them."""

from __future__ import annotations

import io
from pathlib import Path

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
