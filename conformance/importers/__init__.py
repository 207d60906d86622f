"""Logs in the words of somebody else, read as observations."""
