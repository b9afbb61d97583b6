"""What ``draw`` shows, how it is escaped, and which program lays it out."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import graphviz
import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.drawing import draw
from tinygrad_bp.drawing.description import describe
from tinygrad_bp.drawing.program import DotNotFoundError, find
from tinygrad_bp.nn import functional as F

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture):
    """Every line of text in the rendered SVG, as a reader sees it."""
    root = ElementTree.fromstring(picture.pipe("svg", encoding="utf-8"))
    return ["".join(text.itertext()).replace("\xa0", " ") for text in root.iter(f"{SVG}text")]


def boxes(outputs, params=None, kind=None):
    return [box for box in describe(outputs, params).boxes if kind in (None, box.kind)]


def named(outputs, params=None):
    return {box.name: box for box in boxes(outputs, params) if box.name}


@pytest.fixture
def xor():
    tg.manual_seed(0)
    model = tg.models.MLP([2, 10, 5, 1], activation=tg.nn.Sigmoid, output=tg.nn.Sigmoid)
    x, y = (tg.tensor(data.astype(np.float32)) for data in tg.data.xor())
    return model, x, y, F.mse_loss(model(x), y)


# ---------------------------------------------------------------------- what is in it


def test_xor_network(xor):
    model, x, y, loss = xor
    params = dict(model.named_parameters(), x=x, y=y)
    assert [box.name for box in boxes(loss, params, "op")] == ["Linear", "Sigmoid"] * 3 + ["MseLoss"]
    assert {box.name for box in boxes(loss, params, "leaf")} == set(params)
    assert len(boxes(loss, params, "result")) == 7
    assert named(loss, params)["0.weight"].shape == (10, 2)
    assert {str(box.dtype) for box in boxes(loss, params) if box.kind != "op"} == {"float32"}
    assert [box.requires_grad for box in boxes(loss, params, "leaf") if box.name in "xy"] == [False, False]
    assert draw(loss, params=params).pipe("svg")


def test_kinds_have_shapes_of_their_own():
    w = tg.ones(2, requires_grad=True)
    styles = {}
    for line in draw((w * 2).sum()).body:
        for kind in ("leaf", "op", "result"):
            if line.strip().startswith(f'"{kind} ') and "->" not in line:
                styles[kind] = ("shape=ellipse" in line, "rounded" in line)
    assert len(set(styles.values())) == 3


def test_labels_have_name_shape_and_dtype():
    w = tg.ones(2, 3, requires_grad=True)
    shown = texts(draw(w.exp().sum(dim=1, keepdim=True), params={"my weight": w}))
    assert "my weight" in shown
    assert shown.count("(2, 3)  float32") == 2
    assert "(2, 1)  float32" in shown
    assert "axis=1  keepdims=True" in shown
    assert {"Exp", "Sum"} <= set(shown)


def test_a_tensor_used_twice_is_one_box_with_two_arrows():
    w = tg.ones(2, requires_grad=True)
    found, arrows, *_ = describe(w * w)
    assert [box.kind for box in found] == ["leaf", "op", "result"]
    assert [(arrow.tail, arrow.label) for arrow in arrows[:2]] == [("leaf 1", "a"), ("leaf 1", "b")]


def test_an_array_kept_by_two_ops_is_one_box():
    w, x = tg.ones(2, requires_grad=True), tg.tensor([3.0, 4.0])
    assert len(boxes(w * x + w.exp() * x, kind="leaf")) == 2
    _, given = boxes(w * x, kind="leaf")
    assert (given.name, given.value.tolist()) == ("", [3, 4])  # never the name that the op has for it
    assert named(w * x, {"inputs": x})["inputs"].value.tolist() == [3, 4]


def test_numbers_and_inputs_that_were_not_kept():
    w = tg.ones(2, requires_grad=True)
    assert "3" in named(w * 3)
    leaves = boxes(w + 3, kind="leaf")
    assert [(box.name, box.value) for box in leaves[1:]] == [("", "not kept")]
    assert "not kept" in texts(draw(w + 3))


def test_several_outputs_share_their_graph():
    w = tg.ones(2, requires_grad=True)
    y = w.exp()
    a, b = y.sum(), y.mean()
    found = boxes([a, b, y])
    assert [box.name for box in found if box.kind == "op"] == ["Exp", "Sum", "Mean"]
    assert sum(box.output for box in found) == 3


def test_a_list_of_inputs():
    w = tg.ones(2, requires_grad=True)
    found, arrows, *_ = describe(tg.cat([w, tg.zeros(3)]))
    assert [(box.kind, box.shape) for box in found] == [
        ("leaf", (2,)), ("leaf", (3,)), ("op", None), ("result", (5,)),
    ]  # fmt: skip
    assert arrows[1].label == "tensors[1]"


def test_indices_are_short():
    w = tg.ones(4, 5, requires_grad=True)
    assert "index=(1:3, ..., ::2)" in texts(draw(w[1:3, ..., ::2]))
    assert "index=array (2,)" in texts(draw(w[tg.tensor([0, 2])]))


def test_dtype_through_a_cast():
    w = tg.ones(2, requires_grad=True)
    results = [str(box.dtype) for box in boxes((w + 1).double().sum(), kind="result")]
    assert results == ["float32", "float64", "float64"]


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.kind != "constant"], ids=lambda op: op.name)
def test_every_op_is_drawn_and_the_dtype_of_its_inputs_found(op):
    sample = op.samples[0]
    rng = np.random.default_rng(0)
    domains = sample.domains * (len(sample.shapes) // len(sample.domains))
    inputs, inner, dtypes = [], [], set()
    for place, (domain, shape) in enumerate(zip(domains, sample.shapes, strict=True)):
        x = tg.tensor(np.asarray(domain(rng, shape)))
        if x.is_floating_point() or x.is_complex():
            dtypes.add("complex64" if x.is_complex() else "float32")
            x = x.to(tg.complex64 if x.is_complex() else tg.float32)
            if op.rules[0 if op.variadic else place] is not None:
                x = x.requires_grad_() + 0.0  # its value is known only where the op kept it
                inner.append(x.shape)
        inputs.append(x)
    y = op.function(inputs if op.variadic else inputs[0], *([] if op.variadic else inputs[1:]), **sample.params)
    shape = y.shape
    del inputs, x
    found = boxes(y)
    results = [box for box in found if box.kind == "result"]
    assert [box.shape for box in results] == [*inner, shape]
    assert {str(box.dtype) for box in results[:-1]} == dtypes
    picture = draw(y, values=True, grads=True)
    assert op.label in texts(picture)
    y.sum().backward(tg.ones((), dtype=y.dtype))
    assert [box.kind for box in boxes(y)] == [box.kind for box in found]


@pytest.mark.parametrize("params", [None, {"x": tg.ones(3)}])
def test_a_tensor_without_history_is_one_leaf(params):
    with tg.no_grad():
        y = tg.ones(3, requires_grad=True) * 2
    y.name = "y"
    (box,) = boxes(y, params)
    assert (box.kind, box.name, box.shape, box.output, box.requires_grad) == ("leaf", "y", (3,), True, False)
    assert texts(draw(y, values=True, grads=True)) == ["y", "(3,)  float32", "value [2. 2. 2.]", "grad  None"]


def test_a_leaf_alone():
    (box,) = boxes([tg.ones(3, requires_grad=True)])
    assert box.kind == "leaf" and box.requires_grad


def test_names_come_from_params_then_from_the_tensor():
    w = tg.ones(2, requires_grad=True)
    w.name = "own"
    assert "own" in named(w.exp())
    assert "given" in named(w.exp(), {"given": w})


def test_a_function_of_ones_own():
    class Halves(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x, k):
            ctx.save_for_backward(x)
            return x * k, x / k

        @staticmethod
        def backward(ctx, g, h):
            return g * 2 + h / 2, None

    a, b = Halves.apply(tg.ones(2, requires_grad=True), 2)
    assert "Halves" in named(a + b)
    assert texts(draw(a + b, values=True, grads=True))


def test_a_tensor_written_after_it_was_recorded_is_not_taken_for_its_old_value():
    w = tg.ones(2, requires_grad=True)
    y = w + 1
    y.name = "y"
    z = y.abs()
    y += 5
    assert named(z)["y"].value.tolist() == [2, 2]


# ---------------------------------------------------------------------- values and gradients


def test_values_come_from_whoever_still_has_them():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    c = tg.tensor([3.0, 4.0])
    loss = (w * c).exp().log().sum()
    product, exp, log, total = (box.value for box in boxes(loss, kind="result"))
    assert product.tolist() == [3, 8]  # computed again from w and c
    np.testing.assert_allclose(exp, np.exp([3, 8]), rtol=1e-6)  # kept by exp
    np.testing.assert_allclose(log, [3, 8], rtol=1e-6)  # computed again
    assert total == 11
    loss.backward()  # lets go of c, and so of all that came of it
    assert [box.value for box in boxes(loss, kind="result")[:3]] == ["not kept", "freed by backward", "not kept"]


def test_a_value_is_computed_again_only_from_what_the_op_read():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = (-w).sum()
    assert boxes(loss, kind="result")[0].value.tolist() == [-1, -2]
    with tg.no_grad():
        w += 10
    assert boxes(loss, kind="result")[0].value == "not kept"


def test_every_op_is_computed_again_to_the_same_bits():
    a, b = tg.tensor([0.5, 1.5], requires_grad=True), tg.tensor([2.0, 3.0], requires_grad=True)
    inner = tg.cat([a * b, (a - b).clip(-1, 1), tg.stack([a, b])[0]]).reshape(2, 3)
    loss = (inner.permute(1, 0) * 1.0).sum()
    found = [box.value for box in boxes(loss, kind="result") if box.shape == (2, 3)]
    assert found[0].tobytes() == inner.detach().numpy().tobytes()


def test_a_dead_leafs_value_is_found_where_it_was_kept():
    assert boxes(tg.tensor([1.0, 2.0], requires_grad=True).square().sum())[0].value.tolist() == [1, 2]
    assert boxes(tg.tensor([1.0, 2.0], requires_grad=True).sum())[0].value == "not kept"


def test_values_are_shown_only_on_demand_and_shortened():
    w = tg.tensor(np.arange(1000.0).reshape(50, 20) / 3, requires_grad=True)
    assert not any("value" in line for line in texts(draw(w)))
    shown = texts(draw(w, values=True))
    assert "0 to 333" in shown and "above 0" in " ".join(shown)  # a map of colours, and what they mean
    assert draw(w, values=True).source.count("<TD FIXEDSIZE") == 8 * 12
    shown = texts(draw(w, values=True, legend=False))
    assert len(shown) < 10 and max(map(len, shown)) < 70
    deep = texts(draw(tg.ones(3, 3, 3, 3, 3, 3, requires_grad=True), values=True))
    assert len(deep) < 12
    assert "value []" in texts(draw(tg.ones(0, requires_grad=True), values=True))


def test_a_gradient_not_yet_computed_is_never_zero():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    inner = w.square()
    inner.retain_grad()
    loss = inner.sum()
    assert texts(draw(loss, grads=True)).count("grad  not computed") == 3
    assert not any("grad" in line for line in texts(draw(loss)))
    loss.backward()
    shown = texts(draw(loss, params={"w": w}, values=True, grads=True))
    assert "grad  [2. 4.]" in shown  # the leaf
    assert "grad  [1. 1.]" in shown  # asked for
    assert "grad  1." in shown and "grad  not computed" not in shown  # the loss: what backward began with
    w.grad = None
    assert "grad  [2. 4.]" not in texts(draw(loss, grads=True))
    w.grad = tg.zeros(2)
    assert "grad  [0. 0.]" in texts(draw(loss, grads=True))  # a real zero


def test_small_gradients_do_not_read_as_zero():
    w = tg.tensor([1e-9, 1.0], requires_grad=True)
    assert any("1.e-09" in line for line in texts(draw(w, values=True)))


def test_drawing_changes_nothing():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    draw(loss, values=True, grads=True)
    loss.backward()
    assert w.grad.tolist() == [2, 4]


# ---------------------------------------------------------------------- text and size


@pytest.mark.parametrize("name", [
    'a "quoted" name', "back\\slash", "trailing\\", "\\N \\G \\l \\\\N", "<b>bold</b>", "<", "<x>", "{a|b}",
    "a&b &lt; &amp;", "Größe λ 重み", "it's", "a->b; c [d=e]", "node", "%s {0}", "]]>", "<!-- x -->", "a  b",
])  # fmt: skip
def test_names_are_escaped_whatever_they_contain(name):
    w = tg.ones(2, requires_grad=True)
    picture = draw(w * 2, params={name: w})
    assert name in texts(picture)
    assert picture.pipe("png").startswith(b"\x89PNG")


@pytest.mark.parametrize(("name", "shown"), [
    ("two\nlines", "two\\nlines"), ("tab\t", "tab\\t"), ("nul\0", "nul\\x00"), ("half \ud800", "half \\ud800"),
])  # fmt: skip
def test_what_cannot_be_printed_is_shown_as_its_escape(name, shown):
    w = tg.ones(2, requires_grad=True)
    assert shown in texts(draw(w * 2, params={name: w}))


def test_the_same_graph_gives_the_same_text():
    def source():
        w, x = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 4.0])
        return draw(((w * x).exp() + w).sum(), params={"w": w}, values=True, grads=True).source

    assert source() == source()


def test_a_chain_of_100_000_ops():
    y = tg.tensor(1.0, requires_grad=True)
    for _ in range(100_000):
        y = y + 1.0
    found, arrows, *_ = describe(y)
    assert sum(box.kind == "op" for box in found) == 100_000
    assert len(arrows) == 300_000


def test_wrong_arguments_say_what_to_write():
    w = tg.ones(2, requires_grad=True)
    with pytest.raises(ArgumentError, match="got float"):
        draw(3.0)
    with pytest.raises(ArgumentError, match="got str"):
        draw([w, "w"])
    with pytest.raises(ArgumentError, match="at least one"):
        draw([])
    with pytest.raises(ArgumentError, match=r"dict\(model.named_parameters\(\)\)"):
        draw(w, params=[("w", w)])
    with pytest.raises(ArgumentError, match=r"'w'.*ndarray"):
        draw(w, params={"w": np.ones(2)})


# ---------------------------------------------------------------------- files and Jupyter


@pytest.fixture
def picture():
    w = tg.ones(2, requires_grad=True)
    return draw((w * w).sum(), params={"w": w})


@pytest.mark.parametrize(("name", "start"), [("xor.svg", b"<?xml"), ("xor.png", b"\x89PNG"), ("new/xor.SVG", b"<?xml")])
def test_render_takes_the_format_from_the_name(picture, tmp_path, name, start):
    path = picture.render(tmp_path / name)
    assert Path(path) == tmp_path / name
    assert Path(path).read_bytes().startswith(start)
    assert [file.name for file in Path(path).parent.iterdir()] == [Path(path).name]  # no source stays behind
    picture.render(tmp_path / name, cleanup=False)
    assert Path(path).with_suffix(".gv").read_text(encoding="utf-8") == picture.source


def test_render_takes_graphviz_own_arguments(picture, tmp_path, monkeypatch):
    assert isinstance(picture, graphviz.Digraph)
    monkeypatch.chdir(tmp_path)
    assert Path(picture.render("xor.svg", directory="a")) == Path("a/xor.svg")
    assert sorted(path.name for path in Path("a").iterdir()) == ["xor.svg"]
    picture.render("xor.svg", directory="a", cleanup=False)
    assert sorted(path.name for path in Path("a").iterdir()) == ["xor.gv", "xor.svg"]
    assert Path(picture.render("xor.png", directory="b", cleanup=True)).exists()
    assert [path.name for path in Path("b").iterdir()] == ["xor.png"]
    assert Path(picture.render(filename="own", directory="c", format="png")) == Path("c/own.png")
    assert Path(picture.render("own.gv", directory="d")) == Path("d/own.gv.svg")
    assert Path(picture.render(outfile="e.svg", directory="e")).exists()
    again = draw(tg.ones(1))
    assert Path(again.render()) == Path("graph.gv.svg")
    assert again.copy().render("copy.svg") == "copy.svg"


def test_jupyter_shows_an_svg(picture):
    bundle = picture._repr_mimebundle_()
    assert list(bundle) == ["image/svg+xml"]
    svg = bundle["image/svg+xml"]
    # A small one keeps its size where there is room: in an <img> too.
    assert re.search(r'<svg width="[\d.]+pt" height="[\d.]+pt" style="max-width: 100%; height: auto"', svg)
    assert picture._repr_mimebundle_(include=["image/png"])["image/png"].startswith(b"\x89PNG")


def test_a_wide_picture_scales_to_its_cell():
    x = tg.ones(16, requires_grad=True)
    wide = draw(tg.stack([element * 2 for element in x]), fold=False)
    svg = wide._repr_mimebundle_()["image/svg+xml"]
    (size,) = re.findall(r'<svg width="100%" style="max-width: ([\d.]+)pt; height: auto"', svg)
    assert float(size) > 480 and "viewBox" in svg
    assert wide.pipe("svg", encoding="utf-8") == svg and wide.pipe("svg").decode() == svg


# ---------------------------------------------------------------------- which program


def program(folder, name, says):
    """A real program that prints ``says``, whatever it is given."""
    folder.mkdir(exist_ok=True)
    path = folder / (f"{name}.bat" if os.name == "nt" else name)
    path.write_text(f"@echo {says}\n" if os.name == "nt" else f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def wheels_program():
    (file,) = (f for f in importlib.metadata.files("graphviz-pure") if f.stem == "graphviz-pure" and f.suffix != ".py")
    return Path(file.locate()).resolve()


def test_the_variable_then_path_then_the_wheel(picture, tmp_path, monkeypatch):
    usual = graphviz.backend.dot_command.DOT_BINARY
    chosen = program(tmp_path / "chosen", "mine", "from-the-variable")
    on_path = program(tmp_path / "path", "dot", "from-path")
    monkeypatch.setenv("TINYGRAD_BP_DOT", str(chosen))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert find() == str(chosen)
    assert picture.pipe("svg").strip() == b"from-the-variable"
    monkeypatch.delenv("TINYGRAD_BP_DOT")
    assert Path(find()) == on_path
    assert picture._repr_mimebundle_()["image/svg+xml"].strip() == "from-path"
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert Path(find()) == wheels_program()
    assert b"<svg" in picture.pipe("svg")
    assert usual == graphviz.backend.dot_command.DOT_BINARY


def test_a_variable_that_names_no_program(picture, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGRAD_BP_DOT", str(tmp_path / "nowhere"))
    with pytest.raises(DotNotFoundError, match=r"TINYGRAD_BP_DOT names .*nowhere"):
        picture.render(tmp_path / "xor.svg")
    assert (tmp_path / "xor.gv").read_text(encoding="utf-8") == picture.source


def test_no_program_at_all(tmp_path):
    """In a process whose packages are NumPy and graphviz alone, and whose PATH is empty."""
    site = tmp_path / "site"
    site.mkdir()
    for package in (Path(np.__file__).parent, Path(graphviz.__file__).parent, Path(tg.__file__).parent):
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                try:
                    (site / folder.name).symlink_to(folder, target_is_directory=True)
                except OSError:
                    pytest.skip("this system does not allow symbolic links")
    script = """
