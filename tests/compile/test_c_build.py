"""What can go wrong between C text and a function that runs: one sentence, and NumPy goes on."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.compiler import build as building
from tinygrad_bp.compiler import c_backend, numpy_backend
from tinygrad_bp.compiler.build import BuildError, cache_folder, compiler, library

try:
    compiler()
except BuildError as error:
    pytest.skip(str(error), allow_module_level=True)

X = np.ones(3, np.float32)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of its own, and nothing that was loaded before."""
    monkeypatch.setenv("TINYGRAD_BP_CACHE", str(tmp_path / "compiled"))
    monkeypatch.setattr(building, "_LOADED", {})
    return tmp_path / "compiled"


def program():
    return tg.program(lambda x: (x * 2).exp(), tg.ones(3))


def right(found) -> bool:
    return np.allclose(found, np.exp(X * 2), rtol=1e-6)


def goes_on(match: str) -> None:
    """A warning of one sentence, once, and the right numbers."""
    runnable = c_backend.build(program())
    with pytest.warns(UserWarning, match=match) as said:
        (found,) = runnable(X)
    assert len(said) == 1
    assert str(said[0].message).endswith("the program runs by NumPy")
    assert right(found)
    assert right(runnable(X)[0])  # without another word


def files(folder, ending: str):
    return sorted(folder.glob(f"*{ending}"))


def test_what_was_compiled_is_found_again(folder, monkeypatch) -> None:
    assert right(c_backend.build(program())(X)[0])
    (made,) = files(folder, building.LIBRARY)
    assert sorted(os.listdir(folder)) == sorted([made.name, made.with_suffix(".sha256").name])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not stat.S_IMODE(made.stat().st_mode) & 0o077
    monkeypatch.setattr(building, "_LOADED", {})
    monkeypatch.setattr(building, "_compile", None)  # nobody compiles
    began = time.perf_counter()
    assert right(c_backend.build(program())(X)[0])
    assert time.perf_counter() - began < 0.5


def test_a_damaged_file_is_made_anew(folder, monkeypatch) -> None:
    c_backend.build(program())(X)
    (made,) = files(folder, building.LIBRARY)
    made.chmod(0o600)
    content = made.read_bytes()
    for damaged in (content[:100], b"", content[:-8] + b"12345678"):
        made.unlink()  # the old one may be loaded: write another file
        made.write_bytes(damaged)
        made.chmod(0o600)
        monkeypatch.setattr(building, "_LOADED", {})
        assert right(c_backend.build(program())(X)[0])
        assert made.read_bytes() != damaged


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users here")
def test_a_folder_that_others_may_write(folder) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    goes_on("others may read or write it: compiled programs are kept in a folder of your own")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users here")
def test_a_folder_of_another_user(folder, monkeypatch) -> None:
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(building.os, "getuid", lambda: os.geteuid() + 1)
    goes_on("belongs to another user")


