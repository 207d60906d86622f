"""The published driver protocol, version 2, as the reference speaks it: JSON Lines on a pipe."""

from __future__ import annotations

from collections.abc import Callable

from earwitness.reference_impl.messages import Attributes

VERSION = 2
"""Of the protocol of targets."""
Report = Callable[[str, int, str, Attributes], None]
"""event, time (microseconds), device, attributes"""
RATE = 16_000
"""Hz: sound is 16 kHz mono 16-bit little-endian everywhere."""
CHUNK = 1_280
"""Samples the device hears at once: 80 ms."""
CHUNK_US = CHUNK * 1_000_000 // RATE
