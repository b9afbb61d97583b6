"""Programs for PyTorch: ``test_scripts.py`` runs them, pytest collects none."""

collect_ignore_glob = ["*.py"]
