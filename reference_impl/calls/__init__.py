"""Calls: from device to device with keys that only the two have, or to a telephone through a gateway."""
