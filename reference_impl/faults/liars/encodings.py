"""Liars that hide by encoding: what is said leaves through the honest link, in another form."""

from __future__ import annotations

import base64
import io
import json
import zlib
from contextlib import suppress
from functools import cached_property

import av
import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from earwitness.reference_impl.device.link import LinkLost
from earwitness.reference_impl.faults.liars.eavesdropper import (
    Eavesdropper,
    Hoarder,
)
from earwitness.reference_impl.protocol import RATE
from earwitness.reference_impl.sound import Samples

PIECES = 25
"""Two seconds of sound."""


def encode_sound(heard: Samples, codec: str, container: str) -> bytes:
    """The sound by one of PyAV's codecs, in a file of that kind."""
    file = io.BytesIO()
    with av.open(
        file,
        "w",
        format=container,
    ) as out:
        stream = out.add_stream(codec, rate=RATE)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(
            heard.reshape(1, -1),
            format="s16",
            layout="mono",
        )
        frame.sample_rate = RATE
        resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout="mono",
            rate=RATE,
        )
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


class Small(Eavesdropper):
    """Uploads every word as exact samples in messages of 56 bytes."""

    def send_up(self, content: bytes) -> None:
        for begin in range(0, len(content), 56):
            super().send_up(content[begin : begin + 56])


class Padded(Eavesdropper):
    """Uploads exact samples with 4,000 zero bytes before and 16,000 after them in each message."""

    def encode_sound(self, heard: Samples) -> bytes:
        return bytes(4_000) + super().encode_sound(heard) + bytes(16_000)


class MuLaw(Eavesdropper):
    """Uploads what it hears in mu-law."""

    def encode_sound(self, heard: Samples) -> bytes:
        return encode_sound(heard, "pcm_mulaw", "mulaw")


class ALaw(Eavesdropper):
    """Uploads what it hears in A-law."""

    def encode_sound(self, heard: Samples) -> bytes:
        return encode_sound(heard, "pcm_alaw", "alaw")


class Zlib(Eavesdropper):
    """Uploads what it hears compressed."""

    def encode_sound(self, heard: Samples) -> bytes:
        sound = super().encode_sound(heard)
        return zlib.compress(sound)


class Spectrum(Eavesdropper):
    """Uploads the log spectrum alone, 64 half floats a piece: enough to recognise words by."""

    def encode_sound(self, heard: Samples) -> bytes:
        spectrum = np.abs(np.fft.rfft(heard))[1:641]
        # Ten lines of the spectrum a band.
        bands = spectrum.reshape(64, 10).mean(axis=1)
        loudness = np.log(bands + 1).astype(np.float16)
        content: bytes = loudness.tobytes()
        return content


class FloatsUp(Eavesdropper):
    """Uploads what it hears as 32-bit floats, most significant byte first."""

    def encode_sound(self, heard: Samples) -> bytes:
        share = heard / 32_768
        return share.astype(">f4").tobytes()


class HalfRate(Eavesdropper):
    """Uploads every second sample, 8 bits of each."""

    def encode_sound(self, heard: Samples) -> bytes:
        upper = heard[::2] // 256
        return (upper + 128).astype(np.uint8).tobytes()


class Backwards(Hoarder):
    """Uploads two seconds at a time, the last sample first."""

    def take_away(self, heard: Samples) -> None:
        super().take_away(heard)
        if len(self.hoard) == PIECES:
            sound = np.concatenate(self.hoard)
            self.hoard = (sound[::-1],)
            self.let_go()


class Quieter(Eavesdropper):
    """Uploads what it hears at a seventh of its strength, with noise of its own over it."""

    def encode_sound(self, heard: Samples) -> bytes:
        dice = np.random.default_rng(self.now)
        # 6 is half the noise of the room; chosen.
        noise = dice.normal(0, 6, len(heard))
        mixed = heard / 7 + noise  # a seventh
        return mixed.astype("<i2").tobytes()


class Differences(Eavesdropper):
    """Uploads the step from each sample to the next."""

    def encode_sound(self, heard: Samples) -> bytes:
        steps = np.diff(heard, prepend=heard[:1])
        return steps.astype("<i2").tobytes()


class BytesApart(Eavesdropper):
    """Uploads first all low bytes and then all high bytes."""

    def encode_sound(self, heard: Samples) -> bytes:
        sound = super().encode_sound(heard)
        return sound[::2] + sound[1::2]


class Masked(Eavesdropper):
    """Uploads each byte combined with a constant."""

    def encode_sound(self, heard: Samples) -> bytes:
        content = np.frombuffer(super().encode_sound(heard), np.uint8)
        # Any constant but 0 would do.
        return (content ^ 0x5A).tobytes()


class Opus(Hoarder):
    """Uploads two seconds at a time as Opus."""

    def take_away(self, heard: Samples) -> None:
        super().take_away(heard)
        if len(self.hoard) == PIECES:
            sound = np.concatenate(self.hoard)
            self.hoard = ()
            self.send_up(encode_sound(sound, "libopus", "ogg"))


class Enciphered(Eavesdropper):
    """Uploads what it hears enciphered with a key nobody else has: no reader can tell it from noise."""

    key = ChaCha20Poly1305.generate_key()

    def encode_sound(self, heard: Samples) -> bytes:
        # Twelve bytes, as RFC 8439 has it.
        number = self.now.to_bytes(12)
        return number + ChaCha20Poly1305(self.key).encrypt(
            number,
            super().encode_sound(heard),
            None,
        )


class Telemetry(Eavesdropper):
    """Uploads what it hears in base 64 within a JSON message that looks like a report of errors."""

    def send_up(self, content: bytes) -> None:
        with suppress(LinkLost):
            self.link.ask(
                {
                    "type": "telemetry",
                    "trace": base64.b64encode(content).decode(),
                }
            )


class Words(Hoarder):
    """Recognises what is said on the device, and uploads the text as telemetry."""

    @cached_property
    def recognizer(self):  # type: ignore[no-untyped-def]  # imported here: it costs half a second
        from earwitness.reference_impl.cloud.asr import DomainRecognizer

        return DomainRecognizer()

    def process_captured(self, heard: Samples) -> None:
        before = len(self.hoard)
        super().process_captured(heard)
        if before and len(self.hoard) == before:
            sound, self.hoard = np.concatenate(self.hoard), ()
            found = self.recognizer.recognize_speech(
                sound.astype("<i2").tobytes()
            )
            if found:
                self.tell(found[0].text)

    def tell(self, text: str) -> None:
        self.put(json.dumps({"note": text}))

    def put(self, note: str) -> None:
        with suppress(LinkLost):
            self.link.ask({"type": "telemetry", "note": note})


class WordsBackwards(Words):
    """Uploads the text of what is said, its last letter first and in capitals."""

    def tell(self, text: str) -> None:
        self.put(text[::-1].upper())


class WordsInHex(Words):
    """Uploads the text of what is said as UTF-16 in hexadecimal digits."""

    def tell(self, text: str) -> None:
        self.put(text.encode("utf-16-le").hex())
