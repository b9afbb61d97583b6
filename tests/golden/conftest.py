# All are programs: make*.py need torch and are run by hand, *_script.py take the module to run with.
collect_ignore_glob = ["make*.py", "*_script.py"]
