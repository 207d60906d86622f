"""What the bytes of a connection say: each protocol taken apart so that no byte is left out."""
