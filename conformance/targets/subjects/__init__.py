"""Drivers for assistants that nobody here wrote. Each runs as a program of its own, beside its subject, in a
cell."""
