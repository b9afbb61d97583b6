"""A wave continued: a GRU over windows of different lengths, packed, and a bidirectional LSTM over padded ones."""

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(4)
wave = torch.sin(torch.linspace(0, 12.0, 120)) + 0.05 * torch.randn(120)
lengths = torch.tensor([9, 7, 12, 5])
windows = [wave[10 * i : 10 * i + n].unsqueeze(1) for i, n in enumerate(lengths.tolist())]
targets = torch.stack([wave[10 * i + n] for i, n in enumerate(lengths.tolist())])
padded = pad_sequence(windows, batch_first=True)
print(padded.shape, padded[3, :, 0])


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 8, num_layers=2, batch_first=True)
        self.out = nn.Linear(8, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        output, hidden = self.gru(packed)
        unpacked, sizes = pad_packed_sequence(output, batch_first=True)
        last = unpacked[torch.arange(len(sizes)), sizes - 1]
        assert torch.allclose(last, hidden[-1])
        return self.out(last).squeeze(1)


model = Model()
optimizer = torch.optim.NAdam(model.parameters(), lr=0.01)
for i in range(31):
    optimizer.zero_grad()
    loss = nn.functional.huber_loss(model(padded, lengths), targets)
    loss.backward()
    optimizer.step()
    if i % 10 == 0:
        print(f"{i} {loss.item():.5f}")
print(model(padded, lengths).detach(), targets, sep="\n")
lstm = nn.LSTM(1, 3, bidirectional=True)
out, (h, c) = lstm(padded.transpose(0, 1))
print(out.shape, h.shape, c.shape, [tuple(p.shape) for p in lstm.parameters()][:4])
cell = nn.LSTMCell(1, 3)
hx, cx = torch.zeros(4, 3), torch.zeros(4, 3)
for x in padded.transpose(0, 1):
    hx, cx = cell(x, (hx, cx))
print(hx.detach())
