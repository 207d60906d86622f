"""Bytes are opened, and what is found in them is opened again, within a budget."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from earwitness.conformance.witnesses.containers import (
    open_bzip2,
    open_deflate,
    open_gzip,
    open_lzma,
    open_sqlite,
    open_zip,
    open_zlib,
)
from earwitness.conformance.witnesses.packed_sound import open_sound
from earwitness.conformance.witnesses.unpacking import (
    DEEPEST,
    MOST_LEAVES,
    SHORTEST_CODED,
    ByteBudget,
    Found,
    Leaf,
    LeafKind,
    Opener,
    TooMuch,
    Unpacked,
)
from earwitness.conformance.witnesses.written_bytes import (
    open_base32,
    open_base64,
    open_base85,
    open_escapes,
    open_hexadecimal,
    open_numbers,
    open_wide_text,
)


def unpack_bytes(content: bytes) -> Unpacked:
    """Everything inside bytes that can be opened. Never raises for whatever bytes."""
    result, budget = Unpacked(), ByteBudget()
    waiting: deque[tuple[tuple[str, ...], LeafKind, bytes]] = deque(
        [((), LeafKind.BYTES, content)]
    )
    seen = {content}
    while waiting:
        path, kind, inside = waiting.popleft()
        for name, found_kind, found in _open_all(
            content=inside,
            kind=kind,
            budget=budget,
            path=path,
            unread=result.unread,
        ):
            if found in seen or len(found) < SHORTEST_CODED // 2:
                continue
            seen.add(found)
            leaf = Leaf((*path, name), found_kind, found)
            result.leaves.append(leaf)
            if len(result.leaves) >= MOST_LEAVES:
                result.unread.append(
                    f"more than {MOST_LEAVES} things are inside"
                )
                return result
            if found_kind in (LeafKind.BYTES, LeafKind.TEXT):
                waiting.append((leaf.path, found_kind, found))
    return result


def _open_all(
    content: bytes,
    kind: LeafKind,
    budget: ByteBudget,
    path: tuple[str, ...],
    unread: list[str],
) -> Iterator[Found]:
    """What every opener finds in one content. What an opener cannot read is noted."""
    openers = TEXT_OPENERS if kind is LeafKind.TEXT else BYTE_OPENERS
    for name, opener in openers:
        place = " in ".join((name, *reversed(path)))
        try:
            for found in opener(content, budget):
                if len(path) >= DEEPEST:
                    unread.append(
                        f"{place}: nested deeper than {DEEPEST} wrappings"
                    )
                    return
                yield found
        except TooMuch as error:
            unread.append(f"{place}: {error}")
            budget.left = max(budget.left, 0)
        except Exception as error:  # whatever a decoder makes of hostile bytes, they are unread and no more
            unread.append(f"{place}: {type(error).__name__}: {error}"[:300])


BYTE_OPENERS: tuple[tuple[str, Opener], ...] = (
    ("gzip", open_gzip),
    ("zlib", open_zlib),
    ("deflate", open_deflate),
    ("bzip2", open_bzip2),
    ("xz", open_lzma),
    ("zip", open_zip),
    ("sqlite", open_sqlite),
    ("sound", open_sound),
    ("utf-16", open_wide_text),
    ("base64", open_base64),
    ("base32", open_base32),
    ("hexadecimal", open_hexadecimal),
    ("base85", open_base85),
    ("escapes", open_escapes),
    ("numbers", open_numbers),
)
TEXT_OPENERS = BYTE_OPENERS[9:]
"""Text can hold only what is coded as text."""
