"""Arrays that were freed stay at hand: what the package asks of malloc once, when it is imported.

glibc takes an array above a threshold from the system, and gives freed memory above twice that back to it. Both follow
the largest block that was ever freed, from 128 KiB up to 32 MiB. A training step whose arrays are hundreds of kilobytes
would have the system take the pages and clear new ones in every step, which can double its time. One block just below
the limit, never touched and freed at once, is what any program with one large array does; it costs microseconds.
"""

import sys

import numpy as np

LARGEST = (32 << 20) - 8192  # bytes; with what malloc adds it is still below the limit

if sys.platform == "linux":
    np.empty(LARGEST, np.uint8)
