"""The playground in a real browser, over http at the width of a desktop and from a disk at that of a phone."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import linecache
import subprocess
import sys
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import every_op_numbers
import numpy as np
import public_calls
import pytest
import test_deaf_platforms
from browser import DESKTOP, PHONE, browser, complaints, too_wide
from playground_page import SECONDS, Playground, pyodide_folder, served

from tinygrad_bp.autograd.errors import NoRuleError
from tinygrad_bp.playground import folder, pinned
from tinygrad_bp.playground.__main__ import main
from tinygrad_bp.playground.folder import OutputError, examples, write
from tinygrad_bp.playground.pinned import FILES, FilesError, found

EXAMPLES = {example["name"]: example["code"] for example in examples()}


# ---------------------------------------------------------------------- the page, open


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("playground") / "out"
    write(out, pyodide_folder())
    return out


@pytest.fixture(scope="module", params=["http", "file"])
def page(request: pytest.FixtureRequest, made: Path) -> Iterator[Playground]:
    with contextlib.ExitStack() as stack:
        if request.param == "http":
            address = stack.enter_context(served(made)) + "index.html"
            driver = stack.enter_context(browser(DESKTOP))
        else:
            address = (made / "index.html").as_uri()
            driver = stack.enter_context(browser(PHONE, dark=True))
        opened = Playground(driver, address)
        opened.wait("ready")
        yield opened
        assert not opened.asked() and not complaints(driver)


def test_it_trains_and_draws(page: Playground) -> None:
    text = page.run(EXAMPLES["xor"])
    assert "step 800: loss 0.0017\ntensor([0., 1., 1., 0.])" in text
    (picture,) = page.find(".picture img")
    assert page.driver.execute_script("return arguments[0].naturalWidth", picture) > 100
    assert "Linear" in picture.get_attribute("src") and too_wide(page.driver) == 0


def test_every_example_runs(page: Playground) -> None:
    for name, code in EXAMPLES.items():
        text = page.run(code)
        failed = page.find("#output .err")
        assert bool(failed) == (name == "errors"), f"{name}: {text}"
        assert (text.strip() or page.find("#output iframe")) and too_wide(page.driver) == 0
    assert text.rstrip().endswith("write the formula with functions that have one")


def test_an_error_is_that_of_the_terminal(page: Playground, tmp_path: Path) -> None:
    code = "import tinygrad_bp as tg\n\ndef f(w):\n    return w @ tg.ones(3)\n\nprint('so far')\nf(tg.ones((2, 2)))\n"
    (tmp_path / "program.py").write_text(code)
    told = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True)
    page.run(code)
    (out,), (err,) = page.find("#output .out"), page.find("#output .err")
    here, there = err.text.rstrip().split("\n"), told.stderr.rstrip().split("\n")
    assert (out.text, here[0], here[-1]) == ("so far", there[0], there[-1])
    assert 'File "program.py", line 7, in <module>' in err.text and 'File "program.py", line 4, in f' in err.text
    assert "running.py" not in err.text
    text = page.run("x = [1,\nprint(2)")
    assert text.startswith('  File "program.py", line 1\n') and "SyntaxError" in text and "ast.py" not in text


def test_what_is_shown(page: Playground) -> None:
    """The last value as in a notebook; names of a program start afresh, and what it sets for all is taken back."""
    assert page.run("a = 1\nb = None\na + 1") == "2\n" and page.run("b = None\nb") == ""
    assert page.run("import tinygrad_bp as tg\ntg.set_default_dtype(tg.float64)\ntg.tensor(1.0)") == "tensor(1.)\n"
    assert "NameError: name 'a' is not defined" in page.run("import tinygrad_bp as tg\nprint(tg.zeros(1).dtype)\na")
    assert page.output.startswith("float32\n")
    assert page.run("import sys\nprint(1)\nprint(2, file=sys.stderr)\ndisplay(3, 'x')\nsys.exit('end')") == (
        "1\n2\n3\n'x'\nend\n"
    )
    assert "warned" in page.run("import warnings\nfor _ in range(2): warnings.warn('warned')")
    assert "left out" in page.run("print('x' * 2_000_000)") and len(page.output) < 1_100_000
    assert page.run("import pickle\nclass A: pass\ntype(pickle.loads(pickle.dumps(A()))).__name__") == "'A'\n"


def test_strings_are_shown_and_never_run(page: Playground) -> None:
    bad = "</script><img src=x onerror='top.document.title=1'><script>document.title=2</script>"
    shown = page.run(
        f"import tinygrad_bp as tg\nbad = {bad!r}\nprint(bad)\n"
        "x = tg.tensor([1.0], requires_grad=True)\n"
        "class H:\n    def _repr_html_(self): return bad\n"
        "display(H())\ntg.draw(x * 2, params={bad: x})"
    )
    assert bad in shown and len(page.find("#output img")) == len(page.find("#output iframe")) == 1
    assert page.driver.title == "tinygrad_bp playground"
    frame = page.find("#output iframe")[0]
    assert frame.get_attribute("sandbox") == "allow-scripts"
    complaints(page.driver)  # the frame could not reach the page, or load x: that is said, and meant


def test_a_replay_steps_to_its_end(page: Playground) -> None:
    page.run(EXAMPLES["replay"])
    names: dict[str, Any] = {}
    *lines, last = EXAMPLES["replay"].rstrip().split("\n")
    exec("\n".join(lines), names)
    numbers = {tensor.name: i for i, tensor in enumerate(eval(last, names).tensors())}
    names["loss_of"](names["W1"], names["b1"], names["W2"]).backward()
    (frame,) = page.find("#output iframe")
    try:
        page.driver.switch_to.frame(frame)
        page.driver.switch_to.frame(page.find("iframe")[0])
        page.find("#last")[0].click()
        for name in ("W1", "b1", "W2"):
            page.driver.execute_script("choose(arguments[0])", numbers[name])
            shown = [float(cell.get_attribute("title")) for cell in page.find("#panel .inspected td")]
            np.testing.assert_allclose(shown, names[name].grad.numpy().ravel(), rtol=1e-6, atol=1e-8)
    finally:
        page.driver.switch_to.default_content()


def test_an_explanation_is_the_one_printed_here(page: Playground) -> None:
    program = EXAMPLES["explain"]
    linecache.cache["program.py"] = len(program), None, program.splitlines(keepends=True), "program.py"
    names: dict[str, Any] = {}
    *lines, last = program.rstrip().split("\n")
    exec(compile("\n".join(lines), "program.py", "exec"), names)
    wanted = str(eval(last, names))
    assert page.run(EXAMPLES["explain"]).rstrip() == wanted.rstrip() and "∂L/∂W1" in wanted
    assert "relu at program.py:8, in loss_of: h = tg.relu(w * x)" in page.run(EXAMPLES["zero"])


def test_nothing_leaves_the_page(page: Playground) -> None:
    """Not even to where the page comes from: its policy lets nothing through."""
    text = page.run(
        f"import js\nsent = js.XMLHttpRequest.new()\nsent.open('GET', {page.address!r}, False)\nsent.send('secret')"
    )
    assert "Failed to execute 'send'" in text
    said = complaints(page.driver)
    assert said and all("violates the following Content Security Policy directive" in line for line in said)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
        ("input()", "EOFError"),
        ("import threading\nthreading.Thread(target=print).start()", "RuntimeError: can't start new thread"),
        ("import torch", "ModuleNotFoundError: No module named 'torch'"),
        ("import tinygrad_bp as tg\ntg.draw(tg.ones(1, requires_grad=True) * 2).render('x.png')", "png"),
        ("import tinygrad_bp as tg\ntg.draw(tg.ones(1, requires_grad=True) * 2).render('x.svg')", "x.svg"),
    ],
)
def test_what_a_browser_cannot_do_is_said(page: Playground, code: str, said: str) -> None:
    page.run(code)
    print(page.output[-600:])
    assert said in page.output and page.run("1 + 1") == "2\n"


def test_stop_ends_an_endless_loop(page: Playground) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    page.program("print('begun')\nwhile True: pass")
    page.press()
    page.wait("running")
    WebDriverWait(page.driver, SECONDS).until(lambda d: page.find("#run.stop"))
    page.press()
    page.wait("ready")
    assert page.output.endswith("Stopped.\n") and page.run("1 + 1") == "2\n"


def test_links(page: Playground, made: Path) -> None:
    """A link fills the editor; nothing runs before Run is pressed."""
    code = "print('<b>&#%+\"ü' * 2)\n"
    page.run("1")
    page.driver.execute_script("location.hash = arguments[0]", "code=" + quote(code))
    assert page.driver.execute_script("return editor.text") == code
    assert page.output == "1\n" and page.find("#examples")[0].get_attribute("value") == ""
    page.driver.execute_script("location.hash = 'example=xor'")
    assert page.driver.execute_script("return editor.text") == EXAMPLES["xor"]
    assert page.find("#examples")[0].get_attribute("value") == "xor"
    page.program("2 ** 10 # é")
    page.find("#link")[0].click()
    assert page.driver.execute_script("return location.hash") == "#code=2%20**%2010%20%23%20%C3%A9"
    page.driver.execute_script("location.hash = 'code=%E0%A4%A'")
    assert "damaged" in page.output


def test_keys(page: Playground) -> None:
    from selenium.webdriver.common.keys import Keys

    (code,) = page.find("#code")
    text = functools.partial(page.driver.execute_script, "return editor.text")
    page.program("")
    code.send_keys("if 1:", Keys.ENTER, "x = 5", Keys.ENTER, "x")
    assert text() == "if 1:\n    x = 5\n    x"
    code.send_keys(Keys.SHIFT, Keys.TAB)
    assert text() == "if 1:\n    x = 5\nx"
    code.send_keys(Keys.NULL, Keys.CONTROL, "a", Keys.NULL, Keys.TAB)
    assert text() == "    if 1:\n        x = 5\n    x"
    code.send_keys(Keys.SHIFT, Keys.TAB, Keys.NULL, Keys.CONTROL, Keys.ENTER)
    page.wait("ready")
    assert page.output == "5\n"
    code.send_keys(Keys.ESCAPE, Keys.TAB)
    assert page.driver.switch_to.active_element.get_attribute("id") != "code"
    assert page.driver.execute_script("return document.getElementById('coloured').textContent") == text() + "\n"


NARROW = """
import numpy as np
import tinygrad_bp as tg
x = tg.tensor([3, 1, 2])
for t in (
    x, x.sum(), x.argmax(), x.argsort(), x.cumsum(0), x.max(0).indices, x // 2, tg.tensor(3), tg.tensor([True]).sum(),
    tg.arange(3), tg.randint(9, (2,)), tg.randperm(3), tg.nonzero(x), tg.full((1,), 7), tg.tensor([0.5]).long(),
    tg.bincount(x), tg.unique(x), tg.searchsorted(x, x), tg.eye(2).sum().long(), tg.from_numpy(np.array([1], np.int64)),
    np.argmax(x), np.sum(x), np.argsort(x), np.cumsum(x), np.prod(x), np.zeros_like(x), np.argmin(x),
):
    assert t.dtype == tg.int64, (t, t.dtype)
    assert "dtype" not in repr(t), repr(t)
