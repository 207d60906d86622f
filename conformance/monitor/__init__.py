"""Monitors over observations as they come."""
