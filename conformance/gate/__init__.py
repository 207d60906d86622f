"""From evidence to a verdict and an exit code."""
