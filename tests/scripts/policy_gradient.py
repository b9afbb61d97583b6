"""REINFORCE on a bandit with contexts: log probabilities of drawn actions, returns standardised, entropy added."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1, self.dropout, self.affine2 = nn.Linear(4, 16), nn.Dropout(p=0.1), nn.Linear(16, 3)
        self.saved_log_probs, self.rewards = [], []

    def forward(self, x):
        x = F.relu(self.dropout(self.affine1(x)))
        return F.softmax(self.affine2(x), dim=1)


torch.manual_seed(543)
policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
eps = torch.finfo(torch.float32).eps
rule = torch.randn(4, 3)
running = 0.0
for episode in range(60):
    entropy = 0.0
    for t in range(10):
        state = torch.randn(1, 4)
        probs = policy(state)
        action = torch.multinomial(probs, 1)
        policy.saved_log_probs.append(probs.gather(1, action).log().squeeze(1))
        policy.rewards.append(float(action.item() == (state @ rule).argmax().item()))
        entropy = entropy - (probs * probs.log()).sum()
    R, returns = 0.0, []
    for r in policy.rewards[::-1]:
        R = r + 0.5 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    policy_loss = [-log_prob * R for log_prob, R in zip(policy.saved_log_probs, returns)]
    optimizer.zero_grad()
    loss = torch.cat(policy_loss).sum() - 0.01 * entropy
    loss.backward()
    optimizer.step()
    running = 0.9 * running + 0.1 * sum(policy.rewards)
    if episode % 20 == 19:
        print(
            f"Episode {episode + 1}\tLast reward: {sum(policy.rewards):.2f}\tAverage reward: {running:.2f}\tloss {loss.item():.4f}"
        )
    del policy.rewards[:]
    del policy.saved_log_probs[:]