tg.manual_seed(2**40)
print(tg.initial_seed() == 2**40, tg.tensor(2**40) * 2, np.intp().itemsize)
"""


def test_integers_are_int64(page: Playground) -> None:
    assert page.run(NARROW) == "True tensor(2199023255552) 4\n"


def test_what_fails_and_what_is_large_is_the_same(page: Playground) -> None:
    """Here without flags of floating point: the imitation of that is in test_deaf_platforms."""
    code = "import numpy as np\nimport tinygrad_bp as T\n"
    for call in [*test_deaf_platforms.FAILING, *test_deaf_platforms.TOLD, *test_deaf_platforms.WIDE]:
        code += f"try: print({call})\nexcept T.linalg.LinAlgError as error: print(error)\n"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(code, {})
    wanted = printed.getvalue()
    assert page.run(code).splitlines() == wanted.splitlines() and "singular" in wanted


EVERYTHING = """
import importlib, pkgutil
import numpy as np
import tinygrad_bp as tg
for module in pkgutil.walk_packages(tg.__path__, "tinygrad_bp."):
    if not module.name.endswith("__main__") and ".sklearn." not in module.name:  # that needs scikit-learn
        importlib.import_module(module.name)
for space in (tg, tg.Tensor, tg.nn, tg.optim, tg.train):
    for name in dir(space):
        getattr(space, name, None)
