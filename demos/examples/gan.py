"""Two networks against each other: one makes numbers, the other tells them from numbers of a normal distribution."""

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

MEAN, DEVIATION, BATCH = 4.0, 1.25, 128

tg.manual_seed(0)
maker = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 1))
judge = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
makes = optim.Adam(maker.parameters(), lr=1e-3, betas=(0.5, 0.999))
judges = optim.Adam(judge.parameters(), lr=1e-3, betas=(0.5, 0.999))
yes, no = tg.ones(BATCH, 1), tg.zeros(BATCH, 1)


def judged(numbers):
    """Scores of numbers, seen with their squares: so the judge can tell a spread."""
    return judge(tg.cat([numbers, numbers**2 / 10], dim=1))


for step in range(2001):
    true = MEAN + DEVIATION * tg.randn(BATCH, 1)
    made = maker(tg.randn(BATCH, 1))

    judges.zero_grad()
    loss = F.binary_cross_entropy_with_logits(judged(true), yes)
    loss = loss + F.binary_cross_entropy_with_logits(judged(made.detach()), no)
    loss.backward()
    judges.step()

    makes.zero_grad()
    F.binary_cross_entropy_with_logits(judged(made), yes).backward()
    makes.step()

    if step % 500 == 0:
        with tg.no_grad():
            drawn = maker(tg.randn(2000, 1))
        print(f"step {step:4}  made: mean {drawn.mean():.2f}, deviation {drawn.std():.2f}")
print(f"true: mean {MEAN:.2f}, deviation {DEVIATION:.2f}")