def test_a_link_in_the_place_of_the_folder(folder, tmp_path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    goes_on("is not what it should be: a link")


def test_a_file_in_the_place_of_the_folder(folder) -> None:
    folder.write_text("")
    goes_on("no folder for compiled programs")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users here")
@pytest.mark.parametrize("ending", [building.LIBRARY, ".sha256"])
def test_a_file_that_others_may_write(folder, monkeypatch, ending) -> None:
    c_backend.build(program())(X)
    (made,) = files(folder, ending)
    made.chmod(0o666)
    monkeypatch.setattr(building, "_LOADED", {})
    goes_on("others may read or write it")


def test_a_link_in_the_place_of_a_file(folder, monkeypatch, tmp_path) -> None:
    c_backend.build(program())(X)
    (made,) = files(folder, building.LIBRARY)
    made.rename(tmp_path / "elsewhere")
    made.symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(building, "_LOADED", {})
    goes_on("a link")


def test_a_disk_that_takes_no_file(folder, monkeypatch) -> None:
    folder.mkdir(mode=0o700)

    def full(*_args, **_kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(building.tempfile, "TemporaryDirectory", full)
    goes_on("takes no file .Read-only file system.")


def test_no_home(folder, monkeypatch) -> None:
    monkeypatch.setenv("TINYGRAD_BP_CACHE", "/proc/nobody/here")
    goes_on("no folder for compiled programs .*TINYGRAD_BP_CACHE names another")


def test_no_compiler(folder, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setitem(sys.modules, "ziglang", None)
    goes_on(r"there is no C compiler: install one .*pip install 'tinygrad_bp\[c\]'")


def test_the_compiler_that_cc_names(folder, monkeypatch) -> None:
    monkeypatch.setenv("CC", "no_such_compiler -O9")
    goes_on("CC names the C compiler 'no_such_compiler', which is not to be found")


def test_a_command_that_nobody_can_read(folder, monkeypatch) -> None:
    monkeypatch.setenv("CC", "gcc '")
    goes_on("CC is no command line")


def script(tmp_path, text: str):
    path = tmp_path / "mycc"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_compiler_that_fails(folder, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("CC", script(tmp_path, '[ "$1" = --version ] && exit 0\necho "x.c:1: error: no" >&2\nexit 1'))
    goes_on(r"did not accept the program \(x.c:1: error: no\)")
    assert not list(folder.iterdir())


def test_a_compiler_that_makes_nothing(folder, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("CC", script(tmp_path, "exit 0"))
    goes_on("reported no error and made no file")


def test_a_compiler_that_makes_nonsense(folder, monkeypatch, tmp_path) -> None:
    wrong = 'while [ "$1" ]; do [ "$1" = -o ] && echo nonsense > "$2"; shift; done'
    monkeypatch.setenv("CC", script(tmp_path, wrong))
    goes_on("cannot be loaded")


def test_a_compiler_that_makes_a_link(folder, monkeypatch, tmp_path) -> None:
    kept = tmp_path / "kept"
    linking = f'for a; do [ "$p" = -o ] && mv "$a" {kept} && ln -s {kept} "$a"; p=$a; done'
    monkeypatch.setenv("CC", script(tmp_path, f'{shlex.join(compiler())} "$@"\n{linking}'))
    assert right(c_backend.build(program())(X)[0])
    assert stat.S_IMODE(kept.stat().st_mode) & 0o055 and not any(path.is_symlink() for path in folder.iterdir())


def test_a_compiler_that_hangs(folder, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(building, "LONGEST", 0.1)
    monkeypatch.setenv("CC", script(tmp_path, "exec sleep 60"))
    goes_on("mycc was not done after 0.1 seconds")


def test_another_processor_has_files_of_its_own(folder, monkeypatch) -> None:
    c_backend.build(program())(X)
    monkeypatch.setattr(building, "processor", lambda: "another")
    monkeypatch.setattr(building, "_LOADED", {})
    c_backend.build(program())(X)
    assert len(files(folder, building.LIBRARY)) == 2


def test_two_processes_compile_at_once(folder) -> None:
    code = (
        "import numpy as np, tinygrad_bp as tg\nfrom tinygrad_bp.compiler import c_backend\n"
        "p = tg.program(lambda x: (x * 2).exp(), tg.ones(3))\n"
        "r = c_backend.build(p)\nprint(r(np.ones(3, np.float32))[0].sum(), type(r._library).__name__)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    texts = {process.communicate(timeout=120) for process in running}
    assert len(texts) == 1, texts
    ((out, err),) = texts
    assert out.endswith("Library\n"), err
    assert len(files(folder, building.LIBRARY)) == 1
    assert not [name for name in os.listdir(folder) if name.startswith("making")]


def test_the_same_text_is_loaded_once(folder) -> None:
    first, second = c_backend.build(program()), c_backend.build(program())
    assert right(first(X)[0])
    assert right(second(X)[0])
    assert first._library is second._library
    assert right(first(X)[0])


def test_a_library_without_the_functions(folder) -> None:
    with pytest.raises(BuildError, match="cannot be loaded"):
        library("int other(void) { return 0; }", holds_the_gil=False)


def test_parts_say_it_once(folder, monkeypatch) -> None:
    monkeypatch.setenv("CC", "no_such_compiler")
    parts = c_backend.build(tg.program(lambda x: tg.linalg.inv(x * 2) + 1, tg.eye(2)))
    assert isinstance(parts, c_backend.Parts)
    with pytest.warns(UserWarning, match="the program runs by NumPy") as said:
        (found,) = parts(np.eye(2, dtype=np.float32))
    assert len(said) == 1
    assert np.allclose(found, np.eye(2) / 2 + 1)


@pytest.mark.parametrize("function", [lambda x: x * 2 + 1, lambda x: tg.linalg.inv(x * 2) + 1, tg.linalg.inv])
def test_the_warning_names_the_line_that_called(folder, monkeypatch, function) -> None:
    monkeypatch.setenv("CC", "no_such_compiler")
    compiled = tg.compile(function, backend="c")
    with pytest.warns(UserWarning, match="the program runs by NumPy") as said:
        for _ in range(4):
            compiled(tg.eye(2))
    assert [warning.filename for warning in said] == [__file__]


def test_the_default_folder(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("TINYGRAD_BP_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tinygrad_bp"


def test_what_stands_in_is_the_backend_of_numpy(folder, monkeypatch) -> None:
    monkeypatch.setenv("CC", "no_such_compiler")
    runnable = c_backend.build(program())
    with pytest.warns(UserWarning):
        (found,) = runnable.loop(4, [np.stack([X] * 4)], [True])
    assert found.shape == (4, 3)
    assert right(found[3])
    assert isinstance(runnable.instead, numpy_backend.Runnable)
