"""A processor's vectors change how fast a program in C is, and no bit of what it gives."""

from __future__ import annotations

import re
import subprocess
from itertools import product

import numpy as np
import pytest
from parts import some

import tinygrad_bp as tg
from tests.compile.in_c import built
from tests.compile.programs import inputs_of, training, written_down
from tinygrad_bp.compiler import emit_c
from tinygrad_bp.compiler import processor as processors
from tinygrad_bp.compiler.build import FLAGS, compiler
from tinygrad_bp.compiler.c_names import RESERVED
from tinygrad_bp.compiler.processor import Registers, registers

nn, F = tg.nn, tg.nn.functional
WIDTHS = [Registers(64, 32), Registers(32, 16), Registers(16, 32)]  # AVX-512, AVX2, Neon


def _layers(rows):
    layers = lambda: (nn.Linear(3, 7), nn.Tanh(), nn.Linear(7, 11), nn.ReLU(), nn.Linear(11, 4))  # noqa: E731
    return training(layers, F.cross_entropy, lambda: tg.randn(rows, 3), lambda: tg.arange(rows) % 4)[:2]


def _images():
    layers = lambda: (nn.Conv2d(2, 3, 3, padding=1), nn.GELU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 3))  # noqa: E731
    return training(layers, F.cross_entropy, lambda: tg.randn(20, 2, 6, 6), lambda: tg.arange(20) % 3)[:2]


def _normed():
    layers = lambda: (nn.Linear(5, 40), nn.LayerNorm(40), nn.Sigmoid(), nn.Linear(40, 2))  # noqa: E731
    return training(layers, F.mse_loss, lambda: tg.randn(37, 5), lambda: tg.randn(37, 2))[:2]


def _few_rows():
    layers = lambda: (nn.Linear(256, 144), nn.ReLU(), nn.Linear(144, 5))  # noqa: E731
    return training(layers, F.mse_loss, lambda: tg.randn(7, 256), lambda: tg.randn(7, 5))[:2]


def _matrices():
    """Sums over rows that begin anywhere, and matrices whose axes change places."""
    return (lambda a, b: ((a @ b.T).sum(), a.sum(1), b.T.contiguous() * 2, a[:, 3:].sum())), (
        tg.randn(19, 51), tg.randn(33, 51))  # fmt: skip


PROGRAMS = {
    "images": _images, "normed": _normed, "few rows": _few_rows, "matrices": _matrices,
    **{f"{rows} rows": (lambda rows=rows: _layers(rows)) for rows in (1, 5, 16, 21, 100, 1000)},
}  # fmt: skip


def _program(name, dtype):
    tg.set_default_dtype(dtype)
    tg.manual_seed(0)
    step, arguments = PROGRAMS[name]()
    captured = written_down(step, arguments)
    return captured.program, inputs_of(captured, arguments)


def _bits(program, given) -> list[bytes]:
    arrays = [np.array(array, order="K") for array in given]
    run = built(program)
    results = [*run(*arrays), *run(*arrays)]
    return [np.asarray(array).tobytes() for array in (*results, *arrays)]


@pytest.mark.parametrize(("name", "dtype"), some([*product(PROGRAMS, (tg.float32, tg.float64))], 7))
def test_every_width_gives_the_same_bits(name, dtype, monkeypatch) -> None:
    program, given = _program(name, dtype)
    found = []
    for width in WIDTHS:
        monkeypatch.setattr(emit_c, "registers", lambda width=width: width)
        found.append(_bits(program, given))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(("name", "dtype"), some([*product(PROGRAMS, (tg.float32, tg.float64))], 6))
def test_no_vector_is_wider_than_a_register(name, dtype, tmp_path) -> None:
    assert not _too_wide(built(_program(name, dtype)[0]).c_source, tmp_path)


PROCESSORS = [
    ("x86_64", "flags\t\t: fpu sse2 avx2 fma avx512f avx512vl", Registers(64, 32)),
    ("x86_64", "flags\t\t: fpu sse2 avx2 fma", Registers(32, 16)),
    ("x86_64", "flags\t\t: fpu sse2", Registers(16, 16)),
    ("AMD64", "AMD64 Intel64 Family 6", Registers(32, 16)),  # a system that does not say
    ("aarch64", "Features\t: fp asimd", Registers(16, 32)),
]


@pytest.mark.parametrize(("machine", "said", "wanted"), PROCESSORS)
def test_the_registers_follow_from_the_processor(machine, said, wanted, monkeypatch) -> None:
    monkeypatch.setattr(processors.platform, "machine", lambda: machine)
    monkeypatch.setattr(processors, "processor", lambda: said)
    assert registers.__wrapped__() == wanted


def test_a_vector_that_is_wider_than_a_register_is_seen(tmp_path, monkeypatch) -> None:
    """So that the test before can fail."""
    twice = Registers(registers().size * 2, registers().count)
    monkeypatch.setattr(emit_c, "registers", lambda: twice)
    assert _too_wide(built(_program("5 rows", tg.float64)[0]).c_source, tmp_path)


def _too_wide(source: str, folder) -> list[str]:
    """What GCC says of vectors that it has to split."""
    command = compiler()
    if "Free Software Foundation" not in subprocess.run([*command, "--version"], capture_output=True, text=True).stdout:
        pytest.skip("the compiler is not GCC, which alone tells")
    (folder / "program.c").write_text(source)
    warned = subprocess.run(
        [*command, *FLAGS, "-Wvector-operation-performance", "-S", "program.c"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [line for line in warned.stderr.splitlines() if "vector-operation-performance" in line]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_the_file_calls_by_a_name_no_value_is_called(width, monkeypatch) -> None:
    monkeypatch.setattr(emit_c, "registers", lambda: width)
    for name in PROGRAMS:
        run = built(_program(name, tg.float32)[0])
        source = re.sub(r"/\*.*?\*/|'.'", "", run.c_source, flags=re.DOTALL)
        plan = run._emitted.plan
        values = {b.name for b in (*plan.inputs, *plan.outputs, *plan.arena, *(b for b, _ in plan.constants))}
        local = {m.result.buffer.name for kernel in plan.kernels for m in getattr(kernel, "members", [])}
        defined = set(re.findall(r"#define (\w+)", source)) | set(re.findall(r"typedef \w+ (\w+)", source))
        written = re.sub(r"#define(?:.*\\\n)*.*", "", source)
        defined |= set(re.findall(r"^(?:INLINE|static)[^;{=]*?(\w+)(?:\(|\[)", written, re.MULTILINE))
        loops = source[source.index("part_0") : source.index("static int run")]
        used = set(re.findall(r"\b[A-Za-z_]\w*", loops))
        ours = {word for word in defined | used if not word.startswith(("tg_", "part_", "_"))} - values - local
        assert ours <= RESERVED, ours - RESERVED
