"""Measurements: the engine beside hand-written NumPy and the peers, in one run. ``python -m benchmarks``."""
