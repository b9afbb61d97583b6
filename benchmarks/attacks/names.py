"""Hostile names on drawings, replays and explanations: they are text everywhere, and mean nothing to anybody.

Whatever a name is, a page has the tags of a page with harmless names, a label of Graphviz parses, JSON gives the name
back, and a terminal gets no sign that moves its cursor or turns the direction of what is written.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import tinygrad_bp as tg
from tinygrad_bp.drawing.dot import printable
from tinygrad_bp.explaining.latex import _GREEK, _TEXT
from tinygrad_bp.replaying.numbers import shown

from .reader import Reader, Wrong

PIECES = (
    "<b>", "</b>", "<script>alert(1)</script>", "</script>", "<!--", "-->", "<![CDATA[", "]]>",
    "&", "&amp;", "&#0;",
    "&lt", "\"", "'", "`", "```", "${x}", "{{title}}", "{{data}}", "\\", "\\N", "\\G", "\\L", "\\l", "\\r", "\\n",
    "\\1", "{", "}", "|", "<p0>", "[", "]", "->", "--", ";", "#", "//", "/*", "*/", "%%", "end",
    "subgraph", "click",
    ":::", "~", "^", "_", "$", "$$", "%", "\\input{/etc/passwd}", "\\end{document}",
    "\\write18{ls}", "\x00", "\x01",
    "\x07", "\x1b[2J", "\x1b]0;t\x07", "\x7f", "\x85", "\x9b", "\t", "\n", "\r", "\x0b", "\x0c", "\u2028", "\u2029",
    "\u202e", "\u202d", "\u2066", "\u2069", "\u200f", "\u200b", "\ufeff", "\ufffe", "\uffff",
    "\U0010ffff", "\ud800",
    "\udfff", "\U000e0001", "é", "e\u0301", "ß", "ﷺ", "שלום", "مرحبا", "🙂", "👩\u200d👩\u200d👧",
    "𝒳", "½", "∂L/∂", "δ1",
    "W1", "L", "…", "…9", "1…2", " ", "\xa0", "0.weight", "__proto__", "constructor", "javascript:",
    "data:text/html,", "%s", "%n", "{0}", "a.b", "../x", "NaN", "graph", "strict digraph",
    "digraph{", "}\n", "self",
    "None",
)  # fmt: skip


def hostile(rng: Random, _: Any = None) -> bytes:
    """Four names: pieces that mean something to somebody, any other signs, short and very long."""
    names = []
    for _number in range(4):
        kind = rng.randrange(10)
        if kind < 6:
            name = "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 5)))
        elif kind < 8:
            name = "".join(
                chr(rng.choice((rng.randrange(256), rng.randrange(0x3000), rng.randrange(0x110000))))
                for _ in range(rng.randrange(1, 12))
            )
        elif kind == 8:
            name = rng.choice(("", "x", *PIECES)) * rng.choice((1, 40, 400, 4000 if rng.random() < 0.1 else 10))
        else:
            name = "w"
        names.append(name)
    return json.dumps(names).encode()


class _Square(tg.autograd.Function):
    """An op of the user, for its name."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * x * g


def _graph(names: list[str]) -> Any:
    """A small graph whose leaves, inner tensor and output have these names."""
    a, b, inner, end = names
    w, x = tg.tensor([[1.0, -2.0]], requires_grad=True), tg.tensor([[3.0, 4.0]])
    hidden = (w * x).tanh()
    loss = (hidden * hidden + w).sum()
    for tensor, name in ((w, a), (x, b), (hidden, inner), (loss, end)):
        tensor.name = name
    return loss, w, {b: x}, hidden


def _model(names: list[str]) -> Any:
    """A small model whose class, parts and op have these names."""
    kind = type(names[0].replace("\0", "").encode("utf-8", "replace").decode() or "M", (tg.nn.Linear,), {})
    square = type(names[1].replace("\0", "").encode("utf-8", "replace").decode() or "F", (_Square,), {})
    model = tg.nn.Module()
    parts = [name.replace(".", "") for name in names[2:]]
    for name in parts:
        if name and not hasattr(model, name):
            model.add_module(name, kind(2, 2))

    def run(x: Any) -> Any:
        for part in model.children():
            x = square.apply(part(x))
        return (x * 1.0).sum()

    return model, run


# ---------------------------------------------------------------------- what is checked


def _printable(text: str) -> None:
    odd = {sign for sign in text if not (sign.isprintable() or sign in "\n\xa0")}
    if odd:
        raise Wrong(f"signs that a terminal obeys: {sorted(map(ord, odd))[:5]}")
    text.encode("utf-8")


