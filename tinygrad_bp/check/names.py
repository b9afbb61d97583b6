"""What names say: which parameter is an input, a weight, a label or the gradient arriving, and which function is whose
backward."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Def = ast.FunctionDef
NOTHING = object()

# The first entry whose pattern is the whole name, in lower case, says the role.
ROLES = (
    ("cache", r"_?(ctx|caches?|cached.*|saved|memory|mem|store|storage|tape|stash|tmp|intermediates?|activations|"
              r"fwd_?(out|state|cache)|forward_?cache|.*_cache|state_dict|context|history|meta)"),
    ("config", r".*_(params?|config|hparams|hyperparams)|h_?params|hyper_?parameters|config|cfg|opts?|options"),
    ("params", r"params?|parameters|params_dict|net|model|network|theta_dict|layers|wb|weights_and_biases"),
    ("rate", r"lr|learn(ing)?_?rate|eta|step_?size|alpha_lr|rate"),
    ("mask", r".*mask.*|keep|m_drop|d_mask"),
    ("recurrent", r"w_?h_?h?|w_?aa?|w_?hh|u_?h|w_?rec|recurrent_weights?|wh\w?|w_?h[a-z]"),
    ("embedding", r"emb|embeddings?|embed_?w|w_?embed|w_?emb|table|lookup|word_vectors"),
    ("gain", r"gamma\d?|scale|gain|g_?amma\w*"),
    ("shift", r"beta\d?|shift|offset"),
    ("cell", r"prev_?c|c_?prev|c_?0|c|c_?old|cell"),
    ("state", r"prev_?h|h_?prev|h_?0|hidden|prev_?state|state_?prev|h_?old|hprev|s_?prev|state"),
    ("labels", r"y_?\w*|labels?|targets?(_list)?|t|truth|gt|one_?hot\w*|tgt|expected|ground_?truth|classes|"
               r"desired|label_\w+"),
    ("bias", r"b\d*|bias(es)?\d*|b_?\w{1,3}|bias_?\w+|\w+_bias"),
    ("weights", r"w\d*|weights?\d*|theta\d*|w_?\w{1,3}|weights?_?\w+|kernels?|filters?|f|u|v|\w+_weights?|coef\w*"),
)  # fmt: skip
NOT_LABELS = r"y_?(hat|pred\w*|prob\w*|out\w*|p|score\w*)"
UPSTREAM = (
    r"d(?!ata|im|epth|rop|type|ecay|eriv|esired|ict|ilation|istance|en)[a-z_0-9]*|.*grad.*|delta\w*|g|g_?out|g_?y|"
    r"upstream\w*|.*_g|err\w*|error\w*|loss_?gradient|output_?error|back\w*_in|next_?d\w*|top_?diff|accum\w*|δ\w*|∂\w*"
)
ITERATIONS = r"\w*(iter\w*|epochs?|rounds)"
OUTPUT = r"out|output|a|s|y|o|h|act\w*|result|y_?hat|y_?pred|p|probs?|activated|sig|sigma|fx|val"
CACHE_LIKE = r".*(cache|ctx|saved|memory|mem|context).*"

FORWARD = {"forward", "fwd", "fw", "fprop", "fp", "forwards", "feedforward", "forwardpass", "forwardprop"}
BACKWARD = {
    "backward", "bwd", "bw", "back", "bprop", "bp", "backprop", "backwards", "backpropagation", "backpropagate",
    "backwardpass", "backwardprop",
}  # fmt: skip
DERIVATIVE = {
    "grad", "grads", "gradient", "gradients", "derivative", "deriv", "der", "prime", "d", "derivatives", "diff",
    "derivate", "jacobian", "jac", "ddx", "dx", "derivation", "dz", "df",
}  # fmt: skip
FILLERS = {"pass", "prop", "propagation", "propagate", "compute", "calc", "calculate", "get", "the", "of", "fn",
           "func", "function", "feed", "layer", "step", "model", "eval", "evaluate", "naive", "my", "activation",
           "act", "find"}  # fmt: skip


def words(name: str) -> list[str]:
    """A name in words: ``reluBackward2`` as relu, backward, 2."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", spaced)
    return [word for word in spaced.lower().split("_") if word]


@dataclass(frozen=True)
class Said:
    """What the name of a function says: forward, backward, derivative or nothing, and of what."""

    kind: str
    base: tuple[str, ...]

    @property
    def core(self) -> tuple[str, ...]:
        """What it is of, without words that say nothing."""
        return tuple(word for word in self.base if word not in FILLERS)


