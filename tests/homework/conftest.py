"""Homework as it is handed in: ``test_check_homework.py`` reads it, pytest collects none."""

collect_ignore_glob = ["*.py"]
