"""Homework, checked as it was handed in: ``python -m tinygrad_bp.check homework.py``.

It finds the forwards and their backwards in a file, draws inputs for them, and says of each whether it is right and, if
not, what is wrong. Each file runs in a process of its own, with limits. The files here, from the outside in:

``__main__``     the command
``runner``       a process for each file, watched from outside
``submission``   what runs in that process
``source``       the text of a file or notebook, and its names once it has run
``names``        what a name says: a label, a bias, a gradient arriving
``functions``    functions that belong together, as ``problem``s; ``classes`` likewise for objects
``drawing``      inputs, from signatures or a ``spec``
``truth``        the right gradient: the engine's, or differences
``verdicts``     a problem handed to ``verify``
``table``        how it is printed
"""
