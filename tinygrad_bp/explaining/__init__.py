"""Explanations: why a gradient has the value that it has."""
