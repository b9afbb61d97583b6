"""Homework, checked as it was handed in: ``python -m tinygrad_bp.check homework.py``.

It finds the forwards and their backwards in a file, draws inputs for them, and says of each whether it is right and, if
not, what is wrong. Each file runs in a process of its own, with limits. The files here, from the outside in:

=================  ==================================================================================================
``__main__``       the command; ``table`` is how verdicts are printed
``runner``         a process for each file, watched from outside; ``together`` judges a whole file
``submission``     what runs in that process; ``source`` reads and runs the file, ``work`` says what there is to check
``names``          what a name says: a label, a bias, a gradient arriving
``pairs``          functions that belong together; ``classes`` likewise for methods
``binding``        where a backward's parameters come from; ``gradients``: which result is whose gradient
``drawing``        inputs from signatures: ``layouts`` of shapes, ``spec`` where a teacher says them
``making``         objects, from the names of their constructors' parameters; ``objects``: what they hold
``search``         inputs with which a pair runs; an ``attempt`` is one set of them, a ``problem`` what comes of it
``losses``         the loss that a network's backward begins with
``verdicts``       a problem handed to ``verify``; ``forwards`` looks at values, ``usage`` at calls
=================  ==================================================================================================
"""