_PART = re.compile(r'"(?:[^"\\]|\\.)*"|<|[A-Za-z0-9 \t\n{}\[\]=>,;_.-]+', re.S)


def labels(source: str) -> list[str]:
    """The HTML-like labels of a DOT text, by a lexer of its own; raises ``Wrong`` where the text is not DOT."""
    found, at, depth = [], 0, 0
    while at < len(source):
        part = _PART.match(source, at)
        if part is None:
            raise Wrong(f"{source[at : at + 20]!r} stands outside of a text")
        start, at = at, part.end()
        if part[0] == "<":
            open_ = 1
            for sign in re.finditer("[<>]", source[at:]):
                open_ += 1 if sign[0] == "<" else -1
                if not open_:
                    break
            else:
                raise Wrong("a label without an end")
            at += sign.end()
            found.append(source[start + 1 : at - 1])
        elif part[0][0] != '"':
            depth += part[0].count("{") - part[0].count("}")
    if depth:
        raise Wrong("braces that do not match")
    return found


TAGS = {"B", "I", "FONT", "BR", "TABLE", "TR", "TD", "label"}


def _dot(source: str, names: list[str]) -> None:
    texts = set()
    for label in labels(source):
        try:
            tree = ElementTree.fromstring(f"<label>{label}</label>")
        except ElementTree.ParseError as error:
            raise Wrong(f"a label that is no XML: {error}: {label:.60}") from None
        if not {part.tag for part in tree.iter()} <= TAGS:
            raise Wrong("a tag of the user's")
        texts |= {"".join(part.itertext()) for part in tree.iter("B")}
    for name in names:
        if printable(name).replace("\\", "\\\\") not in texts:
            raise Wrong(f"{name!r:.60} is not what its box says")


class _Tags(HTMLParser):
    """The tags of a page with their attributes, and what stands in its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.inside: list[str] = []
        self.values: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))
        self.values += attrs
        self.inside.append("")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.inside[-1] += data

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")


def _tags(page: str) -> _Tags:
    parser = _Tags()
    parser.feed(page)
    parser.close()
    return parser


@cache
def _harmless() -> tuple[list[Any], Counter[str]]:
    """The tags of the page of harmless names, and the signs of LaTeX that stand in their derivation."""
    loss, _, params, *_alive = _graph(["w", "x", "h", "y"])
    tags = _tags(tg.replay(loss, params=params).html())
    return tags.found, Counter()


def _page(page: str, names: list[str]) -> None:
    page.encode("utf-8")
    tags = _tags(page)
    if tags.found != _harmless()[0]:
        raise Wrong("other tags than those of a page with harmless names")
    if any(name.startswith("on") or name in ("href", "src", "action") for name, value in tags.values):
        raise Wrong("an attribute that is run")
    data = json.loads(
        next(text for (tag, attributes), text in zip(tags.found, tags.inside) if tag == "script" and "id" in attributes)
    )
    said = {tensor["name"] for tensor in data["tensors"]}
    if not {shown(name) for name in names if name} <= said:
        raise Wrong("a name that the page does not have")
    if any(sign in text for tensor in data["tensors"] for text in [tensor["name"]] for sign in "\x00\x1b\u202e\n"):
        raise Wrong("a sign that changes how others are written")


_LINE = re.compile(
    r"\s*(flowchart TD|end|classDef [\w ]+ [\w:,#-]+|%%.*|[\w ]+|\w+ (-->|-\.->)(\|\"[^\"]*\"\|)? \w+"
    r"|subgraph \w+\[\"[^\"<>]*\"\]|(\w+)\W{1,2}\"(?:[^\"<>]|<br>)*\"\W{1,2}:::\w+)"
)


def _mermaid(text: str, names: list[str]) -> None:
    _printable(text.replace("\t", ""))
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            raise Wrong(f"no line of Mermaid: {line:.80}")
    said = re.sub(r"#(\d+);", lambda m: chr(int(m[1])), text)
    for name in names:
        if printable(name) not in said:
            raise Wrong(f"{name!r:.60} is not what its box says")


_OWN = """
    begin end cdot circ times frac partial mathrm mathsf text dots tfrac operatorname tanh left right sum quad symbol
    documentclass usepackage setlength parindent allowdisplaybreaks verb mathop land lor le ge ne infty ln max min small
    ttfamily par noindent obeylines medskip smallskip texttt hspace
