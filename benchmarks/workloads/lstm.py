"""An LSTM that reads images of 28 × 28 pixels row by row, 32 at a time, and names what it has read."""

from __future__ import annotations

from typing import Any

ROWS, STEPS, FEATURES, HIDDEN = 32, 28, 28, 64


def training(torch: Any) -> Any:
    nn = torch.nn

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.scores = nn.LSTM(FEATURES, HIDDEN, batch_first=True), nn.Linear(HIDDEN, 10)

        def forward(self, images: Any) -> Any:
            _, (last, _) = self.lstm(images)
            return self.scores(last[0])

    torch.manual_seed(0)
    model = Reader()
    loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step(images: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step, (torch.randn(ROWS, STEPS, FEATURES), torch.randint(0, 10, (ROWS,)))
