"""Sound as the protocol of targets fixes it: one channel of 16-bit samples, heard piece by piece."""

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Samples a second."""
BYTES_A_SAMPLE = 2
"""They have 16 bits."""
PIECE = 1_280
"""Samples that are heard at once: 80 ms."""
PIECE_TIME = PIECE * 1_000_000 // RATE
"""Microseconds of one piece."""
Samples = NDArray[np.int16]