"""
_WRITTEN = " ".join([*_TEXT.values(), *(f"\\{word}" for word in (*_GREEK.values(), *_OWN.split()))])
COMMANDS = set(re.findall(r"\\[A-Za-z]+", _WRITTEN))


def _latex(text: str) -> None:
    if not text.isascii():
        raise Wrong("LaTeX with signs that pdflatex may not know")
    bare = re.sub(r"\\[^A-Za-z]", "", text)
    odd = set(re.findall(r"\\[A-Za-z]+", bare)) - COMMANDS
    if odd:
        raise Wrong(f"commands of the user's: {sorted(odd)[:3]}")
    if (
        bare.count("{") != bare.count("}")
        or bare.count("$") % 2
        or any(sign in bare for sign in "#~")
        or re.search(r"%", bare)
    ):
        raise Wrong("signs that LaTeX reads")


def _drawn(data: bytes, folder: Path) -> None:
    """A drawing as DOT, Mermaid, JSON and text."""
    names = json.loads(data)
    loss, _, params, *_alive = _graph(names)
    given = [name for name in names if name]
    picture = tg.draw(loss, values=True, grads=True, params=params)
    _dot(picture.source, given)
    _mermaid(picture.mermaid(), given)
    _printable(picture.text())
    boxes = {box["name"] for box in json.loads(picture.json())["boxes"]}
    if not set(given) <= boxes:
        raise Wrong("a name that the JSON does not give back")
    if max(map(len, picture.text().split("\n"))) > 80:
        raise Wrong("a line of more than 80 signs")


def _drawn_model(data: bytes, folder: Path) -> None:
    """A model with such classes, parts and ops, in frames and in closed boxes."""
    names = json.loads(data)
    model, run = _model(names)
    if not any(True for _ in model.children()):
        return
    for how in (None, "all"):
        picture = tg.draw(run, tg.ones(1, 2), params=model, open=how)
        _dot(picture.source, [])
        _mermaid(picture.mermaid(), [])
        _printable(picture.text())
        json.loads(picture.json())
    _printable(repr(model).replace("\t", "")) if all(name.isprintable() for name in names) else repr(model)


def _laid_out(data: bytes, folder: Path) -> None:
    """Graphviz itself draws them."""
    names = json.loads(data)
    loss, _, params, *_alive = _graph(names)
    svg = tg.draw(loss, params=params).pipe("svg", encoding="utf-8")
    tree = ElementTree.fromstring(svg[svg.index("<svg") :])
    tags = {part.tag.rpartition("}")[2] for part in tree.iter()}
    if not tags <= {"svg", "g", "title", "polygon", "polyline", "path", "text", "ellipse", "a"}:
        raise Wrong(f"tags of the user's: {tags}")


def _replayed(data: bytes, folder: Path) -> None:
    """A replay as text, as a page and as a frame of a notebook."""
    names = json.loads(data)
    loss, _, params, *_alive = _graph(names)
    replay = tg.replay(loss, params=params)
    text = replay.text()
    _printable(text)
    if max(map(len, text.split("\n"))) > 80:
        raise Wrong("a line of more than 80 signs")
    page = replay.html()
    _page(page, names)
    frame = _tags(replay._repr_html_())
    if [tag for tag, _ in frame.found] != ["iframe"] or dict(frame.values)["srcdoc"] != page:
        raise Wrong("a frame that is not its page")


def _explained(data: bytes, folder: Path) -> None:
    """An explanation as text, Markdown and LaTeX; and its numbers are right."""
    names = json.loads(data)
    loss, w, params, *_alive = _graph(names)
    found = tg.explain(loss, wrt=w, params=params)
    _printable(found.text())
    _printable(repr(found))
    markdown = found.markdown()
    _printable(markdown)
    outside = re.sub(r"^```text\n.*?^```$", "", markdown, flags=re.M | re.S)
    if "```" in outside or re.search(r"<[\w/!]", outside):
        raise Wrong("Markdown of the user's")
    _latex(found.latex(whole=True))
    _latex(found.latex())
    html.escape(found._repr_html_()) if hasattr(found, "_repr_html_") else None
    (gradient,) = tg.autograd.grad(loss, w)
    if not (abs(found.evaluate() - gradient.numpy()) < 1e-5).all():
        raise Wrong("another gradient")


def _names(name: str, read: Any, share: float) -> Reader:
    return Reader(name, [], hostile, read, (), memory=2000, spare=8 << 20, share=share)


NAMES = [
    _names("names in a drawing", _drawn, 0.5),
    _names("names in a model's drawing", _drawn_model, 0.05),
    _names("names laid out by Graphviz", _laid_out, 0.03),
    _names("names in a replay", _replayed, 0.2),
    _names("names in an explanation", _explained, 0.4),
]
