"""A small GPT: two blocks, 64 wide, four heads, on eight texts of 32 tokens (Radford et al. 2019)."""

from __future__ import annotations

from typing import Any

TOKENS, WIDTH, HEADS, LENGTH, ROWS = 64, 64, 4, 32, 8


def training(torch: Any) -> Any:
    nn, F = torch.nn, torch.nn.functional

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

        def forward(self, x: Any) -> Any:
            n, t, _ = x.shape
            q, k, v = (part.view(n, t, HEADS, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, dim=-1))
            seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(seen.transpose(1, 2).reshape(n, t, WIDTH))
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token, self.place = nn.Embedding(TOKENS, WIDTH), nn.Embedding(LENGTH, WIDTH)
            self.blocks = nn.Sequential(Block(), Block())
            self.norm, self.scores = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, TOKENS)

        def forward(self, codes: Any) -> Any:
            x = self.token(codes) + self.place(torch.arange(codes.shape[1]))
            return self.scores(self.norm(self.blocks(x)))

    torch.manual_seed(0)
    model = GPT()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(codes: Any, following: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(codes).view(-1, TOKENS), following.view(-1))
        loss.backward()
        optimizer.step()
        return loss

    return step, (torch.randint(0, TOKENS, (ROWS, LENGTH)), torch.randint(0, TOKENS, (ROWS, LENGTH)))
