"""A transformer of one block that learns to continue a text, letter by letter."""

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn

TEXT = "the chain rule goes back from the loss, node by node, and every path adds its share. " * 8
LETTERS = sorted(set(TEXT))
CODE = tg.tensor([LETTERS.index(letter) for letter in TEXT])
CONTEXT, WIDTH, HEADS = 16, 32, 2


class GPT(nn.Module):
    """Letters and places to vectors, one block of attention and a small network, and scores of the next letter."""

    def __init__(self):
        super().__init__()
        self.letter, self.place = nn.Embedding(len(LETTERS), WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))
        self.scores = nn.Linear(WIDTH, len(LETTERS))

    def forward(self, codes):
        """Scores (n, t, letters) of what follows each of the letters (n, t)."""
        n, t = codes.shape
        x = self.letter(codes) + self.place(tg.arange(t))
        q, k, v = (part.view(n, t, HEADS, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, dim=-1))
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(n, t, WIDTH))
        return self.scores(x + self.mlp(self.norm2(x)))


tg.manual_seed(0)
model = GPT()
optimizer = tg.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(301):
    starts = tg.randint(0, len(CODE) - CONTEXT, (16,)).tolist()
    x = tg.stack([CODE[i : i + CONTEXT] for i in starts])
    y = tg.stack([CODE[i + 1 : i + 1 + CONTEXT] for i in starts])
    loss = F.cross_entropy(model(x).view(-1, len(LETTERS)), y.view(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step:3}  loss {loss:.3f} nats a letter (by chance {tg.tensor(len(LETTERS)).log():.3f})")

codes = CODE[:9].tolist()
with tg.no_grad():
    for _ in range(60):
        scores = model(tg.tensor([codes[-CONTEXT:]]))[0, -1]
        codes.append(int(scores.argmax()))
print("".join(LETTERS[code] for code in codes))
