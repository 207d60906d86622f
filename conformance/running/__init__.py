"""Runs of a target: harness, watch, search, check."""