import graphviz, tinygrad_bp as tg
from tinygrad_bp.drawing import draw
picture = draw(tg.ones(2, requires_grad=True).sum())
writes = lambda: picture.render("xor.svg"), lambda: picture.render("own", format="png"), lambda: picture.pipe("svg")
for write in writes:
    try:
        write()
    except tg.autograd.errors.AutogradError as error:
        assert isinstance(error, graphviz.ExecutableNotFound)
        print(error)
print(picture._repr_mimebundle_())  # Jupyter would print the traceback of what is raised here
"""
    environment = {key: value for key, value in os.environ.items() if key not in ("TINYGRAD_BP_DOT", "PYTHONHOME")}
    environment |= {"PATH": str(tmp_path), "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    *errors, shown = done.stdout.splitlines()
    assert len(errors) == 3 and ast.literal_eval(shown) == {"text/plain": errors[2]}
    for error, source in zip(errors, ("xor.gv", "own", "own"), strict=True):
        assert "pip install graphviz-pure" in error and "apt install graphviz" in error
        assert f"saved in '{source}'" in error
        assert (tmp_path / source).read_text(encoding="utf-8").startswith("digraph")
    assert issubclass(DotNotFoundError, AutogradError)


def test_importing_the_package_does_not_import_graphviz():
    script = "import sys, tinygrad_bp, tinygrad_bp.drawing; print('graphviz' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
