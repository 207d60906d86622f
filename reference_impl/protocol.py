"""The published driver protocol, version 2, as the reference speaks it: plain dictionaries, JSON Lines on a
pipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VERSION = 2
Message = dict[str, Any]
Report = Callable[[str, int, str, dict[str, Any]], None]
"""event, time (microseconds), device, attributes"""
RATE = 16_000
"""Hz: sound is 16 kHz mono 16-bit little-endian everywhere."""
CHUNK = 1_280
"""Samples the device hears at once: 80 ms."""
CHUNK_US = CHUNK * 1_000_000 // RATE