"""


def test_everything_can_be_imported(page: Playground) -> None:
    assert page.run(EVERYTHING) == ""


# Added to public_calls.py; singular vectors have a sign that LAPACK chooses.
CALLS = """
import json
import warnings
found = {}
def plain(part):
    return part.detach().numpy() if isinstance(part, tg.Tensor) else part
with warnings.catch_warnings(), np.errstate(all="ignore"):
    warnings.simplefilter("ignore")
    for call in CALLS:
        if call.startswith(("T.", "F.")) and "empty" not in call and "svd(" not in call:
            tg.manual_seed(0)
            try:
                result = eval(call, names(tg.tensor))
                parts = [plain(part) for part in (result if isinstance(result, tuple) else [result])]
                found[call] = [
                    [str(part.dtype), part.shape, np.nan_to_num(part.real.astype(float)).ravel().tolist()]
                    for part in parts if getattr(part, "dtype", np.dtype(object)).kind in "biufc"
                ]
            except Exception as error:
                found[call] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""


def test_every_public_call_gives_the_same_numbers(page: Playground) -> None:
    if page.address.startswith("file"):
        return  # where the page lies makes no numbers
    code = Path(public_calls.__file__).read_text(encoding="utf-8") + CALLS
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, public_calls.__file__, "exec", dont_inherit=True), {"__name__": "public_calls"})
    wanted, got = json.loads(printed.getvalue()), json.loads(page.run(code))
    assert set(got) == set(wanted) and len(got) > 600
    wrong = []
    for call, parts in wanted.items():
        same = [part[:2] for part in got[call]] == [part[:2] for part in parts] if isinstance(parts, list) else False
        if not same or not all(np.allclose(a[2], b[2], rtol=1e-8, atol=1e-9) for a, b in zip(got[call], parts)):
            wrong += [(call, got[call], parts)] if got[call] != parts else []
    assert not wrong