def said(name: str, others: set[str]) -> Said:
    """What a function's name says; ``others`` are all names, which tell ``dsigmoid`` from ``dot``."""
    parts = words(name)
    for kind, marks in (("backward", BACKWARD), ("derivative", DERIVATIVE), ("forward", FORWARD)):
        if set(parts) & marks:
            return Said(kind, tuple(word for word in parts if word not in marks))
    if len(name) > 2 and name[0] == "d" and (name[1:] in others or f"{name[1:]}_forward" in others):
        return Said("derivative", tuple(words(name[1:])))
    return Said("", tuple(parts))


def role(name: str, siblings: Iterable[str] = ()) -> str:
    """What a forward's parameter holds."""
    key = name, frozenset(other.lower() for other in siblings)
    if key not in _KNOWN:
        _KNOWN[key] = _role(*key)
    return _KNOWN[key]


_KNOWN: dict[tuple[str, frozenset[str]], str] = {}  # roles are asked for again and again


def _role(name: str, near: frozenset[str]) -> str:
    low = name.lower().strip("_")
    if re.fullmatch(NOT_LABELS, low):
        return "x"
    if low in ("q", "k", "v", "query", "key", "value", "keys", "values", "queries") and near & {
        "q",
        "query",
        "queries",
    }:
        return "x"
    if low in ("b", "c") and "a" in near and not any(other.startswith("w") for other in near):
        return "x"
    if name in ("A_prev", "A", "Z", "X", "H", "C", "S"):
        return "x"
    if low == "a_prev":
        return "state" if near & {"waa", "w_aa", "xt"} else "x"
    if re.fullmatch(r"(\w+_)?outputs?", low) and any(re.fullmatch(ITERATIONS, other) for other in near):
        return "labels"  # train(inputs, outputs, iterations)
    for what, pattern in ROLES:
        if re.fullmatch(pattern, low):
            return what
    return "x"


def index(name: str) -> int:
    """The number that a name ends with, 0 where it has none."""
    found = re.search(r"(\d+)$", name)
    return int(found[1]) if found else 0


@dataclass
class Parameter:
    """A parameter of a function of the homework, and what the body does with it."""

    name: str
    default: Any = NOTHING
    keys: list[str] = field(default_factory=list)  # params["W1"], params.get("W1")
    compared: list[Any] = field(default_factory=list)  # activation == "relu"
    numbered: list[str] = field(default_factory=list)  # params["W" + str(l)]
    unpacked: int = 0  # w1, b1, w2, b2 = params
    unpacked_names: list[str] = field(default_factory=list)


@dataclass
class Signature:
    """The parameters of a function and the names of what it returns, as its text has them."""

    parameters: list[Parameter]
    returned: list[str]
    keyed: list[str]  # keys of a dict that is returned
    text: str
    docstring: str

    @property
    def names(self) -> list[str]:
        """The names of the parameters."""
        return [p.name for p in self.parameters]

    def __getitem__(self, name: str) -> Parameter:
        return next(p for p in self.parameters if p.name == name)


def signature(node: Def, method: bool = False) -> Signature:
    """What the text of a function says."""
    args = [*node.args.posonlyargs, *node.args.args]
    defaults: list[Any] = [NOTHING] * (len(args) - len(node.args.defaults)) + list(node.args.defaults)
    static = any(getattr(d, "id", "") == "staticmethod" for d in node.decorator_list)
    pairs = list(zip(args, defaults, strict=True))[1 if method and not static else 0 :]
    pairs += [
        (a, NOTHING if d is None else d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    ]
    found = [Parameter(arg.arg, default if default is NOTHING else _literal(default)) for arg, default in pairs]
    for parameter in found:
        _uses(node, parameter)
    known = [n for p in found for n in (p.name, *p.keys, *p.unpacked_names)]
    returned, keyed = _returned(node, known)
    return Signature(found, returned, keyed, ast.unparse(node), ast.get_docstring(node) or "")


def _literal(node: Any) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):  # a name or a call: Python fills it in
        return None


def _uses(node: Def, parameter: Parameter) -> None:
    def is_it(n: ast.AST) -> bool:
        return isinstance(n, ast.Name) and n.id == parameter.name

    for n in ast.walk(node):
        key: Any = None
        if isinstance(n, ast.Subscript) and is_it(n.value):
            key = n.slice
        elif isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and is_it(n.func.value) and n.args:
            key = n.args[0] if n.func.attr in ("get", "pop", "setdefault") else None
        elif isinstance(n, ast.Compare) and is_it(n.left):
            parameter.compared += [c.value for c in n.comparators if isinstance(c, ast.Constant)]
            parameter.compared += [e.value for c in n.comparators if isinstance(c, (ast.Tuple, ast.List))
                                   for e in c.elts if isinstance(e, ast.Constant)]  # fmt: skip
        elif isinstance(n, ast.Compare) and any(is_it(c) for c in n.comparators) and isinstance(n.left, ast.Constant):
            parameter.keys += [n.left.value] if isinstance(n.left.value, str) else []
        elif isinstance(n, ast.Assign) and is_it(n.value) and isinstance(n.targets[0], (ast.Tuple, ast.List)):
            parameter.unpacked = len(n.targets[0].elts)
            parameter.unpacked_names = [getattr(e, "id", "") for e in n.targets[0].elts]
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            parameter.keys.append(key.value)
        elif isinstance(key, ast.BinOp) and isinstance(key.left, ast.Constant) and isinstance(key.left.value, str):
            parameter.numbered.append(key.left.value)
        elif isinstance(key, ast.JoinedStr) and key.values and isinstance(key.values[0], ast.Constant):
            parameter.numbered.append(str(key.values[0].value))
    parameter.keys = list(dict.fromkeys(parameter.keys))
    parameter.numbered = list(dict.fromkeys(parameter.numbered))
    parameter.compared = list(dict.fromkeys(c for c in parameter.compared if isinstance(c, str)))


