"""Functions made of ops: no op is defined here. ``methods`` binds ops and functions as methods of tensors.

A file is imported when the first of its functions is asked for.
"""
