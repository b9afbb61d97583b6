"""A model of words: embedding, two LSTM layers with dropout, hidden state carried on and cut off by detach."""

import torch
import torch.nn as nn

text = ("the cat sat on the mat . the dog sat on the log . the cat saw the dog and the dog saw the cat . " * 4).split()
vocab = {w: i for i, w in enumerate(sorted(set(text)))}
ids = torch.LongTensor([vocab[w] for w in text])


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    data = data.narrow(0, 0, nbatch * bsz)
    return data.view(bsz, -1).t().contiguous()


class RNNModel(nn.Module):
    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, dropout=0.2):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers, dropout=dropout)
        self.decoder = nn.Linear(nhid, ntoken)
        self.init_weights()
        self.nhid, self.nlayers = nhid, nlayers

    def init_weights(self):
        initrange = 0.1
        nn.init.uniform_(self.encoder.weight, -initrange, initrange)
        nn.init.zeros_(self.decoder.bias)
        nn.init.uniform_(self.decoder.weight, -initrange, initrange)

    def forward(self, input, hidden):
        emb = self.drop(self.encoder(input))
        output, hidden = self.rnn(emb, hidden)
        decoded = self.decoder(self.drop(output))
        return torch.nn.functional.log_softmax(decoded.view(-1, len(vocab)), dim=1), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        return (weight.new_zeros(self.nlayers, bsz, self.nhid), weight.new_zeros(self.nlayers, bsz, self.nhid))


def repackage_hidden(h):
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


torch.manual_seed(1111)
train = batchify(ids, 4)
model = RNNModel("LSTM", len(vocab), 8, 12, 2)
print(model)
criterion = nn.NLLLoss()
lr, bptt = 5.0, 6
for epoch in range(2):
    model.train()
    total, hidden = 0.0, model.init_hidden(4)
    for batch, i in enumerate(range(0, train.size(0) - 1, bptt)):
        seq_len = min(bptt, len(train) - 1 - i)
        data, targets = train[i : i + seq_len], train[i + 1 : i + 1 + seq_len].view(-1)
        model.zero_grad()
        hidden = repackage_hidden(hidden)
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
        total += loss.item()
    print(f"| epoch {epoch} | loss {total / (batch + 1):5.3f}")
model.eval()
with torch.no_grad():
    out, (h, c) = model(train[:5], model.init_hidden(4))
print(out[:2, :4], h.shape, c[1, 0, :3], sep="\n")
