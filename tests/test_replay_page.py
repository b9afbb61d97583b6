"""The page of a replay in a real browser: it steps, its numbers are ``.grad``, and no name is ever run."""

from __future__ import annotations

import re

import numpy as np
import pytest
from browser import DESKTOP, PHONE, browser, complaints, too_wide

import tinygrad_bp as tg

# What a page might run, if it took a name for HTML, JavaScript or CSS; every one would set window.hit.
HOSTILE = [
    "<script>window.hit=1</script>", "</script><script>window.hit=1</script>", "<img src=x onerror=window.hit=1>",
    "<svg/onload=window.hit=1>", "<!--<script>", "]]><script>window.hit=1</script>", "--></script><b>bold</b>",
    "\"><script>window.hit=1</script>", "' onmouseover='window.hit=1", "\" autofocus onfocus=\"window.hit=1",
    "</text></svg><img src=x onerror=window.hit=1>", "</title><script>window.hit=1</script>",
    "</style><script>window.hit=1</script>", "${window.hit=1}", "{{data}}{{script}}", "`+(window.hit=1)+`",
    "javascript:window.hit=1", "\\u003cscript\\u003ewindow.hit=1", "\\\";window.hit=1;//", "a\u2028b\u2029c",
    "\ud800 half", "\u202egnirts sdrawkcab", "\x00\x1b[31mred", "&lt;b&gt;&amp;", "שלום", "n0 -> n1; }", "\\N\\G",
    "<iframe srcdoc='<script>parent.hit=1</script>'>", "<a href=javascript:window.hit=1>x</a>", "x" * 500,
    "<style>*{display:none}</style>", "<base href=//example.org>", "<meta http-equiv=refresh content=0>",
]  # fmt: skip


def xor(x, y, W1, b1, W2, b2):
    hidden = tg.sigmoid(x @ W1 + b1)
    out = tg.sigmoid(hidden @ W2 + b2)
    loss = ((out - y) ** 2).sum() / 2
    return loss


def diamond(a):
    b = a + a
    c = b + b
    return c


def attention(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    weights = tg.softmax(q @ k.T / 2.0, dim=1)
    return ((weights @ v) ** 2).mean()


def leaf(*shape):
    return tg.randn(*shape, dtype=tg.float64, requires_grad=True)


def cases():
    tg.manual_seed(0)
    x = tg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=tg.float64)
    y = tg.tensor([[0.0], [1.0], [1.0], [0.0]], dtype=tg.float64)
    model = tg.models.MLP([784, 256, 128, 10])
    loss_fn, labels = tg.nn.CrossEntropyLoss(), tg.randint(0, 10, (64,))
    return {
        "xor": (xor, x, y, leaf(2, 3), leaf(3), leaf(3, 1), leaf(1)),
        "diamond": (diamond, tg.tensor(3.0, dtype=tg.float64, requires_grad=True)),
        "attention": (attention, tg.randn(4, 3, dtype=tg.float64), leaf(3, 4), leaf(3, 4), leaf(3, 4)),
        "R1": (lambda x: loss_fn(model(x), labels), tg.randn(64, 784)),
    }


