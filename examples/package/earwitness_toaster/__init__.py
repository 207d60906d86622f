"""A toaster that listens."""
