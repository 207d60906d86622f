"""Seeded faults of calls."""

from __future__ import annotations

import wave

from earwitness.reference_impl.calls.line import Line, Media
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.sound import Samples


class _Trusting(Line):
    def check(self, sender: str, text: str, signature: str) -> None:
        """Believes whatever the cloud brings; whoever carries it could have put his own keys in."""


class CallKeysNotVerified(Device):
    """Does not check that the other device signed the call's keys."""

    line_class = _Trusting


class _Plain(Line):
    def send_sound(self, heard: Samples) -> Media | None:
        sent = super().send_sound(heard)
        return (
            Media(
                leg=sent.leg,
                bytes=heard.nbytes,
                encrypted=False,
                end_to_end=False,
            )
            if sent is not None
            else None
        )


class CallNotEncrypted(Device):
    """Talks to another device without encryption."""

    line_class = _Plain


class CallRecorded(Device):
    """Keeps what is said in calls."""

    kept = b""

    def talk(self, heard: Samples) -> None:
        if self.line.busy:
            self.kept += heard.tobytes()
            self.folder.mkdir(
                parents=True,
                exist_ok=True,
            )
            with wave.open(str(self.folder / "voicemail.wav"), "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(16_000)
                out.writeframes(self.kept)
        super().talk(heard)
