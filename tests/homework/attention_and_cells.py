import numpy as np


class MultiHeadSelfAttention:
    def __init__(self, d_model, num_heads):
        self.h = num_heads
        self.d = d_model
        s = 1 / np.sqrt(d_model)
        self.Wq = np.random.randn(d_model, d_model) * s
        self.Wk = np.random.randn(d_model, d_model) * s
        self.Wv = np.random.randn(d_model, d_model) * s
        self.Wo = np.random.randn(d_model, d_model) * s

    def split(self, x):
        B, T, D = x.shape
        return x.reshape(B, T, self.h, D // self.h).transpose(0, 2, 1, 3)

    def merge(self, x):
        B, H, T, E = x.shape
        return x.transpose(0, 2, 1, 3).reshape(B, T, H * E)

    def forward(self, x):
        self.x = x
        self.q, self.k, self.v = self.split(x @ self.Wq), self.split(x @ self.Wk), self.split(x @ self.Wv)
        s = self.q @ self.k.transpose(0, 1, 3, 2) / np.sqrt(self.d // self.h)
        e = np.exp(s - s.max(-1, keepdims=True))
        self.a = e / e.sum(-1, keepdims=True)
        self.o = self.merge(self.a @ self.v)
        return self.o @ self.Wo

    def backward(self, dout):
        D = self.d
        self.dWo = np.einsum("btd,bte->de", self.o, dout)
        do = self.split(dout @ self.Wo.T)
        da = do @ self.v.transpose(0, 1, 3, 2)
        dv = self.a.transpose(0, 1, 3, 2) @ do
        ds = self.a * (da - (da * self.a).sum(-1, keepdims=True)) / np.sqrt(self.d // self.h)
        dq = ds @ self.k
        dk = ds.transpose(0, 1, 3, 2) @ self.q
        dq, dk, dv = self.merge(dq), self.merge(dk), self.merge(dv)
        self.dWq = np.einsum("btd,bte->de", self.x, dq)
        self.dWk = np.einsum("btd,bte->de", self.x, dk)
        self.dWv = np.einsum("btd,bte->de", self.x, dv)
        return dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T


class Embedding:
    def __init__(self, vocab_size, embed_dim):
        self.W = np.random.randn(vocab_size, embed_dim)

    def forward(self, idx):
        self.idx = idx
        return self.W[idx]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.idx, dout)


class GRUCell:
    def __init__(self, input_size, hidden_size):
        self.Wz = np.random.randn(input_size + hidden_size, hidden_size)
        self.Wr = np.random.randn(input_size + hidden_size, hidden_size)
        self.Wh = np.random.randn(input_size + hidden_size, hidden_size)

    def forward(self, x, h_prev):
        sig = lambda t: 1 / (1 + np.exp(-t))
        self.x, self.hp = x, h_prev
        self.c = np.concatenate([x, h_prev], axis=1)
        self.z, self.r = sig(self.c @ self.Wz), sig(self.c @ self.Wr)
        self.c2 = np.concatenate([x, self.r * h_prev], axis=1)
        self.n = np.tanh(self.c2 @ self.Wh)
        return (1 - self.z) * h_prev + self.z * self.n

    def backward(self, dh):
        D = self.x.shape[1]
        dn = dh * self.z * (1 - self.n**2)
        dz = dh * (self.n - self.hp) * self.z * (1 - self.z)
        dc2 = dn @ self.Wh.T
        dr = dc2[:, D:] * self.hp * self.r * (1 - self.r)
        self.dWh = self.c2.T @ dn
        self.dWz = self.c.T @ dz
        self.dWr = self.c.T @ dr
        dc = dz @ self.Wz.T + dr @ self.Wr.T
        dx = dc[:, :D] + dc2[:, :D]
        dhp = dh * (1 - self.z) + dc[:, D:] + dc2[:, D:] * self.r
        return dx, dhp
