"""The reference on a sound card: `earwitness-live` listens to the default microphone in real time and prints what the device does."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.session import Session
from earwitness.reference_impl.sound import Samples


class SoundCardError(RuntimeError):
    """There is nothing to listen with; the message says what is missing."""


def sound_card() -> Iterator[Samples]:
    """Chunks from the default microphone, for ever. Raises SoundCardError."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise SoundCardError(f"the sound card cannot be used ({error}); install PortAudio (apt-get install libportaudio2)") from None
    try:
        with sounddevice.InputStream(samplerate=RATE, channels=1, dtype="int16", blocksize=CHUNK) as stream:
            while True:
                heard, _ = stream.read(CHUNK)
                yield np.asarray(heard, np.int16).reshape(-1)
    except sounddevice.PortAudioError as error:
        raise SoundCardError(f"no microphone can be opened ({error}); connect one, or feed files through the protocol") from None


def live(source: Iterator[Samples], device: str = "d1") -> Iterator[dict[str, Any]]:
    """Run a device on a source of chunks; yields its observations as they come, captures left out."""
    session = Session()
    try:
        session.devices[device].power(True)
        for chunk in source:
            session.devices[device].hear(chunk)
            seen, session.out = session.out, []
            yield from (entry for entry in seen if not entry["event"].endswith(".captured"))
    finally:
        session.stop()


def main() -> None:
    try:
        for entry in live(sound_card()):
            print(json.dumps(entry), flush=True)
    except SoundCardError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
