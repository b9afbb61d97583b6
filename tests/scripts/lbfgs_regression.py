"""Regression by L-BFGS with line search and by hand-made Newton steps; Rosenbrock's valley."""

import torch

torch.manual_seed(0)
X = torch.cat([torch.randn(50, 3), torch.ones(50, 1)], dim=1)
true = torch.tensor([1.5, -2.0, 0.5, 3.0])
y = X @ true + 0.1 * torch.randn(50)
w = torch.zeros(4, requires_grad=True)
optimizer = torch.optim.LBFGS([w], lr=1, max_iter=20, line_search_fn="strong_wolfe")
calls = 0


def closure():
    global calls
    calls += 1
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(X @ w, y)
    loss.backward()
    return loss


first = optimizer.step(closure)
print(f"first loss {first:.4f}, after {closure():.6f}, {calls} calls")
print(w.data, torch.linalg.lstsq(X, y.unsqueeze(1)).solution.squeeze())


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


p = torch.tensor([-1.2, 1.0], requires_grad=True)
optimizer = torch.optim.LBFGS(
    [p], lr=1.0, max_iter=100, history_size=10, line_search_fn="strong_wolfe", tolerance_change=1e-12
)


def valley():
    optimizer.zero_grad()
    value = rosenbrock(p)
    value.backward()
    return value


optimizer.step(valley)
print([round(v, 3) for v in p.tolist()])

z = torch.tensor([0.5, 0.5], requires_grad=True)
for _ in range(6):
    (g,) = torch.autograd.grad(rosenbrock(z), z)
    H = torch.autograd.functional.hessian(rosenbrock, z)
    z = (z - torch.linalg.solve(H, g)).detach().requires_grad_()
print(z, H)
labels = (X[:, 0] - X[:, 1] > 0).float()
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=5)
for i in range(3):

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(X).squeeze(1), labels)
        loss.backward()
        return loss

    print(i, f"{optimizer.step(step).item():.4f}")
