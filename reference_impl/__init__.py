"""A voice assistant on real audio that keeps the promises. It imports nothing from the other rooms."""
