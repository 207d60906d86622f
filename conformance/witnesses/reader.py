"""The one reader for whatever bytes: what crossed, what is kept, what was answered, what was logged.

It finds sound that was played and words that were spoken, in any coding and wrapping it knows, and says
what it could not read. What no reader can know, such as an encoding of its own or encryption, stays
unexplained: the twins are for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from earwitness.conformance.witnesses.finds_of_sound import (
    Coding,
    Heard,
    Likeness,
    unexplained_ranges,
)
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.layouts import (
    PRINTABLE_BYTES,
    is_printable,
)
from earwitness.conformance.witnesses.limited_child import LimitedChild
from earwitness.conformance.witnesses.reading import (
    Reading,
    SoundFound,
    WordsInContent,
    interleave_bytes,
    moved_by,
    samples_from,
    swap_bytes,
)
from earwitness.conformance.witnesses.spoken_words import (
    SpokenWords,
)
from earwitness.conformance.witnesses.texts_read import TextsRead
from earwitness.conformance.witnesses.unpacking import (
    PIECED_TOGETHER,
    Leaf,
    LeafKind,
    begins_container,
)

SHORTEST_CONTENT = 8
"""Bytes below which nothing is looked for: four samples, or a word."""
SHORTEST_INSIDE = 8
"""Bytes without sound that may still wrap something."""
SHORTEST_PIECE = 256
"""Bytes of the shortest part without an explanation in which changed sound is looked for."""
MOST_TEXT = 16 << 20
"""Characters of one content in which words are looked for."""
LINES_BETWEEN = bytes(
    byte if byte in PRINTABLE_BYTES else 10 for byte in range(256)
)
"""Turns what is not printable into ends of lines, so that words between such bytes stay apart and random
bytes make no sentences."""
EXCHANGED = "letters exchanged"
"""The wrapping of words in which every letter stands for another."""
FEWEST_PACKETS, LARGEST_PACKET = 10, 3 * 1_275
"""Packets of Opus, 200 ms in all; and bytes of one, three frames of the largest size."""
MOST_CONFIGURATIONS = 6
"""Of 32. Ten random bytes have so few once in 70 times, and then decode to noise."""
OPUS_DELAY = 104
"""Samples, 6.5 ms, by which an encoder of Opus looks ahead: what is decoded is late (RFC 7845, 4.2)."""
NUMBER_STRIDES = (1, 2, 3, 4)
"""In a list of numbers every one may be a sample, or every second (an instant beside each), and so on."""


class Changed(Enum):
    """Where sound that was changed is looked for."""

    EVERYWHERE = "everywhere"
    IN_WRAPPINGS = "in what is wrapped"
    NOWHERE = "nowhere"


@dataclass(slots=True)
class _Findings:
    changed: Changed = Changed.EVERYWHERE
    way: Coding | None = None
    """The way in which sound that was changed is looked for first where it is not wrapped."""
    sounds: list[SoundFound] = field(default_factory=list)
    words: list[WordsInContent] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    attributed: int = 0
    opened: bool = False
    """Whether the content is an archive, a database or a sound that could be opened."""
    hidden: int = 0
    """Bytes inside that nothing explains."""
    explained: dict[tuple[str, ...], int] = field(default_factory=dict)
    """By wrapping, how many bytes there were in it that sound explains, all of them."""
    found_in: Coding | None = None


class Reader:
    """Reads content against what was played and spoken so far. Close it, or use it in a `with`."""

    def __init__(self, sound: HeardSound, words: SpokenWords) -> None:
        self.sound, self.words = sound, words
        self._child = LimitedChild()
        self._texts = TextsRead(words)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._child.close()

    def read(self, content: bytes) -> Reading:
        """Everything that can be found. Never raises for whatever bytes."""
        return self._read_into(content, _Findings())

    def read_unchanged(self, content: bytes) -> Reading:
        """As `read`, but only usual samples are looked for, unchanged, as all else is most of the work.
        For what comes to a device: answers are spoken, perhaps in the voice and the words of the question."""
        return self._read_into(content, _Findings(Changed.NOWHERE))

    def read_message(
        self, content: bytes, changed: Changed, way: Coding | None = None
    ) -> Reading:
        """As `read`, for one of many messages: sound that was changed is looked for in some places alone, or
        in a way in which it was found before."""
        return self._read_into(content, _Findings(changed, way))

    def _read_into(self, content: bytes, findings: _Findings) -> Reading:
        if len(content) < SHORTEST_CONTENT:
            return Reading(read=len(content))
        self._read_bytes(content, (), findings)
        if _left_over(content, findings) >= SHORTEST_INSIDE:
            self._read_inside(content, findings)
        return _sum_up(content, findings)

    def read_packets(self, packets: list[bytes]) -> Reading:
        """Sound in bare packets of Opus, one a message, which only together are sound."""
        findings = _Findings()
        if may_be_opus(packets):
            unpacked = self._child.decode_packets(packets)
            for leaf in unpacked.leaves:
                self._read_samples(leaf, findings)
        size = sum(map(len, packets))
        attributed = size if findings.sounds else 0
        return Reading(
            sounds=tuple(findings.sounds),
            attributed=attributed,
            unexplained=size - attributed,
        )

    def sounds_in_packets(
        self, packets: list[bytes]
    ) -> tuple[tuple[Heard, ...], int]:
        """The same, for packets that go on: which sound there is in those so far, and how many samples they
        are. Places are those of the sound that was coded."""
        if not may_be_opus(packets):
            return (), 0
        found: list[Heard] = []
        length = 0
        for leaf in self._child.decode_packets(packets).leaves:
            samples = samples_from(leaf.content)[OPUS_DELAY:]
            length += len(samples)
            found += self.sound.changed.resembling_samples(samples).finds
        return tuple(found), length

    def _read_bytes(
        self, content: bytes, wrappings: tuple[str, ...], findings: _Findings
    ) -> None:
        """Sound and words in bytes as they are."""
        thorough = findings.changed is not Changed.NOWHERE
        # Letters that are decoded from another one on are the same sound once more, beyond recognition.
        is_known = findings.explained.get(wrappings, 0) >= len(content)
        heard = (
            self.sound.exact.locate(content)
            if thorough
            else self.sound.exact.locate_usual(content)
        )
        rearranged = (
            list(self._find_rearranged(content, wrappings))
            if thorough and not heard
            else []
        )
        if thorough and not rearranged and not is_known:
            heard += self._find_changed(
                content=content,
                exact=heard,
                wrappings=wrappings,
                findings=findings,
            )
        findings.sounds += [
            SoundFound(find, wrappings) for find in heard
        ] + rearranged
        left = sum(
            ends - begins
            for begins, ends in unexplained_ranges(len(content), heard)
        )
        if wrappings and left < SHORTEST_PIECE:
            findings.explained[wrappings] = len(content)
        # What is sound is no text; without it, words on either side are apart.
        rest = b"\0".join(
            content[begins:ends]
            for begins, ends in unexplained_ranges(len(content), heard)
        )
        self._read_text(rest, wrappings, findings)

    def _find_rearranged(
        self, content: bytes, wrappings: tuple[str, ...]
    ) -> Iterator[SoundFound]:
        """Exact samples whose bytes stand in another order: from the last to the first, or all lower ones
        before all upper ones."""
        half = len(content) // 2
        for manner, bytes_in_order in (
            ("backwards", content[::-1]),
            ("backwards", swap_bytes(content[::-1])),
            (
                "bytes apart",
                interleave_bytes(content[:half], content[half : 2 * half]),
            ),
            (
                "bytes apart",
                interleave_bytes(content[half : 2 * half], content[:half]),
            ),
        ):
            for find in self.sound.exact.locate_usual(bytes_in_order):
                yield SoundFound(find, (*wrappings, manner))

    def _find_changed(
        self,
        content: bytes,
        exact: list[Heard],
        wrappings: tuple[str, ...],
        findings: _Findings,
    ) -> list[Heard]:
        """Sound that was changed, in the parts where nothing exact was found."""
        heard: list[Heard] = []
        for begins, ends in unexplained_ranges(len(content), exact):
            if ends - begins >= SHORTEST_PIECE:
                part = content[begins:ends]
                likeness = self._find_resembling(part, wrappings, findings)
                findings.unread += (
                    [likeness.unsearched] if likeness.unsearched else []
                )
                heard += [moved_by(find, begins) for find in likeness.finds]
        return heard

    def _find_resembling(
        self,
        content: bytes,
        wrappings: tuple[str, ...],
        findings: _Findings,
    ) -> Likeness:
        if wrappings:
            return self.sound.changed.resembling(content)
        likeness = Likeness(())
        if findings.way is not None:
            likeness = self.sound.changed.resembling_again(
                content, findings.way
            )
        if not likeness.finds and findings.changed is Changed.EVERYWHERE:
            likeness = self.sound.changed.resembling(content)
        findings.found_in = likeness.way or findings.found_in
        return likeness

    def _read_inside(self, content: bytes, findings: _Findings) -> None:
        """What is wrapped in the content."""
        unpacked = self._child.unpack(content)
        findings.unread += unpacked.unread
        findings.opened = begins_container(content) and bool(unpacked.leaves)
        for leaf in unpacked.leaves:
            before = len(findings.sounds)
            match leaf.kind:
                case LeafKind.BYTES:
                    self._read_bytes(leaf.content, leaf.path, findings)
                case LeafKind.TEXT:
                    self._read_text(leaf.content, leaf.path, findings)
                case LeafKind.SAMPLES:
                    self._read_samples(leaf, findings)
                case LeafKind.NUMBERS:
                    self._read_numbers(leaf, findings)
            self._note_explained(
                leaf, len(findings.sounds) > before, findings
            )

    def _note_explained(
        self, leaf: Leaf, sound: bool, findings: _Findings
    ) -> None:
        """Note what a wrapping says of the bytes around it: whether it explains them, and how much in it
        nothing explains."""
        if len(leaf.path) > 1 or leaf.kind is LeafKind.NUMBERS:
            return
        if (
            leaf.kind is LeafKind.BYTES
            and not sound
            and not is_printable(leaf.content)
        ):
            findings.hidden = max(findings.hidden, len(leaf.content))

    def _read_text(
        self, content: bytes, wrappings: tuple[str, ...], findings: _Findings
    ) -> None:
        if len(content) < SHORTEST_CONTENT:
            return
        if len(content) > MOST_TEXT:
            findings.unread.append(
                f"words were looked for only in the first {MOST_TEXT >> 20} MiB"
            )
        text = content[:MOST_TEXT].translate(LINES_BETWEEN).decode("latin-1")
        pieced_together = bool(wrappings) and PIECED_TOGETHER in wrappings[-1]
        found = self._texts.read(text, pieced_together=pieced_together)
        findings.words += [
            WordsInContent(words, wrappings) for words in found.plain
        ]
        findings.words += [
            WordsInContent(words, (*wrappings, EXCHANGED))
            for words in found.exchanged
        ]

    def _read_samples(self, leaf: Leaf, findings: _Findings) -> None:
        samples = samples_from(leaf.content)
        heard = self.sound.exact.locate_samples(samples)
        if not heard and findings.changed is not Changed.NOWHERE:
            likeness = self.sound.changed.resembling_samples(samples)
            heard = list(likeness.finds)
            findings.unread += (
                [likeness.unsearched] if likeness.unsearched else []
            )
        findings.sounds += [SoundFound(find, leaf.path) for find in heard]

    def _read_numbers(self, leaf: Leaf, findings: _Findings) -> None:
        samples = samples_from(leaf.content)
        for stride in NUMBER_STRIDES:
            for phase in range(stride):
                heard = self.sound.exact.locate_samples(
                    samples[phase::stride]
                )
                findings.sounds += [
                    SoundFound(find, leaf.path) for find in heard
                ]
        if not findings.sounds:
            self._read_samples(leaf, findings)


def _sum_up(content: bytes, findings: _Findings) -> Reading:
    direct = [found.heard for found in findings.sounds if not found.wrappings]
    rest = _count_unexplained(content, findings)
    attributed = len(content) - sum(
        ends - begins
        for begins, ends in unexplained_ranges(len(content), direct)
    )
    if len(direct) < len(findings.sounds):
        # Sound was found inside a wrapping: the bytes around it carry it.
        attributed, rest = len(content), 0
    elif findings.opened:
        rest = 0
    rest = min(len(content) - attributed, rest + findings.hidden)
    return Reading(
        sounds=tuple(dict.fromkeys(findings.sounds)),
        words=tuple(findings.words),
        unread=tuple(dict.fromkeys(findings.unread)),
        attributed=attributed,
        read=len(content) - attributed - rest,
        unexplained=rest,
        way=findings.found_in,
    )


def _left_over(content: bytes, findings: _Findings) -> int:
    """Bytes of the content that are not sound."""
    direct = [found.heard for found in findings.sounds if not found.wrappings]
    return sum(
        ends - begins
        for begins, ends in unexplained_ranges(len(content), direct)
    )


def _count_unexplained(content: bytes, findings: _Findings) -> int:
    """Bytes of the content that are neither sound nor text."""
    direct = [found.heard for found in findings.sounds if not found.wrappings]
    return sum(
        len(part.translate(None, PRINTABLE_BYTES))
        if is_printable(part)
        else len(part)
        for begins, ends in unexplained_ranges(len(content), direct)
        for part in [content[begins:ends]]
    )


def may_be_opus(packets: Iterable[bytes]) -> bool:
    """Whether messages may be packets of Opus: short, and of few configurations (RFC 6716, 3.1), as an
    encoder seldom changes its."""
    filled = [packet for packet in packets if packet]
    if len(filled) < FEWEST_PACKETS or max(map(len, filled)) > LARGEST_PACKET:
        return False
    return len({packet[0] >> 3 for packet in filled}) <= MOST_CONFIGURATIONS
