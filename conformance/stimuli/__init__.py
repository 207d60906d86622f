"""What a test can do to an implementation."""
