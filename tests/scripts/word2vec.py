"""Skip-gram with negative sampling: two embeddings, a product of batches, words drawn by their counts."""

import torch
import torch.nn as nn
import torch.nn.functional as F

corpus = """we are about to study the idea of a computational process computational processes are abstract beings that
inhabit computers as they evolve processes manipulate other abstract things called data the evolution of a process is
directed by a pattern of rules called a program people create programs to direct processes""".split()
vocab = sorted(set(corpus))
word_to_ix = {w: i for i, w in enumerate(vocab)}
counts = torch.bincount(torch.tensor([word_to_ix[w] for w in corpus]), minlength=len(vocab)).float()
noise = counts.pow(0.75) / counts.pow(0.75).sum()
pairs = [
    (word_to_ix[corpus[i]], word_to_ix[corpus[j]])
    for i in range(2, len(corpus) - 2)
    for j in (i - 2, i - 1, i + 1, i + 2)
]
centers, contexts = torch.tensor(pairs).t()
print(len(vocab), centers.shape, noise.sum().round(decimals=3))


class SkipGram(nn.Module):
    def __init__(self, n, dim):
        super().__init__()
        self.u_embeddings, self.v_embeddings = nn.Embedding(n, dim), nn.Embedding(n, dim)
        initrange = 0.5 / dim
        self.u_embeddings.weight.data.uniform_(-initrange, initrange)
        self.v_embeddings.weight.data.uniform_(-0, 0)

    def forward(self, pos_u, pos_v, neg_v):
        emb_u, emb_v = self.u_embeddings(pos_u), self.v_embeddings(pos_v)
        score = F.logsigmoid(torch.mul(emb_u, emb_v).sum(dim=1))
        neg_score = torch.bmm(self.v_embeddings(neg_v), emb_u.unsqueeze(2)).squeeze(2)
        neg_score = F.logsigmoid(-1 * neg_score)
        return -1 * (torch.sum(score) + torch.sum(neg_score)) / len(pos_u)


torch.manual_seed(1)
model = SkipGram(len(vocab), 10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for epoch in range(20):
    perm = torch.randperm(len(centers))
    total = 0.0
    for batch in perm.split(64):
        neg = torch.multinomial(noise, len(batch) * 5, replacement=True).view(len(batch), 5)
        loss = model(centers[batch], contexts[batch], neg)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: {total:.4f}")
W = F.normalize(model.u_embeddings.weight.data, dim=1)
similar = W @ W[word_to_ix["process"]]
print([vocab[i] for i in similar.topk(3).indices], similar.topk(3).values)
