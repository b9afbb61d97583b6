"""Gradients of a recorded graph with one thing changed: what they would be if that one mistake had been made."""