def test_every_op_gives_the_same_numbers(page: Playground) -> None:
    if page.address.startswith("file"):
        return  # where the page lies makes no numbers
    wanted = every_op_numbers.numbers()
    text = page.run(Path(every_op_numbers.__file__).read_text(encoding="utf-8"))
    got = json.loads(zlib.decompress(base64.b64decode(text)))
    assert set(got) == set(wanted) and len(got) > 400
    assert not {name: (got[name], wanted[name]) for name in wanted if not agree(got[name], wanted[name])}


def agree(got: list[Any], wanted: list[Any]) -> bool:
    return [dtype for dtype, _ in got] == [dtype for dtype, _ in wanted] and all(
        np.allclose(a, b, rtol=1e-11, atol=1e-12, equal_nan=True)
        for (_, one), (_, other) in zip(got, wanted, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_the_comparison_of_numbers_can_fail() -> None:
    assert agree([["float64", [[1.0]]]], [["float64", [[1.0]]]])
    assert not agree([["float64", [[1.0]]]], [["float64", [[1.0 + 1e-9]]]])
    assert not agree([["float64", [[1.0]]]], [["float32", [[1.0]]]])


# ---------------------------------------------------------------------- from the network


def test_from_a_network_each_file_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = tmp_path / "network"
    files.mkdir()
    for name, data in found(pyodide_folder()).items():
        (files / name).write_bytes(data)
    with served(files) as network:
        monkeypatch.setattr(folder, "FILES", {name: pin._replace(base=network) for name, pin in FILES.items()})
        write(tmp_path / "out")
        index = (tmp_path / "out" / "index.html").read_text()
        assert network.rstrip("/") in index and "jsdelivr" not in index
        with browser() as driver:
            page = Playground(driver, (tmp_path / "out" / "index.html").as_uri())
            page.wait("ready")
            assert page.run("1 + 1") == "2\n" and not complaints(driver)
            (files / "viz-global.js").write_bytes(b"alert(1)")
            driver.get("about:blank")
            driver.get(page.address)
            page.wait("failed")
            assert "viz-global.js cannot be had, or is not the file that it was." in page.output
            assert "--pyodide" in page.output
            complaints(driver)


# ---------------------------------------------------------------------- the command


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of files with the right names, small ones."""
    import hashlib

    held = tmp_path / "files"
    held.mkdir()
    pins = {}
    for name, pin in FILES.items():
        (held / name).write_bytes(name.encode())
        pins[name] = pin._replace(sha256=hashlib.sha256(name.encode()).hexdigest())
    monkeypatch.setattr(pinned, "FILES", pins)
    monkeypatch.setattr(folder, "FILES", pins)
    return held


def test_what_it_writes(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main([str(out), "--pyodide", str(small)]) == 0
    printed = capsys.readouterr().out
    held = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert f"{len(held)} files" in printed and {f"files/{name}.js" for name in FILES} < set(held)
    assert b"connect-src data: blob: ;" in held["index.html"] and b"https:" not in held["index.html"]
    assert main([str(out), "--pyodide", str(small)]) == 0  # again, over itself: the same bytes
    assert held == {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert main([str(out)]) == 0  # and without: no file of Pyodide stays behind
    assert [path.name for path in (out / "files").iterdir()] == ["tinygrad_bp.zip.js"]
    assert "https://cdn.jsdelivr.net" in (out / "index.html").read_text()


def test_a_folder_of_other_things_stays_as_it_is(small: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"mine holds other things \(thesis.txt say\) and no playground"):
        write(tmp_path / "mine", small)
    with pytest.raises(OutputError, match="is a file; name a folder"):
        write(tmp_path / "mine" / "thesis.txt", small)
    assert [path.name for path in (tmp_path / "mine").rglob("*")] == ["thesis.txt"]


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_missing_or_others(small: Path, tmp_path: Path, name: str, capsys: Any) -> None:
    (small / name).write_bytes(b"another")
    with pytest.raises(FilesError, match=f"{name} in .* is another file .* SHA-256 is .* wanted; replace it with"):
        found(small)
    (small / name).unlink()
    assert main([str(tmp_path / "out"), "--pyodide", str(small)]) == 2
    error = capsys.readouterr().err
    assert f"holds no {name}" in error and "npm pack pyodide@0.29.0" in error and "gbdraw==0.14.2" in error
    assert not (tmp_path / "out").exists()
    with pytest.raises(FilesError, match="is no folder; make one"):
        found(tmp_path / "nowhere")


def test_files_are_found_in_packages(small: Path, tmp_path: Path) -> None:
    import tarfile
    import zipfile

    packed = tmp_path / "packed"
    packed.mkdir()
    *first, last = FILES
    with tarfile.open(packed / "pyodide.tgz", "w:gz") as archive:
        for name in first:
            archive.add(small / name, f"package/{name}")
    with zipfile.ZipFile(packed / "other.whl", "w") as wheel:
        wheel.write(small / last, f"x/{last}")
    (packed / "mnist.gz").write_bytes(b"no archive")
    assert found(packed) == found(small)
    small.rename(tmp_path / "node_modules")
    assert found(tmp_path) == found(packed)


def test_the_checksum_of_numpy_is_that_of_pyodides_lock_file() -> None:
    import tarfile

    (packed,) = pyodide_folder().glob("pyodide-*.tgz")
    with tarfile.open(packed) as archive:
        lock = json.load(archive.extractfile("package/pyodide-lock.json"))  # type: ignore[arg-type]
    assert lock["packages"]["numpy"]["file_name"] == pinned.NUMPY
    assert lock["packages"]["numpy"]["sha256"] == FILES[pinned.NUMPY].sha256


def test_a_fresh_installation_makes_the_page(tmp_path: Path) -> None:
    """From a wheel, by the command as it is typed: the page and the examples are part of it."""
    root = Path(folder.__file__).parents[2]
    python = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    for command in (
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, root],
        [sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", tmp_path / "venv"],
    ):
        subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("tinygrad_bp-*.whl")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", wheel], check=True, capture_output=True
    )
    done = subprocess.run(
        [python, "-m", "tinygrad_bp.playground", "out/"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "index.html" in done.stdout and (tmp_path / "out" / "parts.js").is_file()
    write(tmp_path / "here")
    made = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert made == {path.name: path.read_bytes() for path in (tmp_path / "here").rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run_here_too(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoRuleError) if name == "errors" else contextlib.nullcontext():
        exec(compile(EXAMPLES[name], name, "exec"), {"__name__": "__main__", "display": print})
    assert all(len(line) <= 79 for line in EXAMPLES[name].splitlines())
