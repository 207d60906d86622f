"""Ways to drive an implementation."""
