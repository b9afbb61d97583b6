# Both are programs: make.py needs torch and is run by hand, course_script.py takes the module to run with.
collect_ignore = ["make.py", "course_script.py"]
