"""What an auditor reads, made from the bundle alone."""
