# make.py needs torch and is run by hand.
collect_ignore = ["make.py"]
