"""`earwitness-live`: the reference in real time. It hears a sound card, a file or a pipe, speaks to a sound
card, a file or a pipe, and prints what it does."""

from __future__ import annotations

import argparse
import json
import sys
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from earwitness.reference_impl.device.speaker import Sink
from earwitness.reference_impl.messages import Message
from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.session import Session
from earwitness.reference_impl.sound import (
    Samples,
    SoundError,
    decode_sound,
    split_sound,
)

CARD, PIPE = "card", "-"


class SoundCardError(RuntimeError):
    """There is nothing to listen or speak with; the message says what is missing."""


def _load_sounddevice() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise SoundCardError(
            f"the sound card cannot be used ({error}); install PortAudio (apt-get install libportaudio2)"
        ) from None
    return sounddevice


def sound_card() -> Iterator[Samples]:
    """Chunks from the default microphone, for ever. Raises SoundCardError."""
    sounddevice = _load_sounddevice()
    try:
        with sounddevice.InputStream(
            samplerate=RATE, channels=1, dtype="int16", blocksize=CHUNK
        ) as stream:
            while True:
                heard, _ = stream.read(CHUNK)
                yield np.asarray(heard, np.int16).reshape(-1)
    except sounddevice.PortAudioError as error:
        raise SoundCardError(
            f"no microphone can be opened ({error}); connect one, or give a file or a pipe with --hear"
        ) from None


def read_piped_sound(source: BinaryIO) -> Iterator[Samples]:
    """Chunks of raw 16 kHz mono 16-bit little-endian sound, until it ends."""
    while data := source.read(2 * CHUNK):
        yield from split_sound(
            np.frombuffer(data[: len(data) // 2 * 2], "<i2")
        )


def heard_from(name: str) -> Iterator[Samples]:
    """What `card`, `-` or a file yields. Raises SoundCardError, SoundError."""
    if name == CARD:
        return sound_card()
    if name == PIPE:
        return read_piped_sound(sys.stdin.buffer)
    return split_sound(decode_sound(Path(name)))


def spoken_to(name: str, stack: ExitStack) -> Sink:
    """Where `card`, `-` or a WAV file takes what is spoken; closed with the stack. Raises SoundCardError,
    OSError."""
    if name == CARD:
        sounddevice = _load_sounddevice()
        try:
            stream = stack.enter_context(
                sounddevice.OutputStream(
                    samplerate=RATE,
                    channels=1,
                    dtype="int16",
                    blocksize=CHUNK,
                )
            )
        except sounddevice.PortAudioError as error:
            raise SoundCardError(
                f"no loudspeaker can be opened ({error}); connect one, or give a file or a pipe with --speak"
            ) from None
        return lambda piece: stream.write(piece.reshape(-1, 1))
    if name == PIPE:
        return lambda piece: _write_piece(sys.stdout.buffer, piece)
    out = stack.enter_context(wave.open(name, "wb"))  # noqa: SIM115 - the stack closes it
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(RATE)
    return lambda piece: out.writeframes(piece.tobytes())


def _write_piece(out: BinaryIO, piece: Samples) -> None:
    out.write(piece.astype("<i2").tobytes())
    out.flush()


def run_live(
    source: Iterator[Samples], device: str = "d1", sink: Sink | None = None
) -> Iterator[Message]:
    """Run a device on a source of chunks; yields its observations as they come, captures left out."""
    session = Session()
    try:
        if sink is not None:
            session.devices[device].speaker.sink = sink
        session.devices[device].set_power(True)
        for chunk in source:
            session.devices[device].hear_sound(chunk)
            seen, session.out = session.out, []
            yield from (
                entry
                for entry in seen
                if not str(entry["event"]).endswith(".captured")
            )
    finally:
        session.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="earwitness-live", description=__doc__
    )
    parser.add_argument(
        "--hear",
        default=CARD,
        metavar="card|-|FILE",
        help="what the microphones hear; - is raw 16 kHz mono 16-bit sound on standard input",
    )
    parser.add_argument(
        "--speak",
        metavar="card|-|FILE",
        help=(
            "where it speaks to: the card if it hears one, else nowhere; - is raw sound on standard output,"
            " and what it does goes to standard error"
        ),
    )
    options = parser.parse_args()
    speak = options.speak or (CARD if options.hear == CARD else "")
    log = sys.stderr if speak == PIPE else sys.stdout
    try:
        with ExitStack() as stack:
            for entry in run_live(
                heard_from(options.hear),
                sink=spoken_to(speak, stack) if speak else None,
            ):
                print(json.dumps(entry), file=log, flush=True)
    except (SoundCardError, SoundError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        # 130 is what a shell gives for a program that SIGINT ended (128 + 2).
        sys.exit(130)


if __name__ == "__main__":
    main()
