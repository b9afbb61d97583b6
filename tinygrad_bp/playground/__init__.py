"""A page in which the package runs without an installation; ``python -m tinygrad_bp.playground`` makes it."""
