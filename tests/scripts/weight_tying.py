"""One matrix as embedding and as decoder: one parameter, gradients from both uses, one entry of the optimizer."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Tied(nn.Module):
    def __init__(self, ntoken, dim, tie_weights=True):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, dim)
        self.hidden = nn.Linear(dim, dim)
        self.decoder = nn.Linear(dim, ntoken, bias=False)
        if tie_weights:
            self.decoder.weight = self.encoder.weight

    def forward(self, x):
        return self.decoder(torch.tanh(self.hidden(self.encoder(x))))


torch.manual_seed(0)
model = Tied(9, 5)
print([name for name, _ in model.named_parameters()], sum(p.numel() for p in model.parameters()))
print(list(model.state_dict()), model.decoder.weight is model.encoder.weight)
x = torch.randint(0, 9, (4, 6))
loss = F.cross_entropy(model(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten())
loss.backward()
both = model.encoder.weight.grad.clone()
emb = model.encoder.weight.detach().clone().requires_grad_()
dec = model.encoder.weight.detach().clone().requires_grad_()
out = F.linear(torch.tanh(model.hidden(F.embedding(x[:, :-1], emb))), dec)
F.cross_entropy(out.flatten(0, 1), x[:, 1:].flatten()).backward()
print(
    torch.allclose(both, emb.grad + dec.grad, atol=1e-6),
    f"{both.norm():.4f} {emb.grad.norm():.4f} {dec.grad.norm():.4f}",
)
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)
for step in range(30):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten())
    loss.backward()
    optimizer.step()
    if step % 10 == 9:
        print(step, f"{loss:.4f}", torch.equal(model.decoder.weight, model.encoder.weight))
