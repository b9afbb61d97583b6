"""The compiler: a program made fast. ``passes`` and ``plan`` are pure functions; each backend builds what runs."""
