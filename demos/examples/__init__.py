"""One idea a file, each at most 60 lines: ``python -m demos.examples.xor``."""
