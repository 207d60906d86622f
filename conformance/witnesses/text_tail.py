"""What is kept of texts that crossed, to be read again with those that follow."""

from __future__ import annotations

LONGEST_TEXT_TAIL = 1 << 12
"""Bytes, as all is unpacked each time: whole messages, since what is cut off in its middle looks like sound
that was changed."""
END_OF_LONG_TEXT = 256
"""Characters that are kept of a longer message: bytes written in so few are not compared."""


def last_texts(texts: list[bytes]) -> list[bytes]:
    """As many of the last as may be kept.

    >>> [len(text) for text in last_texts([bytes(3_000), bytes(2_000), bytes(2_000)])]
    [2000, 2000]
    >>> [len(text) for text in last_texts([bytes(5_000)])]
    [256]
    """
    size = sum(map(len, texts))
    first = 0
    while size > LONGEST_TEXT_TAIL and first < len(texts):
        size -= len(texts[first])
        first += 1
    return texts[first:] or [texts[-1][-END_OF_LONG_TEXT:]]
