"""Gradients of a vector function, of a graph frozen in part, and of a product of Jacobian and vector."""

import torch

a = torch.tensor([2.0, 3.0], requires_grad=True)
b = torch.tensor([6.0, 4.0], requires_grad=True)
Q = 3 * a**3 - b**2
print(Q)
Q.backward(gradient=torch.tensor([1.0, 1.0]))
print(9 * a**2 == a.grad, -2 * b == b.grad)
print(a.grad, b.grad, a.is_leaf, Q.is_leaf, Q.grad_fn is not None)

x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
print(y, z, out, sep="\n")
out.backward()
print(x.grad)

torch.manual_seed(0)
x = torch.randn(3, requires_grad=True)
y = x * 2
while y.data.norm() < 1000:
    y = y * 2
print(y)
y.backward(torch.tensor([0.1, 1.0, 0.0001]))
print(x.grad)
print(x.requires_grad, (x**2).requires_grad)
with torch.no_grad():
    print((x**2).requires_grad)
print(x.detach().requires_grad, x.eq(x.detach()).all())

w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
first = torch.autograd.grad((w**3).sum(), w, create_graph=True)[0]
second = torch.autograd.grad(first.sum(), w)[0]
print(first, second)
u = torch.rand(5, 5)
v = torch.rand((5, 5), requires_grad=True)
print((u + u).requires_grad, (u + v).requires_grad)
