"""Devices that break a promise and hide it. Each module holds one kind of hiding."""
