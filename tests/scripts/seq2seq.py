"""Reverse a sequence: a GRU encoder, a decoder with additive attention and teacher forcing."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

SOS_token, EOS_token, size, MAX_LENGTH = 0, 1, 8, 6


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size)

    def forward(self, input, hidden):
        embedded = self.embedding(input).view(1, 1, -1)
        return self.gru(embedded, hidden)

    def initHidden(self):
        return torch.zeros(1, 1, self.hidden_size)


class AttnDecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size):
        super().__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.Wa, self.Ua, self.Va = (
            nn.Linear(hidden_size, hidden_size),
            nn.Linear(hidden_size, hidden_size),
            nn.Linear(hidden_size, 1),
        )
        self.gru = nn.GRU(2 * hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(self, input, hidden, encoder_outputs):
        embedded = self.embedding(input).view(1, 1, -1)
        scores = self.Va(torch.tanh(self.Wa(hidden[0]) + self.Ua(encoder_outputs)))
        weights = F.softmax(scores.transpose(0, 1), dim=-1)
        context = torch.bmm(weights.unsqueeze(0), encoder_outputs.unsqueeze(0))
        output, hidden = self.gru(torch.cat((embedded, context), dim=2), hidden)
        return F.log_softmax(self.out(output[0]), dim=1), hidden, weights


torch.manual_seed(5)
random.seed(5)
encoder, decoder = EncoderRNN(size, 12), AttnDecoderRNN(12, size)
encoder_optimizer = optim.SGD(encoder.parameters(), lr=0.05)
decoder_optimizer = optim.SGD(decoder.parameters(), lr=0.05)
criterion = nn.NLLLoss()
for it in range(1, 31):
    source = [random.randrange(2, size) for _ in range(3)]
    input_tensor = torch.tensor(source + [EOS_token], dtype=torch.long).view(-1, 1)
    target_tensor = torch.tensor(source[::-1] + [EOS_token], dtype=torch.long).view(-1, 1)
    encoder_hidden = encoder.initHidden()
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    encoder_outputs = torch.zeros(MAX_LENGTH, encoder.hidden_size)
    for ei in range(input_tensor.size(0)):
        encoder_output, encoder_hidden = encoder(input_tensor[ei], encoder_hidden)
        encoder_outputs[ei] = encoder_output[0, 0]
    decoder_input, decoder_hidden, loss = torch.tensor([[SOS_token]]), encoder_hidden, 0
    teacher = random.random() < 0.5
    for di in range(target_tensor.size(0)):
        decoder_output, decoder_hidden, attention = decoder(decoder_input, decoder_hidden, encoder_outputs)
        loss += criterion(decoder_output, target_tensor[di])
        if teacher:
            decoder_input = target_tensor[di]
        else:
            topv, topi = decoder_output.topk(1)
            decoder_input = topi.squeeze().detach()
            if decoder_input.item() == EOS_token:
                break
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    if it % 10 == 0:
        print(f"{it} loss {loss.item() / target_tensor.size(0):.4f}", round(attention.sum().item(), 4))
print(attention)
