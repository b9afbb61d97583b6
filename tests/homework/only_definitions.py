import sys
import numpy as np
from google.colab import drive

drive.mount("/content/drive")
N_HIDDEN = 5
EPS = 1e-6
data = np.loadtxt("/content/drive/data.csv", delimiter=",")
if len(sys.argv) < 2:
    sys.exit("usage: homework.py data")


def layernorm_forward(x, gamma, beta):
    mu = x.mean(axis=1, keepdims=True)
    sigma = np.sqrt(((x - mu) ** 2).mean(axis=1, keepdims=True) + EPS)
    return gamma * (x - mu) / sigma + beta, ((x - mu) / sigma, sigma, gamma)


def layernorm_backward(dout, cache):
    xhat, sigma, gamma = cache
    dxhat = dout * gamma
    dx = (dxhat - dxhat.mean(1, keepdims=True) - xhat * (dxhat * xhat).mean(1, keepdims=True)) / sigma
    return dx, (dout * xhat).sum(0), dout.sum(0)