CASES = cases()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of each case as a file, and the replay that it shows."""
    folder = tmp_path_factory.mktemp("replays")
    found = {}
    for name, (function, *args) in CASES.items():
        replay = tg.replay(function, *args)
        found[name] = replay, f"file://{replay.save(folder / f'{name}.html')}"
    return found


@pytest.fixture(scope="module", params=[(DESKTOP, False), (PHONE, True)], ids=["desktop", "phone in the dark"])
def page(request):
    size, dark = request.param
    with browser(size, dark=dark) as driver:
        yield driver


def find(page, css):
    return page.find_elements("css selector", css)


def where(page):
    return find(page, "#where")[0].text


def press(page, *keys):
    from selenium.webdriver.common.keys import Keys

    for key in keys:
        page.switch_to.active_element.send_keys(getattr(Keys, key, key))


def cells(figure):
    return np.array([float(cell.get_attribute("title")) for cell in figure.find_elements("css selector", "td")])


def captioned(figure):
    return figure.find_element("css selector", "figcaption").text


# ---------------------------------------------------------------------- it steps, and shows the numbers


@pytest.mark.parametrize("name", CASES)
def test_it_steps_to_the_end(page, pages, name):
    replay, address = pages[name]
    page.get(address)
    seen = [where(page)]
    find(page, "#graph h1, h1")[0].click()
    for _ in range(len(replay.forward) + len(replay.steps) + 2):
        press(page, "ARROW_RIGHT")
        seen.append(where(page))
        assert too_wide(page) <= 0
        assert page.execute_script("return document.querySelectorAll('#panel h2').length") == 1
    count, back = len(replay.forward), len(replay.steps)
    assert seen == [
        "Start", *(f"Forward {i + 1} of {count}" for i in range(count)), "The turn",
        *(f"Back {i + 1} of {back}" for i in range(back)), "End",
    ]  # fmt: skip
    assert not find(page, "#after:enabled") and find(page, "#before:enabled")
    assert not complaints(page)


@pytest.mark.parametrize("name", ["xor", "diamond", "attention"])
def test_the_numbers_at_the_end_are_the_gradients(page, pages, name):
    replay, address = pages[name]
    function, *args = CASES[name]
    for x in args:
        x.grad = None
    function(*args).backward()
    page.get(address)
    press(page, "END")
    shown = find(page, ".leaf-gradient")
    leaves = [x for x in args if x.requires_grad]
    assert len(shown) == len(leaves)
    for card, traced in zip(shown, (replay.of(x) for x in leaves), strict=True):
        assert card.get_attribute("data-name") == traced.name
        expected = traced.tensor.grad.numpy().ravel()
        np.testing.assert_allclose(cells(card), expected, rtol=1e-12)
        rounded = [float(cell.text) for cell in card.find_elements("css selector", "td")]
        np.testing.assert_allclose(rounded, expected, rtol=1e-3)


def test_every_step_back_shows_what_is_recorded(page, pages):
    replay, address = pages["attention"]
    page.get(address)
    for i, step in enumerate(replay.steps):
        page.execute_script(f"show({len(replay.forward) + 2 + i})")
        np.testing.assert_array_equal(cells(find(page, ".arrives figure")[0]), step.gradient.ravel())
        shown = find(page, "article.card")
        assert [card.get_attribute("data-input") for card in shown] == [given.name for given in step.inputs]
        assert find(page, ".source")[0].text.endswith(step.source.text)
        for card, given in zip(shown, step.inputs, strict=True):
            assert card.find_element("css selector", ".formula").text == given.formula
            figures = {
                f.find_element("css selector", "figcaption").text: f
                for f in card.find_elements("css selector", "figure")
            }
            (name,) = (name for name in figures if name.startswith("passed on"))
            np.testing.assert_array_equal(cells(figures[name]), given.contribution.ravel())
            if given.derivative is not None:
                (name,) = (name for name in figures if name.startswith(f"∂{step.op}/∂"))
                np.testing.assert_array_equal(cells(figures[name]), given.derivative.ravel())
            assert ("together" in figures) == (given.before is not None)
            if given.before is not None:
                np.testing.assert_array_equal(cells(figures["so far"]), given.before.ravel())
                np.testing.assert_array_equal(cells(figures["together"]), given.after.ravel())


def test_gradients_appear_in_the_boxes_as_they_arrive(page, pages):
    replay, address = pages["diamond"]
    page.get(address)
    slopes = lambda: [text.text for text in find(page, ".slope")]  # noqa: E731
    assert slopes() == []
    page.execute_script("show(3)")
    assert slopes() == ["∂ 1"]
    page.execute_script("show(5)")
    assert sorted(slopes()) == ["∂ 1", "∂ 2", "∂ 4"]
    assert [text.text for text in find(page, ".flow")] == ["2", "2"]
    page.execute_script("show(4)")
    assert sorted(slopes()) == ["∂ 1", "∂ 2"]
    assert len(replay.steps) == 2


# ---------------------------------------------------------------------- what one can do


def test_keys(page, pages):
    replay, address = pages["xor"]
    page.get(address)
    press(page, "END")
    assert where(page) == "End"
    press(page, "HOME")
    assert where(page) == "Start"
    press(page, "ARROW_RIGHT", "ARROW_DOWN", "ARROW_LEFT")
    assert where(page) == f"Forward 1 of {len(replay.forward)}"
    slider = find(page, "#step")[0]
    slider.send_keys("\ue014")  # the right arrow, in the slider itself: one step and not two
    assert where(page) == f"Forward 2 of {len(replay.forward)}"
    find(page, "#after")[0].click()
    press(page, "SPACE")  # of a button that has the focus, it presses that
    assert where(page) == f"Forward 4 of {len(replay.forward)}"
    page.execute_script("document.activeElement.blur()")
    press(page, "SPACE")
    assert find(page, "#play[aria-pressed=true][aria-label=Pause]")
    press(page, "SPACE")
    assert find(page, "#play[aria-pressed=false][aria-label=Play]")
    node = find(page, ".node.leaf")[0]
    page.execute_script("arguments[0].focus()", node)
    press(page, "ENTER")
    assert "leaf" in find(page, "#panel .kicker")[0].text.lower()
    press(page, "ESCAPE")
    assert "forward" in find(page, "#panel .kicker")[0].text.lower()
    assert not complaints(page)


def test_it_plays_to_the_end_by_itself(page, pages):
    _, address = pages["diamond"]
    page.get(address)
    page.execute_script("const real = setTimeout; window.setTimeout = (f, ms) => real(f, ms / 100)")
    find(page, "#play")[0].click()
    for _ in range(100):
        if where(page) == "End" and find(page, "#play[aria-pressed=false]"):
            break
    else:
        raise AssertionError(f"it stays at {where(page)}")


def test_a_click_on_a_box_shows_its_tensor(page, pages):
    replay, address = pages["xor"]
    page.get(address)
    page.execute_script("by('picture').style.scrollBehavior = 'auto'; show(16)")
    numbers = {traced.name: i for i, traced in enumerate(replay.tensors())}
    for name in ("hidden", "out", "W1", "x"):
        node = find(page, f".node[data-tensor='{numbers[name]}']")[0]
        page.execute_script("arguments[0].scrollIntoView({block: 'center', inline: 'center'})", node)
        node.find_element("css selector", ".value").click()
        assert find(page, "#panel h2")[0].text.startswith(name)
        traced = next(t for t in replay.tensors() if t.name == name)
        np.testing.assert_array_equal(cells(find(page, "#panel .card")[0]), np.ravel(traced.value))
        assert too_wide(page) <= 0
    node = find(page, f".node[data-tensor='{numbers['out']}']")[0]
    page.execute_script("choose(arguments[0])", numbers["out"])
    np.testing.assert_array_equal(cells(find(page, ".inspected figure")[0]), replay.steps[4].gradient.ravel())
    assert "out = tg.sigmoid(hidden @ W2 + b2)" in find(page, "#panel .source")[0].text
    assert "1 / (1 + e" in find(page, "#panel .formula")[0].text
    page.execute_script("choose(arguments[0])", numbers["W1"])
    assert "not arrived yet" in find(page, ".inspected")[0].text
    page.execute_script("arguments[0].click()", find(page, "#return")[0])
    assert find(page, "#panel .kicker")[0].text.lower().startswith("backward")


def test_the_slider_goes_anywhere(page, pages):
    replay, address = pages["attention"]
    page.get(address)
    slider = find(page, "#step")[0]
    last = int(slider.get_attribute("max"))
    assert last == len(replay.forward) + len(replay.steps) + 2
    for at in (last, 3, 12):
        page.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", slider, at
        )
        assert page.execute_script("return now") == at
        assert slider.get_attribute("aria-valuetext").startswith(where(page))


def test_the_current_box_is_in_sight(page, pages):
    replay, address = pages["xor"]
    page.get(address)
    page.execute_script("by('picture').style.scrollBehavior = 'auto'")
    for at in range(len(replay.forward) + len(replay.steps) + 2):
        page.execute_script(f"show({at})")
        hidden = page.execute_script("""
            const node = document.querySelector('.node.now'), outer = by('picture').getBoundingClientRect();
            if (!node) return false;
            const box = node.getBoundingClientRect(), inside = box.left > outer.left - 1 && box.right < outer.right + 1;
            return !inside || box.top < outer.top - 1 || box.bottom > outer.bottom + 1;
        """)
        assert not hidden, at


# ---------------------------------------------------------------------- how it looks

CONTRAST = """
const linear = v => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = color => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const behind = element => {
  for (let at = element; at; at = at.parentElement) {
    const found = rgba(getComputedStyle(at).backgroundColor);
    if (found[3] > 250) return found;
  }
  return [255, 255, 255];
};
const poor = [];
for (const element of document.querySelectorAll('header *, #panel *, #legend li, #where')) {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
  if (!own || element.closest('svg')) continue;
  const a = luminance(rgba(getComputedStyle(element).color)), b = luminance(behind(element));
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) poor.push(`${element.className || element.tagName} ${element.textContent}: ${ratio.toFixed(2)}`);
}
return poor;
"""


@pytest.mark.parametrize("at", [0, 3, 11, 14, 17, 22])
def test_text_stands_out(page, pages, at):
    page.get(pages["xor"][1])
    page.execute_script(f"show({at})")
    assert page.execute_script(CONTRAST) == []


@pytest.mark.parametrize("name", CASES)
def test_no_box_covers_another_and_no_text_leaves_its_box(page, pages, name):
    page.get(pages[name][1])
    page.execute_script("show(frames.length - 1)")
    assert page.execute_script("""
        const wrong = [], boxes = nodes.map(node => node.querySelector('rect').getBoundingClientRect());
        boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
          const across = a.left < b.right - 1 && b.left < a.right - 1;
          if (across && a.top < b.bottom - 1 && b.top < a.bottom - 1) wrong.push('boxes');
        }));
        nodes.forEach((node, i) => {
          const parts = [...node.querySelectorAll('text, .heat')].map(part => part.getBoundingClientRect());
          const box = boxes[i];
          const out = part => part.left < box.left || part.right > box.right || part.bottom > box.bottom + 1;
          if (parts.some(out)) wrong.push(node.textContent);
          parts.slice(1).forEach((a, j) => parts.slice(j + 2).forEach(b => {
            if (a.left < b.right - .5 && b.left < a.right - .5) wrong.push(`inside ${node.textContent}`);
          }));
        });
        return wrong;
    """) == []  # fmt: skip


def test_everything_has_a_label(page, pages):
    page.get(pages["xor"][1])
    for control in find(page, "button, input, .node, svg[role]"):
        assert control.get_attribute("aria-label") or control.text.strip()
    find(page, "h1")[0].click()
    press(page, "TAB")
    outline = page.execute_script(
        "return getComputedStyle(document.activeElement.querySelector('.ring') || document.activeElement)"
    )
    assert outline


def test_motion_is_left_out_where_it_is_not_wanted(page, pages):
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    page.get(pages["xor"][1])
    assert page.execute_script("return getComputedStyle(document.querySelector('.node')).transitionDuration") == "0s"
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


# ---------------------------------------------------------------------- what is never run


@pytest.fixture(scope="module")
def hostile():
    """A graph whose tensors have every one of these names, its op and its file as well."""
    tensors = {name: tg.tensor(1.0 + i, requires_grad=i % 2 == 0) for i, name in enumerate(HOSTILE)}

    class Evil(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return g

    Evil.__name__ = HOSTILE[0]
    source = (
        "def f(tensors, evil):\n    y = evil(sum(tensors))  # </script><script>window.hit=1</script>\n    return y\n"
    )
    space = {}
    exec(compile(source, "/tmp/<img src=x onerror=window.hit=1>.py", "exec"), space)
    return tg.replay(space["f"], list(tensors.values()), Evil.apply, params=tensors)


def test_a_name_is_shown_and_never_run(page, hostile, tmp_path):
    path = hostile.save(tmp_path / "hostile.html")
    page.get(f"file://{path}")
    page.execute_script("window.alert = () => { window.hit = 1 }")
    tags = "return [...new Set([...document.querySelectorAll('*')].map(e => e.tagName.toLowerCase()))].sort()"
    page.execute_script("show(frames.length - 1)")
    shown = [name.text for name in find(page, ".leaf-gradient bdi")]
    from tinygrad_bp.replaying.numbers import shown as printable

    for i, name in enumerate(HOSTILE):
        if i % 2 == 0:
            assert " ".join(printable(name).split()) in shown
    scripts = page.execute_script("return document.scripts.length")
    for at in range(page.execute_script("return frames.length")):
        page.execute_script(f"show({at})")
    for number in range(page.execute_script("return data.tensors.length")):
        page.execute_script(f"choose({number})")
        assert too_wide(page) <= 0
    assert page.execute_script("return window.hit") is None
    assert page.execute_script("return document.scripts.length") == scripts == 2
    known = {
        "html", "head", "meta", "title", "style", "body", "header", "h1", "bdi", "p", "main", "section", "div",
        "svg", "defs", "marker", "path", "g", "rect", "text", "button", "ul", "li", "i", "nav", "input", "output",
        "noscript", "script", "h2",
        "h3", "span", "figure", "figcaption", "table", "tr", "td", "code", "small", "article", "tbody",
    }  # fmt: skip
    assert set(page.execute_script(tags)) <= known
    assert not complaints(page)


def test_the_policy_of_the_page_lets_nothing_else_run(page, pages):
    page.get(pages["xor"][1])
    page.execute_script("""
        const script = document.createElement('script'), image = document.createElement('img');
        script.textContent = 'window.hit = 1';
        image.setAttribute('onerror', 'window.hit = 1');
        image.src = 'x';
        document.body.append(script, image);
    """)  # fmt: skip
    blocked = page.execute_async_script(
        "const done = arguments[0]; fetch('http://127.0.0.1:9/').then(() => done('fetched'), () => done('refused'))"
    )
    assert blocked == "refused"
    assert page.execute_script("return window.hit") is None
    assert any("Content Security Policy" in message for message in complaints(page))


def test_nothing_is_asked_of_the_network(page, pages):
    import json

    page.get_log("performance")
    page.get(pages["R1"][1])
    asked = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    addresses = {e["params"]["request"]["url"] for e in asked if e["method"] == "Network.requestWillBeSent"}
    assert all(address.startswith(("file://", "data:")) for address in addresses)


def test_the_data_end_no_script(hostile):
    html = hostile.html()
    inside = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)[1]
    assert not set(inside) & set("<>&\u2028\u2029") and inside.isascii()
    assert html.encode("utf-8")
    assert html.count("<script") == 2


# ---------------------------------------------------------------------- notebooks


def test_in_a_notebook_it_has_a_frame_of_its_own(page, pages, tmp_path):
    replay, _ = pages["diamond"]
    cell = tmp_path / "notebook.html"
    cell.write_text(
        f"<!DOCTYPE html><script>const frames = 'mine'</script>{replay._repr_html_()}{replay._repr_html_()}"
    )
    page.get(f"file://{cell}")
    inside = find(page, "iframe")
    assert len(inside) == 2
    for frame in inside:
        page.switch_to.frame(frame)
        find(page, "h1")[0].click()
        press(page, "END")
        assert where(page) == "End"
        assert page.execute_script("try { return parent.document.title } catch { return 'apart' }") == "apart"
        page.switch_to.default_content()
    assert page.execute_script("return [frames, typeof show]") == ["mine", "undefined"]
    assert not complaints(page)
