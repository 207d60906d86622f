"""Seeded privacy faults."""
