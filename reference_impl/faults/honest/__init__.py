"""Honest devices that differ from the reference in what no promise speaks of. Each must be judged like the
reference."""
