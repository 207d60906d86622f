"""What the harness sees for itself: the wire and the files."""
