"""Sound in Opus, MP3, FLAC and the like, decoded to samples."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.witnesses.unpacking import (
    CONTAINERS,
    ByteBudget,
    Found,
    Leaf,
    LeafKind,
    TooMuch,
    Unpacked,
    mark_places,
)

MPEG_FRAME = re.compile(rb"\A\xff[\xe2-\xff][\x00-\xff]{2}", re.DOTALL)
LONGEST_SOUND = 30 * 60 * RATE
"""Samples decoded of one sound: half an hour."""


def open_sound(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    """Whatever PyAV decodes, wherever in the bytes it begins."""
    places = list(mark_places(CONTAINERS, content))
    if MPEG_FRAME.match(content) and _second_frame(content):
        places.insert(0, 0)
    last: Exception | None = None
    for place in places:
        try:
            yield from _decode_sound(content[place:], budget)
            # What follows belongs to the same sound: its pages look like beginnings.
            return
        except TooMuch:
            raise
        except Exception as error:
            last = error
    if last is not None:
        raise last


def _decode_sound(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    import av

    with av.open(io.BytesIO(content)) as container:
        name = container.format.name
        for stream in container.streams.audio[:4]:
            pieces: list[bytes] = []
            container.seek(0)
            resampler = av.AudioResampler(
                format="s16", layout="mono", rate=RATE
            )
            for frame in container.decode(stream):
                for part in resampler.resample(frame):
                    data = part.to_ndarray().tobytes()
                    budget.spend(len(data))
                    pieces.append(data)
            pieces += [
                part.to_ndarray().tobytes()
                for part in resampler.resample(None)
            ]
            yield (
                f"{name} {stream.codec_context.name}",
                LeafKind.SAMPLES,
                b"".join(pieces),
            )
        yield (
            f"{name} labels",
            LeafKind.TEXT,
            "\n".join(container.metadata.values()).encode("utf-8", "replace"),
        )


# Of ISO/IEC 11172-3 and 13818-3: version (3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5) -> rates.
MPEG_RATES = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
MPEG_BITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
"""Kilobits a second of layer III, version 1 and 2."""


def _second_frame(content: bytes) -> bool:
    """Whether a frame of MPEG layer III or of ADTS is followed by another, as chance seldom has it."""
    # ADTS (ISO/IEC 14496-3): 12 bits of mark, layer 0; its length has 13 bits from byte 3 on.
    if content[1] & 0xF6 == 0xF0 and len(content) > 6:
        length = (content[3] & 3) << 11 | content[4] << 3 | content[5] >> 5
    else:
        version, layer = content[1] >> 3 & 3, content[1] >> 1 & 3
        bits, rate = content[2] >> 4, content[2] >> 2 & 3
        # No bits, 15 and a rate of 3 are not allowed.
        if (
            version not in MPEG_RATES
            or layer != 1
            or bits in (0, 15)
            or rate == 3
        ):
            return False
        kilobits = MPEG_BITS[0 if version == 3 else 1][bits]
        # 144 and 72: samples of a frame (1,152 and 576) by the eight bits of a byte.
        length = (
            144 if version == 3 else 72
        ) * kilobits * 1_000 // MPEG_RATES[version][rate] + (
            content[2] >> 1 & 1
        )
    return (
        # A head has up to 7 bytes.
        length > 7
        and content[length : length + 1] == b"\xff"
        and content[length + 1 : length + 2] == content[1:2]
    )


def decode_bare_packets(packets: list[bytes], codec: str) -> Unpacked:
    """Bare packets of a codec, one a message, as they are sent without a container."""
    import av

    result, budget = Unpacked(), ByteBudget()
    try:
        context = av.CodecContext.create(codec, "r")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        pieces: list[bytes] = []
        for packet in packets:
            for frame in context.decode(av.Packet(packet)):
                pieces += [
                    part.to_ndarray().tobytes()
                    for part in resampler.resample(frame)
                ]
                budget.spend(len(pieces[-1]) if pieces else 0)
        result.leaves.append(
            Leaf((f"packets {codec}",), LeafKind.SAMPLES, b"".join(pieces))
        )
    except Exception as error:  # as above
        result.unread.append(
            f"packets of {codec}: {type(error).__name__}: {error}"[:300]
        )
    return result
