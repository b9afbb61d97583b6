import numpy as np


def compute_cost(x, y, w, b):
    errors = [(w * xi + b - yi) ** 2 for xi, yi in zip(x, y)]
    return sum(errors) / (2 * len(x))


def compute_gradient(x, y, w, b):
    """
    x, y: one-dimensional, one entry for each house; w, b: numbers
    """
    n = len(x)
    slope, offset = 0.0, 0.0
    for k in range(n):
        miss = w * x[k] + b - y[k]
        slope += miss * x[k] / n
        offset += miss / n
    dj_dw, dj_db = slope, offset
    return dj_dw, dj_db
