"""Where the mean over a batch is taken: what one function may leave to another is judged by the whole file.

``dW = xᵀ g / N`` is right where what arrives is each example's own gradient, not divided by N; and ``p − y`` for a mean
loss is right where the layers divide. Together they divide once; a file in which both or neither do is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .problem import Verdict

TAKEN = "The mean over the batch is taken here: what arrives must be each example's own gradient, not divided by N. "
LEFT = "It is each example's own gradient: the mean over the batch is left to the layers, which divide by N. "
TWICE = " And {others} divide{s} by N as well: divided twice."


def averages(verdict: Verdict) -> bool:
    """Whether every gradient of a parameter is divided by N, and those of the examples are right."""
    kinds = [(f["examples"], f["kind"]) for f in verdict.findings if f["of"]]
    own = [kind for examples, kind in kinds if not examples]
    return verdict.verdict == "wrong" and bool(own) and all(
        kind == "averaged" if not examples else kind == "right" for examples, kind in kinds
    ) and all(_ok(f) or f["kind"] == "averaged" for f in verdict.findings)  # fmt: skip


def undivided(verdict: Verdict) -> bool:
    """Whether it is the backward of a mean loss, without the division by N, in the examples alone."""
    kinds = [(f["examples"], f["kind"]) for f in verdict.findings if f["of"] and f["kind"] != "overflow"]
    return verdict.verdict == "wrong" and bool(kinds) and all(e and k == "summed" for e, k in kinds)


def sums(verdict: Verdict) -> bool:
    """Whether it is a layer whose parameters have right gradients: sums over the batch."""
    return not verdict.of_loss and any(f["of"] and not f["examples"] and f["kind"] == "right" for f in verdict.findings)


def judged_together(verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts again, where one leaves to another what it would lack alone."""
    layers = [v for v in verdicts if averages(v)]
    losses = [v for v in verdicts if undivided(v)]
    dividing = [v.name for v in verdicts if v.divides and not averages(v)]
    if layers and dividing:
        text = TWICE.format(others=" and ".join(dividing), s="s" if len(dividing) == 1 else "")
        return [replace(v, sentence=v.sentence + text) if v in layers else v for v in verdicts]
    if not layers:
        return verdicts
    found = []
    for verdict in verdicts:
        if verdict in layers:
            verdict = _righted(verdict, "averaged", TAKEN)
        elif verdict in losses and not any(map(sums, verdicts)):
            verdict = _righted(verdict, "summed", LEFT)
        found.append(verdict)
    return found


def _righted(verdict: Verdict, kind: str, said: str) -> Verdict:
    findings = [{**f, "kind": "right", "sentence": said.strip()} if f["kind"] == kind else f for f in verdict.findings]
    wrong = [f for f in findings if not _ok(f)]
    right = ", ".join(f["name"] for f in findings if _ok(f))
    text = " ".join(f"{f['name']}: {f['kind']}. {f['sentence']}" for f in wrong) or f"{right}: right with that."
    return replace(verdict, verdict="wrong" if wrong else "right", sentence=said + text, findings=findings)


def _ok(finding: dict[str, Any]) -> bool:
    return finding["kind"] in ("right", "kink", "unsettled", "rounding")
