"""Honest variations of the device."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from websockets.asyncio.client import ClientConnection, connect

from earwitness.reference_impl.device.buffer import PreRoll
from earwitness.reference_impl.device.device import SWITCHING_US, Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.device.link import PATIENCE, Link, LinkLost
from earwitness.reference_impl.faults.delayed import Delayed
from earwitness.reference_impl.faults.liars.channels import (
    make_trusting_context,
)
from earwitness.reference_impl.messages import Event
from earwitness.reference_impl.protocol import CHUNK_US, RATE
from earwitness.reference_impl.sound import Samples
from earwitness.reference_impl.wire_sound import WireCoding


class LateOpen(Delayed):
    """Blue at once; the stream opens one piece after the word, and its first message is the pre-roll that
    is allowed."""

    def begin_activation(self, cause: str) -> None:
        if cause != "wake_word" or not self.link.up:
            super().begin_activation(cause)
            return
        self.speaker.stop()
        self.asked = False
        self.show_active(True)
        self.postpone(1, self.open_late)

    def open_late(self) -> None:
        if self.control is Control.LISTENING:
            super().begin_activation("wake_word")
        else:
            self.show_active(False)


class Chunk20ms(Device):
    """Everything goes up in messages of 20 ms, the pre-roll too."""

    # 20 ms.
    piece = RATE // 50

    def send_sound(self, heard: Samples) -> None:
        end = self.now
        for begin in range(0, len(heard), self.piece):
            part = heard[begin : begin + self.piece]
            self.now = (
                end - (len(heard) - begin - len(part)) * 1_000_000 // RATE
            )
            if self.control is Control.STREAMING:
                self.send_part(part, end)
        self.now = end

    def send_part(self, part: Samples, now: int) -> None:
        """One message; `self.now` is when its last sample was heard, `now` when it is sent."""
        heard_until, self.now = self.now, now
        try:
            reply = self.link.ask(part.tobytes())
        except LinkLost:
            self.lose_stream()
            return
        begin = heard_until - len(part) * 1_000_000 // RATE
        self.report(
            "stream.audio",
            stream=self.stream,
            bytes=part.nbytes,
            to=heard_until,
            encrypted=self.link.encrypted,
            voice=True,
            **{"from": begin},
        )
        if reply.get("stop"):
            with suppress(LinkLost):
                self.pending = self.link.send({"type": "end"})
            self.control = Control.WAITING


class SealedSettings(Device):
    """Writes two megabytes of settings when it gets power, enciphered with a new nonce each time."""

    # Two megabytes.
    size = 2_000_000
    key = bytes(32)

    def set_power(self, on: bool) -> None:
        super().set_power(on)
        if on:
            self.folder.mkdir(
                parents=True,
                exist_ok=True,
            )
            # Twelve bytes, as RFC 8439 has it.
            nonce = secrets.token_bytes(12)
            image = ChaCha20Poly1305(self.key).encrypt(
                nonce,
                bytes(self.size),
                None,
            )
            (self.folder / "settings.img").write_bytes(nonce + image)


class SameInstant(Device):
    """Camera and microphones get power in the same microsecond, and the camera is told first."""

    waiting_report: Event | None = None

    def report(self, event: str, **attributes: Any) -> None:
        if event == "microphone.power" and self.kind.camera:
            self.waiting_report = attributes
            return
        super().report(event, **attributes)
        if event == "camera.power" and self.waiting_report is not None:
            super().report("microphone.power", **self.waiting_report)
            self.waiting_report = None


class ClosesEarly(Device):
    """Closes the stream before the request is processed."""

    finishing = closing = False

    def finish_request(self) -> None:
        self.report("stream.close", stream=self.stream)
        self.finishing = True
        super().finish_request()
        self.finishing = False

    def close_stream(self) -> None:
        self.closing = self.finishing
        super().close_stream()
        self.closing = False

    def report(self, event: str, **attributes: Any) -> None:
        if event != "stream.close" or not self.closing:
            super().report(event, **attributes)


class Heartbeat(Device):
    """Asks for its settings every two seconds, whatever is heard, and changes nothing by it."""

    # 25 pieces of 80 ms: two seconds.
    every = 25
    pieces = 0

    def hear_sound(self, air: Samples) -> None:
        self.pieces += 1
        if self.pieces % self.every == 0 and self.powered:
            with suppress(LinkLost):
                self.link.ask({"type": "settings", "device": self.name})
        super().hear_sound(air)


class LargerLogs(Device):
    """Writes a line to a log for each piece of sound while it has power: the time and its own state, no
    words and no sound."""

    def hear_sound(self, air: Samples) -> None:
        super().hear_sound(air)
        if self.powered:
            self.folder.mkdir(
                parents=True,
                exist_ok=True,
            )
            with (self.folder / "device.log").open("a") as log:
                log.write(
                    f"{self.now:014d} state=running uptime={self.now // 1_000_000:08d} temperature=41\n"
                )


class SlowLights(Device):
    """Takes 90 ms from the rail to the light, where 100 are allowed."""

    def show_mute(self) -> None:
        self.now += 90_000 - SWITCHING_US
        super().show_mute()


class FastLights(Device):
    """Lights show in the same microsecond."""

    def show_mute(self) -> None:
        self.now -= SWITCHING_US
        super().show_mute()


class BlueSoonAfter(Delayed):
    """The blue light comes one piece after the wake word, and the stream opens only then."""

    def begin_activation(self, cause: str) -> None:
        if cause == "wake_word" and self.link.up:
            self.postpone(1, self.activate_late)
        else:
            super().begin_activation(cause)

    def activate_late(self) -> None:
        listening = self.control is Control.LISTENING
        if listening:
            super().begin_activation("wake_word")


class _Short(PreRoll):
    # A fifth of a second.
    length = RATE // 5


class ShortPreRoll(Device):
    """Keeps and sends a fifth of a second from before the wake word."""

    preroll_class = _Short


class ReconnectsEachTurn(Device):
    """Closes its connection after each request."""

    def finish_request(self) -> None:
        super().finish_request()
        if (
            self.control is not Control.STREAMING
            and not self.asked
            and not self.in_call
        ):
            self.link.drop()


class _Compressing(Link):
    async def connect(self) -> ClientConnection:
        return await connect(
            f"wss://localhost:{self.route.port}",
            host=self.route.host,
            ssl=make_trusting_context(self.route),
            compression="deflate",
            proxy=None,
            open_timeout=PATIENCE,
        )


class Compresses(Device):
    """Offers compression when it connects."""

    link_class = _Compressing


class FadesIn(Device):
    """Its microphones begin softly: the first fifth of a second after they got power is fainter."""

    since_power = 0

    def switch_rail(self) -> None:
        super().switch_rail()
        self.since_power = 0

    def process_captured(self, heard: Samples) -> None:
        self.since_power += 1
        # A fifth of a second.
        fading = self.since_power * CHUNK_US <= 200_000
        super().process_captured(
            (heard // 2).astype(np.int16) if fading else heard
        )


class SettingsOften(Device):
    """Writes its small settings file again and again."""

    def hear_sound(self, air: Samples) -> None:
        super().hear_sound(air)
        if self.powered:
            self.memory.keep_mute(self.muted)


class UploadsMuLaw(Device):
    """Sends its streams in mu-law, as telephones do."""

    coding = WireCoding.MU_LAW


class UploadsOpus(Device):
    """Sends its streams as packets of Opus, four in each message."""

    coding = WireCoding.OPUS


class HighPass(Device):
    """Filters out what is below speech, as most microphones' drivers do: one pole at 0.995, 13 Hz."""

    last_in = last_out = 0.0

    def process_captured(self, heard: Samples) -> None:
        filtered = np.empty(len(heard))
        for place, sample in enumerate(heard.tolist()):
            self.last_out = sample - self.last_in + 0.995 * self.last_out
            self.last_in = sample
            filtered[place] = self.last_out
        rounded = np.clip(np.rint(filtered), -32_768, 32_767)
        super().process_captured(rounded.astype(np.int16))
