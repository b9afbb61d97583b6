"""Small files of every form, good ones and ones that are not what they should be: no header is believed."""

import gzip
import importlib
import io
import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import DataFileError
from tinygrad_bp.data.idx import read_idx

# ---------------------------------------------------------------------- small files of every form


def idx(array, *, magic=None, shape=None):
    sizes = b"".join(n.to_bytes(4, "big") for n in (array.shape if shape is None else shape))
    return (bytes([0, 0, 8, array.ndim]) if magic is None else magic) + sizes + array.tobytes()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def npy(header, data=b"", version=b"\x01\x00"):
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


IMAGES = np.arange(3 * 784).astype(np.uint8).reshape(3, 28, 28)
LABELS = np.array([3, 0, 9], np.uint8)
X, Y = np.arange(3 * 64).astype(np.int8).reshape(3, 64), np.array([3, 0, 1], np.uint8)
RECORDS = np.arange(2 * 3073).astype(np.uint8).reshape(2, 3073)
RECORDS[:, 0] = [9, 4]
ROWS = "1.5,2,-3,4e0,0\n0,0,0,0,1\n"


def mnist_folder(folder, images=None, labels=None, *, packed=False):
    """The two files of the training set: bytes where they are given, else the good ones."""
    for name, good, given_bytes in (("images-idx3", IMAGES, images), ("labels-idx1", LABELS, labels)):
        content = idx(good) if given_bytes is None else given_bytes
        if packed and given_bytes is None:
            content = gzip.compress(content)
        (folder / f"train-{name}-ubyte{'.gz' if packed else ''}").write_bytes(content)
    return folder


def cifar_folder(folder, content=None):
    for i in range(1, 6):
        (folder / f"data_batch_{i}.bin").write_bytes(RECORDS.tobytes())
    if content is not None:
        (folder / "data_batch_3.bin").write_bytes(content)
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_a_good_small_mnist(tmp_path, packed):
    for root in (tmp_path, tmp_path / "above" / "mnist"):
        root.mkdir(parents=True, exist_ok=True)
        mnist_folder(root, packed=packed)
        for images, labels in (tg.data.mnist(root), tg.data.mnist(tmp_path / "above") if "above" in str(root) else
                               tg.data.fashion_mnist(root)):  # fmt: skip
            np.testing.assert_array_equal(images, IMAGES)
            np.testing.assert_array_equal(labels, LABELS)


def test_a_plain_file_is_read_before_its_gz(tmp_path):
    mnist_folder(tmp_path, packed=True)
    mnist_folder(tmp_path, images=idx(IMAGES[::-1]))
    np.testing.assert_array_equal(tg.data.mnist(tmp_path)[0], IMAGES[::-1])


def test_a_good_small_cifar10(tmp_path):
    images, labels = tg.data.cifar10(cifar_folder(tmp_path))
    assert images.shape == (10, 3, 32, 32)
    np.testing.assert_array_equal(images[1].ravel(), RECORDS[1, 1:])
    assert labels.tolist() == [9, 4] * 5


def test_good_small_tables(tmp_path):
    (tmp_path / "emg_gestures.npz").write_bytes(npz(x=np.asfortranarray(X), y=Y))
    x, y = tg.data.emg(tmp_path)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    (tmp_path / "some.csv").write_text(ROWS + "\n")
    x, y = tg.data.banknote(tmp_path / "some.csv")
    assert x.tolist() == [[1.5, 2, -3, 4], [0, 0, 0, 0]] and y.tolist() == [0, 1]


# ---------------------------------------------------------------------- files that are not

GOOD = idx(IMAGES)
BOMB = gzip.compress(idx(IMAGES) + bytes(50_000_000))


@pytest.mark.parametrize(("content", "expected", "found"), [
    (b"", "magic number 00000803", "an empty file"),
    (GOOD[:2], "magic number 00000803", "found 0000"),
    (GOOD[:9], "IDX header of 16 bytes", "found 9 bytes"),
    (GOOD[:-1], "2352 bytes after the header", "holds at most 2351"),
    (GOOD + b"x", "2352 bytes after the header", "found more"),
    (idx(IMAGES, magic=bytes([0, 0, 8, 1])), "magic number 00000803", "found 00000801"),
    (idx(IMAGES, magic=bytes([0, 0, 13, 3])), "unsigned bytes", "found 00000d03"),
    (idx(IMAGES, magic=b"PK\3\4"), "magic number 00000803", "found 504b0304"),
    (idx(IMAGES, shape=(2**32 - 1,) * 3), "states the shape (4294967295,", "holds at most 2352"),
    (idx(IMAGES, shape=(4, 28, 28)), "3136 bytes after the header", "holds at most 2352"),
    (idx(IMAGES, shape=(2, 28, 28)), "1568 bytes after the header", "found more"),
    (idx(IMAGES.reshape(3, 14, 56)), "28 by 28 pixels", "found (14, 56)"),
])  # fmt: skip
def test_images_that_are_not_as_they_should_be(tmp_path, content, expected, found):
    refused(lambda: tg.data.mnist(mnist_folder(tmp_path, content)), "train-images-idx3-ubyte", expected, found)


