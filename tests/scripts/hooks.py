"""Hooks on tensors and on modules: activations kept, gradients changed, saliency, removal."""

import torch
import torch.nn as nn

torch.manual_seed(2)
model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
activation = {}


def get_activation(name):
    def hook(model, input, output):
        activation[name] = output.detach()

    return hook


handles = [model[i].register_forward_hook(get_activation(f"layer{i}")) for i in range(3)]
x = torch.randn(2, 4)
out = model(x)
for name, value in activation.items():
    print(name, value.shape, f"{value.mean():.4f}")
for h in handles:
    h.remove()
activation.clear()
model(x)
print(activation)


def show(module, grad_input, grad_output):
    print(
        module.__class__.__name__,
        [None if g is None else tuple(g.shape) for g in grad_input],
        tuple(grad_output[0].shape),
    )


handle = model[2].register_full_backward_hook(show)
model(x).sum().backward()
handle.remove()

model[0].register_forward_pre_hook(lambda m, args: (args[0] * 2,))
print(torch.allclose(model(x), model[2](torch.relu(torch.nn.functional.linear(2 * x, model[0].weight, model[0].bias)))))

v = torch.tensor([0.0, 0.0, 0.0], requires_grad=True)
h = v.register_hook(lambda grad: grad * 2)
v.backward(torch.tensor([1.0, 2.0, 3.0]))
print(v.grad)
h.remove()
v.grad.zero_()
v.backward(torch.ones(3))
print(v.grad)

image = torch.randn(1, 4, requires_grad=True)
scores = model(image)
scores[0, scores.argmax()].backward()
print(image.grad.abs().max(dim=1))
mid = image * 3
mid.retain_grad()
(mid**2).sum().backward()
print(mid.grad - 2 * mid)

clipped = []
for p in model.parameters():
    p.register_hook(lambda g: clipped.append(g.abs().max().item() > 0.1) or torch.clamp(g, -0.1, 0.1))
model.zero_grad()
nn.functional.cross_entropy(model(x), torch.tensor([0, 2])).backward()
print(sum(clipped), all(p.grad.abs().max() <= 0.1 for p in model.parameters()))
