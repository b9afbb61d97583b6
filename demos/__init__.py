"""``reports``: the five reports, run by ``python -m demos``. ``examples``: one idea a file."""
