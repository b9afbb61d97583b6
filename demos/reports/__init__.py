"""The reports that this project grew out of, run on the engine: ``python -m demos``."""
