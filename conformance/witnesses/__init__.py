"""What the harness sees for itself."""
