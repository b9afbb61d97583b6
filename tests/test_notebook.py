"""The tour runs in Jupyter, and what it shows there is what a reader should see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_bp.autograd.lines import Line

TOUR = Path(__file__).parent.parent / "docs" / "tour.ipynb"
# Beside the tour's cells: a history drawn once pyplot is there, and a drawing on a machine without `dot`.
MORE = (
    "history.plot()",
    "import os\nos.environ['TINYGRAD_BP_DOT'] = 'nowhere'\ntg.draw(w * 2)",
    "history.plot();plt.show()",
)
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
notebook.cells += [nbformat.v4.new_code_cell(text) for text in sys.argv[3:]]
NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": sys.argv[2]}}).execute()
print(nbformat.writes(notebook))
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("tour")
    environment = os.environ | {"PYTHONPATH": str(TOUR.parent.parent), "JUPYTER_CONFIG_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(TOUR), str(folder), *MORE], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    notebook = json.loads(done.stdout)
    kinds = {output["output_type"] for cell in notebook["cells"] for output in cell.get("outputs", ())}
    assert kinds == {"execute_result", "display_data"}  # nothing is printed on the side
    return notebook


def shown(notebook: dict, end: str) -> list[dict]:
    """What the one cell whose text ends so puts out, by kind."""
    (outputs,) = [c["outputs"] for c in notebook["cells"] if "outputs" in c and "".join(c["source"]).endswith(end)]
    return [{kind: "".join(text) for kind, text in output["data"].items()} for output in outputs if "data" in output]


def test_tensors_and_drawings(executed: dict) -> None:
    assert shown(executed, "\nloss") == [{"text/plain": "tensor(3.6442, grad_fn=<MeanBackward0>)"}]
    (drawing,) = shown(executed, 'tg.draw(loss, params={"w": w})')
    assert "<svg" in drawing["image/svg+xml"]
    (wide,) = shown(executed, "enumerate(angles)]).sum(), fold=False)")
    assert '<svg width="100%"' in wide["image/svg+xml"]


def test_data_model_and_findings_say_what_they_are(executed: dict) -> None:
    assert shown(executed, "\nbatches")[0]["text/plain"].startswith("DataLoader(Subset(1438 samples of TensorDataset(")
    assert shown(executed, "\nmodel")[0]["text/plain"].startswith("MLP(\n  (0): Linear(in_features=64,")
    (found,) = shown(executed, "rng.normal(size=(20, 1))))")
    assert "<b>summed</b>" in found["text/html"] and "b1: summed." in found["text/plain"]


def test_progress_is_shown_and_stays_with_the_last_figures(executed: dict) -> None:
    bar, history = shown(executed, "\nhistory")
    widgets = executed["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    texts = [" ".join(w["state"].get("value", "").split()) for w in widgets if w["model_name"] == "HTMLModel"]
    assert "application/vnd.jupyter.widget-view+json" in bar
    assert [text for text in texts if "184/184" in text and "val_accuracy 0.9" in text]
    assert history["text/html"].startswith("<p>History: 8 epochs") and "epoch     loss" in history["text/plain"]


def test_a_history_is_drawn_once_with_and_without_pyplot(executed: dict) -> None:
    plots = [c for c in executed["cells"] if "".join(c["source"]) in ("history.plot()", "history.plot();plt.show()")]
    assert [[*output["data"]] for c in plots for output in c["outputs"]] == [["image/png", "text/plain"]] * 3
    (own,) = shown(executed, "\nplt.show()")
    assert "image/png" in own


def test_a_missing_dot_is_one_sentence(executed: dict) -> None:
    ((text,),) = [list(output.values()) for output in shown(executed, "tg.draw(w * 2)")]
    assert text.startswith("no Graphviz program `dot` to draw with") and "pip install graphviz-pure" in text


def test_a_line_of_a_cell_is_said_without_its_file() -> None:
    assert str(Line("/tmp/ipykernel_7/1234.py", 6, "f")) == "line 6, in f"
    assert str(Line("/tmp/no/such.py", 6, "f")) == "/tmp/no/such.py:6, in f"
