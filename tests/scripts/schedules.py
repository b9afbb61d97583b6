"""The learning rates that schedules give, one after another, chained, and resumed from their state."""

import torch
from torch.optim import lr_scheduler as S


def rates(make, steps=12, lr=1.0):
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)
    sched = make(opt)
    out = []
    for _ in range(steps):
        out.append(opt.param_groups[0]["lr"])
        opt.step()
        sched.step()
    return torch.tensor(out)


torch.set_printoptions(precision=5, linewidth=100)
print(rates(lambda o: S.StepLR(o, 4, 0.1)))
print(rates(lambda o: S.MultiStepLR(o, [3, 7], 0.5)))
print(rates(lambda o: S.ExponentialLR(o, 0.9)))
print(rates(lambda o: S.CosineAnnealingLR(o, 6, 0.05)))
print(rates(lambda o: S.CosineAnnealingWarmRestarts(o, 3, 2)))
print(rates(lambda o: S.PolynomialLR(o, 8, 2.0)))
print(rates(lambda o: S.LinearLR(o, 0.25, 1.0, 4)))
print(rates(lambda o: S.ConstantLR(o, 0.3, 3)))
print(rates(lambda o: S.CyclicLR(o, 0.1, 1.0, 3, mode="triangular2")))
print(rates(lambda o: S.OneCycleLR(o, 2.0, 14, pct_start=0.3)))
print(rates(lambda o: S.MultiplicativeLR(o, lambda e: 0.95)))
print(rates(lambda o: S.LambdaLR(o, lambda e: 0.5**e)))
print(rates(lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1, 1.0, 4), S.CosineAnnealingLR(o, 8)], [4])))
print(rates(lambda o: S.ChainedScheduler([S.ConstantLR(o, 0.1, 3), S.ExponentialLR(o, 0.9)])))
p = torch.nn.Parameter(torch.tensor([1.0]))
opt = torch.optim.SGD([{"params": [p], "lr": 0.1}, {"params": [torch.nn.Parameter(torch.ones(2))], "lr": 0.01}], lr=1.0)
sched = S.StepLR(opt, 2, 0.5)
for _ in range(3):
    opt.step()
    sched.step()
state = sched.state_dict()
print(state["last_epoch"], sched.get_last_lr())
again = S.StepLR(opt, 2, 0.5)
again.load_state_dict(state)
print(again.last_epoch, again.get_last_lr())
plateau = S.ReduceLROnPlateau(opt, "min", factor=0.1, patience=1)
for metric in (1.0, 0.9, 0.95, 0.93, 0.94, 0.5):
    plateau.step(metric)
    print(plateau.num_bad_epochs, f"{opt.param_groups[0]['lr']:.4g}", end="; ")
print()
print(opt)
