import numpy as np


def softmax_loss_naive(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    N = X.shape[0]
    for i in range(N):
        scores = X[i].dot(W)
        scores -= np.max(scores)
        p = np.exp(scores) / np.sum(np.exp(scores))
        loss += -np.log(p[y[i]])
        for j in range(W.shape[1]):
            dW[:, j] += (p[j] - (j == y[i])) * X[i]
    loss = loss / N + reg * np.sum(W * W)
    dW = dW / N + 2 * reg * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    scores = X.dot(W)
    margins = np.maximum(0, scores - scores[np.arange(N), y].reshape(-1, 1) + 1)
    margins[np.arange(N), y] = 0
    loss = margins.sum() / N + reg * np.sum(W**2)
    binary = (margins > 0).astype(float)
    binary[np.arange(N), y] = -binary.sum(axis=1)
    dW = X.T.dot(binary) / N + 2 * reg * W
    return loss, dW


def two_layer_net(params, X, y):
    W1, b1, W2, b2 = params
    h = np.tanh(X @ W1 + b1)
    pred = h @ W2 + b2
    diff = pred - y
    loss = 0.5 * np.mean(np.sum(diff**2, axis=1))
    dpred = diff / len(X)
    dh = dpred @ W2.T
    dz = dh * (1 - h * h)
    dW2 = h.T @ dpred
    return loss, [X.T @ dz, dz.sum(0), dW2, dpred.sum(0)]


def loss_fn(params, X, y):
    z = X @ params["w"] + params["b"]
    p = 1 / (1 + np.exp(-z))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def compute_grads(params, X, y):
    z = X @ params["w"] + params["b"]
    p = 1 / (1 + np.exp(-z))
    return {"w": X.T @ (p - y) / len(y), "b": np.mean(p - y)}
