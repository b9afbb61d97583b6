"""Deep Q-learning on a chain of states: replay memory, a target network, a Huber loss, gradients clamped in place."""

import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.optim as optim

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))
N_STATES, BATCH_SIZE, GAMMA, TAU = 6, 16, 0.9, 0.05


class ReplayMemory:
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class DQN(nn.Module):
    def __init__(self, n_observations, n_actions):
        super().__init__()
        self.layer1, self.layer2 = nn.Linear(n_observations, 16), nn.Linear(16, n_actions)

    def forward(self, x):
        return self.layer2(torch.relu(self.layer1(x)))


def one_hot(s):
    return torch.nn.functional.one_hot(torch.tensor([s]), N_STATES).float()


random.seed(0)
torch.manual_seed(0)
policy_net, target_net = DQN(N_STATES, 2), DQN(N_STATES, 2)
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=1e-2, amsgrad=True)
memory = ReplayMemory(200)


def optimize_model():
    if len(memory) < BATCH_SIZE:
        return None
    batch = Transition(*zip(*memory.sample(BATCH_SIZE)))
    non_final_mask = torch.tensor(tuple(map(lambda s: s is not None, batch.next_state)), dtype=torch.bool)
    non_final_next_states = torch.cat([s for s in batch.next_state if s is not None])
    state_batch, action_batch, reward_batch = torch.cat(batch.state), torch.cat(batch.action), torch.cat(batch.reward)
    state_action_values = policy_net(state_batch).gather(1, action_batch)
    next_state_values = torch.zeros(BATCH_SIZE)
    with torch.no_grad():
        next_state_values[non_final_mask] = target_net(non_final_next_states).max(1).values
    expected = (next_state_values * GAMMA) + reward_batch
    loss = nn.SmoothL1Loss()(state_action_values, expected.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 0.5)
    optimizer.step()
    return loss.item()


for episode in range(15):
    s, losses = 0, []
    for t in range(20):
        if random.random() < 0.3:
            action = torch.tensor([[random.randrange(2)]], dtype=torch.long)
        else:
            with torch.no_grad():
                action = policy_net(one_hot(s)).max(1).indices.view(1, 1)
        after = min(s + 1, N_STATES) if action.item() == 1 else max(s - 1, 0)
        done = after == N_STATES
        memory.push(one_hot(s), action, None if done else one_hot(after), torch.tensor([1.0 if done else -0.01]))
        loss = optimize_model()
        if loss is not None:
            losses.append(loss)
        target_sd, policy_sd = target_net.state_dict(), policy_net.state_dict()
        for key in policy_sd:
            target_sd[key] = policy_sd[key] * TAU + target_sd[key] * (1 - TAU)
        target_net.load_state_dict(target_sd)
        s = after
        if done:
            break
    if episode % 5 == 4:
        print(f"episode {episode + 1}: {t + 1} steps, loss {sum(losses) / max(1, len(losses)):.4f}")
with torch.no_grad():
    print(policy_net(torch.eye(N_STATES)).argmax(1), target_net(torch.eye(N_STATES))[:2])