def _returned(node: Def, inputs: list[str]) -> tuple[list[str], list[str]]:
    """The names in the last ``return``, "" for what has none; and the keys, where it is a dict."""
    returns = [n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
    if not returns:
        return [], []
    value = max(returns, key=lambda n: n.lineno).value
    if isinstance(value, ast.Name):  # out = (z1, a1); return out
        name = value.id
        for n in ast.walk(node):
            if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == name:
                value = n.value if isinstance(n.value, (ast.Tuple, ast.Dict)) else value
    if isinstance(value, ast.Dict):
        return [], [str(k.value) for k in value.keys if isinstance(k, ast.Constant)]
    items = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    return [GRADIENTS if _gathers(item, inputs) else _name_of(item) for item in items], []


GRADIENTS = "gradients"  # the name of a dict or a list of them that is written where it is returned


def _gathers(node: Any, inputs: list[str]) -> bool:
    """Whether a returned value is a dict or a list of gradients: ``{"W": dW}``, ``[dW, db]``."""
    if isinstance(node, ast.Dict):
        keys = [k.value if isinstance(k, ast.Constant) else None for k in node.keys]
        if keys and all(key in inputs for key in keys):
            return True
        names = [str(key) for key in keys]
    elif isinstance(node, (ast.List, ast.Tuple)):
        names = [_name_of(item) for item in node.elts]
    else:
        return False
    return any(name not in inputs and gradient_of(name, inputs) for name in names)


SHAPING = ("reshape", "copy", "squeeze", "ravel", "flatten", "astype")


def _name_of(node: Any) -> str:
    """The name of a returned value: also of ``dx.reshape(…)``, and of ``dW / N`` where it says a gradient."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    inner: ast.expr | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHAPING:
        inner = node.func.value
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        inner = node.left
    name = inner.id if isinstance(inner, ast.Name) else ""
    return name if re.fullmatch(UPSTREAM, name, re.IGNORECASE) else ""


PREFIXES = "d|grad_?|gradient_?|gradients_?|g_?|delta_?|nabla_?|dl_?d_?|dj_?d_?|d_l_d_?|dc_?d_?|de_?d_?|d_"


def gradient_of(name: str, inputs: list[str]) -> str:
    """The input whose gradient a name says: ``dW1``, ``grad_w1``, ``W1_grad``, ``dL_dW1``; "" where none fits."""
    low = name.lower().strip("_")
    stripped = [
        low,
        *re.findall(rf"^(?:{PREFIXES})(.+)$", low),
        *re.findall(r"^(?:d[a-z]?_?d_?|d_[a-z]_d_|d_)(.+)$", low),
        *re.findall(r"^(.+?)_?(?:grad|gradient|delta|_g)s?$", low),
    ]
    for candidate in stripped[1:] or []:
        plain = candidate.replace("_", "")
        for other in inputs:
            if other.lower().replace("_", "") == plain:
                return other
        for other in inputs:  # dh for prev_h, dA for A_prev, dweights for weight, db for bias
            bare = re.sub(r"_?(prev|0|t|in|old)_?", "", other.lower()).replace("_", "")
            if bare and bare in (plain, re.sub(r"(prev|old|0)", "", plain), plain.rstrip("s")):
                return other
        for other in inputs:
            if plain.rstrip("s") == other.lower().rstrip("s") or (plain, other.lower()) in SAME:
                return other
    return ""


SAME = {("w", "weights"), ("w", "weight"), ("b", "bias"), ("b", "biases"), ("weights", "w"), ("bias", "b"),
        ("biases", "b"), ("weight", "w"), ("input", "x"), ("inputs", "x"), ("input", "inputs"), ("x", "inputs"),
        ("x", "input"), ("k", "kernel"), ("f", "filters"), ("kernel", "w"), ("kernels", "w"),
        ("filters", "w")}  # fmt: skip
