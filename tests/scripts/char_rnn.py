"""Which language is a name of: a recurrent cell of one's own, letters one-hot, one name at a time."""

import random

import torch
import torch.nn as nn

names = {
    "en": ["smith", "jones", "taylor", "brown", "wilson", "evans", "walker"],
    "it": ["rossi", "russo", "ferrari", "esposito", "bianchi", "romano", "colombo"],
    "de": ["mueller", "schmidt", "schneider", "fischer", "weber", "schulz", "koch"],
}
all_letters = "abcdefghijklmnopqrstuvwxyz"
categories = list(names)


def lineToTensor(line):
    tensor = torch.zeros(len(line), 1, len(all_letters))
    for li, letter in enumerate(line):
        tensor[li][0][all_letters.find(letter)] = 1
    return tensor


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        return self.softmax(self.i2o(combined)), self.i2h(combined)

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


def categoryFromOutput(output):
    top_n, top_i = output.topk(1)
    return categories[top_i[0].item()]


random.seed(0)
torch.manual_seed(0)
rnn = RNN(len(all_letters), 16, len(categories))
criterion, learning_rate = nn.NLLLoss(), 0.01
current_loss = 0
for it in range(1, 121):
    category = random.choice(categories)
    line = random.choice(names[category])
    category_tensor = torch.tensor([categories.index(category)], dtype=torch.long)
    line_tensor = lineToTensor(line)
    hidden = rnn.initHidden()
    rnn.zero_grad()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    loss = criterion(output, category_tensor)
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-learning_rate)
    current_loss += loss.item()
    if it % 40 == 0:
        guess = categoryFromOutput(output)
        print(
            "%d %.4f %s / %s %s"
            % (it, current_loss / 40, line, guess, "✓" if guess == category else "✗ (%s)" % category)
        )
        current_loss = 0
with torch.no_grad():
    for name in ("rossini", "schmitt", "tailor"):
        hidden = rnn.initHidden()
        for letter in lineToTensor(name):
            output, hidden = rnn(letter, hidden)
        topv, topi = output.topk(2, 1, True)
        print(name, [(f"{topv[0][i].item():.2f}", categories[topi[0][i].item()]) for i in range(2)])
