# What the tests run, and what prints the page: they need torch, and hold no tests.
collect_ignore_glob = ["operators.py", "modules.py", "__main__.py"]
