"""Every op once, a file per kind of mathematics; ``operators`` binds them to syntax.

A file is imported when the first of its ops is asked for: most programs need few.
"""
