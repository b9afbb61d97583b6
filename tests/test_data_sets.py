"""The real data sets where they are there, those that come with the package, and sets that are not there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError

REAL = Path(os.environ.get("TINYGRAD_BP_DATA") or Path(__file__).parents[2] / "shared" / "data")


def real(name):
    if not (REAL / name).exists():
        pytest.skip(f"{name} is not in ../shared/data, nor where TINYGRAD_BP_DATA says")
    return REAL


# ---------------------------------------------------------------------- the real files


@pytest.mark.parametrize(("split", "counts"), [
    ("train", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]),
    ("test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
])  # fmt: skip
def test_mnist_is_whole(split, counts):
    images, labels = tg.data.mnist(real("mnist"), split)
    assert images.shape == (sum(counts), 28, 28) and images.dtype == np.uint8 == labels.dtype
    assert np.bincount(labels).tolist() == counts
    np.testing.assert_array_equal(tg.data.mnist(REAL / "mnist", split)[1], labels)
    if split == "train":  # the published mean and deviation
        assert (images / 255).mean() == pytest.approx(0.1307, abs=5e-5)
        assert (images / 255).std() == pytest.approx(0.3081, abs=5e-5)
    images[0] = 0  # writable: the caller's own


@pytest.mark.parametrize("split", ["train", "test"])
def test_cifar10_reads_the_records_there_are(split):
    root = real("cifar-10-batches-bin")
    images, labels = tg.data.cifar10(root, split)
    files = sorted((root / "cifar-10-batches-bin").glob("data_batch_*.bin" if split == "train" else "test_batch.bin"))
    raw = np.frombuffer(b"".join(file.read_bytes() for file in files), np.uint8).reshape(-1, 3073)
    np.testing.assert_array_equal(labels, raw[:, 0])
    np.testing.assert_array_equal(images[:, 1, 2, 3], raw[:, 1 + 1024 + 2 * 32 + 3])
    assert images.shape == (len(raw), 3, 32, 32) and images.dtype == np.uint8 == labels.dtype
    names = (root / "cifar-10-batches-bin" / "batches.meta.txt").read_text().split()
    assert names == list(tg.data.CIFAR10_CLASSES)
    images[0] = labels[0] = 0


def test_emg_and_banknote():
    x, y = tg.data.emg(real("emg_gestures.npz"))
    assert x.shape == (11624, 64) and x.dtype == np.int8 and y.dtype == np.uint8
    assert sorted(set(y.tolist())) == [0, 1, 2, 3]
    np.testing.assert_array_equal(tg.data.emg(REAL / "emg_gestures.npz")[0], x)
    x, y = tg.data.banknote(real("banknote.csv"))
    np.testing.assert_array_equal(x, tg.data.banknote()[0])
    assert x.shape == (1372, 4) and x.dtype == np.float64 and np.bincount(y).tolist() == [762, 610]
    assert x[0].tolist() == [3.6216, 8.6661, -2.8073, -0.44699]


def test_the_folder_that_the_environment_names(monkeypatch):
    monkeypatch.setenv("TINYGRAD_BP_DATA", str(real("emg_gestures.npz")))
    assert len(tg.data.emg()[0]) == 11624


# ---------------------------------------------------------------------- what comes with the package


def test_iris_and_digits_are_those_of_scikit_learn():
    sets = pytest.importorskip("sklearn.datasets")
    for name, ours in (("iris", tg.data.iris()), ("digits", tg.data.digits())):
        x, y = getattr(sets, f"load_{name}")(return_X_y=True)
        np.testing.assert_array_equal(ours[0].reshape(x.shape), x)
        np.testing.assert_array_equal(ours[1], y)
        assert ours[1].dtype == np.int64
    assert tg.data.digits()[0].dtype == np.uint8 and tg.data.digits()[0].shape == (1797, 8, 8)
    assert tuple(sets.load_iris().target_names) == tg.data.IRIS_CLASSES


def test_banknote_comes_with_the_package(monkeypatch):
    monkeypatch.delenv("TINYGRAD_BP_DATA", raising=False)
    x, y = tg.data.banknote()
    assert x.shape == (1372, 4) and x.dtype == np.float64 and np.bincount(y).tolist() == [762, 610]
    np.testing.assert_allclose(x.mean(0), [0.43373526, 1.92235312, 1.39762712, -1.19165652], rtol=1e-8)


def test_every_table_of_the_package_stands_with_its_source_and_licence():
    page = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|") and "CC BY 4.0" in line]
    tables = {path.name for path in Path(tg.data.__file__).parent.glob("*.csv*")}
    assert tables == {row.rsplit("`", 2)[1] for row in rows} and len(rows) == 3


def test_importing_the_package_reads_no_archive_module():
    code = "import sys, tinygrad_bp; print(sorted({'gzip', 'tarfile', 'zipfile', 'urllib.request'} & set(sys.modules)))"
    bare = subprocess.run([sys.executable, "-c", code.replace("tinygrad_bp", "numpy")], capture_output=True, text=True)
    ours = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ours.stdout == bare.stdout


# ---------------------------------------------------------------------- files that are not there


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "emg"])
def test_where_nothing_is_named_the_error_says_what_can_be(monkeypatch, name):
    monkeypatch.delenv("TINYGRAD_BP_DATA", raising=False)
    argument = "path" if name == "emg" else "root"
    with pytest.raises(FileNotFoundError, match=rf"Give {argument}=, or set .* TINYGRAD_BP_DATA"):
        getattr(tg.data, name)()


@pytest.mark.parametrize(("name", "file"), [
    ("mnist", "mnist/train-images-idx3-ubyte.gz"), ("fashion_mnist", "fashion_mnist/train-images-idx3-ubyte.gz"),
    ("cifar10", "cifar-10-batches-bin/data_batch_1.bin"), ("emg", "emg_gestures.npz"), ("banknote", "banknote.csv"),
])  # fmt: skip
def test_a_missing_file_is_named(tmp_path, name, file):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / file))):
        getattr(tg.data, name)(tmp_path)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_a_split_that_there_is_not(tmp_path, name):
    with pytest.raises(ArgumentError, match=f'{name}: split is "train" or "test", got \'val\''):
        getattr(tg.data, name)(tmp_path, "val")
