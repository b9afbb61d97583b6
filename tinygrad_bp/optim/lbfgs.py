"""L-BFGS: a quasi-Newton method on all parameters as one vector."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd.arrays import whole
from ..autograd.errors import ArgumentError, CaptureError
from ..autograd.modes import enable_grad, traced
from ..autograd.tensor import Tensor, wrap
from ..autograd.writes import wrote
from .optimizer import Optimizer
from .strong_wolfe import Point, strong_wolfe


class LBFGS(Optimizer):
    """Steps along ``−H g`` with an inverse Hessian H estimated from the last ``history_size`` steps.

    ``step(closure)`` asks the closure for the loss up to ``max_eval`` times in ``max_iter`` iterations; it stops where
    the largest gradient is at most ``tolerance_grad``, or the loss or the parameters change by less than
    ``tolerance_change``. The step has length ``lr``, or with ``line_search_fn="strong_wolfe"`` the one that a line
    search finds. Source: Nocedal and Wright, *Numerical Optimization*, algorithm 7.4. The state is that of the first
    parameter. Raises ``ArgumentError`` for a negative ``lr``, another line search, and more than one group.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((w - tg.tensor([1.0, 5.0])) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item()
    53.0
    >>> w.round(decimals=3).tolist()
    [1.0, 5.0]
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1, max_iter: int = 20, max_eval: int | None = None,
        tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9, history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:  # fmt: skip
        max_iter = whole(max_iter, "LBFGS", "max_iter", 0)
        defaults = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """The one group that there can be."""
        if self.param_groups:
            raise ArgumentError("LBFGS: all parameters are one vector, so there is one group; give one list of tensors")
        super().add_param_group(param_group)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "tolerance_grad", "tolerance_change")
        for name in ("max_iter", "max_eval", "history_size"):
            whole(settings[name], "LBFGS", name, 0)
        if settings["line_search_fn"] not in (None, "strong_wolfe"):
            raise ArgumentError(f"LBFGS: line_search_fn is None or 'strong_wolfe', got {settings['line_search_fn']!r}")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Up to ``max_iter`` iterations; ``closure`` computes the loss anew. Returns the first loss."""
        if traced():
            raise CaptureError(
                "LBFGS.step() while a program is written down: it reads the loss and the gradient as numbers to choose "
                "its steps. Compile the function that computes the loss, and call step() outside"
            )
        if not callable(closure):
            raise ArgumentError(
                "LBFGS: step needs a closure that clears the gradients, and computes and returns the loss"
            )
        group = self.param_groups[0]
        search = Search(group["params"], closure)
        state = self._state[group["params"][0]]
        evaluations, iterations = state.get("func_evals", 0), state.get("n_iter", 0)
        first_loss, loss = search.ask()
        grad = search.gradient()
        history = History(group["history_size"], state)
        if not (np.max(np.abs(grad)) if grad.size else 0) <= group["tolerance_grad"]:
            asked = self._iterate(group, search, history, loss, grad, iterations)
            iterations, evaluations = history.iterations, evaluations + asked - 1
            state.update(history.as_tensors())
        state.update(func_evals=evaluations + 1, n_iter=iterations)
        return first_loss

    def _iterate(
        self, group: dict[str, Any], search: Search, history: History, loss: float, grad: Any, iterations: int
    ) -> int:
        """The iterations of one step; returns how often the loss was asked for."""
        lr, asked, history.iterations = float(group["lr"]), 1, iterations
        flat, still = group["tolerance_grad"], group["tolerance_change"]
        for number in range(1, group["max_iter"] + 1):
            history.iterations += 1
            direction = history.direction(grad)
            before = history.loss = loss
            t = lr if history.iterations > 1 else min(1.0, 1.0 / np.sum(np.abs(grad))) * lr
            history.step = t
            slope = grad @ direction
            if slope > -still:
                break
            if group["line_search_fn"] is not None:
                start = Point(0, loss, grad, slope)
                tries = group["max_eval"] - asked
                reach = np.max(np.abs(direction))
                point, more = strong_wolfe(search.along(direction), start, t, reach, tries=tries)
                loss, grad, t = point.loss, point.grad, point.t
                history.step = t
                search.move(t, direction)
                asked += more
            else:
                search.move(t, direction)
                if number < group["max_iter"]:  # after the last step the loss is not needed
                    _, loss = search.ask()
                    grad = search.gradient()
                    asked += 1
            if asked >= group["max_eval"] or np.max(np.abs(grad)) <= flat:
                break
            if np.max(np.abs(direction * t)) <= still or abs(loss - before) < still:
                break
        return asked


class Search:
    """The parameters as one vector of real numbers, and the loss as a function of it."""

    params: list[Tensor]
    closure: Callable[[], Any]

    def __init__(self, params: list[Tensor], closure: Callable[[], Any]) -> None:
        self.params, self.closure = params, closure

    def ask(self) -> tuple[Any, float]:
        """The loss where the parameters are now, as the closure gives it and as a number."""
        with enable_grad():
            loss = self.closure()
        return loss, loss.item() if isinstance(loss, Tensor) else float(loss)

    def gradient(self) -> Any:
        """The gradient that the closure left."""
        grads = [np.zeros_like(p._value) if p.grad is None else p.grad._value for p in self.params]
        return np.concatenate([_parts(grad).reshape(-1) for grad in grads])

    def move(self, t: Any, direction: Any) -> None:
        """Go a step of length ``t``."""
        wrote(*[p._value for p in self.params])
        start = 0
        for p in self.params:
            parts = _parts(p._value)
            parts += (direction[start : start + parts.size] * t).reshape(parts.shape)
            start += parts.size

    def along(self, direction: Any) -> Callable[[Any], Point]:
        """The point after a step of a length along a direction; the parameters are where they were afterwards."""
        home = [p._value.copy() for p in self.params]

        def at(t: Any) -> Point:
            self.move(t, direction)
            _, loss = self.ask()
            grad = self.gradient()
            wrote(*[p._value for p in self.params])
            for p, value in zip(self.params, home, strict=True):
                p._value[...] = value
            return Point(t, loss, grad, grad @ direction)

        return at


class History:
    """The last steps s and changes of the gradient y, from which the inverse Hessian is estimated."""

    size: int
    iterations: int
    step: Any
    loss: Any | None
    changes: list[Any]
    steps: list[Any]
    weights: list[Any]
    scale: int

    def __init__(self, size: int, state: dict[str, Any]) -> None:
        """From the state of an optimizer, under PyTorch's names."""
        self.size, self.iterations = size, 0
        self.changes = [y._value for y in state.get("old_dirs", [])]
        self.steps = [s._value for s in state.get("old_stps", [])]
        self.weights = [_number(r) for r in state.get("ro", [])]
        self.scale, self.step = _number(state.get("H_diag", 1)), _number(state.get("t"))
        self.last: Any = state["d"]._value if "d" in state else None
        self.grad: Any = state["prev_flat_grad"]._value if "prev_flat_grad" in state else None
        self.loss = state.get("prev_loss")

    def direction(self, grad: Any) -> Any:
        """``−H g``, with the last step taken into H; in the first iteration ``−g``."""
        if self.iterations == 1:
            self.changes, self.steps, self.weights, self.scale = [], [], [], 1
        else:
            y, s = grad - self.grad, self.last * self.step
            ys = y @ s
            if ys > 1e-10:
                for kept, new in ((self.changes, y), (self.steps, s), (self.weights, 1.0 / ys)):
                    if len(kept) == self.size:
                        kept.pop(0)
                    kept.append(new)
                self.scale = ys / (y @ y)
        q, parts = -grad, []
        for y, s, weight in zip(reversed(self.changes), reversed(self.steps), reversed(self.weights), strict=True):
            parts.append((s @ q) * weight)
            q = q - y * parts[-1]
        r = q * self.scale
        for y, s, weight in zip(self.changes, self.steps, self.weights, strict=True):
            r = r + s * (parts.pop() - (y @ r) * weight)
        self.grad, self.last = grad, r
        return r

    def as_tensors(self) -> dict[str, Any]:
        """The state of an optimizer, under PyTorch's names."""
        return {
            "d": wrap(self.last, None), "t": _shown(self.step), "old_dirs": [wrap(y, None) for y in self.changes],
            "old_stps": [wrap(s, None) for s in self.steps], "ro": [_shown(weight) for weight in self.weights],
            "H_diag": _shown(self.scale), "prev_flat_grad": wrap(self.grad, None), "prev_loss": self.loss,
        }  # fmt: skip


def _parts(value: Any) -> Any:
    """An array of real numbers: of a complex array the parts, a view."""
    return value if value.dtype.kind != "c" else value[..., None].view(value.real.dtype)


def _number(x: Any) -> Any:
    """A number of the state: some are tensors."""
    return x._value[()] if isinstance(x, Tensor) else x


def _shown(x: Any) -> Any:
    """A number for the state: what was computed of arrays is a 0-d tensor."""
    return wrap(np.asarray(x), None) if isinstance(x, np.generic) else x