@pytest.mark.parametrize(("content", "expected", "found"), [
    (idx(LABELS[:2]), "3 labels, one for each image of train-images-idx3-ubyte", "found 2"),
    (idx(np.array([1, 2, 10], np.uint8)), "labels in 0 to 9", "found 10"),
    (GOOD, "magic number 00000801", "found 00000803"),
])  # fmt: skip
def test_labels_that_are_not_as_they_should_be(tmp_path, content, expected, found):
    refused(lambda: tg.data.mnist(mnist_folder(tmp_path, None, content)), "train-labels-idx1-ubyte", expected, found)


PACKED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize(("content", "expected", "found"), [
    (b"", "magic number 00000803", "an empty file"),
    (GOOD, "one whole gzip stream", "Not a gzipped file"),
    (PACKED[: len(PACKED) // 2], "one whole gzip stream", "damaged"),
    (PACKED[:-8], "one whole gzip stream", "damaged"),
    (PACKED[:-8] + bytes(4) + PACKED[-4:], "one whole gzip stream", "CRC"),
    (PACKED[:-4] + bytes(4), "one whole gzip stream", "Incorrect length"),
    (PACKED + b"garbage", "one whole gzip stream", "damaged"),
    (PACKED[:20] + bytes(b ^ 255 for b in PACKED[20:40]) + PACKED[40:], "one whole gzip stream", "damaged"),
    (BOMB, "2352 bytes after the header", "found more"),
    (gzip.compress(idx(IMAGES, shape=(2**32 - 1,) * 3)), "states the shape (4294967295,", "holds at most"),
    (gzip.compress(idx(IMAGES, shape=(4, 28, 28))), "3136 bytes after the header", "found 2352"),
])  # fmt: skip
def test_gzip_that_is_not_as_it_should_be(tmp_path, content, expected, found):
    mnist_folder(tmp_path, content, packed=True)
    refused(lambda: tg.data.mnist(tmp_path), "train-images-idx3-ubyte.gz", expected, found)


def test_a_gzip_bomb_is_unpacked_no_further_than_the_header_promises(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(BOMB)  # 50 MB when it is unpacked
    tracemalloc.start()
    try:
        with pytest.raises(DataFileError, match="found more"):
            read_idx(path, 3)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000


@pytest.mark.parametrize(("content", "expected", "found"), [
    (b"", "records of 3073 bytes", "found 0 bytes"),
    (RECORDS.tobytes()[:-1], "records of 3073 bytes", "found 6145 bytes, 3072 left over"),
    (RECORDS.tobytes() + b"x", "records of 3073 bytes", "1 left over"),
    (RECORDS.tobytes() + b"\x0a" + bytes(3072), "labels in 0 to 9", "found 10 in record 2"),
])  # fmt: skip
def test_cifar10_that_is_not_as_it_should_be(tmp_path, content, expected, found):
    refused(lambda: tg.data.cifar10(cifar_folder(tmp_path, content)), "data_batch_3.bin", expected, found)


def python_form(folder):
    (folder / "cifar-10-batches-py").mkdir(parents=True)
    for name in ("data_batch_1", "test_batch"):
        (folder / "cifar-10-batches-py" / name).write_bytes(pickle.dumps({b"data": 1}))
    return folder


@pytest.mark.parametrize("place", ["above", "itself", "renamed", "pkl file", "pkl folder"])
def test_pickles_are_refused(tmp_path, place):
    python_form(tmp_path)
    itself = tmp_path / "cifar-10-batches-py"
    renamed = tmp_path / "renamed"
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "cifar10.pkl").write_bytes(b"")
    if place == "renamed":
        itself.rename(renamed)
    root = {"above": tmp_path, "itself": itself, "renamed": renamed, "pkl file": tmp_path / "p" / "cifar10.pkl",
            "pkl folder": tmp_path / "p"}[place]  # fmt: skip
    refused(lambda: tg.data.cifar10(root), str(root), "the binary form", "pickles",
            "can run code", "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz")  # fmt: skip


class Bad:
    """A pickle of it would write a file when it is read."""

    def __reduce__(self):
        return (os.mkdir, ("was_run",))


GOOD_NPZ = npz(x=X, y=Y)
HUGE = "{'descr': '|i1', 'fortran_order': False, 'shape': (999999999999, 64), }"


@pytest.mark.parametrize(("content", "expected", "found"), [
    (b"", "an npz file", "damaged"),
    (b"not a zip", "an npz file", "damaged"),
    (GOOD_NPZ[: len(GOOD_NPZ) // 2], "an npz file", "damaged"),
    (npz(x=X), "the arrays x and y", "found x"),
    (zipped({}), "the arrays x and y", "found none"),
    (npz(x=X[:, :63], y=Y), "x of shape (n, 64), int8", "found (3, 63)"),
    (npz(x=X.ravel(), y=Y), "x of shape (n, 64), int8", "found (192,)"),
    (npz(x=X.astype(float), y=Y), "int8", "float64"),
    (npz(x=X, y=Y[:2]), "y of shape (3,), uint8", "found (2,)"),
    (npz(x=X, y=Y.astype(int)), "uint8", "int64"),
    (npz(x=X, y=np.array([0, 4, 1], np.uint8)), "labels in 0 to 3", "found 4"),
    (npz(x=np.array([Bad()], object), y=Y), "x.npy' in it: expected numbers", "nothing is unpickled"),
    (zipped({"x.npy": b"", "y.npy": b""}), "x.npy' in it is not a .npy", "another beginning"),
    (zipped({"x.npy": npy("{'descr': 'os.mkdir(1)'}"), "y.npy": b""}), "x.npy' in it is not a .npy", "another header"),
    (zipped({"x.npy": npy(HUGE, X.tobytes()), "y.npy": b""}), "63999999999936 bytes", "found 192"),
    (zipped({"x.npy": npy(HUGE.replace("999999999999", "2"), X.tobytes()), "y.npy": b""}), "128 bytes", "found 192"),
    (zipped({"x.npy": npy(HUGE.replace("999999999999", "-2"), X.tobytes()), "y.npy": b""}), "x.npy", "(-2, 64)"),
    (zipped({"x.npy": npy(HUGE, version=b"\x09\x00"), "y.npy": b""}), "not a .npy file", "another beginning"),
])  # fmt: skip
def test_npz_that_is_not_as_it_should_be(tmp_path, monkeypatch, content, expected, found):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "emg_gestures.npz"
    path.write_bytes(content)
    refused(lambda: tg.data.emg(path), "emg_gestures.npz", expected, found)
    assert not (tmp_path / "was_run").exists()


def test_an_npz_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.import_module("tinygrad_bp.data.emg"), "GREATEST", 2**20)
    path = tmp_path / "emg_gestures.npz"
    path.write_bytes(npz(x=np.zeros(2**20 + 1, np.int8)))
    refused(lambda: tg.data.emg(path), str(path), "x.npy' in it has 1048705 bytes", "at most 1048576")


@pytest.mark.parametrize(("text", "expected", "found"), [
    ("", "rows of 5 numbers", "found none"),
    (ROWS + "1,2,3,0\n", "line 3: expected 5 numbers", "found 4: '1,2,3,0'"),
    (ROWS + "1,2,3,4,5,0\n", "line 3: expected 5 numbers", "found 6"),
    ("a,b,c,d,e\n" + ROWS, "line 1: expected a number", "found 'a'"),
    (ROWS + "1,2,,4,0\n", "line 3: expected a number", "found ''"),
    (ROWS + "1,2,nan,4,0\n", "line 3: expected a number", "found 'nan'"),
    (ROWS + "1,2,inf,4,0\n", "line 3: expected a number", "found 'inf'"),
    (ROWS + "1,2,3,4,2\n", "labels in 0 to 1", "found 2.0 in row 2"),
    (ROWS + "1,2,3,4,0.5\n", "labels in 0 to 1", "found 0.5 in row 2"),
    (b"\xff\xfe\x00", "expected text", "not UTF-8"),
])  # fmt: skip
def test_csv_that_is_not_as_it_should_be(tmp_path, text, expected, found):
    path = tmp_path / "banknote.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(lambda: tg.data.banknote(path), "banknote.csv", expected, found)


def refused(program, *words):
    with pytest.raises(DataFileError) as caught:
        program()
    for word in words:
        assert word in str(caught.value)


# ---------------------------------------------------------------------- bytes changed at random

CASES = {
    "plain idx": ("train-images-idx3-ubyte", idx(IMAGES), tg.data.mnist),
    "gzip": ("train-images-idx3-ubyte.gz", PACKED, tg.data.mnist),
    "cifar": ("data_batch_2.bin", RECORDS.tobytes(), tg.data.cifar10),
    "npz": ("emg_gestures.npz", GOOD_NPZ, tg.data.emg),
    "csv": ("banknote.csv", ROWS.encode(), tg.data.banknote),
}


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
       cut=st.one_of(st.none(), st.floats(0, 1)), more=st.binary(max_size=3))  # fmt: skip
def test_changed_bytes_give_arrays_or_the_one_error(tmp_path, name, changes, cut, more):
    file, content, read = CASES[name]
    content = bytearray(content)
    for place, value in changes:
        # headers lie at both ends: half of the changes go there
        content[int(place * (len(content) - 1)) if value % 2 else int(place * 40) % len(content)] = value
    content = bytes(content if cut is None else content[: int(cut * len(content))]) + more
    mnist_folder(tmp_path) if "idx" in name else cifar_folder(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    (tmp_path / file).write_bytes(content)
    try:
        x, y = read(tmp_path)
    except DataFileError as error:
        assert str(tmp_path) in str(error)
    else:
        assert len(x) == len(y)
