"""The graph of a neuron as a picture: every node with its value and its gradient.

``python -m demos.examples.drawing DIR`` writes ``neuron.svg`` into a folder, by default this one.
"""

import sys
from pathlib import Path

import tinygrad_bp as tg

x = tg.tensor([1.0, 2.0])
w = tg.tensor([3.0, -1.0], requires_grad=True)
b = tg.tensor(0.5, requires_grad=True)
y = tg.tensor(1.0)

loss = (tg.sigmoid(w @ x + b) - y) ** 2
loss.backward(retain_graph=True)  # keeps the values, so that they can be shown

picture = tg.draw(loss, values=True, grads=True)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
print(picture.render(folder / "neuron.svg"))
