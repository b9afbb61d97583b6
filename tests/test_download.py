"""Downloads, from a real server on this machine that behaves, and from ones that do not."""

import gzip
import hashlib
import importlib
import io
import os
import pathlib
import socket
import subprocess
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import DataFileError, DownloadError
from tinygrad_bp.data import download
from tinygrad_bp.data.download import Published, fetch

BYTES = np.random.default_rng(0).integers(0, 256, 300_000, np.uint8).tobytes()
PUBLISHED = Published(len(BYTES), hashlib.sha256(BYTES).hexdigest())


class Server(ThreadingHTTPServer):
    """Serves ``files``; what it does wrong is ``manner``, and ``asked`` is the list of paths and ranges."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.manner, self.asked = {"/file": BYTES}, "well", []

    def url(self, path="/file"):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, request, client_address):
        """A connection that the client or the test cuts is no news."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        manner, asked = self.server.manner, self.headers.get("Range")
        self.server.asked.append((self.path, asked))
        if self.path not in self.server.files:
            self.send_error(404)
            return
        content = self.server.files[self.path]
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and manner != "ignores ranges" else 0
        if manner == "wrong bytes":
            content = content[:-1] + bytes([content[-1] ^ 1])
        if manner == "another file":
            content = b"<html>please sign in</html>"
        if manner == "another range":
            start = max(start - 5, 0)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if manner != "no length":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        self.wfile.write(body[: len(body) // 2] if manner == "cuts" else body)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def closed():
    """A URL where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/file"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("manner", ["well", "no length"])
def test_a_file_arrives_whole_and_is_not_fetched_again(server, tmp_path, manner):
    server.manner = manner
    target = tmp_path / "new folder" / "file"
    for _ in range(2):
        assert fetch([server.url()], target, PUBLISHED) == target
        assert target.read_bytes() == BYTES
    assert server.asked == [("/file", None)]
    assert names(target.parent) == ["file"]


def test_a_broken_download_goes_on_where_it_ended(server, tmp_path):
    server.manner = "cuts"
    with pytest.raises(DownloadError, match=r"connection ended after 150000 of 300000 bytes"):
        fetch([server.url()], tmp_path / "file", PUBLISHED)
    assert names(tmp_path) == ["file.part"]
    server.manner = "well"
    assert fetch([server.url()], tmp_path / "file", PUBLISHED).read_bytes() == BYTES
    assert server.asked == [("/file", None), ("/file", "bytes=150000-")]
    assert names(tmp_path) == ["file"]


def test_a_server_that_ignores_ranges_starts_again(server, tmp_path):
    server.manner = "ignores ranges"
    (tmp_path / "file.part").write_bytes(BYTES[:1000])
    assert fetch([server.url()], tmp_path / "file", PUBLISHED).read_bytes() == BYTES
    assert server.asked == [("/file", "bytes=1000-")]


def test_the_next_mirror_goes_on_where_the_first_one_ended(server, tmp_path, closed):
    (tmp_path / "file.part").write_bytes(BYTES[:1000])
    urls = [closed, server.url("/missing"), server.url()]
    assert fetch(urls, tmp_path / "file", PUBLISHED).read_bytes() == BYTES
    assert server.asked == [("/missing", "bytes=1000-"), ("/file", "bytes=1000-")]


def test_wrong_bytes_are_removed_and_both_sums_are_given(server, tmp_path):
    server.manner = "wrong bytes"
    found = hashlib.sha256(BYTES[:-1] + bytes([BYTES[-1] ^ 1])).hexdigest()
    with pytest.raises(DownloadError, match=f"expected the SHA-256 {PUBLISHED.sha256}, found {found}"):
        fetch([server.url()], tmp_path / "file", PUBLISHED)
    assert names(tmp_path) == []


def test_wrong_bytes_of_an_earlier_try_do_not_spoil_this_one(server, tmp_path):
    (tmp_path / "file.part").write_bytes(bytes(1000))
    assert fetch([server.url()], tmp_path / "file", PUBLISHED).read_bytes() == BYTES
    assert server.asked == [("/file", "bytes=1000-"), ("/file", None)]


@pytest.mark.parametrize("size", [len(BYTES), len(BYTES) + 7])
def test_a_part_that_is_whole_or_too_long(server, tmp_path, size):
    (tmp_path / "file.part").write_bytes((BYTES + bytes(10))[:size])
    assert fetch([server.url()], tmp_path / "file", PUBLISHED).read_bytes() == BYTES
    assert server.asked == ([] if size == len(BYTES) else [("/file", None)])


@pytest.mark.parametrize(("manner", "message"), [
    ("another file", "expected 300000 bytes, the server has 27"),
    ("another range", "expected the bytes from 1000 on, got bytes 995-"),
])  # fmt: skip
def test_what_is_not_the_file_is_not_written(server, tmp_path, manner, message):
    server.manner = manner
    (tmp_path / "file.part").write_bytes(BYTES[:1000])
    server.files["/file"] = BYTES
    if manner == "another file":
        (tmp_path / "file.part").unlink()
    with pytest.raises(DownloadError, match=message):
        fetch([server.url()], tmp_path / "file", PUBLISHED)
    assert not (tmp_path / "file").exists()


def test_no_more_is_written_than_the_file_has(server, tmp_path):
    server.manner = "no length"
    server.files["/file"] = BYTES + bytes(100)
    assert fetch([server.url()], tmp_path / "file", PUBLISHED).read_bytes() == BYTES


def test_without_a_network_the_error_names_every_url_and_the_folder(tmp_path, closed, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DownloadError) as caught:
        fetch([closed, closed + "2"], tmp_path / "set" / "file", PUBLISHED)
    message = str(caught.value)
    assert f"{closed}: no connection" in message and f"{closed}2: no connection" in message
    assert f"put it into {tmp_path / 'set'} by hand" in message


def test_a_server_that_says_nothing_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(DownloadError, match="timed out"):
            fetch([url], tmp_path / "file", PUBLISHED)


def test_a_file_that_is_there_and_is_another_is_not_overwritten(server, tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(DataFileError, match=f"expected a file with the SHA-256 {PUBLISHED.sha256}, found .*remove it"):
        fetch([server.url()], tmp_path / "file", PUBLISHED)
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert server.asked == []


def test_it_works_without_tqdm(server, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert fetch([server.url()], tmp_path / "file", PUBLISHED).read_bytes() == BYTES


def test_the_progress_bar_counts_bytes(server, tmp_path, monkeypatch):
    tqdm = pytest.importorskip("tqdm.auto")
    shown = []

    class Bar(tqdm.tqdm):
        def __init__(self, **arguments):
            assert arguments.pop("disable") is True  # no terminal here, and no notebook
            super().__init__(**arguments, file=io.StringIO())
            shown.append(self)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    (tmp_path / "file.part").write_bytes(BYTES[:1000])
    fetch([server.url()], tmp_path / "file", PUBLISHED)
    assert [(bar.n, bar.initial, bar.total, bar.desc) for bar in shown] == [(300_000, 1000, 300_000, "file")]


# ---------------------------------------------------------------------- the data sets


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_mnist_and_fashion_mnist_download_what_is_missing(server, tmp_path, monkeypatch, name):
    images, labels = np.arange(2 * 784).astype(np.uint8).reshape(2, 28, 28), np.array([7, 2], np.uint8)
    files = {f"t10k-{kind}-ubyte.gz": gzip.compress(idx(array), mtime=0)
             for kind, array in (("images-idx3", images), ("labels-idx1", labels))}  # fmt: skip
    server.files = {f"/{file}": content for file, content in files.items()}
    published = {file: Published(len(content), hashlib.sha256(content).hexdigest()) for file, content in files.items()}
    module = importlib.import_module("tinygrad_bp.data.mnist")
    monkeypatch.setattr(module, name.upper(), ((server.url("/nothing/"), server.url("/")), published))
    read = getattr(tg.data, name)
    with pytest.raises(FileNotFoundError, match=rf"t10k-images-idx3-ubyte.gz.*{name}\(download=True\)"):
        read(tmp_path, "test")
    for _ in range(2):
        found = read(tmp_path, "test", download=True)
        np.testing.assert_array_equal(found[0], images)
        np.testing.assert_array_equal(found[1], labels)
    assert names(tmp_path / name) == sorted(files)
    assert len(server.asked) == 4  # each file: the mirror that lacks it, and the one that has it


def archive(members):
    """A tar.gz of name → bytes, or name → TarInfo for what is no regular file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if info is content:
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


CIFAR = importlib.import_module("tinygrad_bp.data.cifar10")
RECORDS = np.random.default_rng(0).integers(0, 10, (6, 2, CIFAR.RECORD)).astype(np.uint8)
MEMBERS = {f"{CIFAR.FOLDER}/{file}": RECORDS[i].tobytes() for i, file in enumerate(CIFAR.FILES)}


def test_cifar10_downloads_and_unpacks_its_archive(server, tmp_path, monkeypatch):
    content = archive({"cifar-10-batches-bin/readme.html": b"hello", **MEMBERS, "../evil": b"x"})
    server.files = {"/cifar-10-binary.tar.gz": content}
    monkeypatch.setattr(CIFAR, "URL", server.url("/cifar-10-binary.tar.gz"))
    monkeypatch.setattr(CIFAR, "PUBLISHED", Published(len(content), hashlib.sha256(content).hexdigest()))
    root = tmp_path / "root"
    for _ in range(2):
        images, labels = tg.data.cifar10(root, download=True)
        np.testing.assert_array_equal(images.reshape(10, -1), RECORDS[:5].reshape(10, -1)[:, 1:])
        np.testing.assert_array_equal(labels, RECORDS[:5, :, 0].ravel())
    assert len(tg.data.cifar10(root, "test")[0]) == 2
    assert len(server.asked) == 1
    assert names(tmp_path) == ["root"]
    assert names(root) == [CIFAR.FOLDER, "cifar-10-binary.tar.gz"]
    assert names(root / CIFAR.FOLDER) == sorted(CIFAR.FILES)


def link(name, kind, to):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, to, CIFAR.RECORD
    return info


FIRST = f"{CIFAR.FOLDER}/data_batch_1.bin"


@pytest.mark.parametrize(("members", "message"), [
    ({**MEMBERS, FIRST: b"short"}, "data_batch_1.bin to be a regular file .* records .*5 bytes"),
    ({**MEMBERS, FIRST: b""}, "data_batch_1.bin to be a regular file"),
    ({**MEMBERS, FIRST: link(FIRST, tarfile.SYMTYPE, "/etc/passwd")}, "regular file .*another kind"),
    ({**MEMBERS, FIRST: link(FIRST, tarfile.LNKTYPE, "/etc/passwd")}, "regular file .*another kind"),
    ({**MEMBERS, FIRST: link(FIRST, tarfile.FIFOTYPE, "")}, "regular file .*another kind"),
    ({k: v for k, v in MEMBERS.items() if k != FIRST}, "found no cifar-10-batches-bin/data_batch_1.bin"),
    ({f"../{k}": v for k, v in MEMBERS.items()}, "expected six files"),
    ({f"/tmp/{k}": v for k, v in MEMBERS.items()}, "expected six files"),
    ({}, "expected six files"),
])  # fmt: skip
def test_an_archive_that_is_not_as_it_should_be(tmp_path, members, message):
    path = tmp_path / "cifar.tar.gz"
    path.write_bytes(archive(members))
    with pytest.raises(DataFileError, match=message) as caught:
        CIFAR.unpack(path, tmp_path / "folder")
    assert str(path) in str(caught.value)
    assert not any(part.is_symlink() for part in (tmp_path / "folder").iterdir())
    assert names(tmp_path) == ["cifar.tar.gz", "folder"]


def test_a_member_that_states_more_than_a_batch_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "cifar.tar.gz"
    path.write_bytes(archive({**MEMBERS, FIRST: bytes(10_001 * CIFAR.RECORD)}))
    with pytest.raises(DataFileError, match="1 to 10000 records"):
        CIFAR.unpack(path, tmp_path / "folder")


@pytest.mark.parametrize("damage", ["cut", "no gzip", "flipped"])
def test_a_damaged_archive(tmp_path, damage):
    path, content = tmp_path / "cifar.tar.gz", archive(MEMBERS)
    middle = len(content) // 2
    path.write_bytes({
        "cut": content[:middle],
        "no gzip": b"not gzip",
        "flipped": content[:middle] + bytes(b ^ 255 for b in content[middle : middle + 50]) + content[middle + 50 :],
    }[damage])  # fmt: skip
    with pytest.raises(DataFileError, match=r"expected a tar\.gz archive, found a damaged one"):
        CIFAR.unpack(path, tmp_path / "folder")


def test_files_that_are_there_are_not_unpacked_over(tmp_path):
    path, folder = tmp_path / "cifar.tar.gz", tmp_path / "folder"
    path.write_bytes(archive(MEMBERS))
    folder.mkdir()
    (folder / "test_batch.bin").write_bytes(b"mine")
    CIFAR.unpack(path, folder)
    assert (folder / "test_batch.bin").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["MNIST", "FASHION_MNIST"])
def test_every_published_sum_is_a_sha256(name):
    mirrors, files = getattr(importlib.import_module("tinygrad_bp.data.mnist"), name)
    assert len(mirrors) > 1 and all(mirror.endswith("/") for mirror in mirrors)
    assert len(files) == 4
    for size, sha256 in [*files.values(), CIFAR.PUBLISHED]:
        assert size > 0 and len(bytes.fromhex(sha256)) == 32


# ---------------------------------------------------------------------- several at once, and what lies in the way

ASK = """
import sys
from pathlib import Path
from tinygrad_bp.autograd.errors import AutogradError
from tinygrad_bp.data.download import Published, fetch
url, folder, size, sha = sys.argv[1:]
for number in range(10):
    fetch([url], Path(folder) / str(number) / "file", Published(int(size), sha))
"""


def test_several_processes_and_threads_fetch_each_file_once(server, tmp_path):
    command = [sys.executable, "-c", ASK, server.url(), str(tmp_path), str(PUBLISHED.size), PUBLISHED.sha256]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    failures = []

    def ask():
        for number in range(10, 20):
            try:
                fetch([server.url()], tmp_path / str(number) / "file", PUBLISHED)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in processes:
        assert process.communicate()[1] == "" and process.returncode == 0
    assert not failures
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["file"] * 20
    if sys.platform != "win32":
        assert len(server.asked) == 20


def pipe(path):
    os.mkfifo(path)


def to_nothing(path):
    path.symlink_to(path.with_name("nothing"))


WAYS = [(pathlib.Path.mkdir, "a directory"), (pipe, "a pipe"), (to_nothing, "a symbolic link to nothing")]


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with a name")
@pytest.mark.parametrize(("put", "what"), WAYS)
@pytest.mark.parametrize("name", ["file", "file.part"])
def test_something_else_in_the_way_is_named(server, tmp_path, name, put, what):
    put(tmp_path / name)
    with pytest.raises(DataFileError, match=f"{name}: expected a file, or nothing yet, found {what}; move it away"):
        fetch([server.url()], tmp_path / "file", PUBLISHED)
    assert not server.asked


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own")
def test_a_link_to_a_file_is_read_and_never_written_through(server, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(BYTES)
    (tmp_path / "file").symlink_to(other)
    assert fetch([server.url()], tmp_path / "file", PUBLISHED) == tmp_path / "file"
    (tmp_path / "file").unlink()
    (tmp_path / "file.part").symlink_to(other)
    with pytest.raises(DataFileError, match="found a symbolic link; move it away"):
        fetch([server.url()], tmp_path / "file", PUBLISHED)
    assert other.read_bytes() == BYTES


def test_a_file_where_the_folder_should_be(server, tmp_path):
    (tmp_path / "folder").write_text("")
    with pytest.raises(DownloadError, match="could not be fetched, the file system said"):
        fetch([server.url()], tmp_path / "folder" / "file", PUBLISHED)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with a name")
@pytest.mark.parametrize(("put", "what"), WAYS)
@pytest.mark.parametrize("load", [
    lambda folder: tg.data.mnist(folder), lambda folder: tg.data.cifar10(folder),
    lambda folder: tg.data.banknote(folder), lambda folder: tg.data.mnist(folder, download=True),
])  # fmt: skip
def test_a_data_set_names_what_lies_in_its_way(tmp_path, load, put, what):
    for path in ("mnist/train-images-idx3-ubyte", "cifar-10-batches-bin/data_batch_1.bin", "banknote.csv"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        put(tmp_path / path)
    with pytest.raises(DataFileError, match=f"expected a file, or nothing yet, found {what}"):
        load(tmp_path)
